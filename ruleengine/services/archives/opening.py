"""Which archive a configuration means."""

from pathlib import Path
from typing import Final

from ruleengine.services.archives.archive import Archive, Database

SCHEMES: Final = ("postgresql://", "postgres://")
"""How the addresses of databases begin that can be shared."""


def open_archive(url: str, path: Path) -> Archive:
    """Return the archive at a database's URL; without one, that in a file.

    Raises ``StoreError`` where it cannot be used, ``UnreachableError`` where nobody answers, and
    ``UsageError`` where a package is missing.
    """
    database: Database
    if url:
        from ruleengine.services.archives.postgresql import PostgresqlDatabase

        database = PostgresqlDatabase(url)
    else:
        from ruleengine.services.archives.sqlite import SqliteDatabase

        database = SqliteDatabase(path)
    return Archive(database)
