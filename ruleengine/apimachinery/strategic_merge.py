"""The strategic merge patch: a merge that knows lists by their keys.

Lists of built-in kinds merge as their type says: by a merge key, as a set of scalars, or
not at all. The directives ``$patch``, ``$deleteFromPrimitiveList``, ``$setElementOrder``
and ``$retainKeys`` are understood (reference, Kubernetes API section 6). Where a patch
leaves the order of a list open, its items come first, as kubectl and servers have it.

Two things are kinder than upstream: ``$patch: merge`` means what it says, and a directive
inside a value that is new is followed, where the library stores the directive itself.
"""

from typing import Any, Final

from ruleengine.apimachinery.list_items import hashable
from ruleengine.apimachinery.patches import PatchError
from ruleengine.apimachinery.schema import Schema, Shape
from ruleengine.apimachinery.strategic_order import in_order, name_of
from ruleengine.formats import json_text
from ruleengine.model.values import Object, Value

PATCH: Final = "$patch"
RETAIN: Final = "$retainKeys"
DELETE_FROM: Final = "$deleteFromPrimitiveList/"
ORDER: Final = "$setElementOrder/"
DELETE: Final = "delete"
REPLACE: Final = "replace"
_MERGE: Final = "merge"
_GONE: Final = object()
"""Stands for a value that its own directive takes away."""


def strategic_merge(live: Object, patch: Object, schema: Schema) -> Object:
    """Return ``live`` with a strategic merge patch applied.

    Raises :class:`~ruleengine.apimachinery.patches.PatchError` for a directive that cannot
    be followed or an item without its merge key.
    """
    if not isinstance(patch, dict):
        raise PatchError("a strategic merge patch is an object")
    return _objects(live, patch, schema)


def merges(schema: Schema) -> bool:
    """Tell whether lists of a type merge item by item."""
    return schema.shape is Shape.LIST and _MERGE in schema.patch_strategy


def replaces(schema: Schema) -> bool:
    """Tell whether a patch takes the place of an object of a type, as of a budget's selector."""
    return REPLACE in schema.patch_strategy


def _objects(live: Object, patch: Object, schema: Schema) -> Object:
    if PATCH in patch:
        directive = patch[PATCH]
        patch = {name: value for name, value in patch.items() if name != PATCH}
        if directive == DELETE:
            return {}
        if directive == REPLACE:
            replaced: Object = _cleaned(patch)
            return replaced
        if directive != _MERGE:
            raise PatchError(f"unknown patch type: {_short(directive)} in map: {_short(patch)}")
    merged = _retained(live, patch)
    gone: dict[str, list[Value]] = {}
    orders: dict[str, list[Value]] = {}
    for name, value in patch.items():
        if name.startswith(ORDER):
            orders[name.removeprefix(ORDER)] = _listed(name, value)
        elif name.startswith(DELETE_FROM):
            gone[name.removeprefix(DELETE_FROM)] = _listed(name, value)
        elif name != RETAIN:
            _field(merged, name, value, schema)
    for name, order in orders.items():
        _order(merged, name, order, (live, patch), schema)
    for name, items in gone.items():
        if isinstance(merged.get(name), list):
            lost = {hashable(item) for item in items}
            merged[name] = [item for item in merged[name] if hashable(item) not in lost]
    return merged


def _listed(directive: str, value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise PatchError(f"{directive} has to be a list")
    return value


def _field(merged: Object, name: str, value: Value, schema: Schema) -> None:
    before = merged.get(name)
    if value is None:
        merged.pop(name, None)
    elif isinstance(value, dict) and isinstance(before, dict) and not replaces(schema.child(name)):
        merged[name] = _objects(before, value, schema.child(name))
    elif isinstance(value, list) and isinstance(before, list):
        merged[name] = _lists(before, value, schema.child(name))
    else:
        cleaned = _cleaned(value)
        if cleaned is _GONE:
            merged.pop(name, None)
        else:
            merged[name] = cleaned
            _check_keys(value, schema.child(name))


def _check_keys(value: Value, schema: Schema) -> None:
    """Refuse items without their merge key also where a list is new."""
    if isinstance(value, list) and merges(schema) and schema.merge_key:
        for item in value:
            if not _is_marker(item):
                _key_of(item, schema.merge_key)


def _retained(live: Object, patch: Object) -> Object:
    if RETAIN not in patch:
        return dict(live)
    keys = patch[RETAIN]
    if not isinstance(keys, list):
        raise PatchError("$retainKeys has to be a list of field names")
    lost = [
        name
        for name, value in patch.items()
        if value is not None and not name.startswith("$") and name not in keys
    ]
    if lost:
        raise PatchError(f"$retainKeys has to name every field of its patch: {lost[0]!r}")
    return {name: value for name, value in live.items() if name in keys}


def _lists(live: list[Value], patch: list[Value], schema: Schema) -> list[Value]:
    if not merges(schema):
        return [item for item in map(_cleaned, patch) if item is not _GONE]
    items, added = list(live), patch
    if schema.merge_key:
        items, added = _special(live, patch, schema.merge_key)
        merged = _keyed(items, added, schema)
    else:
        merged = list({name_of(item, schema): item for item in reversed([*live, *patch])}.values())
        merged.reverse()
    return in_order(merged, added, items, schema)


def _special(live: list[Value], patch: list[Value], key: str) -> tuple[list[Value], list[Value]]:
    """Return the live items that deletions leave, and the patch without its directives.

    An item with ``$patch: replace`` says that the rest of the patch is the whole list.
    """
    left, plain, replaced = list(live), [], False
    for item in patch:
        if not isinstance(item, dict):
            raise PatchError(f"{_short(item)} is no item of a list that merges by {key!r}")
        match item.get(PATCH, _MERGE):
            case "merge":
                plain.append(item)
            case "replace":
                replaced = True
            case "delete":
                gone = hashable(_key_of(item, key))
                left = [one for one in left if not _has_key(one, key, gone)]
            case directive:
                raise PatchError(f"unknown patch type: {_short(directive)} in map: {_short(item)}")
    return ([] if replaced else left), plain


def _has_key(item: Value, key: str, wanted: object) -> bool:
    return isinstance(item, dict) and hashable(item.get(key)) == wanted


def _keyed(items: list[Value], patch: list[Value], schema: Schema) -> list[Value]:
    key, element = schema.merge_key, schema.element
    merged = list(items)
    for item in patch:
        wanted = hashable(_key_of(item, key))
        at = next((n for n, one in enumerate(merged) if _has_key(one, key, wanted)), None)
        if at is None:
            merged.append(_cleaned(item))
        else:
            merged[at] = _objects(merged[at], item, element)
    return merged


def _key_of(item: Value, key: str) -> Value:
    if not isinstance(item, dict) or item.get(key) is None:
        raise PatchError(f"map: {_short(item)} does not contain declared merge key: {key}")
    return item[key]


def _is_marker(item: Value) -> bool:
    return isinstance(item, dict) and item.get(PATCH) in (DELETE, REPLACE)


def _short(item: Value) -> str:
    text = json_text.dumps(item, ordered=True)
    return text if len(text) <= 100 else text[:97] + "..."


def _cleaned(value: Any) -> Any:
    """Return a value that is there for the first time: without directives and nulls.

    What carries a ``$patch`` other than ``merge`` says what to do with something that is
    not there, and goes.
    """
    if isinstance(value, dict):
        if value.get(PATCH) not in (None, _MERGE):
            return _GONE
        cleaned = {
            name: _cleaned(inner)
            for name, inner in value.items()
            if inner is not None and not name.startswith("$")
        }
        return {name: inner for name, inner in cleaned.items() if inner is not _GONE}
    if isinstance(value, list):
        return [item for item in map(_cleaned, value) if item is not _GONE]
    return value


def _order(
    merged: Object, name: str, order: list[Value], sides: tuple[Object, Object], schema: Schema
) -> None:
    """Bring one list of an object into the order that ``$setElementOrder`` gives it."""
    child = schema.child(name)
    live, patch = (_list_of(side, name) for side in sides)
    if order:
        _check_order(name, patch, order, child)
    items = merged.get(name)
    if merges(child) and isinstance(items, list):
        merged[name] = in_order(items, order, _places(live, patch, child), child)


def _list_of(value: Object, name: str) -> list[Value]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _places(live: list[Value], patch: list[Value], schema: Schema) -> list[Value]:
    """Return the live list as far as it gives an order.

    New items take the places that deleted ones leave, as they do in the upstream library.
    """
    if not schema.merge_key:
        return live
    left, plain = _special(live, patch, schema.merge_key)
    known = {name_of(item, schema) for item in live}
    new = [item for item in plain if name_of(item, schema) not in known]
    return [*left, *new][: len(live)]


def _check_order(name: str, patch: list[Value], order: list[Value], schema: Schema) -> None:
    """Refuse an order that does not list the items of its patch, in their order."""
    listed = iter([name_of(item, schema) for item in order])
    for item in patch:
        if not _is_marker(item) and name_of(item, schema) not in listed:
            raise PatchError(
                f"The order in patch list:\n{_short(patch)}\n doesn't match {ORDER[:-1]} list "
                f"of {name}:\n{_short(order)}\n"
            )
