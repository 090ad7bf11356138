"""The queue: which objects have to be decided, and what each of them waits for.

An object stands in line at most once, and at the end: one that changes all the time is
decided between the others, never before them. Every area has a line of its own, and the lines
take turns: ten thousand workflows do not delay one rollout. What a change costs follows from
who read what changed, not from how many objects there are.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Next, Refusal, Stop
from ruleengine.model.values import Object
from ruleengine.reconcile.indexes import Kind, index_values
from ruleengine.reconcile.world import Read

# Found once: this is asked of each object after each of its decisions.
_DONE: Final = Stop.DONE
_FOR: Final = Stop.FOR

_EVERY_KIND: Final[Kind] = ("", "")

_Readers = dict[Target, None]
"""Who read something, in the order in which they did: so that a run can be repeated."""

_Place = tuple[str, tuple[str, str] | None]
"""What a list of a kind looks at: a namespace (empty: all) and an index."""


@dataclass(slots=True)
class Key:
    """What is remembered of one object between its decisions; none of it is needed.

    ``problem`` says why the object is in quarantine; it leaves it when its resourceVersion
    is no longer ``bad_version``, or to be tried again at ``retry_at``. ``watched`` says who
    drives the object in our place. ``unsure`` are targets of writes that were not acknowledged,
    ``failed`` those that the last decision could not write, and why; ``refused`` those whose
    last write the server refused. ``stored`` is the object as the server has it where a status
    lies over it that still has to be written; ``turn`` is from when on that may be. ``rests``
    is until when changes of what it read are gathered: one that reads a lot is not decided anew
    for each of them.
    """

    target: Target
    memo: object = None
    reads: frozenset[Read] = frozenset()
    following: Next | None = None
    wake_at: datetime | None = None
    status_at: datetime | None = None
    turn: datetime | None = None
    rests: datetime | None = None
    last_actions: int = 0
    repeats: int = 0
    restless: int = 0
    failures: int = 0
    crashes: int = 0
    problem: str = ""
    bad_version: str = ""
    retry_at: datetime | None = None
    watched: str = ""
    unsure: set[Target] = field(default_factory=set)
    failed: dict[Target, str] = field(default_factory=dict)
    refused: dict[Target, Refusal] = field(default_factory=dict)
    stored: Object | None = None

    def reason(self) -> str:
        """Return in words what the object waits for."""
        if self.watched:
            return self.watched
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
        following = self.following
        if following is None:
            return False
        stop = following.stop
        if stop is _FOR and self.wake_at == following.time:
            return True  # it is decided again then, if anybody is still there
        return stop is _DONE and self.wake_at is None

    def waits_beyond(self, deadline: datetime) -> bool:
        """Tell whether only a time wakes it, and one after ``deadline``."""
        on = self.following is not None and self.following.stop is Stop.ON
        return not on and self.wake_at is not None and self.wake_at > deadline


@dataclass(slots=True)
class Keys:
    """All objects that reconcilers decide about; those to be decided wait in line.

    ``area`` tells in which of the lines an object stands.
    """

    area: Callable[[Target], str] = field(default=lambda target: target.kind)
    _keys: dict[Target, Key] = field(default_factory=dict)
    _lines: dict[str, dict[Target, None]] = field(default_factory=dict)
    _unsettled: dict[Target, Key] = field(default_factory=dict)
    _times: list[tuple[datetime, Target]] = field(default_factory=list)
    _readers: dict[Target, _Readers] = field(default_factory=dict)
    _listers: dict[Kind, dict[_Place, _Readers]] = field(default_factory=dict)
    _indexes: Counter[str] = field(default_factory=Counter)
    _answers: dict[str, _Readers] = field(default_factory=dict)
    _noted: dict[Target, frozenset[Read]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def __contains__(self, target: Target) -> bool:
        return target in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def wake(self, target: Target) -> None:
        """Put an object in line, once."""
        if target not in self._keys:
            self._keys[target] = self._unsettled[target] = Key(target)
        self._lines.setdefault(self.area(target), {}).setdefault(target)

    def next(self) -> Key | None:
        """Take the first object out of the line whose turn it is."""
        if not self._lines:
            return None
        area = next(iter(self._lines))
        line = self._lines.pop(area)
        target = next(iter(line))
        del line[target]
        if line:
            self._lines[area] = line
        return self._keys[target]

    def wake_due(self, now: datetime) -> None:
        """Put every object in line whose time has come."""
        while self._times and self._times[0][0] <= now:
            moment, target = heapq.heappop(self._times)
            key = self._keys.get(target)
            if key is not None and key.wake_at == moment:
                key.wake_at = None
                self.wake(target)

    def set_back(self, now: datetime) -> None:
        """Let nothing wait for a time any more: the clock was set back to ``now``.

        Who waits for one is decided at once, and says anew until when.
        """
        self._times.clear()
        for key in self._keys.values():
            key.status_at = key.turn = key.rests = None
            if key.retry_at is not None:
                key.retry_at = now
            if key.wake_at is not None:
                key.wake_at = None
                self.wake(key.target)

    def due(self) -> datetime | None:
        """Return the earliest time at which an object wants to be decided."""
        while self._times:
            moment, target = self._times[0]
            key = self._keys.get(target)
            if key is not None and key.wake_at == moment:
                return moment
            heapq.heappop(self._times)
        return None

    def unsettled(self) -> list[Key]:
        """Return the objects that something will still happen to."""
        return list(self._unsettled.values())

    def changed(self, target: Target, before: Object | None, after: Object | None) -> None:
        """Wake those whose last decision read what changed."""
        for reader in self._readers.get(target, ()):
            self._wake_rested(reader)
        kinds = ((target.api_version, target.kind), _EVERY_KIND)
        listed = [self._listers[kind] for kind in kinds if kind in self._listers]
        if not listed:
            return
        indexes = (None, *self._standing(before, after))
        namespaces = ("", target.namespace) if target.namespace else ("",)
        for places in listed:
            for namespace in namespaces:
                for index in indexes:
                    for reader in places.get((namespace, index), ()):
                        self._wake_rested(reader)

    def _wake_rested(self, reader: Target) -> None:
        """Put an object in line, once it has rested."""
        key = self._keys.get(reader)
        if key is None or key.rests is None:
            self.wake(reader)
        elif key.wake_at is None or key.rests < key.wake_at:
            key.wake_at = key.rests
            self._unsettled[reader] = key
            heapq.heappush(self._times, (key.rests, reader))

    def note(self, key: Key) -> tuple[str, ...]:
        """Take over what the last decision about an object read and waits for.

        Returns the keys of answers that no object's last decision reads any more.
        """
        if key.target not in self._keys:
            return ()
        if key.settled:
            self._unsettled.pop(key.target, None)
        else:
            self._unsettled[key.target] = key
        if key.wake_at is not None:
            heapq.heappush(self._times, (key.wake_at, key.target))
        before = self._noted.get(key.target)
        if before == key.reads:
            return ()
        if before is None:
            self._readers.setdefault(key.target, {})[key.target] = None
        for read in key.reads - before if before else key.reads:
            self._readers_of(read)[key.target] = None
        self._noted[key.target] = key.reads
        return tuple(self._unread(key.target, before - key.reads)) if before else ()

    def answered(self, answer: str) -> None:
        """Wake those whose last decision read the answer under a key."""
        for reader in self._answers.get(answer, ()):
            self.wake(reader)

    def drop(self, target: Target) -> tuple[str, ...]:
        """Forget an object that is gone; return the keys of answers that nobody reads now."""
        self._keys.pop(target, None)
        line = self._lines.get(self.area(target), {})
        line.pop(target, None)
        if not line:
            self._lines.pop(self.area(target), None)
        self._unsettled.pop(target, None)
        noted = self._noted.pop(target, None)
        if noted is None:
            return ()
        gone = self._unread(target, noted)
        self._stop_reading(target, target)
        return tuple(gone)

    def _readers_of(self, read: Read) -> _Readers:
        if read.answer:
            return self._answers.setdefault(read.answer, {})
        if read.target is not None:
            return self._readers.setdefault(read.target, {})
        return self._lister(read)

    def _unread(self, target: Target, reads: Iterable[Read]) -> list[str]:
        """Take an object out of those who read; return answers it was the last to read.

        It is woken by itself all the same.
        """
        gone = []
        for read in reads:
            if read.answer:
                readers = self._answers[read.answer]
                readers.pop(target, None)
                if not readers:
                    del self._answers[read.answer]
                    gone.append(read.answer)
            elif read.target is None:
                listers = self._lister(read)
                listers.pop(target, None)
                if not listers:
                    self._drop_lister(read)
            elif read.target != target:
                self._stop_reading(read.target, target)
        return sorted(gone)

    def _stop_reading(self, target: Target, reader: Target) -> None:
        readers = self._readers[target]
        readers.pop(reader, None)
        if not readers:
            del self._readers[target]

    def _lister(self, read: Read) -> _Readers:
        """Return who listed at a place; an index counts once per place that it is used at."""
        places, place = self._listers.setdefault(read.kind, {}), (read.namespace, read.by)
        if place not in places:
            places[place] = {}
            self._indexes.update([read.by[0]] if read.by else ())
        return places[place]

    def _drop_lister(self, read: Read) -> None:
        places = self._listers[read.kind]
        del places[read.namespace, read.by]
        if not places:
            del self._listers[read.kind]
        self._indexes.subtract([read.by[0]] if read.by else ())
        self._indexes = +self._indexes

    def _standing(self, before: Object | None, after: Object | None) -> dict[tuple[str, str], None]:
        """Return under which values of the indexes in use an object stands or stood."""
        return {
            (index, value): None
            for one in (before, after)
            if one is not None
            for index in self._indexes
            for value in index_values(one, index)
        }
