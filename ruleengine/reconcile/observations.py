"""Observations: what was seen of a cluster, with our own acknowledged writes over it.

Every kind and object is read once until it is forgotten. Lists by index and by namespace
cost what they find, not what there is of the kind: an index is made when it is first asked
for, and kept from then on.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Answer
from ruleengine.model.values import Object, uid_of, version_of
from ruleengine.reconcile.indexes import Kind, index_values
from ruleengine.reconcile.sources import Source

_NAMESPACE: Final = "namespace"
_MOST_GONE: Final = 1000
"""How many objects of a kind are remembered that have gone, lest a late event bring one back."""

_Name = tuple[str, str]
"""Namespace and name."""

_Was = tuple[_Name, Object | None, Object | None]
"""An object of a shelf: which, as it was, as it is."""

Seen = tuple[Target, Object | None, Object | None]
"""An object that changed: which, as it was, as it is."""


class Observations:
    """What was seen of a cluster.

    Writes are laid over it with :meth:`put` and :meth:`remove`; they stay until the source
    shows the same or a later state. Where changes are ``told`` afterwards, the source follows
    every kind of which a single object or the objects of that kind were asked for.
    """

    def __init__(self, source: Source, *, told: bool = False) -> None:
        self._source = source
        self._told = told
        self._shelves: dict[Kind, _Shelf] = {}
        self._noticed: list[Seen] = []
        self.answers: dict[str, Answer] = {}

    def get(self, target: Target) -> Object | None:
        """Return an object as it is or, after a write of ours, as we know it to be."""
        name = (target.namespace, target.name)
        shelf = self._shelves.get((target.api_version, target.kind)) or self._shelf(target)
        if shelf.whole and not shelf.followed:
            self._whole((target.api_version, target.kind), follow=True)
        found = shelf.objects.get(name)
        if found is not None or shelf.knows(name):
            return found
        shelf.followed = True
        found = self._source.get(target)
        if found is None:
            shelf.absent.add(name)
        else:
            shelf.show(name, found)
        return found

    def list(
        self, api_version: str, kind: str, namespace: str = "", index: tuple[str, str] | None = None
    ) -> Sequence[Object]:
        """Return objects of a kind by namespace and name; an empty kind means all kinds."""
        if kind:
            return list(self._whole((api_version, kind), follow=True).find(namespace, index))
        kinds = sorted(self._every_kind())
        shelves = [self._whole(one, follow=False) for one in kinds]
        return [value for shelf in shelves for value in shelf.find(namespace, index)]

    def put(self, value: Object, target: Target | None = None) -> None:
        """Lay an object over what was seen: our write made it so.

        ``target`` is its identity, where that is known.
        """
        target = target or Target.of(value)
        shelf, name = self._shelf(target), (target.namespace, target.name)
        shelf.written.add(name)
        shelf.removed.pop(name, None)
        shelf.show(name, value)

    def remove(self, target: Target) -> None:
        """Note that our write made an object go."""
        shelf, name = self._shelf(target), (target.namespace, target.name)
        shelf.removed[name] = uid_of(shelf.objects.get(name))
        shelf.show(name, None)

    def observe(self, target: Target, value: Object | None, version: str) -> bool:
        """Take over an observation of one object (``None``: it is gone) at a version.

        Returns whether the world shows anything new. A write of ours stays over what is
        older than it; what is older than an observation before it came late, and is ignored,
        and so is what is known at that very version.
        """
        shelf, name = self._shelf(target), (target.namespace, target.name)
        before = shelf.objects.get(name)
        newest = shelf.gone.get(name, "") if before is None else version_of(before)
        if _is_newer(newest, version):
            return False
        if value is not None and before is not None and version == newest:
            shelf.written.discard(name)
            return False
        if value is None:
            shelf.note_gone(name, version)
        elif name in shelf.removed and shelf.removed[name] == uid_of(value):
            return False
        shelf.removed.pop(name, None)
        shelf.written.discard(name)
        shelf.show(name, value)
        return before != value

    def seen(self, target: Target) -> Object | None:
        """Return what is known of an object without asking for it."""
        return self._shelf(target).objects.get((target.namespace, target.name))

    def noticed(self) -> Sequence[Seen]:
        """Return what reading whole kinds has shown anew of objects, since the last call."""
        noticed, self._noticed = self._noticed, []
        return noticed

    def kinds(self) -> Sequence[Kind]:
        """Return the kinds of which anything was seen or written."""
        return sorted(self._shelves)

    def known(self, kind: Kind) -> set[Target]:
        """Return every object of a kind that was asked for, seen or written."""
        shelf = self._shelves.get(kind)
        if shelf is None:
            return set()
        return {Target(*kind, *name) for name in {*shelf.objects, *shelf.absent, *shelf.removed}}

    def holds(self, kind: Kind) -> bool:
        """Tell whether a kind was read as a whole."""
        return kind in self._shelves and self._shelves[kind].whole

    def _shelf(self, target: Target) -> "_Shelf":
        kind = (target.api_version, target.kind)
        shelf = self._shelves.get(kind)
        if shelf is None:
            shelf = self._shelves[kind] = _Shelf(followed=not self._told)
        return shelf

    def _whole(self, kind: Kind, *, follow: bool) -> "_Shelf":
        """Return the shelf of a kind that is read as a whole; one that was swept is followed now.

        What happened to it between the sweep and the following is noticed.
        """
        shelf = self._shelves.get(kind)
        if shelf is None:
            shelf = self._shelves[kind] = _Shelf(followed=not self._told)
        if not shelf.whole or (follow and not shelf.followed):
            changed = shelf.fill(self._source.list(*kind, follow=follow))
            shelf.followed = shelf.followed or follow
            self._noticed += [(Target(*kind, *name), was, now) for name, was, now in changed]
        return shelf

    def _every_kind(self) -> set[Kind]:
        return {*self._source.kinds(), *self._shelves}


@dataclass(slots=True)
class _Shelf:
    """What is known of one kind.

    ``whole`` tells whether it was listed, ``followed`` whether its changes are told; until it
    was listed ``absent`` was asked for and is not there. ``written`` was made by us and no
    observation has passed it, ``removed`` by uid was deleted by us and still has to be seen to
    go, ``gone`` was seen to, at a version.
    """

    followed: bool
    whole: bool = False
    objects: dict[_Name, Object] = field(default_factory=dict)
    absent: set[_Name] = field(default_factory=set)
    written: set[_Name] = field(default_factory=set)
    removed: dict[_Name, str] = field(default_factory=dict)
    gone: dict[_Name, str] = field(default_factory=dict)
    _indexes: dict[str, dict[str, list[_Name]]] = field(default_factory=dict)
    _order: list[_Name] = field(default_factory=list)

    def knows(self, name: _Name) -> bool:
        """Tell whether nobody needs to be asked for an object that is not on the shelf."""
        return self.whole or name in self.absent or name in self.removed

    def show(self, name: _Name, value: Object | None) -> None:
        """Show an object from now on, or none of that name."""
        before = self.objects.get(name)
        if value is None:
            self.written.discard(name)
            if not self.whole:
                self.absent.add(name)
            if before is None:
                return
            del self.objects[name], self._order[bisect_left(self._order, name)]
        else:
            self.absent.discard(name)
            self.objects[name] = value
            if before is None:
                insort(self._order, name)
        for index, places in self._indexes.items():
            _move(places, name, _values(before, name, index), _values(value, name, index))

    def fill(self, listed: Iterable[Object]) -> list[_Was]:
        """Take over the whole kind; what we wrote stays over what is not newer.

        Returns what was known otherwise before, as it was and as it is.
        """
        found = {_name(one): one for one in listed}
        was_whole, self.whole = self.whole, True
        if not was_whole and not (self.objects or self.removed or self.absent):
            self.objects, self._order = found, sorted(found)
            return []
        gone = sorted(self.objects.keys() - found.keys() - self.written)
        known = found.keys() if was_whole else self.objects.keys() | self.absent
        changed: list[_Was] = [(name, self.objects[name], None) for name in gone]
        for name in gone:
            self.show(name, None)
        for name, value in found.items():
            before = self.objects.get(name)
            if self.removed.get(name) in ("", uid_of(value)):
                continue
            if name in self.written and not _is_newer(version_of(value), version_of(before)):
                continue
            if name in known and version_of(before) != version_of(value):
                changed.append((name, before, value))
            self.show(name, value)
        self.absent.clear()
        return changed

    def find(self, namespace: str, index: tuple[str, str] | None) -> Iterator[Object]:
        """Yield objects by name; ``index`` is an index and the value wanted in it."""
        if index is not None:
            names = self._index(index[0]).get(index[1], ())
        else:
            names = self._index(_NAMESPACE).get(namespace, ()) if namespace else self._order
        for name in names:
            if namespace in ("", name[0]):
                yield self.objects[name]

    def note_gone(self, name: _Name, version: str) -> None:
        """Remember at which version an object was seen to go."""
        self.gone.pop(name, None)
        self.gone[name] = version
        if len(self.gone) > _MOST_GONE:
            del self.gone[next(iter(self.gone))]

    def _index(self, index: str) -> dict[str, list[_Name]]:
        places = self._indexes.get(index)
        if places is None:
            places = self._indexes[index] = {}
            for name in self._order:
                _move(places, name, (), _values(self.objects[name], name, index))
        return places


def _values(value: Object | None, name: _Name, index: str) -> tuple[str, ...]:
    if value is None:
        return ()
    return (name[0],) if index == _NAMESPACE else index_values(value, index)


def _move(
    places: dict[str, list[_Name]], name: _Name, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """Move a name from where it stood in an index to where it stands."""
    if before == after:
        return
    for one in before:
        names = places[one]
        del names[bisect_left(names, name)]
        if not names:
            del places[one]
    for one in after:
        insort(places.setdefault(one, []), name)


def _name(value: Object) -> _Name:
    metadata = value["metadata"]
    return (metadata.get("namespace") or "", metadata["name"])


def _is_newer(version: str, other: str) -> bool:
    """Tell whether a resourceVersion is newer than another, as far as both are numbers."""
    return version.isdecimal() and other.isdecimal() and int(version) > int(other)
