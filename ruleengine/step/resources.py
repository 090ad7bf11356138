"""``step resource``: creates, changes, reads or deletes one object, and waits for its conditions.

What kubectl does for Argo's ``resource`` templates (reference, Workflows 3.1), by the API alone.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from ruleengine.apimachinery.kubectl_flags import FlagError, Flags, read_flags
from ruleengine.apimachinery.naming import SAFE_ALPHABET, generate_name
from ruleengine.apimachinery.selectors import LabelSelector, SelectorError, parse_label_selector
from ruleengine.expressions import gjson
from ruleengine.expressions.language import INPUT, ExpressionError
from ruleengine.formats import yaml_reader
from ruleengine.formats.json_text import dumps
from ruleengine.model.names import STEP_MANAGER
from ruleengine.model.values import Object, Value, lookup
from ruleengine.services.artifacts.store import Access
from ruleengine.step.access import PodAccess
from ruleengine.step.api import Api, ApiAnswerError
from ruleengine.step.deleting import delete_all
from ruleengine.step.loading import manifest_text
from ruleengine.step.places import Place, kind_named, kind_of
from ruleengine.step.plan import FailedStepError, Plan, StepError, made

_PAUSE: Final = 1.0
_REPLACES: Final = 6
"""How often an object is replaced that others write meanwhile."""
_MEDIA: Final = {
    "strategic": "application/strategic-merge-patch+json",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
}
_APPLY: Final = "application/apply-patch+yaml"


def perform(
    plan: Plan,
    api: Api,
    pause: Callable[[float], None] = time.sleep,
    access: Access | None = None,
) -> Object:
    """Do what a resource template says, wait for its conditions; return the outputs.

    Raises ``FailedStepError`` where the failure condition holds, ``StepError`` for everything
    that cannot be done.
    """
    stated = plan.resource
    action = str(stated.get("action"))
    if plan.inputs:
        text = manifest_text(plan.inputs[0], access or PodAccess())
    else:
        text = str(stated.get("manifest") or "")
    manifest = _manifest(text)
    flags = _flags(action, stated, has_manifest=manifest is not None)
    namespace = flags.namespace or plan.namespace
    if action == "delete":
        where = [] if manifest is None else [_place(api, _whole(manifest), flags, namespace)]
        delete_all(api, where, flags, namespace, pause)
        return {}
    if flags.objects:
        ((kind, name),) = flags.objects
        place = kind_named(api, kind).collection(namespace).named(name)
    else:
        manifest = _whole(manifest)
        if action == "create":
            manifest = _named(manifest, plan.pod_uid)
        place = _place(api, manifest, flags, namespace)
        if stated.get("setOwnerReference") and action in ("create", "apply", "replace"):
            manifest = _owned(manifest, plan.owner)
    found = _act(api, action, flags, manifest, replace(place, subresource=flags.subresource))
    if found is None:
        return _outputs(plan, {}, absent=True)
    if name := lookup(found, "metadata", "name"):
        place = place.named(str(name))
    return _outputs(plan, _waited_for(api, stated, place, found, pause))


def _manifest(text: str) -> Value:
    """Return what a manifest holds, ``None`` for none. Raises ``StepError``."""
    parsed = yaml_reader.read(text.encode(), "manifest")
    if parsed.findings:
        one = parsed.findings[0]
        raise StepError(f"the manifest is no YAML: {one.message}")
    values = [one.value for one in parsed.documents if one.value is not None]
    if len(values) > 1:
        raise StepError(f"a resource template has one manifest, this has {len(values)}")
    return values[0] if values else None


def _whole(manifest: Value) -> Object:
    """Return a manifest that says what it is of. Raises ``StepError``."""
    if not isinstance(manifest, dict) or not (manifest.get("apiVersion") and manifest.get("kind")):
        raise StepError(
            "the manifest has no apiVersion and kind: write them, or for a patch the kind and "
            "the name of the object as `flags`"
        )
    return manifest


def _flags(action: str, stated: Object, *, has_manifest: bool) -> Flags:
    flags = [str(one) for one in stated.get("flags") or ()]
    strategy = str(stated.get("mergeStrategy") or "")
    try:
        return read_flags(action, flags, manifest=has_manifest, strategy=strategy)
    except FlagError as error:
        raise StepError(f"the `flags` of the resource template: {error}") from error


def _place(api: Api, manifest: Object, flags: Flags, namespace: str) -> Place:
    kind = kind_of(api, manifest)
    name, stated = (str(lookup(manifest, "metadata", one) or "") for one in ("name", "namespace"))
    if flags.namespace and stated not in ("", flags.namespace):
        told = f"the manifest is of the namespace {stated}, its flags name {flags.namespace}"
        raise StepError(f"{told}: leave one of them out")
    return kind.collection(stated or namespace).named(name)


def _owned(manifest: Object, owner: Object) -> Object:
    """Return a manifest with one owner more. Raises ``StepError``."""
    metadata = manifest.get("metadata") or {}
    owners = lookup(metadata, "ownerReferences", default=[])
    if not isinstance(metadata, dict) or not isinstance(owners, list):
        raise StepError("the manifest can have no owner: write its metadata as Kubernetes has it")
    return {**manifest, "metadata": {**metadata, "ownerReferences": [*owners, owner]}}


def _act(api: Api, action: str, flags: Flags, manifest: Value, place: Place) -> Object | None:
    """Send the request of an action; return the object, ``None`` where it may be absent, and is."""
    query = _query(action, flags)
    match action:
        case "get":
            return _got(api, flags, place)
        case "create":
            return _created(api, f"{place.collection}{query}", manifest, place)
        case "apply":
            return api.send("PATCH", f"{place.path}{query}", manifest, _APPLY)
        case "replace":
            return _replaced(api, f"{place.path}{query}", manifest, place)
        case "patch":
            media = _MEDIA.get(flags.strategy)
            if media is None:
                raise StepError(f"mergeStrategy is one of {', '.join(_MEDIA)}")
            return api.send("PATCH", f"{place.path}{query}", manifest, media)
        case _:
            raise StepError(f"there is no action {action!r} of resource templates")


def _query(action: str, flags: Flags) -> str:
    """Return what a request says besides its body, as kubectl says it."""
    said = {"fieldManager": flags.manager or STEP_MANAGER}
    if action != "patch":
        said["fieldValidation"] = flags.validation
    if action == "apply" and flags.forces:
        said["force"] = "true"
    if flags.dry_run:
        said["dryRun"] = flags.dry_run
    return f"?{urlencode(said)}"


def _got(api: Api, flags: Flags, place: Place) -> Object | None:
    try:
        return api.get(place.path)
    except ApiAnswerError as error:
        if error.status == 404 and flags.ignores_absent:
            return None
        raise


def _named(manifest: Object, pod: str) -> Object:
    """Return a manifest with a name: where it states how one begins, one that is this pod's.

    The request that creates it may be sent a second time, and creates the same then.
    """
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("name") or not metadata.get("generateName"):
        return manifest
    digest = hashlib.sha256(pod.encode()).digest()
    text = "".join(SAFE_ALPHABET[one % len(SAFE_ALPHABET)] for one in digest)
    name = generate_name(str(metadata["generateName"]), text)
    return {**manifest, "metadata": {**metadata, "name": name}}


def _created(api: Api, path: str, manifest: Object, place: Place) -> Object:
    """Create an object. One that is there as it was sent, no answer having come, is ours."""
    try:
        return api.send("POST", path, manifest)
    except ApiAnswerError as error:
        if error.status != 409 or not error.repeated:
            raise
        found = api.get(place.path)
        if not _covers(found, manifest):
            raise
        return found


def _covers(found: Value, sent: Value) -> bool:
    """Tell whether an object is what was sent; what that leaves open, a server fills in."""
    if isinstance(sent, dict) and isinstance(found, dict):
        return all(_covers(found.get(name), sent[name]) for name in sent)
    if isinstance(sent, list) and isinstance(found, list):
        return len(sent) == len(found) and all(map(_covers, found, sent))
    return sent is None or bool(found == sent)


def _replaced(api: Api, path: str, manifest: Object, place: Place) -> Object:
    """Replace an object: in the version that is stated, else in whichever there is by then."""
    metadata = manifest["metadata"]
    if metadata.get("resourceVersion"):
        return api.send("PUT", path, manifest)
    for attempt in range(_REPLACES):
        version = lookup(api.get(place.path), "metadata", "resourceVersion")
        newest = {**manifest, "metadata": {**metadata, "resourceVersion": version}}
        try:
            return api.send("PUT", path, newest)
        except ApiAnswerError as error:
            if error.status != 409 or attempt == _REPLACES - 1:
                raise
    raise AssertionError


def _waited_for(
    api: Api, stated: Object, place: Place, found: Object, pause: Callable[[float], None]
) -> Object:
    success, failure = (str(stated.get(f"{one}Condition") or "") for one in ("success", "failure"))
    wanted, unwanted = _condition(success), _condition(failure)
    while True:
        for one in unwanted.requirements:
            if holds(LabelSelector((one,)), found):
                raise FailedStepError(f"failure condition '{one}' evaluated true")
        if holds(wanted, found):
            return found
        pause(_PAUSE)
        found = api.get(place.path)


def _condition(text: str) -> LabelSelector:
    """Return a condition like ``status.succeeded > 9``. Raises ``StepError``."""
    try:
        return parse_label_selector(text)
    except SelectorError as error:
        raise StepError(f"the condition {text!r} cannot be read: {error}") from error


def holds(condition: LabelSelector, found: Object) -> bool:
    """Tell whether a condition holds for an object: its keys are gjson paths."""
    keys = [one.key for one in condition.requirements]
    return condition.matches(dict(_texts(keys, found)))


def _texts(keys: list[str], found: Object) -> Iterator[tuple[str, str]]:
    document = gjson.Document(dumps(found))
    for key in keys:
        result = document.get(key)
        if result.exists:
            yield key, result.text


def _outputs(plan: Plan, found: Object, *, absent: bool = False) -> Object:
    parameters = []
    for declared in plan.parameters:
        value = str(declared.get("default", "")) if absent else _value(declared, found)
        if value is None:
            raise StepError(f"the output parameter {declared['name']!r} has no value")
        parameters.append(made(declared, value))
    return {"parameters": parameters} if parameters else {}


def _value(declared: Object, found: Object) -> str | None:
    """Return what a path or a filter finds in an object; else the default.

    Raises ``StepError`` for a path or filter that is none, unless there is a default.
    """
    default = declared.get("default")
    try:
        if declared.get("jsonPath"):
            from ruleengine.expressions import jsonpath

            return jsonpath.compile(str(declared["jsonPath"])).eval({INPUT: found})
        if declared.get("jqFilter"):
            from ruleengine.expressions import jq

            outputs = jq.compile(str(declared["jqFilter"])).eval({INPUT: found})
            return "\n".join(one if isinstance(one, str) else dumps(one) for one in outputs)
    except ExpressionError as error:
        if default is None:
            what = f"the output parameter {declared['name']!r}: {error}"
            raise StepError(what) from error
    return None if default is None else str(default)
