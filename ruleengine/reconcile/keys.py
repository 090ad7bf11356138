"""The queue: which objects have to be decided, and what each of them waits for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Next, Stop
from ruleengine.model.values import Object
from ruleengine.reconcile.world import Read


@dataclass(slots=True)
class Key:
    """What is remembered of one object between its decisions; none of it is needed.

    ``problem`` says why the object is in quarantine; it leaves it when its
    resourceVersion is no longer ``bad_version``.
    """

    target: Target
    memo: object = None
    reads: frozenset[Read] = frozenset()
    following: Next | None = None
    wake_at: datetime | None = None
    status_at: datetime | None = None
    last_actions: str = ""
    repeats: int = 0
    restless: int = 0
    failures: int = 0
    problem: str = ""
    bad_version: str = ""

    def reason(self) -> str:
        """Return in words what the object waits for."""
        following = self.following
        if following is None:
            return "not decided yet"
        if following.message:
            return following.message
        names = ", ".join(str(one) for one in following.targets[:3])
        return f"waiting for {names}" if names else "waiting"

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        if self.problem:
            return True
        if self.following is None or self.wake_at is not None:
            return False
        return self.following.stop in (Stop.DONE, Stop.FOR)


@dataclass(slots=True)
class Keys:
    """All objects that reconcilers decide about; those to be decided wait in line."""

    _keys: dict[Target, Key] = field(default_factory=dict)
    _queue: dict[Target, None] = field(default_factory=dict)
    _readers: dict[Target, set[Target]] = field(default_factory=dict)
    _listers: dict[Target, tuple[Read, ...]] = field(default_factory=dict)
    _noted: dict[Target, set[Target]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def wake(self, target: Target) -> None:
        """Put an object in line, once."""
        self._keys.setdefault(target, Key(target))
        self._queue.setdefault(target)

    def next(self) -> Key | None:
        """Take the first object out of the line."""
        for target in self._queue:
            del self._queue[target]
            return self._keys[target]
        return None

    def wake_due(self, now: datetime) -> None:
        """Put every object in line whose time has come."""
        for key in self._keys.values():
            if key.wake_at is not None and key.wake_at <= now:
                key.wake_at = None
                self.wake(key.target)

    def due(self) -> datetime | None:
        """Return the earliest time at which an object wants to be decided."""
        return min((key.wake_at for key in self._keys.values() if key.wake_at), default=None)

    def unsettled(self) -> list[Key]:
        """Return the objects that something will still happen to."""
        return [key for key in self._keys.values() if not key.settled]

    def changed(self, target: Target, before: Object | None, after: Object | None) -> None:
        """Wake those whose last decision read what changed."""
        for reader in self._readers.get(target, ()):
            self.wake(reader)
        for reader, reads in self._listers.items():
            if any(read.sees(target, before, after) for read in reads):
                self.wake(reader)

    def note_reads(self, key: Key) -> None:
        """Take over what the last decision about an object read."""
        self._unnote(key.target)
        targets = {key.target, *(read.target for read in key.reads if read.target is not None)}
        for target in targets:
            self._readers.setdefault(target, set()).add(key.target)
        self._noted[key.target] = targets
        self._listers[key.target] = tuple(read for read in key.reads if read.target is None)

    def drop(self, target: Target) -> None:
        """Forget an object that is gone."""
        self._unnote(target)
        self._keys.pop(target, None)
        self._queue.pop(target, None)

    def _unnote(self, target: Target) -> None:
        self._listers.pop(target, None)
        for read in self._noted.pop(target, ()):
            readers = self._readers[read]
            readers.discard(target)
            if not readers:
                del self._readers[read]
