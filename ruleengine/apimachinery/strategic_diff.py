"""Making strategic merge patches, from two objects or from three, as kubectl does.

A patch from two leads from one to the other. The patch from three is that of client-side
apply: it takes away what the last configuration had and the new one lacks, and sets what
the live object has otherwise; what only the live object has stays (reference, Kubernetes
API section 6).
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Final

from ruleengine.apimachinery.list_items import hashable
from ruleengine.apimachinery.patches import PatchError
from ruleengine.apimachinery.schema import Schema, Shape
from ruleengine.apimachinery.strategic_merge import (
    DELETE,
    DELETE_FROM,
    ORDER,
    PATCH,
    RETAIN,
    merges,
    replaces,
)
from ruleengine.apimachinery.strategic_order import in_order, name_of
from ruleengine.model.values import Object, Value, equal

_RETAIN_KEYS: Final = "retainKeys"
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which differences go into a patch, and whether it names the fields that stay."""

    changes: bool = True
    deletions: bool = True
    retain: bool = False


def make_strategic_patch(old: Object, new: Object, schema: Schema) -> Object:
    """Return the patch that makes ``new`` of ``old``; an empty one where nothing differs.

    Raises :class:`~ruleengine.apimachinery.patches.PatchError` for an item of a list that
    merges by a key and lacks it.
    """
    return _objects(old, new, schema, _Wanted())


def make_three_way_patch(last: Object, new: Object, live: Object, schema: Schema) -> Object:
    """Return the patch of client-side apply: ``last`` applied, ``new`` wanted, ``live`` there.

    Raises :class:`~ruleengine.apimachinery.patches.PatchError` for an item of a list that
    merges by a key and lacks it.
    """
    changes = _objects(live, new, schema, _Wanted(deletions=False))
    deletions = _objects(last, new, schema, _Wanted(changes=False))
    return _together(deletions, changes, schema)


def _objects(old: Object, new: Object, schema: Schema, wanted: _Wanted) -> Object:
    patch: Object = {}
    for name, value in new.items():
        before = old.get(name, _ABSENT)
        child = schema.child(name)
        if isinstance(before, dict) and isinstance(value, dict) and not replaces(child):
            inside = replace(wanted, retain=_RETAIN_KEYS in child.patch_strategy)
            inner = _objects(before, value, child, inside)
            if inner:
                patch[name] = inner
        elif isinstance(before, list) and isinstance(value, list) and merges(child):
            _lists(patch, name, (before, value), child, wanted)
        elif wanted.changes and (before is _ABSENT or not equal(before, value)):
            patch[name] = value
    gone = [name for name in old if name not in new]
    if wanted.deletions:
        patch.update(dict.fromkeys(gone))
    kept = sorted(name for name, value in new.items() if value is not None)
    if wanted.retain and kept and (patch or any(old[name] is not None for name in gone)):
        patch[RETAIN] = kept
    return patch


def _lists(
    patch: Object,
    name: str,
    sides: tuple[list[Value], list[Value]],
    schema: Schema,
    wanted: _Wanted,
) -> None:
    """Put what differs between two merging lists into the patch of their object."""
    old, new = sides
    if not old:
        if new and wanted.changes:
            patch[name] = new
        return
    if schema.merge_key:
        items = _keyed(old, new, schema, wanted)
        order: list[Value] = [{schema.merge_key: item[schema.merge_key]} for item in new]
    else:
        items, order = _added(old, new, wanted), new
        lost = _removed(old, new) if wanted.deletions else []
        if lost:
            patch[DELETE_FROM + name] = lost
    if items:
        patch[name] = items
    names = [[name_of(item, schema) for item in side] for side in sides]
    moved = wanted.changes and names[0] != names[1]
    if order and (items or DELETE_FROM + name in patch or moved):
        patch[ORDER + name] = order


def _keyed(old: list[Value], new: list[Value], schema: Schema, wanted: _Wanted) -> list[Value]:
    before = _by_name(old, schema)
    after = _by_name(new, schema)
    inside = replace(wanted, retain=_RETAIN_KEYS in schema.patch_strategy)
    key = schema.merge_key
    items: list[Value] = []
    for name, item in after.items():
        if name in before:
            inner = _objects(before[name], item, schema.element, inside)
            if inner:
                items.append({**inner, key: item[key]})
        elif wanted.changes:
            items.append(item)
    if wanted.deletions:
        gone = sorted((before[name][key] for name in before if name not in after), key=_printed)
        items += [{PATCH: DELETE, key: one} for one in gone]
    return items


def _printed(value: Value) -> str:
    return str(value)


def _by_name(items: list[Value], schema: Schema) -> dict[Hashable, Object]:
    found: dict[Hashable, Object] = {}
    for item in items:
        if not isinstance(item, dict) or schema.merge_key not in item:
            raise PatchError(f"an item does not contain declared merge key: {schema.merge_key}")
        found[name_of(item, schema)] = item
    return found


def _added(old: list[Value], new: list[Value], wanted: _Wanted) -> list[Value]:
    known = {hashable(item) for item in old}
    return [item for item in new if hashable(item) not in known] if wanted.changes else []


def _removed(old: list[Value], new: list[Value]) -> list[Value]:
    known = {hashable(item) for item in new}
    gone = {hashable(item): item for item in old if hashable(item) not in known}
    return sorted(gone.values(), key=_printed)


def _together(deletions: Object, changes: Object, schema: Schema) -> Object:
    """Return one patch of two that lead to the same object."""
    patch = dict(deletions)
    for name, value in changes.items():
        before = patch.get(name)
        child = schema.child(name)
        if isinstance(before, dict) and isinstance(value, dict):
            patch[name] = _together(before, value, child)
        elif child.shape is Shape.LIST and isinstance(before, list) and isinstance(value, list):
            order = changes.get(ORDER + name) or deletions.get(ORDER + name) or value
            patch[name] = _items_together(before, value, order, child)
        else:
            patch[name] = value
    return patch


def _items_together(
    deletions: list[Value], changes: list[Value], order: list[Value], schema: Schema
) -> list[Value]:
    merged = {name_of(item, schema): item for item in deletions}
    for item in changes:
        name = name_of(item, schema)
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(item, dict):
            merged[name] = _together(before, item, schema.element)
        else:
            merged[name] = item
    return in_order(list(merged.values()), order, deletions, schema)
