"""Which database a configuration means."""

from pathlib import Path

from ruleengine.services.archives.archive import Archive, Database
from ruleengine.services.archives.locks import LockTable
from ruleengine.services.archives.nodes import OffloadedNodes


def open_archive(url: str, path: Path) -> Archive:
    """Return the archive at a database's URL; without one, that in a file.

    Raises as :func:`open_database` does.
    """
    return Archive(open_database(url, path))


def open_locks(url: str, path: Path, controller: str) -> LockTable:
    """Return the locks that controllers share, as one of them. Raises as :func:`open_database`."""
    return LockTable(open_database(url, path), controller)


def open_nodes(url: str, path: Path) -> OffloadedNodes:
    """Return the nodes that are kept besides workflows. Raises as :func:`open_database` does."""
    return OffloadedNodes(open_database(url, path))


def open_database(url: str, path: Path) -> Database:
    """Return the database at a URL; without one, that in a file.

    Raises ``StoreError`` where it cannot be used, ``UnreachableError`` where nobody answers, and
    ``UsageError`` where a package is missing.
    """
    if url:
        from ruleengine.services.archives.postgresql import PostgresqlDatabase

        return PostgresqlDatabase(url)
    from ruleengine.services.archives.sqlite import SqliteDatabase

    return SqliteDatabase(path)
