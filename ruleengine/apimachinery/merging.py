"""Merging a configuration into a live object, and taking owned fields out again.

These are the two movements of server-side apply (reference, Kubernetes API section 7,
steps 4 and 5). Neither copies what it does not touch: where nothing changes, the live
value itself is returned, so that "nothing to do" is recognised by identity.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from operator import is_
from typing import Final, NamedTuple, TypeAlias

from ruleengine.apimachinery.field_sets import has_fields
from ruleengine.apimachinery.list_items import alike, canonical_step, steps_of
from ruleengine.apimachinery.pod_defaults import REFERENCES
from ruleengine.apimachinery.quantities import same_quantity
from ruleengine.apimachinery.schema import Scalar, Schema, Shape
from ruleengine.apimachinery.tries import MEMBER, SELF, FieldsError, Trie, is_member
from ruleengine.model.values import Object, Value, equal


class _Absent:
    """The type of :data:`_ABSENT`."""


_ABSENT: Final = _Absent()
# Found once: to look up a member of an enum takes longer than most of what is done here.
_QUANTITY: Final = Scalar.QUANTITY
_DEDUCED: Final = Shape.DEDUCED
_LIST: Final = Shape.LIST
_NO_SET: Final = "a node of a field set has to be an object"
_PLAIN: Final = frozenset({str, int, float, bool})


class Merged(NamedTuple):
    """What came of a merge.

    ``adds`` tells whether fields or items are new. ``gives_up`` is ``None`` where the applier
    configures all that it owned; else its leaves are the places where it may not, and nothing
    is given up beside them. ``unsure``: to leave out what lies there is not all there is to it,
    or the configuration claims nothing of what holds it.
    """

    value: Object
    adds: bool
    gives_up: Trie | None
    unsure: bool


def merge(
    live: Object, config: Object, owned: Trie, schema: Schema, *, ahead: bool = False
) -> Merged:
    """Return ``live`` with the fields of ``config``; ``owned`` is what the applier owned before.

    Scalars and atomic values come from ``config``; so does the order of list items, while
    items that only ``live`` has keep their place. A quantity that means the same stays as it
    is spelt. ``ahead`` serves who only wants to see what comes of it: references that a server
    completes stay too, and what is given up is left out, as if nobody else claimed it. Raises
    ``ValueError`` for a configuration that has a list item twice, ``FieldsError`` where
    ``owned`` is no field set.
    """
    merging = _Merging(ahead=ahead)
    merged: Object = merging.values(live, config, owned or None, schema)
    return Merged(merged, merging.adds, merging.places, merging.unsure)


class _Merging:
    """Walks values and what is owned of them side by side.

    Only what the applier owned as a whole, and where something is left beside it that is
    claimed, can just be left out; ``unsure`` tells of all else.
    ``owned`` is ``None`` where nothing at all is, and empty where the value is as a whole.
    ``places`` are those of the value that was walked last where something may be given up;
    whoever asked for the walk takes them and puts them below the step of that value.
    """

    __slots__ = ("adds", "ahead", "places", "unsure")

    def __init__(self, *, ahead: bool) -> None:
        self.ahead = ahead
        self.adds = self.unsure = False
        self.places: Trie | None = None

    def values(self, live: Value, config: Value, owned: Trie | None, schema: Schema) -> Value:
        if not schema.atomic:
            if isinstance(live, dict) and isinstance(config, dict):
                return self._objects(live, config, owned, schema)
            listed = isinstance(live, list) and schema.shape is _LIST
            if listed and isinstance(config, list):
                return self._lists(live, config, owned, schema)
            if config is None and live and (listed or isinstance(live, dict)):
                self._doubt(owned)
                return live
        self._doubt(owned)
        return live if self._means_the_same(live, config, schema) else config

    def _means_the_same(self, live: Value, config: Value, schema: Schema) -> bool:
        if equal(live, config):
            return True
        if schema.scalar is _QUANTITY:
            return same_quantity(live, config)
        complete = REFERENCES.get(schema.type_name) if self.ahead else None
        return complete is not None and isinstance(config, dict) and equal(live, complete(config))

    def _doubt(self, owned: Trie | None) -> None:
        """Note that a value may be given up in parts, of which no more is known here."""
        if owned:
            self.places, self.unsure = MEMBER, True

    def _objects(
        self, live: Object, config: Object, owned: Trie | None, schema: Schema
    ) -> Object | None:
        merged = live
        places: Trie | None = None
        fields, others = schema.fields, schema.others
        unclaimed = 0
        if owned:
            if type(owned) is not dict:
                raise FieldsError(_NO_SET)
            unclaimed = len(owned) - (SELF in owned)
        node = None
        for name, theirs in config.items():
            mine = live.get(name, _ABSENT)
            if owned:
                node = owned.get("f:" + name)
                if node is not None:
                    unclaimed -= 1
            kind = type(theirs)
            if not node and kind in _PLAIN and type(mine) is kind and mine == theirs:
                continue
            child = fields.get(name) or others
            if mine is _ABSENT:
                self.adds, after = True, theirs
            elif kind is dict and type(mine) is dict and not child.atomic:
                after = self._objects(mine, theirs, node, child)
            else:
                after = self.values(mine, theirs, node, child)
            if after is not mine:
                merged = dict(live) if merged is live else merged
                merged[name] = after
            if self.places is not None:
                places = self._with_places(places, "f:" + name)
        self.places = places
        if owned is None or (owned and not unclaimed):
            return merged
        rest = [step for step in owned if step != SELF and step[2:] not in config]
        self.places = {**(places or {}), **dict.fromkeys(rest, MEMBER)}
        self.unsure = self.unsure or not rest or not has_fields(config, schema)
        return self._without(merged, rest, owned, schema) if self.ahead else merged

    def _with_places(self, places: Trie | None, step: str) -> Trie:
        """Return places and those of the value that was just walked, below its step."""
        places = {} if places is None else places
        places[step], self.places = self.places, None
        return places

    def _without(
        self, value: Object, unclaimed: list[str], owned: Trie, schema: Schema
    ) -> Object | None:
        """Leave out the fields of some steps; an object without any is ``null``."""
        gone = {step[2:] for step in unclaimed if step[2:] in value}
        for name in gone:
            child, named = schema.child(name), schema.declares(name)
            whole = named or is_member(owned["f:" + name])
            self.unsure = self.unsure or not whole or (named and not has_fields(value[name], child))
        if not gone:
            return value
        left = {name: inner for name, inner in value.items() if name not in gone}
        self.unsure = self.unsure or not has_fields(left, schema)
        return left or None

    def _lists(
        self, live: list[Value], config: list[Value], owned: Trie | None, schema: Schema
    ) -> list[Value]:
        order = steps_of(config, schema)
        before = order if alike(live, config, schema) else steps_of(live, schema)
        steps = {SELF, *order}
        if len(steps) <= len(order):
            raise ValueError("a list has an item twice")
        known, places = owned or MEMBER, None
        if type(known) is not dict:
            raise FieldsError(_NO_SET)
        if owned is not None and not (owned and owned.keys() <= steps):
            places = {canonical_step(step): MEMBER for step in owned.keys() - steps}
            self.unsure = self.unsure or not config or not places.keys() <= owned.keys()
        if before == order:
            walk: Iterable[_Pair] = zip(order, live, config, strict=True)
        else:
            walk = _pairs((before, live), dict(zip(order, config, strict=True)))
        gone = places if places and self.ahead else MEMBER
        element = schema.element
        merged: list[Value] = []
        for step, mine, theirs in walk:
            node = known.get(step)
            if theirs is _ABSENT:
                if step in gone:
                    self.unsure = self.unsure or not is_member(node or MEMBER)
                    continue
                after = mine
            elif mine is _ABSENT:
                self.adds, after = True, theirs
                self._doubt(node)
            else:
                after = self.values(mine, theirs, node, element)
            merged.append(after)
            if self.places is not None:
                places = self._with_places(places, step)
        self.places = places
        unchanged = len(merged) == len(live) and all(map(is_, merged, live))
        return live if unchanged else merged


_Pair: TypeAlias = tuple[str, Value, Value]
"""The step of an item, the item that is there, the one that is configured."""


def _pairs(live: tuple[list[str], list[Value]], wanted: dict[str, Value]) -> Iterator[_Pair]:
    """Yield the items of two lists, each given with its steps, in the order of a merged list.

    An item that several of ``live`` share counts as absent there where it is configured.
    """
    before, items = live
    if [step for step in before if step in wanted] == list(wanted):
        for step, item in zip(before, items, strict=True):
            yield step, item, wanted.get(step, _ABSENT)
        return
    alone: dict[str, Value] = {}
    for step, item in zip(before, items, strict=True):
        alone[step] = _ABSENT if step in alone else item
    for step, number in _side_by_side(before, list(wanted)):
        if step in wanted:
            yield step, alone.get(step, _ABSENT), wanted[step]
        else:
            yield step, items[number], _ABSENT


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
    if value is live or schema.shape is _DEDUCED or schema.atomic:
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
    settled = value
    for name, inner in value.items():
        kind = type(inner)
        if kind is dict or kind is list:
            after = settle(inner, live.get(name, _ABSENT), schema.child(name))
            if after is not inner:
                settled = dict(value) if settled is value else settled
                settled[name] = after
        elif inner is None and _drops_null(schema.child(name)):
            settled = dict(value) if settled is value else settled
            del settled[name]
    return settled


def _drops_null(schema: Schema) -> bool:
    return schema.shape is not _DEDUCED and not schema.nullable


def remove(value: Value, fields: Trie, schema: Schema) -> Value:
    """Return ``value`` without the members of ``fields`` and all that lies below them.

    A container that loses its last item becomes ``null``.
    """
    if schema.atomic or not value:
        return value
    if isinstance(value, dict):
        return _remove_from_object(value, fields, schema)
    if isinstance(value, list) and schema.shape is _LIST:
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
