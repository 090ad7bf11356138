"""The file of the index: opened, made anew, or replaced by an index in memory.

Read-only, locked, broken, or written by a newer version: it is a cache, so nothing of that
is an error.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, TypeVar

from ruleengine.formats.private_files import write_private
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.index_tables import FORMAT

_BUSY_SECONDS: Final = 10.0

Returned = TypeVar("Returned")


def with_index(
    path: Path | None, code: str, work: Callable[[ValidationIndex], Returned]
) -> tuple[Returned, str]:
    """Run ``work`` with the index at ``path`` and return its result, and why not if not.

    ``code`` digests the code that makes facts: with another one the index starts empty.
    Whatever is wrong with the file, ``work`` is run again with an index in memory; the
    second value then says why, and is empty otherwise.
    """
    reason = "there is no place for an index"
    if path is not None:
        try:
            with closing(_open_file(path, code)) as index:
                return work(index), ""
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            reason = f"the index {path.name} cannot be used ({why})"
            _remove_if_broken(path, error)
    with closing(_prepared(sqlite3.connect(":memory:", isolation_level=None), code)) as index:
        return work(index), reason


def _open_file(path: Path, code: str) -> ValidationIndex:
    _make_folder(path.parent)
    path.touch(mode=0o600)  # the files that SQLite lays beside it take its mode
    return _prepared(sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS), code)


def _remove_if_broken(path: Path, error: Exception) -> None:
    """Remove what is no database. Locked, read-only and newer ones are somebody's: they stay."""
    if type(error) in (sqlite3.DatabaseError, UnicodeDecodeError):
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                path.with_name(path.name + suffix).unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    """Make the folder, ignored by Git through a file of its own that is whole or not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        write_private(ignored, b"*\n")


def _prepared(connection: sqlite3.Connection, code: str) -> ValidationIndex:
    try:
        _refuse_newer(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -32000")
        index = ValidationIndex(connection)
        with index.transaction():
            index.prepare(code)
    except BaseException:
        connection.close()
        raise
    return index


def _refuse_newer(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > FORMAT:
        raise sqlite3.OperationalError("it was written by a newer version of ruleengine")
