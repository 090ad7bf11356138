"""The archive in PostgreSQL, which several machines share (``ruleengine[postgresql]``).

Nothing waits for ever: the server gives up a statement that takes too long, and where the server
itself says nothing any more, we hang up. What is asked for can be asked for again.

Passwords come from where PostgreSQL's own programs take them: ``PGPASSWORD``, ``PGPASSFILE`` or
``~/.pgpass``. So none stands in a file of the repo.
"""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ruleengine.model.errors import StoreError, UnreachableError, UsageError
from ruleengine.services.archives.archive import tables
from ruleengine.services.archives.locks import lock_tables
from ruleengine.services.archives.nodes import node_tables

if TYPE_CHECKING:
    import psycopg

_PATIENCE: Final = 10
"""Seconds for which a server may take to answer who connects."""

_LONGEST: Final = 60.0
"""Seconds for which a statement may take, where neither user, database nor URL says it."""

_GRACE: Final = 1.5
"""How many times as long we wait for a server that has to give up a statement by itself."""

_BOUND: Final = """
SELECT set_config('statement_timeout', ?, false) WHERE current_setting('statement_timeout') = '0'
"""

_LOCK: Final = 0x72756C65
"""Whoever makes the tables holds this lock: two at once would stumble over each other."""


class PostgresqlDatabase:
    """One connection to a server. Raises ``UnreachableError`` where it does not answer.

    ``url`` is ``postgresql://user@host/database``. A connection that was lost is made anew.
    ``longest`` is for how many seconds a statement may take.
    """

    def __init__(self, url: str, longest: float = _LONGEST) -> None:
        self._url = url
        self._longest = longest
        self._connection = self._connect()
        try:
            self._make_tables()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Have everything inside happen, or nothing."""
        with self._failing(), self._open() as connection, connection.transaction():
            yield

    def execute(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Perform a statement and return its rows."""
        with self._failing(), self._open() as connection:
            return _rows(connection, statement, parameters)

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
            found = psycopg.connect(self._url, autocommit=True, connect_timeout=_PATIENCE)
            with _bounded(found, self._longest * _GRACE):
                _rows(found, _BOUND, (f"{self._longest * 1000:.0f}ms",))
            return found

    @contextmanager
    def _open(self) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """Give the connection, made anew where it was lost, for as long as anything may take."""
        if self._connection.closed:
            self._connection = self._connect()
        with _bounded(self._connection, self._longest * _GRACE):
            yield self._connection

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
        except TimeoutError as error:
            raise UnreachableError(
                f"the database at {self._place} does not answer: {error}",
                "check whether the server still works, and the network to it",
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


def _rows(
    connection: "psycopg.Connection[tuple[Any, ...]]", statement: str, parameters: Sequence[Any]
) -> list[tuple[Any, ...]]:
    text = statement.replace("?", "%s").encode()
    found = connection.execute(text, tuple(parameters) or None)
    return list(found.fetchall()) if found.description else []


@contextmanager
def _bounded(connection: "psycopg.Connection[tuple[Any, ...]]", seconds: float) -> Iterator[None]:
    """Hang up where what is done inside takes too long. Raises ``TimeoutError``."""
    import psycopg

    late = threading.Event()

    def hang_up() -> None:
        late.set()
        with (
            suppress(OSError, psycopg.Error),  # it was closed in between
            socket.socket(fileno=os.dup(connection.fileno())) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except psycopg.OperationalError as error:
        if late.is_set():
            raise TimeoutError(f"it said nothing for {seconds:g} s") from error
        raise
    finally:
        timer.cancel()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
