"""What becomes of an object between the request and the store, as pure functions.

System fields are taken from the live object, undeclared fields are reported and dropped,
defaults filled in, ``generation`` counted and ownership of fields recorded (reference,
Kubernetes API sections 3, 5 and 8).
"""

from collections.abc import Sequence
from typing import Final

from ruleengine.apimachinery.causes import Cause, Reason
from ruleengine.apimachinery.causes import invalid as invalid_value
from ruleengine.apimachinery.comparing import stored_form
from ruleengine.apimachinery.custom_defaulting import default_custom
from ruleengine.apimachinery.normalising import normalise
from ruleengine.apimachinery.pruning import prune
from ruleengine.apimachinery.schema import Schema
from ruleengine.apimachinery.structured_merge import update
from ruleengine.apimachinery.type_validating import check_types
from ruleengine.apimachinery.validating import validate
from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import ApiFailure, bad_request, invalid
from ruleengine.local.api.languages import LANGUAGES, PATTERNS
from ruleengine.local.api.options import WriteOptions
from ruleengine.local.api.views import shown_as
from ruleengine.local.api.warnings import of_value
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, Value, equal, format_path, lookup

_SYSTEM: Final = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "resourceVersion",
)
_KEPT: Final = frozenset({*_SYSTEM, "selfLink"})
"""What of the metadata nobody but the server writes."""

_TYPES: Final = (Reason.TYPE_INVALID, Reason.INVALID)
"""Why a value cannot be decoded, of the causes that follow from types alone."""

_UPDATED_BY_VERSION: Final = frozenset(
    {
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("coordination.k8s.io", "Lease"),
        ("node.k8s.io", "RuntimeClass"),
        ("policy", "PodDisruptionBudget"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
    }
)
"""Built-in kinds that nobody may update without saying what they know, besides custom ones."""

CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer of definitions; Kubernetes' own, although it is no qualified name."""


def identified(value: Object, served: Served, namespace: str) -> Object:
    """Return the object with the identity of its path. Raises ``ApiFailure`` 400."""
    info = served.info
    stated = (value.get("apiVersion") or info.api_version, value.get("kind") or info.kind)
    if stated != (info.api_version, info.kind):
        raise bad_request(
            f"the object provided is unrecognized: it is {stated[1]} of {stated[0]}, and the "
            f"path is for {info.kind} of {info.api_version}"
        )
    metadata = value.get("metadata") or {}
    if info.namespaced and "namespace" not in metadata:
        metadata = {**metadata, "namespace": namespace}
    if info.namespaced and metadata["namespace"] != namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return {**value, "apiVersion": stated[0], "kind": stated[1], "metadata": metadata}


def named(value: Object, name: str) -> Object:
    """Return a whole object that has the name of its path. Raises ``ApiFailure`` 400."""
    stated = value["metadata"].get("name")
    if not stated:
        raise bad_request(
            f'the name of the object ("{name}" based on URL) was undeterminable: name must be '
            "provided"
        )
    if stated != name:
        raise bad_request(
            f"the name of the object ({stated}) does not match the name on the URL ({name})"
        )
    return value


def configured(config: Object, served: Served, namespace: str, name: str) -> Object:
    """Return a configuration that may be applied, with its identity. Raises ``ApiFailure`` 400."""
    stated, wanted = config.get("apiVersion") or "", served.info.api_version
    if stated != wanted or not config.get("kind"):
        raise bad_request(
            f"Incorrect version specified in apply patch. Specified patch version: {stated}, "
            f"kind: {config.get('kind') or ''}, expected: {wanted}"
        )
    config = identified(config, served, namespace)
    if config["metadata"].get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    return named(config, name)


def declared(
    value: Object,
    served: Served,
    options: WriteOptions,
    duplicates: Sequence[str] = (),
    known: Object | None = None,
) -> Object:
    """Return the object without undeclared fields, reported as the caller asked.

    ``known`` has passed here already. Raises ``ApiFailure`` 400 under strict validation.
    """
    options.warnings.extend(of_value(value, served))
    kept, unknown = prune(value, served.schema, known)
    problems = [f'unknown field "{format_path(path)}"' for path in unknown]
    problems += [f'duplicate field "{name}"' for name in duplicates]
    if problems and options.validation == "Strict":
        name = lookup(value, "metadata", "name", default="")
        raise bad_request(
            f'{served.info.kind} in version "{served.info.version}" cannot be handled as a '
            f"{served.info.kind}: strict decoding error: {', '.join(problems)}"
            + (f" (in {name})" if name else "")
        )
    if options.validation == "Warn":
        options.warnings.extend(problems)
    found: Object = kept
    return found


def decoded(value: Object, schema: Schema) -> Object:
    """Return an object that is answered and never stored, if its types are right.

    Raises ``ApiFailure`` 400.
    """
    problems = [f"{one.field}: {one.message}" for one in check_types(value, schema)]
    if problems:
        raise bad_request(f"the object provided cannot be decoded: {problems[0]}")
    return value


def undecodable(failure: ApiFailure, value: Object, served: Served) -> ApiFailure:
    """Return why an invalid object is refused: first of all it has to be of the right types.

    A server decodes what it is sent before it looks at it, and answers 400 where it cannot;
    of custom kinds only the metadata are decoded.
    """
    if failure.reason != "Invalid":
        return failure
    told = (failure.details or {}).get("causes") or ()
    wrong = [(one["field"], one["message"]) for one in told if one["reason"] == Reason.TYPE_INVALID]
    wrong += [
        (one.field, one.message)
        for one in check_types(value, served.schema)
        if one.reason in _TYPES
    ]
    kind = served.info.kind
    for field, message in wrong:
        if not served.custom or field.startswith("metadata."):
            return bad_request(
                f'{kind} in version "{served.info.version}" cannot be handled as a {kind}: '
                f"{field}: {message}"
            )
    return failure


def completed(
    value: Object, served: Served, known: Object | None = None, formed: Object | None = None
) -> Object:
    """Return the object in canonical form and with its defaults.

    ``known`` is so already, ``formed`` is in canonical form.
    """
    formed = known if formed is None else formed
    if served.custom:
        return default_custom(normalise(value, served.schema, formed), served.openapi, known)
    if served.resource == "namespaces" and "deletionTimestamp" in value["metadata"]:
        # else the finalizer of its controller would come back
        return normalise(value, served.schema, formed)
    value = stored_form(value, served.schema, formed)
    if served.has_status and "status" not in value:
        return {**value, "status": {}}  # clients with types are told of one from the start
    return value


def fresh(value: Object, served: Served, *, uid: str, now: str) -> Object:
    """Return a new object with the system fields of a new object.

    Status is the server's where it is a subresource.
    """
    metadata = {name: one for name, one in value["metadata"].items() if name not in _KEPT}
    metadata |= {"uid": uid, "creationTimestamp": now}
    if served.has_generation:
        metadata["generation"] = 1
    value = {**value, "metadata": metadata}
    if served.has_status:
        value.pop("status", None)
    return value


def times_changed(live: Object, new: Object) -> list[Cause]:
    """Return why the times in ``new`` metadata cannot be: they are the server's.

    The time of a deletion stays what it is without a word, as with API servers.
    """
    names = ["creationTimestamp"] + ["deletionTimestamp"] * ("deletionTimestamp" not in live)
    return [
        invalid_value(("metadata", name), new[name], "field is immutable")
        for name in names
        if new.get(name) is not None and not _same_moment(new[name], live.get(name))
    ]


def _same_moment(one: Value, other: Value) -> bool:
    """Tell whether two times are one, however they are spelt."""
    try:
        return one == other or parse_time(str(one)) == parse_time(str(other))
    except ValueError:
        return False


def succeeding(live: Object, new: Object, served: Served, subresource: str) -> Object:
    """Return what an update may change of the live object, with the system's fields kept."""
    if subresource == "ephemeralcontainers":
        added = lookup(new, "spec", "ephemeralContainers", default=[])
        return {**live, "spec": {**live["spec"], "ephemeralContainers": added}}
    if subresource == "status":
        return _with_status_of(new, live)
    metadata = {k: v for k, v in new["metadata"].items() if k not in _KEPT}
    metadata |= {k: live["metadata"][k] for k in _SYSTEM if k in live["metadata"]}
    metadata.setdefault("name", live["metadata"]["name"])
    value = _with_status_of(live, new) if served.has_status else new
    return {**value, "metadata": metadata}


def _with_status_of(source: Object, value: Object) -> Object:
    """Return an object with the status of another, and without one if that has none."""
    status = source.get("status")
    if status is not None:
        return {**value, "status": status}
    return {name: inner for name, inner in value.items() if name != "status"}


def tracked(
    live: Object | None,
    new: Object,
    served: Served,
    options: WriteOptions,
    *,
    now: str,
    subresource: str = "",
) -> Object:
    """Return the object with the ownership that an update leaves behind."""
    return update(
        live,
        new,
        manager=options.manager,
        schema=served.schema,
        now=now,
        subresource=subresource if subresource in ("status", "scale") else "",
        versions=served.versions,
    )


def counted(live: Object, new: Object, served: Served) -> Object:
    """Return the object with its generation raised where its specification changed."""
    if not served.has_generation or same_specification(live, new, served):
        return new
    generation = int(lookup(live, "metadata", "generation", default=0)) + 1
    return {**new, "metadata": {**new["metadata"], "generation": generation}}


def same_specification(live: Object, new: Object, served: Served) -> bool:
    """Tell whether nothing outside metadata and (where it is one) status differs."""
    status_apart = served.has_status or not served.custom
    apart = {"metadata", "apiVersion", "kind", *(("status",) if status_apart else ())}
    names = (live.keys() | new.keys()) - apart
    return all(equal(live.get(name), new.get(name)) for name in names)


def unchanged(live: Object, new: Object) -> bool:
    """Tell whether a write would store what is stored already.

    Times in ``managedFields`` differ only where their fields do, so a plain comparison does.
    """
    return live is new or equal(live, new)


def checked(
    value: Object,
    served: Served,
    old: Object | None = None,
    known: Object | None = None,
    typed: Object | None = None,
) -> Object:
    """Return the object if it may be stored, as ``known`` may. Raises ``ApiFailure`` 422.

    Where ``known`` is given, who owns which fields was written here, and is not looked at either.
    Of ``typed`` the types are known to be right.
    """
    causes = validate(
        value,
        served.info,
        served.schema,
        old,
        openapi=served.openapi,
        languages=LANGUAGES if served.has_rules or not served.custom else PATTERNS,
        known=None if known is None else knowing_owners(value, known),
        typed=typed,
    )
    if causes:
        raise invalid(served.info, str(lookup(value, "metadata", "name", default="")), causes)
    return value


def lacks_version(value: Object, served: Served) -> bool:
    """Tell whether an update would have to say which version of the object it has seen."""
    by_version = served.custom or (served.info.group, served.info.kind) in _UPDATED_BY_VERSION
    return by_version and not value["metadata"].get("resourceVersion")


def check_typed(value: Object, served: Served, live: Object) -> None:
    """Refuse what takes the place of ``live`` with values of a wrong type.

    Admission relies on the types, and comes before all else is checked. Raises ``ApiFailure`` 422.
    """
    causes = [] if served.custom else check_types(value, served.schema, knowing_owners(value, live))
    if causes:
        raise invalid(served.info, live["metadata"]["name"], causes)


def knowing_owners(value: Object, known: Object | None = None) -> Object:
    """Return what is known to be right, and with it who owns which fields, written by us."""
    metadata = {} if known is None else known["metadata"]
    entries = value["metadata"].get("managedFields")
    return {**(known or {}), "metadata": {**metadata, "managedFields": entries}}


def presented(value: Object, served: Served) -> Object:
    """Return a stored object in the version it is asked for, with defaults added since."""
    value = shown_as(value, served.info.api_version)
    return default_custom(value, served.openapi) if served.custom else value
