"""A database in one SQLite file of the state folder: that of the archive, and others."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ruleengine.formats import sqlite_files
from ruleengine.model.errors import UnreachableError
from ruleengine.services.archives.archive import tables
from ruleengine.services.archives.locks import lock_tables
from ruleengine.services.archives.nodes import node_tables

STEPS: Final = (";\n".join(tables("TEXT")), node_tables("TEXT"), ";\n".join(lock_tables()))
"""What leads from a format to the next, from an empty file on."""

_BUSY_SECONDS: Final = 10.0
"""For how long another process that writes is waited for."""

_DAMAGED: Final = "restore a backup, or remove the file: what it holds is lost"


class SqliteDatabase:
    """One file. Raises ``StoreError`` where it cannot be used.

    ``UnreachableError`` where another process writes for too long: that passes, and may be tried
    again. ``steps`` lead from a format of it to the next; ``what`` is what a person calls it;
    ``patience`` is for how many seconds others are waited for.
    """

    def __init__(
        self,
        path: Path,
        steps: Sequence[str] = STEPS,
        what: str = "the archive",
        patience: float = _BUSY_SECONDS,
    ) -> None:
        self._what = f"{what} {path}"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._failing():
            self._connection = sqlite_files.open_file(path, steps, patience=patience)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Have everything inside happen, or nothing."""
        with self._failing():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def execute(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Perform a statement and return its rows."""
        with self._failing():
            return list(self._connection.execute(statement, tuple(parameters)).fetchall())

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise UnreachableError(
                    f"{self._what} is held by another process: {error}",
                    "wait until that is done, or end it",
                ) from error
            raise sqlite_files.failure(error, self._what, _DAMAGED) from error
