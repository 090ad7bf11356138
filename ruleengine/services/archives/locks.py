"""Locks in a database, in Argo's own tables (reference, Workflows 18).

``sync_state`` has a row for everybody who holds a lock or waits for one, ``sync_limit`` how many
may hold a semaphore, ``sync_controller`` when each controller was last alive. Who is taken for
dead is left out of the queue; what it holds it keeps. ``sync_lock`` has a row while somebody
takes a lock: so does Argo's controller, and neither comes between the steps of the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ruleengine.model.times import format_time
from ruleengine.services.archives.archive import Database

INACTIVE: Final = timedelta(seconds=600)
"""After how long without a sign of life a controller is taken for dead."""

_LIMIT: Final = "SELECT sizelimit FROM sync_limit WHERE name = ?"
_LIMITS: Final = "SELECT name, sizelimit FROM sync_limit ORDER BY name"
_SET_LIMIT: Final = """
INSERT INTO sync_limit (name, sizelimit) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET sizelimit = excluded.sizelimit
"""
_DROP_LIMIT: Final = "DELETE FROM sync_limit WHERE name = ?"
_BEAT: Final = """
INSERT INTO sync_controller (controller, time) VALUES (?, ?)
ON CONFLICT (controller) DO UPDATE SET time = excluded.time
"""
_ROWS: Final = """
SELECT s.workflowkey, s.controller, s.held, c.time FROM sync_state s
LEFT JOIN sync_controller c ON s.controller = c.controller
WHERE s.name = ? ORDER BY s.priority DESC, s.time, s.workflowkey, s.controller
"""
_ALL: Final = """
SELECT name, workflowkey, controller, held, priority, time FROM sync_state
ORDER BY name, held DESC, priority DESC, time, workflowkey, controller
"""
_ENTER: Final = """
INSERT INTO sync_state (name, workflowkey, controller, held, priority, time)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (name, workflowkey, controller) DO UPDATE SET priority = excluded.priority
"""
_HOLD: Final = (
    "UPDATE sync_state SET held = ? WHERE name = ? AND workflowkey = ? AND controller = ?"
)
_MINE: Final = "SELECT name, workflowkey, held FROM sync_state WHERE controller = ?"
_LEAVE: Final = "DELETE FROM sync_state WHERE workflowkey = ? AND controller = ?"
_LEAVE_ONE: Final = f"{_LEAVE} AND name = ?"
_LATCH: Final = """
INSERT INTO sync_lock (name, controller, time) VALUES (?, ?, ?)
ON CONFLICT (name) DO NOTHING RETURNING name
"""
_UNLATCH: Final = "DELETE FROM sync_lock WHERE name = ? AND controller = ?"
_OLD_LATCHES: Final = "DELETE FROM sync_lock WHERE name = ? AND time < ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One lock: how many may hold it (``None``: nobody says), who does, and who waits in order.

    Each is the key of a workflow or node and the name of its controller.
    """

    limit: int | None
    holders: tuple[tuple[str, str], ...]
    waiting: tuple[tuple[str, str], ...]

    def before(self, key: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        """Return who waits before somebody."""
        if key not in self.waiting:
            return self.waiting
        return self.waiting[: self.waiting.index(key)]

    def lets(self, key: tuple[str, str]) -> bool:
        """Tell whether somebody may have the lock: it is their turn, or they have it."""
        if key in self.holders:
            return True
        return len(self.holders) + len(self.before(key)) < (self.limit or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the state: who holds a lock or waits for it, since when in the queue."""

    lock: str
    key: str
    controller: str
    held: bool
    priority: int
    created: str


class LockTable:
    """The locks of a database, as one controller uses them."""

    def __init__(self, database: Database, controller: str) -> None:
        self._database = database
        self._controller = controller

    def key(self, holder: str) -> tuple[str, str]:
        """Return who a holder is among those of all controllers."""
        return holder, self._controller

    def beat(self, now: datetime) -> None:
        """Say that this controller is alive."""
        self._database.execute(_BEAT, (self._controller, format_time(now)))

    def look(self, name: str, now: datetime) -> Line:
        """Return how it stands with a lock."""
        limit: int | None = 1
        if name.startswith("sem/"):
            limit = self.limit(name.partition("/")[2])
        holders, waiting = [], []
        alive = now - INACTIVE
        for key, controller, held, time in self._database.execute(_ROWS, (name,)):
            if held:
                holders.append((str(key), str(controller)))
            elif time is not None and _moment(time) >= alive:
                waiting.append((str(key), str(controller)))
        return Line(limit=limit, holders=tuple(holders), waiting=tuple(waiting))

    def enter(self, key: str, names: Sequence[str], priority: int, created: str) -> None:
        """Stand in line for locks, and for no others."""
        with self._database.transaction():
            for name, holder, _ in self.mine():
                if holder == key and name not in names:
                    self._database.execute(_LEAVE_ONE, (key, self._controller, name))
            for name in names:
                row = (name, key, self._controller, False, priority, created)
                self._database.execute(_ENTER, row)

    def take(self, key: str, names: Sequence[str], now: datetime) -> bool:
        """Take locks, all of them or none; tell whether they are taken.

        They are not where it is not our turn, and where somebody else takes one right now.
        """
        with self._database.transaction():
            latched = [one for one in sorted(names) if self._latch(one, now)]
            us = self.key(key)
            free = len(latched) == len(names) and all(self.look(one, now).lets(us) for one in names)
            for one in names if free else ():
                self._database.execute(_HOLD, (True, one, *us))
            for one in latched:
                self._database.execute(_UNLATCH, (one, self._controller))
        return free

    def _latch(self, name: str, now: datetime) -> bool:
        self._database.execute(_OLD_LATCHES, (name, format_time(now - INACTIVE)))
        return bool(self._database.execute(_LATCH, (name, self._controller, format_time(now))))

    def leave(self, key: str) -> None:
        """Give back what somebody holds, and stand in line no longer."""
        self._database.execute(_LEAVE, (key, self._controller))

    def mine(self) -> Iterator[tuple[str, str, bool]]:
        """Yield the rows of this controller: name of the lock, key, and whether it is held."""
        for name, key, held in self._database.execute(_MINE, (self._controller,)):
            yield str(name), str(key), bool(held)

    def entries(self) -> list[Entry]:
        """Return every row of the state, by lock, holders first, then the queue."""
        return [
            Entry(
                lock=str(name),
                key=str(key),
                controller=str(controller),
                held=bool(held),
                priority=int(priority),
                created=format_time(_moment(time)),
            )
            for name, key, controller, held, priority, time in self._database.execute(_ALL, ())
        ]

    def limit(self, name: str) -> int | None:
        """Return how many may hold a semaphore, ``NAMESPACE/KEY``; ``None``: nobody says."""
        rows = self._database.execute(_LIMIT, (name,))
        return int(rows[0][0]) if rows else None

    def limits(self) -> dict[str, int]:
        """Return how many may hold each semaphore."""
        rows = self._database.execute(_LIMITS, ())
        return {str(name): int(limit) for name, limit in rows}

    def set_limit(self, name: str, limit: int) -> None:
        """Say how many may hold a semaphore."""
        self._database.execute(_SET_LIMIT, (name, limit))

    def drop_limit(self, name: str) -> None:
        """Forget how many may hold a semaphore."""
        self._database.execute(_DROP_LIMIT, (name,))

    def close(self) -> None:
        """Close the connection."""
        self._database.close()


def _moment(value: Any) -> datetime:
    """Return a time as databases tell it, in UTC, of a type of their own or as text."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC)


def lock_tables() -> Iterator[str]:
    """Yield the statements that make the tables."""
    yield """
CREATE TABLE IF NOT EXISTS sync_limit (
    name VARCHAR(256) NOT NULL PRIMARY KEY, sizelimit INTEGER NOT NULL)
"""
    yield """
CREATE TABLE IF NOT EXISTS sync_state (
    name VARCHAR(256) NOT NULL, workflowkey VARCHAR(256) NOT NULL,
    controller VARCHAR(64) NOT NULL, held BOOLEAN NOT NULL,
    priority INTEGER NOT NULL, time TIMESTAMP NOT NULL,
    PRIMARY KEY (name, workflowkey, controller))
"""
    yield """
CREATE TABLE IF NOT EXISTS sync_controller (
    controller VARCHAR(64) NOT NULL PRIMARY KEY, time TIMESTAMP NOT NULL)
"""
    yield """
CREATE TABLE IF NOT EXISTS sync_lock (
    name VARCHAR(256) NOT NULL PRIMARY KEY, controller VARCHAR(64) NOT NULL,
    time TIMESTAMP NOT NULL)
"""
