"""The embedded event bus: a durable log of events in one SQLite file of the state folder.

An event is on the disk when :meth:`EmbeddedBus.append` returns, so that its sender may be
told. Readers say after which sequence they want to go on; where they stand they remember
themselves (a sensor in its record), which makes reading free of writes and repeatable. What
the bus knows of its readers serves one purpose: what a reader has not had yet, or says that
it still needs, is kept longer.

Two events of one subject with one id are one event. The limits are those of Argo's default
stream: 50,000 messages and a week, of events' own time, so that no clock is needed.

Several processes may have the file open, and any thread of each may read and append.
"""

import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from ruleengine.formats import sqlite_files
from ruleengine.model.events import CloudEvent, StoredEvent
from ruleengine.model.times import format_time, parse_time

MOST_EVENTS: Final = 50_000
LONGEST: Final = timedelta(hours=168)

_SCHEMA: Final = """
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, bus TEXT NOT NULL, source TEXT NOT NULL,
    subject TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, time TEXT NOT NULL,
    content_type TEXT NOT NULL, data TEXT NOT NULL,
    UNIQUE (bus, source, subject, id)
);
CREATE INDEX events_by_subject ON events (bus, source, subject, sequence);
CREATE TABLE readers (
    reader TEXT NOT NULL, bus TEXT NOT NULL, source TEXT NOT NULL, subject TEXT NOT NULL,
    after INTEGER NOT NULL, heard INTEGER NOT NULL, PRIMARY KEY (reader, bus, source, subject)
) WITHOUT ROWID;
CREATE TABLE held (
    reader TEXT NOT NULL, sequence INTEGER NOT NULL, heard INTEGER NOT NULL,
    PRIMARY KEY (reader, sequence)
) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
"""
STEPS: Final = (_SCHEMA,)
"""What leads from a format to the next, from an empty file on."""

_BUSY_SECONDS: Final = 10.0
_TRIM_EVERY: Final = 500
_COLUMNS: Final = "sequence, id, source, subject, type, time, data, content_type"
_DAMAGED: Final = "restore a backup, or remove the file: events that were not handled yet are lost"
_INSERT: Final = """
INSERT OR IGNORE INTO events (bus, source, subject, id, type, time, data, content_type)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_UNREAD: Final = """
SELECT 1 FROM readers WHERE readers.bus = events.bus AND readers.source = events.source
    AND readers.subject = events.subject AND readers.after < events.sequence
"""

Subject: TypeAlias = tuple[str, str]
"""The name of an EventSource, and that of an event in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a reader still needs: everything of its subjects ``after`` a sequence, and ``held``."""

    bus: str
    subjects: tuple[Subject, ...]
    after: int
    held: frozenset[int] = frozenset()


class EmbeddedBus:
    """The log of one state folder. Raises ``StoreError`` where the file cannot be used."""

    def __init__(self, path: Path, *, most_events: int = MOST_EVENTS) -> None:
        self._path = path
        self._most_events = most_events
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._needs: dict[str, Need] = {}
        self._untrimmed = _TRIM_EVERY
        with self._failing():
            self._writer = sqlite_files.open_file(path, STEPS, patience=_BUSY_SECONDS)
            self._reader = sqlite_files.open_file(path, STEPS, patience=_BUSY_SECONDS)
            self._writer.execute(
                "INSERT OR IGNORE INTO settings VALUES ('identity', ?)", (uuid.uuid4().hex,)
            )
        self._version = -1
        self._scanned = 0
        self._ends: dict[tuple[str, str, str], int] = {}
        self._end = 0
        self.refresh()

    @property
    def identity(self) -> str:
        """What tells this log from any other: a sequence means nothing without it."""
        with self._reading, self._failing():
            row = self._reader.execute("SELECT value FROM settings WHERE name = 'identity'")
            return str(row.fetchone()[0])

    @property
    def end(self) -> int:
        """The sequence of the newest event that this process knows of; 0 where there is none."""
        return self._end

    def append(self, events: Iterable[tuple[str, CloudEvent]]) -> None:
        """Store events, each with the bus that it goes to, all or none; repeated ones once."""
        rows = [_row(bus, event) for bus, event in events]
        ends: dict[tuple[str, str, str], int] = {}
        with self._lock, self._failing():
            with _transaction(self._writer) as connection:
                for row in rows:
                    cursor = connection.execute(_INSERT, row)
                    if cursor.rowcount:
                        ends[row[0], row[1], row[2]] = int(cursor.lastrowid or 0)
                self._untrimmed -= len(rows)
                if self._untrimmed <= 0:
                    self._untrimmed = _TRIM_EVERY
                    self._trim(connection)
            self._ends.update(ends)
            self._end = max((self._end, *ends.values()))

    def read(
        self,
        bus: str,
        subjects: Sequence[Subject],
        after: int,
        *,
        most: int = 64,
        most_bytes: int = 4 * 1024 * 1024,
    ) -> list[StoredEvent]:
        """Return the events of some subjects after a sequence, in order; at least one if any.

        Beyond that no more than ``most``, and no more than ``most_bytes`` of data.
        """
        wanted = [one for one in subjects if self._ends.get((bus, *one), 0) > after]
        if not wanted:
            return []
        places = " OR ".join(["(source = ? AND subject = ?)"] * len(wanted))
        names = [name for one in wanted for name in one]
        found: list[StoredEvent] = []
        size = 0
        with self._reading, self._failing():
            rows = self._reader.execute(
                f"SELECT {_COLUMNS} FROM events WHERE bus = ? AND sequence > ? AND ({places})"  # noqa: S608 - only our own text
                " ORDER BY sequence LIMIT ?",
                (bus, after, *names, most),
            )
            for one in map(_stored, rows):
                size += len(one.event.data)
                if found and size > most_bytes:
                    break
                found.append(one)
        return found

    def newest(self, bus: str, subjects: Iterable[Subject]) -> int:
        """Return the sequence of the newest event of some subjects; 0 where there is none."""
        return max((self._ends.get((bus, *one), 0) for one in subjects), default=0)

    def before(self, time: str) -> int:
        """Return the sequence of the newest event from before a time; 0 where there is none."""
        with self._reading, self._failing():
            row = self._reader.execute("SELECT MAX(sequence) FROM events WHERE time < ?", (time,))
            return int(row.fetchone()[0] or 0)

    def get(self, sequences: Iterable[int]) -> dict[int, StoredEvent]:
        """Return single events by their sequences, as far as they are still there."""
        found: dict[int, StoredEvent] = {}
        with self._reading, self._failing():
            for sequence in sequences:
                query = f"SELECT {_COLUMNS} FROM events WHERE sequence = ?"  # noqa: S608 - only our own text
                row = self._reader.execute(query, (sequence,)).fetchone()
                if row is not None:
                    found[sequence] = _stored(row)
        return found

    def refresh(self) -> bool:
        """Take in what other processes stored; tell whether there is anything new."""
        with self._reading, self._lock, self._failing():
            version = int(self._reader.execute("PRAGMA data_version").fetchone()[0])
            if version == self._version:
                return False
            self._version = version
            rows = self._reader.execute(
                "SELECT bus, source, subject, MAX(sequence) FROM events WHERE sequence > ?"
                " GROUP BY bus, source, subject",
                (self._scanned,),
            )
            new = False
            for bus, source, subject, sequence in rows:
                self._scanned = max(self._scanned, sequence)
                new = new or sequence > self._ends.get((bus, source, subject), 0)
                self._ends[bus, source, subject] = sequence
            self._end = max(self._end, self._scanned)
            return new

    def note(self, reader: str, need: Need) -> None:
        """Note what a reader needs from now on; it is written when events are forgotten."""
        with self._lock:
            self._needs[reader] = need

    def forget(self, reader: str) -> None:
        """Note that a reader needs nothing any more."""
        with self._lock:
            self._needs[reader] = Need(bus="", subjects=(), after=0)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            try:
                if self._needs:
                    with _transaction(self._writer) as connection:
                        self._keep_needs(connection, self._end)
            except sqlite3.Error:
                pass  # what readers need is only kept a little longer
            self._writer.close()
            self._reader.close()

    def _trim(self, connection: sqlite3.Connection) -> None:
        """Forget what is beyond the limits.

        What is old goes, and of the rest what is too many and was read by all who want it;
        what a reader holds stays in any case. A reader of another process that was not heard
        of since the oldest event that is kept does not count any more.
        """
        end, newest = connection.execute("SELECT MAX(sequence), MAX(time) FROM events").fetchone()
        self._keep_needs(connection, end or 0)
        oldest = format_time(parse_time(newest) - LONGEST) if newest else ""
        row = connection.execute("SELECT MIN(sequence) FROM events WHERE time >= ?", (oldest,))
        kept_from = int(row.fetchone()[0] or 0)
        for table in ("readers", "held"):
            connection.execute(f"DELETE FROM {table} WHERE heard < ?", (kept_from,))  # noqa: S608 - only our own text
        connection.execute(
            "DELETE FROM events WHERE sequence NOT IN (SELECT sequence FROM held)"  # noqa: S608 - only our own text
            f" AND (time < ? OR (sequence <= ? AND NOT EXISTS ({_UNREAD})))",
            (oldest, (end or 0) - self._most_events),
        )

    def _keep_needs(self, connection: sqlite3.Connection, end: int) -> None:
        for reader, need in self._needs.items():
            connection.execute("DELETE FROM readers WHERE reader = ?", (reader,))
            connection.execute("DELETE FROM held WHERE reader = ?", (reader,))
            connection.executemany(
                "INSERT OR REPLACE INTO readers VALUES (?, ?, ?, ?, ?, ?)",
                [(reader, need.bus, *one, need.after, end) for one in need.subjects],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO held VALUES (?, ?, ?)",
                [(reader, sequence, end) for sequence in need.held],
            )

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise sqlite_files.failure(error, f"the event bus {self._path}", _DAMAGED) from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _row(bus: str, event: CloudEvent) -> tuple[str, ...]:
    identity = (bus, event.source, event.subject, event.id)
    return (*identity, event.type, event.time, event.data, event.content_type)


def _stored(row: tuple[Any, ...]) -> StoredEvent:
    names = _COLUMNS.split(", ")[1:]
    return StoredEvent(sequence=row[0], event=CloudEvent(**dict(zip(names, row[1:], strict=True))))
