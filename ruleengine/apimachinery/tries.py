"""Set operations on field sets in their JSON form (FieldsV1).

A set of paths is a trie of dicts, exactly as ``managedFields`` writes it: a key names one
step (``f:name``, ``k:{"name":"c"}``, ``v:"x"``, ``i:0``), and a step is itself a member of
the set when its node is empty or holds ``"."``. Working on that form spares conversions,
which matters because every write of every object passes here. Nodes are immutable, and what
an operation leaves as it was is the very node that it was given.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

Trie: TypeAlias = dict[str, Any]
"""A node of a field set. At the root an empty dict is the empty set."""

MEMBER: Final[Trie] = {}
"""The node of a path that is a member and has no members below it."""

SELF: Final = "."


class FieldsError(ValueError):
    """Something that claims to be a field set, or an entry of ``managedFields``, and is none."""


def is_member(node: Trie) -> bool:
    """Tell whether the path that leads to ``node`` belongs to the set."""
    return not node or SELF in node


def make(children: Trie, *, member: bool) -> Trie | None:
    """Return a node, or ``None`` where neither the path nor anything below is a member."""
    if not children:
        return MEMBER if member else None
    return {SELF: MEMBER, **children} if member else children


def below(node: Trie) -> Iterator[tuple[str, Trie]]:
    """Yield the steps below a node."""
    return ((step, child) for step, child in node.items() if step != SELF)


def union(one: Trie, other: Trie) -> Trie:
    """Return the paths of either set (roots)."""
    if not one or one is other:
        return other
    if not other:
        return one
    return _merge(one, other)


def _merge(one: Trie, other: Trie) -> Trie:
    merged = one
    for step, child in other.items():
        mine = one.get(step)
        both = child if mine is None else _union(mine, child)
        if both is not mine:
            merged = dict(one) if merged is one else merged
            merged[step] = both
    return merged


def _union(one: Trie, other: Trie) -> Trie:
    if one is other:
        return one
    if one and other:
        return _merge(one, other)
    filled = one or other
    if not filled:
        return one
    return filled if SELF in filled else {SELF: MEMBER, **filled}


def union_all(sets: Iterable[Trie]) -> Trie:
    """Return the paths of any of the sets."""
    result: Trie = {}
    for one in sets:
        result = union(result, one)
    return result


def difference(one: Trie, other: Trie) -> Trie:
    """Return the paths of ``one`` that are not in ``other`` (roots), path by path."""
    if not one or not other or other.keys().isdisjoint(one):
        return one
    return _less(one, other)


def _less(one: Trie, other: Trie) -> Trie:
    """Return what is left below two nodes; whether they are members is not looked at."""
    left: Trie | None = None
    for step, theirs in other.items():
        child = one.get(step)
        if child is None or step == SELF:
            continue
        if child:
            rest = _difference(child, theirs)
        else:
            rest = child if theirs and SELF not in theirs else None
        if rest is not child:
            left = dict(one) if left is None else left
            if rest is None:
                del left[step]
            else:
                left[step] = rest
    return one if left is None else left


def _difference(one: Trie, other: Trie) -> Trie | None:
    if other and other.keys().isdisjoint(one):
        return one
    left = _less(one, other)
    if SELF not in one:
        return left or None
    if is_member(other):
        return {step: child for step, child in left.items() if step != SELF} or None
    return left if len(left) > 1 else MEMBER


def without(one: Trie, prefixes: Trie) -> Trie:
    """Return ``one`` without the members of ``prefixes`` and everything below them."""
    left: Trie = {}
    for step, child in one.items():
        theirs = prefixes.get(step) if step != SELF else None
        if theirs is None:
            left[step] = child
        elif not is_member(theirs):
            rest = make(
                dict(below(without(child, theirs))),
                member=is_member(child),
            )
            if rest is not None:
                left[step] = rest
    return left


def intersection(one: Trie, other: Trie) -> Trie:
    """Return the paths that both sets have (roots)."""
    both: Trie = {}
    for step, child in one.items():
        theirs = other.get(step) if step != SELF else None
        if theirs is None:
            continue
        member = is_member(child) and is_member(theirs)
        common = make(intersection(child, theirs), member=member)
        if common is not None:
            both[step] = common
    return both


def contains(trie: Trie, path: Iterable[str]) -> bool:
    """Tell whether a path of steps is a member."""
    node: Trie | None = trie
    for step in path:
        node = node.get(step) if node else None
        if node is None:
            return False
    return node is not None and is_member(node)


def paths(trie: Trie) -> Iterator[tuple[str, ...]]:
    """Yield every member as a tuple of steps: those of a level before what lies below them."""
    ordered = sorted(below(trie), key=lambda item: item[0])
    yield from ((step,) for step, child in ordered if is_member(child))
    for step, child in ordered:
        for rest in paths(child):
            yield (step, *rest)


def insert(trie: Trie, path: tuple[str, ...], node: Trie) -> None:
    """Put ``node`` under ``path`` into a trie that is still being built."""
    for step in path[:-1]:
        trie = trie.setdefault(step, {})
    trie[path[-1]] = node


def canonical(trie: Trie) -> Trie:
    """Return the trie in order, with each mere member written as an empty node."""
    children = {step: canonical(trie[step]) for step in sorted(trie) if step != SELF}
    return {SELF: MEMBER, **children} if SELF in trie and children else children
