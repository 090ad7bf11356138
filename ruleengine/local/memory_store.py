"""The store's objects and events in memory, with a journal below that makes them last.

Readers see acknowledged writes only. A write is checked against acknowledged and pending
writes, gets its revision, and waits; whoever finds the journal free commits everything
that is pending at once (group commit), then publishes it in order of revision. Where the
journal fails, all pending writes fail and nothing was changed.
"""

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ruleengine.local.sharing import sharing
from ruleengine.local.store import (
    ChangedError,
    CompactedError,
    Event,
    EventType,
    Key,
    Snapshot,
)
from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object

MOST_EVENTS: Final = 10_000
"""How many events are kept for watches that resume."""

# Found once: to look up a member of an enum takes longer than to look up an object.
_ADDED: Final = EventType.ADDED
_MODIFIED: Final = EventType.MODIFIED
_DELETED: Final = EventType.DELETED

_NOTHING: Final[dict[tuple[str, str], Object]] = {}


class Journal(Protocol):
    """Makes writes last. Called by one thread at a time."""

    def commit(self, events: Sequence[Event], oldest: int) -> None:
        """Persist events as one transaction; those before ``oldest`` may be forgotten.

        Raises ``StoreError``; then none of them is persisted.
        """

    def close(self) -> None:
        """Finish."""


class NoJournal:
    """A journal for stores that end with their process."""

    def commit(self, events: Sequence[Event], oldest: int) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class _Pending:
    event: Event
    done: bool = False
    error: StoreError | None = None


class MemoryStore:
    """A :class:`~ruleengine.local.store.Store`; see the module for how it works."""

    def __init__(self, journal: Journal | None = None, *, most_events: int = MOST_EVENTS) -> None:
        self._journal = journal or NoJournal()
        self._most_events = most_events
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._committing = threading.Lock()
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._events: list[Event] = []
        self._written: dict[str, int] = {}
        self._pending: list[_Pending] = []
        self._latest: dict[Key, Object | None] = {}
        self._revision = 0
        self._next = 1
        self._compacted = 0
        self._snapshots_from = 0
        self._listeners: list[Callable[[], None]] = []
        self._waiting = 0

    def restore(
        self, objects: Iterable[tuple[Key, Object]], events: Sequence[Event], revision: int
    ) -> None:
        """Take over what a journal has kept; called once, before any other method."""
        for key, value in objects:
            shared = {**value, "metadata": sharing(value["metadata"])}
            self._objects.setdefault(key.resource, {})[(key.namespace, key.name)] = shared
        self._events = list(events)
        self._compacted = events[0].revision - 1 if events else revision
        self._revision = self._snapshots_from = revision
        self._next = revision + 1

    @property
    def revision(self) -> int:
        """The revision of the last acknowledged write."""
        return self._revision

    def get(self, key: Key) -> Object | None:
        """Return an object, or ``None``."""
        with self._lock:
            return self._objects.get(key.resource, {}).get((key.namespace, key.name))

    def last_write(self, resource: str) -> int:
        """Return a revision after which no object of a resource was written."""
        return self._written.get(resource, self._snapshots_from)

    def resources(self) -> Sequence[str]:
        """Return the resources of which any object exists."""
        with self._lock:
            return sorted(name for name, objects in self._objects.items() if objects)

    def list(self, resource: str, namespace: str = "", at: int = 0) -> Snapshot:
        """Return the objects of a resource, now or ``at`` an older revision.

        Raises ``CompactedError``.
        """
        with self._lock:
            objects = self._objects.get(resource, _NOTHING)
            if not (objects or at):
                return Snapshot((), self._revision)
            if at and at != self._revision:
                objects = self._as_of(resource, dict(objects), at)
            found = [
                (place, value)
                for place, value in objects.items()
                if not namespace or place[0] == namespace
            ]
            revision = at or self._revision
        if len(found) > 1:
            found.sort(key=lambda one: one[0])
        return Snapshot([value for _, value in found], revision)

    def _as_of(
        self, resource: str, objects: dict[tuple[str, str], Object], at: int
    ) -> dict[tuple[str, str], Object]:
        if at < max(self._compacted, self._snapshots_from):
            raise CompactedError
        for event in reversed(self._events):
            if event.revision <= at:
                break
            if event.key.resource != resource:
                continue
            place = (event.key.namespace, event.key.name)
            if event.previous is None:
                objects.pop(place, None)
            else:
                objects[place] = event.previous
        return objects

    def write(self, key: Key, value: Object | None, *, expected: int) -> Object:
        """Store or remove an object at revision ``expected``; durable on return.

        Raises ``ChangedError`` and ``StoreError``.
        """
        pending = self._enter(key, value, expected)
        if pending is None:
            self._settle(key)
            raise ChangedError
        with self._committing:
            if not pending.done:
                self._commit()
        if pending.error is not None:
            raise pending.error
        return pending.event.object

    def _enter(self, key: Key, value: Object | None, expected: int) -> _Pending | None:
        """Return a write that waits for the next commit; ``None`` where the object has changed."""
        with self._lock:
            before = self._before(key)
            if _revision_of(before) != expected or (before is None and value is None):
                return None
            pending = _Pending(_event(self._next, key, before, value))
            self._next += 1
            self._pending.append(pending)
            self._latest[key] = value and pending.event.object
            return pending

    def _settle(self, key: Key) -> None:
        """Commit what is pending of an object, so that whoever reads it again sees it."""
        with self._committing:
            if any(one.event.key == key for one in self._pending):
                self._commit()

    def _before(self, key: Key) -> Object | None:
        if key in self._latest:
            return self._latest[key]
        return self._objects.get(key.resource, {}).get((key.namespace, key.name))

    def _commit(self) -> None:
        with self._lock:
            batch, self._pending = self._pending, []
            oldest = self._oldest_kept(len(batch))
        try:
            self._journal.commit([one.event for one in batch], oldest)
        except StoreError as error:
            self._fail(batch, error)
            return
        with self._lock:
            for one in batch:
                self._publish(one.event)
                one.done = True
            if len(self._events) > self._most_events * 5 // 4:
                cut = len(self._events) - self._most_events
                self._compacted = self._events[cut - 1].revision
                del self._events[:cut]
            if self._waiting:
                self._changed.notify_all()
        for listener in self._listeners:
            listener()

    def _oldest_kept(self, arriving: int) -> int:
        surplus = len(self._events) + arriving - self._most_events
        if surplus <= 0 or not self._events:
            return 0
        return self._events[min(surplus, len(self._events)) - 1].revision

    def _publish(self, event: Event) -> None:
        objects = self._objects.setdefault(event.key.resource, {})
        place = (event.key.namespace, event.key.name)
        if event.type is _DELETED:
            objects.pop(place, None)
        else:
            objects[place] = event.object
        self._events.append(event)
        self._written[event.key.resource] = self._revision = event.revision
        latest = self._latest.get(event.key)
        if latest is None or latest is event.object:
            self._settle_latest(event)

    def _settle_latest(self, event: Event) -> None:
        pending = self._pending
        if not pending or all(one.event.key != event.key for one in pending):
            self._latest.pop(event.key, None)

    def _fail(self, batch: Sequence[_Pending], error: StoreError) -> None:
        with self._lock:
            for one in (*batch, *self._pending):
                one.error = error
                one.done = True
            self._pending = []
            self._latest.clear()

    def events(self, after: int) -> Sequence[Event]:
        """Return the writes after a revision, oldest first. Raises ``CompactedError``."""
        with self._lock:
            if after < self._compacted:
                raise CompactedError
            return self._events[self._first_after(after) :]

    def _first_after(self, revision: int) -> int:
        """Return where the events after a revision begin.

        There are at most as many as revisions since, and hardly ever fewer: only writes that
        could not be kept leave gaps.
        """
        events = self._events
        begin = max(len(events) - max(self._revision - revision, 0), 0)
        if begin < len(events) and events[begin].revision <= revision:
            return bisect_right(events, revision, key=_revision_of_event)
        return begin

    def wait(self, after: int, timeout: float, or_until: Callable[[], bool] = lambda: False) -> int:
        """Wait until there is a revision beyond ``after``; return the current one.

        ``or_until`` ends the wait too; it is asked again after :meth:`wake`.
        """
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: self._revision > after or or_until(), timeout)
            finally:
                self._waiting -= 1
            return self._revision

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called after each write, by the thread that wrote."""
        self._listeners.append(listener)

    def wake(self) -> None:
        """Let every waiting thread ask again."""
        with self._changed:
            self._changed.notify_all()

    def compact(self) -> None:
        """Forget all events, so that older watches have to begin anew."""
        with self._lock:
            self._events.clear()
            self._compacted = self._revision

    def close(self) -> None:
        """Finish the journal."""
        with self._committing:
            self._journal.close()


def _revision_of(value: Object | None) -> int:
    return int(value["metadata"]["resourceVersion"]) if value else 0


_revision_of_event: Callable[[Event], int] = lambda event: event.revision  # noqa: E731 - a key


def _event(revision: int, key: Key, before: Object | None, value: Object | None) -> Event:
    if value is None:
        kind, value = _DELETED, before
    else:
        kind = _ADDED if before is None else _MODIFIED
    content = value or {}
    metadata = sharing(content["metadata"], before["metadata"] if before else None)
    stored = {**content, "metadata": {**metadata, "resourceVersion": str(revision)}}
    return Event(revision, kind, key, stored, before)
