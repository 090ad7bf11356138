"""``ignoreDifferences``: fields that differ on purpose (the reference, Argo CD section 6.4)."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ruleengine.apimachinery.patches import PatchError, json_patch
from ruleengine.model.actions import Target
from ruleengine.model.values import Object, Value


def without_ignored(value: Object, entries: Sequence[Object]) -> Object:
    """Return an object without the fields that its application ignores."""
    for pointer in _pointers(value, entries):
        try:
            value = json_patch(value, [{"op": "remove", "path": pointer}])
        except PatchError:
            continue
    return value


def with_ignored_of(live: Object, desired: Object, entries: Sequence[Object]) -> Object:
    """Return what to apply so that ignored fields keep their live values.

    This is the sync option ``RespectIgnoreDifferences``; ``status`` is never copied.
    """
    for pointer in _pointers(desired, entries):
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]
        if not pointer.startswith("/") or parts[0] == "status":
            continue
        found, kept = _at(live, parts)
        operation: Object = {"op": "add", "path": pointer, "value": kept}
        if not found:
            operation = {"op": "remove", "path": pointer}
        elif _at(desired, parts)[0]:
            operation["op"] = "replace"
        try:
            desired = json_patch(desired, [operation])
        except PatchError:
            continue
    return desired


def _pointers(value: Object, entries: Sequence[Object]) -> list[str]:
    """Return the JSON pointers of the entries that speak of an object."""
    target = Target.of(value)
    return [
        pointer
        for entry in entries
        if _speaks_of(entry, target)
        for pointer in entry.get("jsonPointers") or []
        if isinstance(pointer, str)
    ]


def _speaks_of(entry: Object, target: Target) -> bool:
    return (
        fnmatchcase(target.group, str(entry.get("group") or ""))
        and fnmatchcase(target.kind, str(entry.get("kind") or "*"))
        and entry.get("name") in (None, "", target.name)
        and entry.get("namespace") in (None, "", target.namespace)
    )


def _at(value: Value, parts: Sequence[str]) -> tuple[bool, Value]:
    """Return whether a pointer leads to something, and to what."""
    for part in parts:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return False, None
    return True, value
