"""SQLite files that are the truth: durable before a write is acknowledged, and versioned."""

import os
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ruleengine.model.errors import StoreError

_LONGEST_PATH: Final = 504
"""How many bytes SQLite takes as the path of a file: 512, less what it adds to its name."""

_NO_ROOM: Final = (28, 122)
"""The error numbers of a full disk and of a full quota."""


def open_file(path: Path, steps: Sequence[str], *, patience: float = 0.0) -> sqlite3.Connection:
    """Open a file, made where it is missing, in its newest format: the number of ``steps``.

    Each step leads from one format to the next; a file of an older one is copied first. Writes
    are on the disk when they are committed (write-ahead log, ``synchronous=FULL``), and the
    caller begins transactions itself. ``patience`` is for how many seconds another process
    that writes is waited for. Raises ``StoreError`` for a newer format and a path that is too
    long, ``sqlite3.Error`` and ``OSError`` where the file cannot be used.
    """
    if len(os.fsencode(path.absolute())) > _LONGEST_PATH:
        raise StoreError(
            f"the path of {path} has more than the {_LONGEST_PATH} bytes that SQLite takes",
            "choose a folder with a shorter path with --state",
        )
    path.touch(mode=0o600)
    connection = sqlite3.connect(
        path, timeout=patience, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection, path, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[str]) -> None:
    newest = len(steps)
    found = _format(connection)
    if found > newest:
        raise StoreError(
            f"the store {path} has format {found}; this version knows up to {newest}",
            "use the newer ruleengine that wrote it, or another folder with --state",
        )
    if 0 < found < newest:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy2(path, path.with_suffix(f".format-{found}.backup"))
    while found < newest:
        connection.execute("BEGIN IMMEDIATE")
        found = _format(connection)  # another process may have been quicker
        if found < newest:
            for statement in steps[found].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={found + 1}")
        connection.execute("COMMIT")


def _format(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def failure(error: Exception, what: str, damaged: str) -> StoreError:
    """Return the error of a store that cannot be used; ``damaged`` is the remedy for a broken file.

    ``what`` says which store it is.
    """
    remedy = "check the permissions and the disk of the state folder"
    if "full" in str(error).lower() or getattr(error, "errno", None) in _NO_ROOM:
        remedy = "free space on the disk of the state folder, then try again"
    if "malformed" in str(error) or "not a database" in str(error):
        remedy = damaged
    return StoreError(f"{what} cannot be used: {error}", remedy)
