"""Field sets: which fields of an object somebody owns, and what differs between two.

The rules of which paths belong to an object's set and of how two objects are compared
are those of the reference, Kubernetes API section 7.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from ruleengine.apimachinery import tries
from ruleengine.apimachinery.list_items import format_steps, index
from ruleengine.apimachinery.schema import Schema, Shape
from ruleengine.apimachinery.tries import MEMBER, SELF, Trie
from ruleengine.model.values import Object, Value, equal

# Found once: to look up a member of an enum takes longer than most of what is done here.
_LIST: Final = Shape.LIST
_STRUCT: Final = Shape.STRUCT


class FieldSet(NamedTuple):
    """A set of paths. A path is a tuple of steps such as ``f:spec`` or ``k:{"name":"c"}``."""

    trie: Trie = MEMBER

    @classmethod
    def from_fields_v1(cls, fields_v1: Object | None) -> "FieldSet":
        """Return the set that an entry of ``managedFields`` holds."""
        return cls(tries.canonical(fields_v1 or {}))

    @classmethod
    def of(cls, value: Value, schema: Schema) -> "FieldSet":
        """Return the set of all fields of an object: what an apply of it claims."""
        return cls(fields_of_value(value, schema) or {})

    def to_fields_v1(self) -> Object:
        """Return the JSON form, in a stable order."""
        return tries.canonical(self.trie)

    def union(self, other: "FieldSet") -> "FieldSet":
        """Return the paths of either set."""
        return FieldSet(tries.union(self.trie, other.trie))

    def difference(self, other: "FieldSet") -> "FieldSet":
        """Return the paths of this set that the other lacks."""
        return FieldSet(tries.difference(self.trie, other.trie))

    def intersection(self, other: "FieldSet") -> "FieldSet":
        """Return the paths that both sets have."""
        return FieldSet(tries.intersection(self.trie, other.trie))

    def contains(self, path: tuple[str, ...]) -> bool:
        """Tell whether a path is a member."""
        return tries.contains(self.trie, path)

    def paths(self) -> Iterator[tuple[str, ...]]:
        """Yield every member, in a stable order."""
        return tries.paths(self.trie)

    def __bool__(self) -> bool:
        return bool(self.trie)

    def __str__(self) -> str:
        return ", ".join(format_steps(path) for path in self.paths())


def fields_of_value(value: Value, schema: Schema, *, named: bool = False) -> Trie | None:
    """Return the node of a value in the set of its object; ``None`` if it has no members.

    Struct fields are in the set through their leaves only, or as well if ``named``; entries
    of maps whose keys the schema does not declare, and items of lists, are members
    themselves.
    """
    if schema.atomic or not value:
        return MEMBER if _is_leaf(value, schema) else None
    if isinstance(value, dict):
        return _fields_of_object(value, schema, named=named)
    if isinstance(value, list) and schema.shape is _LIST:
        return _fields_of_list(value, schema, named=named)
    return MEMBER


def fields_within(value: Value, places: Trie, schema: Schema) -> Trie | None:
    """Return the part of the node of a value that lies at the leaves of a set and below.

    What leads there is in it where the value claims anything, whether a member or not.
    """
    if not places:
        return fields_of_value(value, schema)
    children: Trie = {}
    if isinstance(value, dict):
        for step, below in places.items():
            name = step[2:]
            if name in value:
                node = fields_within(value[name], below, schema.child(name))
                if node is not None or not schema.declares(name):
                    children[step] = node or MEMBER
    elif isinstance(value, list):
        for step, found in index(value, schema).items():
            if step in places:
                children[step] = fields_within(found[0], places[step], schema.element) or MEMBER
    return children if children or has_fields(value, schema) else None


def has_fields(value: Value, schema: Schema) -> bool:
    """Tell whether a value has members in the set of its object."""
    if schema.atomic or not value:
        return _is_leaf(value, schema)
    if not isinstance(value, dict) or schema.shape is not _STRUCT:
        return True
    declared = schema.fields
    for name, inner in value.items():
        if name not in declared or has_fields(inner, declared[name]):
            return True
    return False


def _is_leaf(value: Value, schema: Schema) -> bool:
    """Tell whether an atomic or empty value counts as a path of its own.

    An empty granular list claims nothing; an empty map and ``null`` claim themselves.
    """
    return schema.atomic or not isinstance(value, list) or schema.shape is not _LIST


def _fields_of_object(value: Object, schema: Schema, *, named: bool) -> Trie | None:
    declared = schema.fields if schema.shape is _STRUCT else None
    children: Trie = {}
    for name, inner in value.items():
        if declared is not None and name in declared:
            child = declared[name]
            if type(inner) is str and not child.atomic:
                children["f:" + name] = MEMBER
                continue
            node = fields_of_value(inner, child, named=named)
            node = _member(node) if named and node else node
        else:
            node = fields_of_value(inner, schema.child(name), named=named)
            node = MEMBER if node is None else _member(node)
        if node is not None:
            children["f:" + name] = node
    return children or None


def _fields_of_list(items: list[Value], schema: Schema, *, named: bool) -> Trie | None:
    element = schema.element
    children: Trie = {}
    for step, found in index(items, schema).items():
        node = fields_of_value(found[0], element, named=named) if len(found) == 1 else None
        children[step] = MEMBER if node is None else _member(node)
    return children or None


def _member(node: Trie) -> Trie:
    return {SELF: MEMBER, **node} if node and SELF not in node else node


class Comparison(NamedTuple):
    """How a new object differs from an old one, as three tries."""

    added: Trie
    modified: Trie
    removed: Trie

    def __bool__(self) -> bool:
        return bool(self.added or self.modified or self.removed)


class _Absent:
    """The type of :data:`_ABSENT`."""


_ABSENT: Final = _Absent()


def compare(old: Value, new: Value, schema: Schema) -> Comparison:
    """Return which fields were added, modified and removed.

    A container that appears or vanishes is in the sets itself, as well as its content.
    """
    found = _Comparing()
    found.values(old, new, schema, ())
    return Comparison(found.added, found.modified, found.removed)


class _Comparing:
    """Collects differences while two values are walked side by side."""

    __slots__ = ("added", "modified", "removed")

    def __init__(self) -> None:
        self.added: Trie = {}
        self.modified: Trie = {}
        self.removed: Trie = {}

    def values(self, old: Value, new: Value, schema: Schema, path: tuple[str, ...]) -> None:
        if old is new:
            return
        if schema.always_present and (schema.shape is _STRUCT or not schema.atomic):
            old = _empty_like(new) if old is _ABSENT else old
            new = _empty_like(old) if new is _ABSENT else new
        if old is _ABSENT:
            tries.insert(self.added, path, all_paths(new, schema))
        elif new is _ABSENT:
            tries.insert(self.removed, path, all_paths(old, schema))
        elif schema.atomic:
            self._leaf(old, new, path)
        elif (old or new) and _both(dict, old, new):
            self._objects(old or {}, new or {}, schema, path)
        elif schema.shape is _LIST and (old or new) and _both(list, old, new):
            self._lists(old or [], new or [], schema, path)
        elif type(old) is type(new):
            self._leaf(old, new, path)
        else:
            self._changed_type(old, new, schema, path)

    def _leaf(self, old: Value, new: Value, path: tuple[str, ...]) -> None:
        if not equal(old, new) and path:
            tries.insert(self.modified, path, MEMBER)

    def _objects(self, old: Object, new: Object, schema: Schema, path: tuple[str, ...]) -> None:
        for name, before in old.items():
            after = new.get(name, _ABSENT)
            if before is after:
                continue
            kind = type(before)
            if kind is type(after) and kind is not dict and kind is not list:
                if before != after:
                    tries.insert(self.modified, (*path, "f:" + name), MEMBER)
                continue
            self.values(before, after, schema.child(name), (*path, "f:" + name))
        for name, after in new.items():
            if name not in old:
                self.values(_ABSENT, after, schema.child(name), (*path, "f:" + name))

    def _lists(
        self, old: list[Value], new: list[Value], schema: Schema, path: tuple[str, ...]
    ) -> None:
        before, after = index(old, schema), index(new, schema)
        element = schema.element
        for step in {**before, **after}:
            mine, theirs = before.get(step, []), after.get(step, [])
            if len(mine) > 1 and len(theirs) > 1:
                if not equal(mine, theirs):
                    tries.insert(self.modified, (*path, step), MEMBER)
                continue
            one = mine[0] if len(mine) == 1 else _ABSENT
            other = theirs[0] if len(theirs) == 1 else _ABSENT
            if one is not _ABSENT or other is not _ABSENT:
                self.values(one, other, element, (*path, step))
            for sort, several in ((self.removed, mine), (self.added, theirs)):
                if len(several) > 1:
                    tries.insert(sort, (*path, step), MEMBER)

    def _changed_type(self, old: Value, new: Value, schema: Schema, path: tuple[str, ...]) -> None:
        if equal(old, new) or not path:
            return
        tries.insert(self.modified, path, MEMBER)
        for sort, value in ((self.removed, old), (self.added, new)):
            inner = dict(tries.below(all_paths(value, schema)))
            if inner:
                tries.insert(sort, path, inner)


def _both(sort: type, old: Value, new: Value) -> bool:
    """Tell whether two values are of a sort of container; ``null`` is an empty one."""
    return (old is None or isinstance(old, sort)) and (new is None or isinstance(new, sort))


def _empty_like(value: Value) -> Value:
    return [] if isinstance(value, list) else {} if isinstance(value, dict) else _ABSENT


def all_paths(value: Value, schema: Schema) -> Trie:
    """Return the node of a value with every path below it, containers included."""
    if schema.atomic or not value:
        return MEMBER
    if isinstance(value, dict):
        children = {
            "f:" + name: all_paths(inner, schema.child(name)) for name, inner in value.items()
        }
    elif isinstance(value, list) and schema.shape is _LIST:
        element = schema.element
        children = {
            step: all_paths(found[0], element) if len(found) == 1 else MEMBER
            for step, found in index(value, schema).items()
        }
    else:
        return MEMBER
    return {SELF: MEMBER, **children}
