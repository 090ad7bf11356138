"""Merging a configuration into a live object, and taking owned fields out again.

These are the two movements of server-side apply (reference, Kubernetes API section 7,
steps 4 and 5). Neither copies what it does not touch: where nothing changes, the live
value itself is returned, so that "nothing to do" is recognised by identity.
"""

from collections import deque
from collections.abc import Iterator
from operator import is_
from typing import Final, NamedTuple, TypeAlias

from ruleengine.apimachinery.list_items import steps_of
from ruleengine.apimachinery.quantities import same_quantity
from ruleengine.apimachinery.schema import Scalar, Schema, Shape
from ruleengine.apimachinery.tries import MEMBER, SELF, Trie, is_member
from ruleengine.model.values import Object, Value, equal


class _Absent:
    """The type of :data:`_ABSENT`."""


_ABSENT: Final = _Absent()
_PLAIN: Final = frozenset({str, int, float, bool})


class Merged(NamedTuple):
    """What came of a merge.

    ``adds`` tells whether fields or items are new. ``gives_up``: whether the applier owned
    some that it no longer configures; that it did not is certain, that it did only likely.
    """

    value: Object
    adds: bool
    gives_up: bool


def merge(
    live: Object, config: Object, owned: Trie, schema: Schema, *, filled: Object | None = None
) -> Merged:
    """Return ``live`` with the fields of ``config``; ``owned`` is what the applier owned before.

    Scalars and atomic values come from ``config``; so does the order of list items, while
    items that only ``live`` has keep their place. What means the same stays as it is: a
    quantity that is spelt differently, and a value that differs only by the defaults that it
    has in ``filled``. Raises ``ValueError`` for a configuration that has a list item twice.
    """
    merging = _Merging()
    wanted = (config, config if filled is None else filled)
    merged: Object = merging.values(live, wanted, owned or None, schema)
    return Merged(merged, merging.adds, merging.gives_up)


_Wanted: TypeAlias = tuple[Value, Value]
"""A configured value, and the same with defaults."""


class _Merging:
    """Walks values and what is owned of them side by side.

    ``owned`` is ``None`` where nothing at all is, and empty where the value is as a whole.
    """

    __slots__ = ("adds", "gives_up")

    def __init__(self) -> None:
        self.adds = False
        self.gives_up = False

    def values(self, live: Value, wanted: _Wanted, owned: Trie | None, schema: Schema) -> Value:
        config = wanted[0]
        if not schema.atomic:
            if isinstance(live, dict) and isinstance(config, dict):
                return self._objects(live, wanted, owned, schema)
            listed = isinstance(live, list) and schema.shape is Shape.LIST
            if listed and isinstance(config, list):
                return self._lists(live, wanted, owned, schema)
            if config is None and live and (listed or isinstance(live, dict)):
                self.gives_up = self.gives_up or bool(owned)
                return live
        self.gives_up = self.gives_up or bool(owned)
        return live if _means_the_same(live, wanted, schema) else config

    def _objects(self, live: Object, wanted: _Wanted, owned: Trie | None, schema: Schema) -> Object:
        merged: Object | None = None
        config, filled = wanted
        fields, others = schema.fields, schema.others
        unclaimed = len(owned) - (SELF in owned) if owned else 0
        node = None
        for name, theirs in config.items():
            mine = live.get(name, _ABSENT)
            if owned:
                node = owned.get("f:" + name)
                unclaimed -= node is not None
            kind = type(theirs)
            if kind in _PLAIN and type(mine) is kind and mine == theirs and not node:
                continue
            child = fields.get(name) or others
            if mine is _ABSENT:
                self.adds, after = True, theirs
            elif kind is dict and type(mine) is dict and not child.atomic:
                after = self._objects(mine, (theirs, filled[name]), node, child)
            else:
                after = self.values(mine, (theirs, filled[name]), node, child)
            if after is not mine:
                merged = dict(live) if merged is None else merged
                merged[name] = after
        if unclaimed or (owned is not None and not owned):
            self.gives_up = True
        return live if merged is None else merged

    def _lists(
        self, live: list[Value], wanted: _Wanted, owned: Trie | None, schema: Schema
    ) -> list[Value]:
        before, order = steps_of(live, schema), steps_of(wanted[0], schema)
        if len(set(order)) != len(order):
            raise ValueError("a list has an item twice")
        if owned is None:
            owned = MEMBER
        elif not owned or not owned.keys() <= {SELF, *order}:
            self.gives_up = True
        pairs = zip(*wanted, strict=True)
        if before != order:
            theirs = dict(zip(order, pairs, strict=True))
            return self._mixed_lists((before, live), theirs, owned, schema)
        element = schema.element
        merged = [
            self.values(mine, pair, owned.get(step), element)
            for step, mine, pair in zip(before, live, pairs, strict=True)
        ]
        return live if all(map(is_, merged, live)) else merged

    def _mixed_lists(
        self,
        live: tuple[list[str], list[Value]],
        wanted: dict[str, _Wanted],
        owned: Trie,
        schema: Schema,
    ) -> list[Value]:
        """Return the items of both; those of ``live`` are given with their steps.

        An item that several of live share is replaced.
        """
        before, items = live
        alone: dict[str, Value] = {}
        for step, item in zip(before, items, strict=True):
            alone[step] = _ABSENT if step in alone else item
        merged: list[Value] = []
        for step, number in _side_by_side(before, list(wanted)):
            if step not in wanted:
                merged.append(items[number])
                continue
            mine, node = alone.get(step, _ABSENT), owned.get(step)
            if mine is _ABSENT:
                self.adds, self.gives_up = True, self.gives_up or bool(node)
                merged.append(wanted[step][0])
            else:
                merged.append(self.values(mine, wanted[step], node, schema.element))
        unchanged = len(merged) == len(items) and all(map(is_, merged, items))
        return items if unchanged else merged


def _means_the_same(live: Value, wanted: _Wanted, schema: Schema) -> bool:
    config, filled = wanted
    if equal(live, config) or (filled is not config and equal(live, filled)):
        return True
    return schema.scalar is Scalar.QUANTITY and same_quantity(live, config)


def _side_by_side(before: list[str], order: list[str]) -> Iterator[tuple[str, int]]:
    """Yield the items of both lists, those of the first with their numbers.

    Items that only the first has are taken when they come up, configured ones in their
    order; a shared one waits until the configuration comes to it.
    """
    wanted, there = set(order), set(before)
    shared = deque(step for step in order if step in there)
    taken: set[str] = set()
    at = number = 0
    while at < len(before) or number < len(order):
        mine = before[at] if at < len(before) else None
        theirs = order[number] if number < len(order) else None
        if mine is not None and mine not in wanted:
            yield mine, at
            at += 1
            continue
        if mine is not None and mine != theirs:
            waits = theirs is not None and shared and shared[0] != mine
            at += bool(waits or mine in taken)
            if waits:
                continue
        if theirs is not None:
            yield theirs, -1
            taken.add(theirs)
            number += 1
            at += mine == theirs
            if shared and shared[0] == theirs:
                shared.popleft()


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
        known = {id(item) for item in live} if isinstance(live, list) else ()
        items = [item if id(item) in known else settle(item, _ABSENT, element) for item in value]
        return value if all(map(is_, items, value)) else items
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
    for step, item in zip(steps_of(items, schema), items, strict=True):
        node = fields.get(step)
        if node is None:
            left.append(item)
        elif not is_member(node):
            left.append(remove(item, node, element))
    return left or None
