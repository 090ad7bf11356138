"""The world that reconcilers read: observed objects, our own writes over them, and answers.

:class:`Observations` holds what was seen, read at most once until it is forgotten, with our
acknowledged (or planned) writes over it. :class:`LiveWorld` is the view of one decision: it
notes every read, so that a change wakes exactly those who read what changed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.names import ARGO_TRACKING
from ruleengine.model.values import Object, lookup

APPLICATION: Final = "application"
"""The index by the application that an object's tracking annotation names."""

OWNER: Final = "owner"
"""The index by the uid of every owner reference."""

Kind = tuple[str, str]
"""API version and kind."""


@dataclass(frozen=True, slots=True)
class Read:
    """One thing that a decision read.

    ``target`` for a single object; ``kind`` (empty texts: every kind) with ``namespace`` and
    ``index`` for a list; ``answer`` the key of a request.
    """

    target: Target | None = None
    kind: Kind = ("", "")
    namespace: str = ""
    index: tuple[str, str] | None = None
    answer: str = ""

    def sees(self, target: Target, before: Object | None, after: Object | None) -> bool:
        """Tell whether a change of one object may change what this read found."""
        if self.answer:
            return False
        if self.target is not None:
            return self.target == target
        if self.kind not in (("", ""), (target.api_version, target.kind)):
            return False
        if self.namespace and self.namespace != target.namespace:
            return False
        found = (one for one in (before, after) if one is not None)
        return self.index is None or any(in_index(one, self.index) for one in found)


class Source(Protocol):
    """Where observations come from: a client that is asked, or caches that are fed."""

    def get(self, target: Target) -> Object | None:
        """Return one object."""

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return every object of a kind; none where the kind is unknown.

        Without ``follow`` a later change of the kind need not be told: it was only swept
        for an index over all kinds.
        """

    def kinds(self) -> Sequence[Kind]:
        """Return the kinds that an index over all kinds looks at."""


def index_values(value: Object, index: str) -> tuple[str, ...]:
    """Return under which values an object stands in an index."""
    if index == APPLICATION:
        tracking = lookup(value, "metadata", "annotations", ARGO_TRACKING, default="")
        return (str(tracking).partition(":")[0],) if tracking else ()
    if index == OWNER:
        owners = lookup(value, "metadata", "ownerReferences", default=())
        return tuple(str(owner.get("uid", "")) for owner in owners)
    raise ValueError(f"a world has no index {index!r}")


def in_index(value: Object, index: tuple[str, str]) -> bool:
    """Tell whether an object stands in an index under a value."""
    return index[1] in index_values(value, index[0])


class Observations:
    """What was seen of a cluster, each kind and object read once until forgotten.

    Writes are laid over it with :meth:`put` and :meth:`remove`; they stay until the source
    shows the same or a later state, or until :meth:`forget`.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kinds: dict[Kind, dict[Target, Object]] = {}
        self._single: dict[Target, Object | None] = {}
        self._overlay: dict[Target, Object | None] = {}
        self._removed: dict[Target, str] = {}
        self._gone: dict[Target, str] = {}
        self.answers: dict[str, Answer] = {}

    def get(self, target: Target) -> Object | None:
        """Return an object as it is or, after a write of ours, as we know it to be."""
        if target in self._overlay:
            return self._overlay[target]
        known = self._kinds.get((target.api_version, target.kind))
        if known is not None:
            return known.get(target)
        if target not in self._single:
            self._single[target] = self._source.get(target)
        return self._single[target]

    def list(
        self, api_version: str, kind: str, namespace: str = "", index: tuple[str, str] | None = None
    ) -> Sequence[Object]:
        """Return objects of a kind by namespace and name; an empty kind means all kinds."""
        kinds = [(api_version, kind)] if kind else self._every_kind()
        found: dict[Target, Object] = {}
        for one in kinds:
            found.update(self._of_kind(one, follow=bool(kind)))
        for target, value in self._overlay.items():
            if (target.api_version, target.kind) not in kinds and kind:
                continue
            if value is None:
                found.pop(target, None)
            else:
                found[target] = value
        return [
            value
            for target, value in sorted(found.items(), key=lambda pair: pair[0])
            if namespace in ("", target.namespace) and (index is None or in_index(value, index))
        ]

    def put(self, value: Object) -> None:
        """Lay an object over what was seen: our write made it so."""
        self._overlay[Target.of(value)] = value

    def remove(self, target: Target) -> None:
        """Note that our write made an object go."""
        self._removed[target] = str(lookup(self.seen(target), "metadata", "uid", default=""))
        self._overlay[target] = None

    def observe(self, target: Target, value: Object | None, version: str) -> bool:
        """Take over an observation of one object (``None``: it is gone) at a version.

        Returns whether the world shows anything new. A write of ours stays over what is
        older than it; what is older than an observation before it came late, and is ignored.
        """
        before = self.seen(target)
        if _is_newer(self._newest(target, before), version):
            return False
        if value is None:
            self._gone[target] = version
        known = self._kinds.get((target.api_version, target.kind))
        if known is None:
            self._single[target] = value
        elif value is None:
            known.pop(target, None)
        else:
            known[target] = value
        if target in self._overlay and not self._is_passed(target, value, version):
            return False
        self._overlay.pop(target, None)
        return before != value

    def _newest(self, target: Target, seen: Object | None) -> str:
        """Return the version of what is known of an object, or at which it was seen to go."""
        if seen is None:
            return self._gone.get(target, "")
        return str(lookup(seen, "metadata", "resourceVersion", default=""))

    def _is_passed(self, target: Target, value: Object | None, version: str) -> bool:
        """Tell whether an observation is as new as our write to the object."""
        written = self._overlay[target]
        if written is None:
            uid = lookup(value, "metadata", "uid", default="")
            return value is None or uid != self._removed.get(target)
        return not _is_newer(lookup(written, "metadata", "resourceVersion", default=""), version)

    def seen(self, target: Target) -> Object | None:
        """Return what is known of an object without asking for it."""
        if target in self._overlay:
            return self._overlay[target]
        known = self._kinds.get((target.api_version, target.kind), {})
        return known.get(target, self._single.get(target))

    def known(self, kind: Kind) -> set[Target]:
        """Return every object of a kind that was seen or written."""
        single = {one for one in self._single if (one.api_version, one.kind) == kind}
        written = {one for one in self._overlay if (one.api_version, one.kind) == kind}
        return {*self._kinds.get(kind, ()), *single, *written}

    def forget(self) -> None:
        """Drop everything seen and written, but not the answers."""
        self._kinds.clear()
        self._single.clear()
        self._overlay.clear()
        self._gone.clear()

    def _of_kind(self, kind: Kind, *, follow: bool) -> dict[Target, Object]:
        if kind not in self._kinds:
            listed = self._source.list(*kind, follow=follow)
            self._kinds[kind] = {Target.of(one): one for one in listed}
        return self._kinds[kind]

    def _every_kind(self) -> Sequence[Kind]:
        return tuple(dict.fromkeys([*self._source.kinds(), *self._kinds]))


def _is_newer(version: str, other: str) -> bool:
    """Tell whether a resourceVersion is newer than another, as far as both are numbers."""
    return version.isdecimal() and other.isdecimal() and int(version) > int(other)


class LiveWorld:
    """The world of one decision; implements :class:`ruleengine.model.decisions.World`.

    ``reads`` is what the decision looked at, ``asked`` the keys of requests it knows of.
    """

    def __init__(self, observations: Observations) -> None:
        self._observations = observations
        self.reads: set[Read] = set()

    def get(self, target: Target) -> Object | None:
        """Return the object, or ``None`` if it does not exist."""
        self.reads.add(Read(target=target))
        return self._observations.get(target)

    def list(
        self, api_version: str, kind: str, namespace: str = "", index: tuple[str, str] | None = None
    ) -> Sequence[Object]:
        """Return objects of a kind (an empty one: of all kinds) by name."""
        self.reads.add(Read(kind=(api_version, kind), namespace=namespace, index=index))
        return self._observations.list(api_version, kind, namespace, index)

    def answer(self, request: Request) -> Answer | None:
        """Return the answer to a request, or ``None`` while there is none."""
        self.reads.add(Read(answer=request.key))
        return self._observations.answers.get(request.key)
