"""The archive in PostgreSQL, which several machines share (``ruleengine[postgresql]``).

Passwords come from where PostgreSQL's own programs take them: ``PGPASSWORD``, ``PGPASSFILE`` or
``~/.pgpass``. So none stands in a file of the repo.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ruleengine.model.errors import StoreError, UnreachableError, UsageError
from ruleengine.services.archives.archive import tables
from ruleengine.services.archives.locks import lock_tables
from ruleengine.services.archives.nodes import node_tables

if TYPE_CHECKING:
    import psycopg

_PATIENCE: Final = 10
"""Seconds for which a server may take to answer."""

_LOCK: Final = 0x72756C65
"""Whoever makes the tables holds this lock: two at once would stumble over each other."""


class PostgresqlDatabase:
    """One connection to a server. Raises ``UnreachableError`` where it does not answer.

    ``url`` is ``postgresql://user@host/database``. A connection that was lost is made anew.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = self._connect()
        try:
            self._make_tables()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Have everything inside happen, or nothing."""
        with self._failing():
            if self._connection.closed:
                self._connection = self._connect()
            with self._connection.transaction():
                yield

    def execute(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Perform a statement and return its rows."""
        with self._failing():
            if self._connection.closed:
                self._connection = self._connect()
            text = statement.replace("?", "%s").encode()
            found = self._connection.execute(text, tuple(parameters) or None)
            return list(found.fetchall()) if found.description else []

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _make_tables(self) -> None:
        with self.transaction():
            self.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            for statement in (*tables("JSON"), node_tables("JSON"), *lock_tables()):
                self.execute(statement, ())

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        try:
            import psycopg
        except ImportError as error:
            raise UsageError(
                "an archive in PostgreSQL needs the package psycopg",
                "install it: pip install 'ruleengine[postgresql]'",
            ) from error
        with self._failing():
            return psycopg.connect(self._url, autocommit=True, connect_timeout=_PATIENCE)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        import psycopg  # it is there: the connection was made with it

        try:
            yield
        except psycopg.OperationalError as error:
            raise UnreachableError(
                f"the database at {self._place} does not answer: {_first_line(error)}",
                "check that the server runs, its URL in ruleengine.yaml, and PGPASSWORD",
            ) from error
        except psycopg.Error as error:
            raise StoreError(
                f"the database at {self._place} refuses: {_first_line(error)}",
                "check what this user may do in that database",
            ) from error

    @property
    def _place(self) -> str:
        """Where the server is, without user and password."""
        parts = urlsplit(self._url)
        return f"{parts.hostname or 'localhost'}{parts.path}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
