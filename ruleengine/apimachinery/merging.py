"""Merging a configuration into a live object, and taking owned fields out again.

These are the two movements of server-side apply (reference, Kubernetes API section 7,
steps 4 and 5). Neither copies what it does not touch: where nothing changes, the live
value itself is returned, so that "nothing to do" is recognised by identity.
"""

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
        listed = isinstance(live, list) and isinstance(config, list)
        if listed and schema.shape is Shape.LIST:
            return _merge_lists(live, config, schema)
        if config is None and live and isinstance(live, dict | list):
            return live
    return live if _means_the_same(live, config, schema) else config


def _means_the_same(live: Value, config: Value, schema: Schema) -> bool:
    if same(live, config):
        return True
    return schema.scalar is Scalar.QUANTITY and same_quantity(live, config)


def _merge_objects(live: Object, config: Object, schema: Schema) -> Object:
    merged: Object | None = None
    for name, wanted in config.items():
        child = schema.child(name)
        before = live.get(name, _ABSENT)
        if before is _ABSENT:
            after = created(wanted, child)
            if after is None and child.shape is not Shape.DEDUCED:
                continue
        else:
            after = merge(before, wanted, child)
            if after is before:
                continue
        merged = dict(live) if merged is None else merged
        if after is None and child.shape is not Shape.DEDUCED:
            del merged[name]
        else:
            merged[name] = after
    return live if merged is None else merged


def created(config: Value, schema: Schema) -> Value:
    """Return a configured value as it is stored where nothing was before.

    A ``null`` claims a field without giving it a value, so declared fields drop it.
    """
    if schema.atomic or not config:
        return config
    if isinstance(config, dict):
        return _merge_objects({}, config, schema)
    if isinstance(config, list) and schema.shape is Shape.LIST:
        element = schema.element
        return [created(item, element) for item in config]
    return config


def _merge_lists(live: list[Value], config: list[Value], schema: Schema) -> list[Value]:
    element = schema.element
    steps = [item_step(item, schema) for item in live]
    before = index(live, schema)
    wanted = {item_step(item, schema): item for item in config}
    shared = [step for step in wanted if step in before]
    merged: list[Value] = []
    at = 0
    for step, item in wanted.items():
        found = before.get(step)
        stop = shared[0] if shared else None
        while at < len(live) and steps[at] != stop:
            if steps[at] not in wanted:
                merged.append(live[at])
            at += 1
        if found is None:
            merged.append(created(item, element))
            continue
        merged.append(merge(found[0], item, element) if len(found) == 1 else item)
        del shared[0]
        if at < len(live):
            at += 1
    merged.extend(
        item for item, step in zip(live[at:], steps[at:], strict=True) if step not in wanted
    )
    unchanged = len(merged) == len(live) and all(map(_is, merged, live))
    return live if unchanged else merged


def _is(one: Value, other: Value) -> bool:
    return one is other


def remove(value: Value, fields: Trie, schema: Schema) -> Value:
    """Return ``value`` without the members of ``fields`` and all that lies below them.

    A container that is not a member itself stays, empty if need be.
    """
    if schema.atomic or not value:
        return value
    if isinstance(value, dict):
        return _remove_from_object(value, fields, schema)
    if isinstance(value, list) and schema.shape is Shape.LIST:
        return _remove_from_list(value, fields, schema)
    return value


def _remove_from_object(value: Object, fields: Trie, schema: Schema) -> Object:
    left: Object = {}
    for name, inner in value.items():
        node = fields.get("f:" + name)
        if node is None:
            left[name] = inner
        elif not is_member(node):
            left[name] = remove(inner, node, schema.child(name))
    return left


def _remove_from_list(items: list[Value], fields: Trie, schema: Schema) -> list[Value]:
    element = schema.element
    left: list[Value] = []
    for item in items:
        node = fields.get(item_step(item, schema))
        if node is None:
            left.append(item)
        elif not is_member(node):
            left.append(remove(item, node, element))
    return left
