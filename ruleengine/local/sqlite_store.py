"""The durable store: objects in memory, and a SQLite journal that survives kill -9.

Write-ahead logging with ``synchronous=FULL``: a write is on the disk before it is
acknowledged. A lock file admits one process; the format carries a version, of which a
newer one is refused and an older one migrated after a backup.
"""

import fcntl
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from ruleengine.formats import json_text, sqlite_files
from ruleengine.local.memory_store import MOST_EVENTS, MemoryStore
from ruleengine.local.reserve import Reserve
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object

_SCHEMA: Final = """
CREATE TABLE objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE events (
    revision INTEGER PRIMARY KEY, type TEXT NOT NULL, resource TEXT NOT NULL,
    namespace TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
STEPS: Final = (_SCHEMA,)
"""What leads from a format to the next, from an empty file on."""

_PAUSE: Final = 0.02

_DAMAGED: Final = "start over with `ruleengine local reset`, or restore a backup of the folder"


def open_store(
    folder: Path, *, most_events: int = MOST_EVENTS, patience: float = 0.5
) -> MemoryStore:
    """Open the store of a state folder, made where it is missing.

    ``patience`` is for how many seconds another process is waited for that is about to end.
    Raises ``StoreError`` where another process has it open, it was written by a newer
    version, or the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _lock(folder / "store.lock", patience)
    except OSError as error:
        raise _failure(error, folder) from error
    try:
        reserve = Reserve(folder / "store.sqlite.reserve")
        journal = SqliteJournal(folder / "store.sqlite", lock, reserve)
        store = MemoryStore(journal, most_events=most_events)
        store.restore(journal.objects(), journal.events(), journal.revision())
    except (sqlite3.Error, OSError, ValueError) as error:
        lock.close()
        raise _failure(error, folder) from error
    except StoreError:
        lock.close()
        raise
    return store


def _lock(path: Path, patience: float) -> IO[str]:
    """Return the locked file, waiting a little for a process that only looks, or that ends."""
    file = path.open("a", encoding="utf-8")
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < end:
                time.sleep(_PAUSE)
                continue
            file.close()
            raise StoreError(
                f"the state folder {path.parent} is in use by another process",
                "stop that process (ruleengine local stop), or choose another folder with --state",
            ) from None
        return file


def _failure(error: Exception, folder: Path) -> StoreError:
    return sqlite_files.failure(error, f"the store in {folder}", _DAMAGED)


class SqliteJournal:
    """A :class:`~ruleengine.local.memory_store.Journal` in one SQLite file."""

    def __init__(self, path: Path, lock: IO[str], reserve: Reserve) -> None:
        self._path = path
        self._lock = lock
        self._reserve = reserve
        self._connection = sqlite_files.open_file(path, STEPS)
        self._forgotten = 0

    def revision(self) -> int:
        """Return the revision of the last write."""
        row = self._connection.execute("SELECT value FROM counters WHERE name='revision'")
        found = row.fetchone()
        return int(found[0]) if found else 0

    def objects(self) -> Iterator[tuple[Key, Object]]:
        """Yield every object that is stored."""
        rows = self._connection.execute("SELECT resource, namespace, name, body FROM objects")
        for resource, namespace, name, body in rows:
            yield Key(resource, namespace, name), json_text.loads(body)

    def events(self) -> list[Event]:
        """Return the events that are kept, with what each found where that is known."""
        rows = self._connection.execute(
            "SELECT revision, type, resource, namespace, name, body FROM events ORDER BY revision"
        )
        before: dict[Key, Object] = {}
        found = []
        for revision, kind, resource, namespace, name, body in rows:
            key = Key(resource, namespace, name)
            value = json_text.loads(body)
            previous = None if kind == EventType.ADDED else before.get(key)
            found.append(Event(revision, EventType(kind), key, value, previous))
            before[key] = value
        return found

    def commit(self, events: Sequence[Event], oldest: int) -> None:
        """Persist events and the objects they leave. Raises ``StoreError``.

        What deletes takes of the reserve where the disk is full.
        """
        while True:
            try:
                self._persist(events, oldest)
            except sqlite3.Error as error:
                full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
                if full and any(map(_deletes, events)) and self._reserve.release():
                    continue
                raise _failure(error, self._path.parent) from error
            self._reserve.fill()
            return

    def _persist(self, events: Sequence[Event], oldest: int) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._insert(events)
            self._forget(oldest)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _insert(self, events: Sequence[Event]) -> None:
        for event in events:
            key = (event.key.resource, event.key.namespace, event.key.name)
            body = json_text.dump_bytes(event.object)
            self._connection.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
                (event.revision, event.type, *key, body),
            )
            if event.type is EventType.DELETED:
                self._connection.execute(
                    "DELETE FROM objects WHERE resource=? AND namespace=? AND name=?", key
                )
            else:
                self._connection.execute(
                    "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", (*key, body)
                )
        self._connection.execute(
            "INSERT OR REPLACE INTO counters VALUES ('revision', ?)", (events[-1].revision,)
        )

    def _forget(self, oldest: int) -> None:
        """Drop old events, some hundred at a time so that it costs little."""
        if oldest - self._forgotten > 500:
            self._connection.execute("DELETE FROM events WHERE revision <= ?", (oldest,))
            self._forgotten = oldest

    def close(self) -> None:
        """Close the file and give the folder free."""
        self._connection.close()
        self._lock.close()


def _deletes(event: Event) -> bool:
    """Tell whether an object goes by an event, or is on its way out."""
    return event.type is EventType.DELETED or "deletionTimestamp" in event.object["metadata"]
