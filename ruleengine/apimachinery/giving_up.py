"""What an applier gives up: the fields that it owned and no longer configures.

They leave the object unless somebody else claims them. This is the movement of server-side
apply that takes away (reference, Kubernetes API section 7, step 5), with the sets that the
upstream library computes, so that the same items and containers go and stay. What is still
claimed stays, whatever lies beside it; so the sets are computed only of what is not.
"""

from collections.abc import Iterable
from operator import is_
from typing import Final, NamedTuple, TypeAlias

from ruleengine.apimachinery import tries
from ruleengine.apimachinery.field_sets import fields_of_value, has_fields
from ruleengine.apimachinery.list_items import steps_of
from ruleengine.apimachinery.merging import remove
from ruleengine.apimachinery.schema import Schema
from ruleengine.apimachinery.tries import MEMBER, SELF, Trie
from ruleengine.model.values import Object, Value

_GONE: Final = object()

_Left: TypeAlias = tuple[Value, Value]
"""What is left of a value that is claimed, and what the object keeps of it.

The first lacks what nobody claims, the second of that only what the applier owned.
"""


def give_up(
    merged: Object, owned: Trie, claimed: Trie, others: Iterable[Trie], schema: Schema
) -> Object:
    """Return ``merged`` without what the applier owned and nobody claims any more.

    A container that lost its last item is ``null`` there. ``claimed`` is what the applier
    claims now, ``others`` what everybody else does.
    """
    mine = _Mine(tries.difference(owned, claimed), owned, claimed)
    kept: Object = _claimed(merged, mine, list(others), schema)[1]
    return kept


class _Mine(NamedTuple):
    """What the applier gives up in a place, what it owned there and what it claims."""

    gone: Trie
    owned: Trie
    claimed: Trie

    def below(self, step: str) -> "_Mine":
        return _Mine(self.gone[step], self.owned[step], self.claimed[step])


def _claimed(value: Value, mine: _Mine, others: list[Trie], schema: Schema) -> _Left:
    """Look for what is given up inside of a value of which the applier claims something."""
    if mine.gone and value:
        if isinstance(value, dict):
            return _in_object(value, mine, others, schema)
        if isinstance(value, list) and not schema.atomic:
            return _in_list(value, mine, others, schema)
    return value, value


def _in_object(value: Object, mine: _Mine, others: list[Trie], schema: Schema) -> _Left:
    left: Object = {}
    kept: Object = {}
    for step, _ in tries.below(mine.gone):
        name = step[2:]
        if name not in value:
            continue
        if step in mine.claimed:
            child = schema.child(name)
            one, other = _claimed(value[name], mine.below(step), _below(others, step), child)
            empty = one is not value[name] and not has_fields(one, child)
            left[name], kept[name] = one, _GONE if empty and schema.declares(name) else other
        else:
            one, other = _unclaimed({name: value[name]}, step, mine.owned[step], others, schema)
            left[name] = one[name] if one else _GONE
            kept[name] = other[name] if other else _GONE
    rest = _with_fields(value, left)
    alike = all(left[name] is kept[name] for name in left)
    return rest, rest if alike else _with_fields(value, kept)


def _with_fields(value: Object, edited: Object) -> Object | None:
    """Return an object with other fields in place of its own, ``null`` if none is left."""
    if all(value[name] is inner for name, inner in edited.items()):
        return value
    left = {**value, **edited}
    for name, inner in edited.items():
        if inner is _GONE:
            del left[name]
    return left or None


def _in_list(items: list[Value], mine: _Mine, others: list[Trie], schema: Schema) -> _Left:
    steps = steps_of(items, schema)
    left: dict[str, list[Value]] = {}
    kept: dict[str, list[Value]] = {}
    found: dict[str, list[Value]] = {}
    for step, item in zip(steps, items, strict=True):
        if step in mine.gone:
            found.setdefault(step, []).append(item)
    for step, same in found.items():
        if step in mine.claimed:
            beside = _below(others, step)
            one, other = _claimed(same[0], mine.below(step), beside, schema.element)
            left[step] = [one]
            kept[step] = left[step] if other is one else [other]
        else:
            one, other = _unclaimed(same, step, mine.owned[step], others, schema)
            left[step] = one or []
            kept[step] = left[step] if other is one else other or []
    alike = all(kept[step] is one for step, one in left.items())
    rest = _with_items(items, steps, left)
    return rest, rest if alike else _with_items(items, steps, kept)


def _with_items(
    items: list[Value], steps: list[str], edited: dict[str, list[Value]]
) -> list[Value] | None:
    """Return a list with other items in place of those of some steps, ``null`` if none is left."""
    left: list[Value] = []
    for step, item in zip(steps, items, strict=True):
        rest = edited.get(step)
        if rest is None:
            left.append(item)
        elif rest:
            left.append(rest.pop(0))
    unchanged = len(left) == len(items) and all(map(is_, left, items))
    return items if unchanged else left or None


def _below(sets: Iterable[Trie], step: str) -> list[Trie]:
    return [one[step] for one in sets if one.get(step)]


def _unclaimed(
    value: Value, step: str, owned: Trie, others: Iterable[Trie], schema: Schema
) -> _Left:
    """Look at a container of one step that the applier owned and claims nothing of any more.

    First everything that it owned goes; then what somebody claims comes back, and with it
    whatever was not the applier's to take. What it owned as a whole and nobody claims is gone.
    """
    everything = _fields(value, schema)
    managed = tries.union_all({step: one[step]} for one in others if step in one)
    if everything and not managed and tries.is_member(owned):
        return None, None
    before = _with_named({step: owned}, schema)
    kept = _fields(remove(value, before, schema), schema)
    kept = tries.union(kept, _with_named(managed, schema))
    left = remove(value, tries.difference(everything, kept), schema)
    gone = tries.difference(everything, _fields(left, schema))
    return left, remove(value, tries.intersection(gone, before), schema)


def _fields(value: Value, schema: Schema) -> Trie:
    return fields_of_value(value, schema, named=True) or {}


def _with_named(fields: Trie, schema: Schema) -> Trie:
    """Return a set in which the declared fields on the way to members are members too."""
    named: Trie = {}
    for step, node in tries.below(fields):
        if not node:
            named[step] = node
            continue
        by_name = step.startswith("f:")
        inner = _with_named(node, schema.child(step[2:]) if by_name else schema.element)
        member = SELF in node or (by_name and schema.declares(step[2:]))
        named[step] = {SELF: MEMBER, **inner} if member else inner
    return named
