"""Merging a configuration into a live object, and taking owned fields out again.

These are the two movements of server-side apply (reference, Kubernetes API section 7,
steps 4 and 5). Neither copies what it does not touch: where nothing changes, the live
value itself is returned, so that "nothing to do" is recognised by identity.
"""

from collections import deque
from typing import Final

from ruleengine.apimachinery.field_sets import same
from ruleengine.apimachinery.list_items import index, item_step
from ruleengine.apimachinery.quantities import same_quantity
from ruleengine.apimachinery.schema import Scalar, Schema, Shape
from ruleengine.apimachinery.tries import Trie, is_member
from ruleengine.model.values import Object, Value


class _Absent:
    """The type of :data:`_ABSENT`."""


_ABSENT: Final = _Absent()


def merge(live: Value, config: Value, schema: Schema) -> Value:
    """Return ``live`` with the fields of ``config``.

    Scalars and atomic values come from ``config``; so does the order of list items, while
    items that only ``live`` has keep their place. A quantity that is spelt differently but
    means the same stays as it is.
    """
    if live is config:
        return live
    if not schema.atomic:
        if isinstance(live, dict) and isinstance(config, dict) and (live or config):
            return _merge_objects(live, config, schema)
        listed = isinstance(live, list) and schema.shape is Shape.LIST
        if listed and isinstance(config, list):
            return _merge_lists(live, config, schema)
        if config is None and live and (listed or isinstance(live, dict)):
            return live
    return live if _means_the_same(live, config, schema) else config


def _means_the_same(live: Value, config: Value, schema: Schema) -> bool:
    if same(live, config):
        return True
    return schema.scalar is Scalar.QUANTITY and same_quantity(live, config)


def _merge_objects(live: Object, config: Object, schema: Schema) -> Object:
    merged: Object | None = None
    for name, wanted in config.items():
        before = live.get(name, _ABSENT)
        after = wanted if before is _ABSENT else merge(before, wanted, schema.child(name))
        if after is before:
            continue
        merged = dict(live) if merged is None else merged
        merged[name] = after
    return live if merged is None else merged


def _merge_lists(live: list[Value], config: list[Value], schema: Schema) -> list[Value]:
    """Return the items of both, walking the two lists side by side.

    Items that only live has are taken when they come up, configured ones in their order; a
    shared one waits until the configuration comes to it.
    """
    element = schema.element
    steps = [item_step(item, schema) for item in live]
    before = index(live, schema)
    wanted = {item_step(item, schema): item for item in config}
    order = list(wanted)
    shared = deque(step for step in order if step in before)
    merged: list[Value] = []
    taken: set[str] = set()
    at = number = 0
    while at < len(steps) or number < len(order):
        mine = steps[at] if at < len(steps) else None
        theirs = order[number] if number < len(order) else None
        if mine is not None and mine not in wanted:
            merged.append(live[at])
            at += 1
            continue
        if mine is not None and mine != theirs:
            waits = theirs is not None and shared and shared[0] != mine
            at += waits or mine in taken
            if waits:
                continue
        if theirs is not None:
            found = before.get(theirs, ())
            item = wanted[theirs]
            merged.append(merge(found[0], item, element) if len(found) == 1 else item)
            taken.add(theirs)
            number += 1
            at += mine == theirs
            if shared and shared[0] == theirs:
                shared.popleft()
    unchanged = len(merged) == len(live) and all(map(_is, merged, live))
    return live if unchanged else merged


def _is(one: Value, other: Value) -> bool:
    return one is other


def settle(value: Value, live: Value, schema: Schema) -> Value:
    """Return a merged value as it is stored, where ``live`` is what was there before.

    A ``null`` claims a field without giving it a value: a declared field drops it.
    """
    if value is live or schema.shape is Shape.DEDUCED or schema.atomic:
        return value
    if isinstance(value, dict):
        before = live if isinstance(live, dict) else {}
        return _settle_object(value, before, schema)
    if isinstance(value, list):
        element = schema.element
        items = [settle(item, _ABSENT, element) for item in value]
        return value if all(map(_is, items, value)) else items
    return value


def _settle_object(value: Object, live: Object, schema: Schema) -> Object:
    settled: Object = {}
    changed = False
    for name, inner in value.items():
        if isinstance(inner, dict | list):
            settled[name] = settle(inner, live.get(name, _ABSENT), schema.child(name))
            changed = changed or settled[name] is not inner
        elif inner is None and _drops_null(schema.child(name)):
            changed = True
        else:
            settled[name] = inner
    return settled if changed else value


def _drops_null(schema: Schema) -> bool:
    return schema.shape is not Shape.DEDUCED and not schema.nullable


def remove(value: Value, fields: Trie, schema: Schema) -> Value:
    """Return ``value`` without the members of ``fields`` and all that lies below them.

    A container that loses its last item becomes ``null``.
    """
    if schema.atomic or not value:
        return value
    if isinstance(value, dict):
        return _remove_from_object(value, fields, schema)
    if isinstance(value, list) and schema.shape is Shape.LIST:
        return _remove_from_list(value, fields, schema)
    return value


def _remove_from_object(value: Object, fields: Trie, schema: Schema) -> Object | None:
    left: Object = {}
    for name, inner in value.items():
        node = fields.get("f:" + name)
        if node is None:
            left[name] = inner
        elif not is_member(node):
            left[name] = remove(inner, node, schema.child(name))
    return left or None


def _remove_from_list(items: list[Value], fields: Trie, schema: Schema) -> list[Value] | None:
    element = schema.element
    left: list[Value] = []
    for item in items:
        node = fields.get(item_step(item, schema))
        if node is None:
            left.append(item)
        elif not is_member(node):
            left.append(remove(item, node, element))
    return left or None
