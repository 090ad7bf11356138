"""The strategic merge patch: a merge that knows lists by their keys.

Lists of built-in kinds merge as their type says: by a merge key, as a set of scalars, or
not at all. The directives ``$patch``, ``$deleteFromPrimitiveList``, ``$setElementOrder``
and ``$retainKeys`` are understood (reference, Kubernetes API section 6).
"""

import json
from typing import Any, Final

from ruleengine.apimachinery.patches import PatchError, equal
from ruleengine.apimachinery.schema import DEDUCED, Schema, Shape
from ruleengine.model.values import Object, Value

_PATCH: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_DELETE_FROM: Final = "$deleteFromPrimitiveList/"
_ORDER: Final = "$setElementOrder/"
_MERGE: Final = "merge"


def strategic_merge(live: Object, patch: Object, schema: Schema) -> Object:
    """Return ``live`` with a strategic merge patch applied.

    Raises :class:`~ruleengine.apimachinery.patches.PatchError` for a directive that cannot
    be followed or an item without its merge key.
    """
    if not isinstance(patch, dict):
        raise PatchError("a strategic merge patch is an object")
    return _objects(live, patch, schema)


def _objects(live: Object, patch: Object, schema: Schema) -> Object:
    directive = patch.get(_PATCH, _MERGE)
    plain = {name: value for name, value in patch.items() if name != _PATCH}
    match directive:
        case "replace":
            replaced: Object = _cleaned(plain)
            return replaced
        case "delete":
            return {}
        case "merge":
            pass
        case _:
            raise PatchError(f"unknown $patch directive {directive!r}")
    merged = _retained(live, plain)
    merged = _without_primitives(merged, plain)
    orders = {
        name.removeprefix(_ORDER): order for name, order in plain.items() if name.startswith(_ORDER)
    }
    for name, value in plain.items():
        if not name.startswith("$"):
            _field(merged, name, value, schema, orders.get(name))
    for name, order in orders.items():
        if isinstance(merged.get(name), list):
            merged[name] = _ordered(merged[name], live.get(name) or [], order, schema.child(name))
    return merged


def _field(
    merged: Object, name: str, value: Value, schema: Schema, order: list[Value] | None
) -> None:
    child = schema.child(name)
    before = merged.get(name)
    if value is None:
        merged.pop(name, None)
    elif isinstance(value, dict):
        if value.get(_PATCH) == "delete":
            merged.pop(name, None)
        else:
            merged[name] = _objects(before if isinstance(before, dict) else {}, value, child)
    elif isinstance(value, list):
        if order is not None:
            _check_order(name, value, order, child)
        merged[name] = _lists(before if isinstance(before, list) else [], value, child)
    else:
        merged[name] = value


def _retained(live: Object, patch: Object) -> Object:
    keys = patch.get(_RETAIN)
    if keys is None:
        return dict(live)
    if not isinstance(keys, list):
        raise PatchError("$retainKeys has to be a list of field names")
    lost = [name for name in patch if not name.startswith("$") and name not in keys]
    if lost:
        raise PatchError(f"$retainKeys has to name every field of its patch: {lost[0]!r}")
    return {name: value for name, value in live.items() if name in keys}


def _without_primitives(live: Object, patch: Object) -> Object:
    for directive, gone in patch.items():
        if not directive.startswith(_DELETE_FROM):
            continue
        name = directive.removeprefix(_DELETE_FROM)
        if not isinstance(gone, list):
            raise PatchError(f"{directive} has to be a list of values")
        if isinstance(live.get(name), list):
            live[name] = [item for item in live[name] if not _among(item, gone)]
    return live


def _among(item: Value, items: list[Value]) -> bool:
    return any(equal(item, one) for one in items)


def _merges(schema: Schema) -> bool:
    return schema.shape is Shape.LIST and _MERGE in schema.patch_strategy


def _lists(live: list[Value], patch: list[Value], schema: Schema) -> list[Value]:
    if not _merges(schema) or any(_is_replace_marker(item) for item in patch):
        return [_cleaned(item) for item in patch if not _is_replace_marker(item)]
    if not schema.merge_key:
        added = [item for item in patch if not _among(item, live)]
        return [*live, *(_unique(added))]
    return _keyed(live, patch, schema)


def _is_replace_marker(item: Value) -> bool:
    return isinstance(item, dict) and item == {_PATCH: "replace"}


def _unique(items: list[Value]) -> list[Value]:
    kept: list[Value] = []
    for item in items:
        if not _among(item, kept):
            kept.append(item)
    return kept


def _keyed(live: list[Value], patch: list[Value], schema: Schema) -> list[Value]:
    key, element = schema.merge_key, schema.element
    items = list(live)
    for item in patch:
        wanted = _key_of(item, key)
        at = [n for n, one in enumerate(items) if isinstance(one, dict) and one.get(key) == wanted]
        directive = item.get(_PATCH, _MERGE)
        if directive == "delete":
            items = [one for n, one in enumerate(items) if n not in at]
        elif directive not in (_MERGE, "replace"):
            raise PatchError(f"unknown $patch directive {directive!r}")
        elif at:
            items[at[0]] = _objects(items[at[0]], item, element)
        else:
            items.append(_objects({}, item, element))
    return items


def _key_of(item: Value, key: str) -> Value:
    if not isinstance(item, dict) or item.get(key) is None:
        raise PatchError(f"map: {_short(item)} does not contain declared merge key: {key}")
    return item[key]


def _short(item: Value) -> str:
    text = json.dumps(item, sort_keys=True)
    return text if len(text) <= 100 else text[:97] + "..."


def _cleaned(value: Any) -> Any:
    """Return a value that replaces what was there, without directives and nulls."""
    if isinstance(value, dict):
        return {
            name: _cleaned(inner)
            for name, inner in value.items()
            if inner is not None and not name.startswith("$")
        }
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def _name(item: Value, schema: Schema) -> Value:
    """Return what stands for an item in ``$setElementOrder``."""
    key = schema.merge_key
    return item.get(key) if key and isinstance(item, dict) else item


def _check_order(name: str, patch: list[Value], order: list[Value], schema: Schema) -> None:
    listed = [_name(item, schema) for item in order]
    for item in patch:
        deleted = isinstance(item, dict) and item.get(_PATCH) in ("delete", "replace")
        if not deleted and not _among(_name(item, schema), listed):
            raise PatchError(
                f"{_ORDER}{name} has to list every item of its patch: {_short(item)} is missing"
            )


def _ordered(
    items: list[Value], live: list[Value], order: list[Value], schema: Schema
) -> list[Value]:
    """Return the items with the listed ones in the given order.

    Items that the order does not list keep their place relative to their live neighbours:
    each follows the listed item that stood before it.
    """
    if schema is DEDUCED or not _merges(schema):
        return items
    listed = [_name(item, schema) for item in order]
    first = [item for name in listed for item in items if equal(_name(item, schema), name)]
    others = [item for item in items if not _among(_name(item, schema), listed)]
    places = [_name(item, schema) for item in live]
    result = list(first)
    for item in others:
        result.insert(_place(item, result, places, schema), item)
    return result


def _place(item: Value, placed: list[Value], live: list[Value], schema: Schema) -> int:
    """Return where a server-only item goes: before the first placed one that followed it."""
    mine = _position(_name(item, schema), live)
    for at, other in enumerate(placed):
        theirs = _position(_name(other, schema), live)
        if 0 <= mine < theirs:
            return at
    return len(placed)


def _position(name: Value, live: list[Value]) -> int:
    return next((at for at, one in enumerate(live) if equal(one, name)), -1)
