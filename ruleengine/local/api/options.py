"""What a request asks for beside its path: manager, dry run, validation, preconditions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import ApiFailure, bad_request
from ruleengine.model.http import HttpRequest
from ruleengine.model.immutable import immutable
from ruleengine.model.values import Object, Value, lookup

_META: Final = "meta.k8s.io"
_KINDS: Final = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}
_LONGEST_MANAGER: Final = 128
_LARGEST: Final = 2**31
_LONGEST_NUMBER: Final = 18
_BEGINNINGS: Final = {
    "FieldValueRequired": "Required value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueNotSupported": "Unsupported value",
}


Admit = Callable[[Served, Object, Object | None], None]
"""Refuses what a writer may not write of a kind; it is given the new object and the old one."""


def _admit_all(_served: Served, _new: Object, _live: Object | None) -> None:
    return


@immutable(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How a write is to be made. ``warnings`` gathers what the answer should warn of.

    ``admit`` refuses what its writer may not write: it is asked with the kind, the object as it
    would be stored, and the one that it replaces.
    """

    manager: str
    dry_run: bool = False
    validation: str = "Warn"
    force: bool = False
    warnings: list[str] = field(default_factory=list)
    admit: Admit = _admit_all


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """How an object is to be deleted."""

    propagation: str = ""
    grace: int | None = None
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False
    manager: str = ""


def query_of(request: HttpRequest) -> Mapping[str, str]:
    """Return the query parameters; of a repeated one the last counts."""
    return dict(request.query)


def flag(query: Mapping[str, str], name: str) -> bool:
    """Return a boolean parameter the way API servers read it."""
    return query.get(name, "").lower() in ("true", "1")


def invalid_option(kind: str, field_name: str, problem: str) -> ApiFailure:
    """Return the 422 of a parameter; the problem begins as messages of its reason do.

    ``kind`` names the options that it is one of, for instance ``ListOptions``.
    """
    reason = next((one for one, text in _BEGINNINGS.items() if problem.startswith(text)), None)
    cause = {"reason": reason or "FieldValueInvalid", "message": problem, "field": field_name}
    details = {"group": _META, "kind": kind, "causes": [cause]}
    text = f'{kind}.{_META} "" is invalid: {field_name}: {problem}'
    return ApiFailure(422, "Invalid", text, details)


def number(query: Mapping[str, str], name: str) -> int | None:
    """Return a whole number, ``None`` where absent. Raises ``ApiFailure`` 400."""
    text = query.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > _LONGEST_NUMBER:
        raise bad_request(f"invalid value {text!r} for the parameter {name}: a number is needed")
    return int(text)


def write_options(
    request: HttpRequest, admit: Admit = _admit_all, *, applying: bool = False
) -> WriteOptions:
    """Return the options of a create, update or patch. Raises ``ApiFailure``."""
    query = query_of(request)
    kind = _KINDS.get(request.method, "UpdateOptions")
    manager = query.get("fieldManager", "")
    if len(manager) > _LONGEST_MANAGER or not manager.isprintable():
        raise invalid_option(
            kind, "fieldManager", "must be printable and have at most 128 characters"
        )
    if applying and not manager:
        raise invalid_option(kind, "fieldManager", "Required value: is required for apply patch")
    if "force" in query and not applying:
        raise invalid_option(kind, "force", "Forbidden: may not be specified for non-apply patch")
    validation = query.get("fieldValidation") or "Warn"
    if validation not in ("Ignore", "Warn", "Strict"):
        listed = '"Ignore", "Strict", "Warn"'
        problem = f'Unsupported value: "{validation}": supported values: {listed}'
        raise invalid_option(kind, "fieldValidation", problem)
    return WriteOptions(
        manager=manager or agent(request),
        dry_run="dryRun" in query and _dry_run(_dry_runs(request), kind),
        validation=validation,
        force=flag(query, "force"),
        admit=admit,
    )


def agent(request: HttpRequest) -> str:
    """Return the field manager that stands for a client which names none."""
    product = request.headers.get("user-agent", "").partition("/")[0].strip()
    return product[:_LONGEST_MANAGER] or "unknown"


def delete_options(request: HttpRequest, body: Object) -> DeleteOptions:
    """Return the options of a delete; the body wins over the query. Raises ``ApiFailure``."""
    query = query_of(request)
    _check_types(body)
    propagation = body.get("propagationPolicy") or query.get("propagationPolicy", "")
    if propagation not in ("", "Background", "Foreground", "Orphan"):
        raise invalid_option(
            "DeleteOptions", "propagationPolicy", f'Unsupported value: "{propagation}"'
        )
    orphan = body.get("orphanDependents", query.get("orphanDependents"))
    if propagation and orphan is not None:
        problem = "orphanDependents and deletionPropagation cannot be both set"
        raise invalid_option("DeleteOptions", "propagationPolicy", problem)
    if not propagation and orphan is not None:
        propagation = "Orphan" if str(orphan).lower() == "true" else "Background"
    grace = body.get("gracePeriodSeconds")
    if grace is None and query.get("gracePeriodSeconds", "").startswith("-"):
        number({"gracePeriodSeconds": query["gracePeriodSeconds"][1:]}, "gracePeriodSeconds")
        grace = -1
    grace = number(query, "gracePeriodSeconds") if grace is None else grace
    if grace is not None:
        grace = min(grace, _LARGEST) if grace >= 0 else 1  # as API servers read a negative one
    return DeleteOptions(
        propagation=propagation,
        grace=grace,
        uid=lookup(body, "preconditions", "uid", default=""),
        resource_version=lookup(body, "preconditions", "resourceVersion", default=""),
        dry_run=_dry_run(body.get("dryRun") or _dry_runs(request), "DeleteOptions"),
        manager=agent(request),
    )


def _check_types(options: Object) -> None:
    """Refuse options of a delete that are of the wrong type. Raises ``ApiFailure`` 400."""
    kind = options.get("kind")
    if kind not in (None, "", "DeleteOptions"):
        raise bad_request(f"the DeleteOptions cannot be decoded: the kind is {kind}")
    preconditions = options.get("preconditions") or {}
    wanted: list[tuple[str, Value, type]] = [
        ("propagationPolicy", options.get("propagationPolicy"), str),
        ("orphanDependents", options.get("orphanDependents"), bool),
        ("dryRun", options.get("dryRun"), list),
        ("preconditions", preconditions, dict),
        ("preconditions.uid", lookup(preconditions, "uid"), str),
        ("preconditions.resourceVersion", lookup(preconditions, "resourceVersion"), str),
    ]
    wrong = [name for name, value, kind in wanted if value is not None and type(value) is not kind]
    grace = options.get("gracePeriodSeconds")
    if grace is not None and (type(grace) is not int or abs(grace) > _LARGEST):
        wrong.append("gracePeriodSeconds")
    if wrong:
        raise bad_request(f"the DeleteOptions cannot be decoded: wrong type of {wrong[0]}")


def _dry_runs(request: HttpRequest) -> list[str]:
    return [text for name, text in request.query if name == "dryRun"]


def _dry_run(stated: list[str], kind: str) -> bool:
    wrong = [one for one in stated if one != "All"]
    if wrong:
        problem = f'Unsupported value: "{wrong[0]}": supported values: "All"'
        raise invalid_option(kind, "dryRun", problem)
    return bool(stated)
