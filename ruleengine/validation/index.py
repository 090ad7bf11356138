"""The index: what is known about the files of a config repo, in SQLite.

It is queried, never loaded: a run that changes one file touches the rows of that file and of
what points at it. It is a cache and nothing else: deleting it is harmless, and where it
cannot be opened (:mod:`ruleengine.validation.index_files`) an index in memory takes its
place, which is slower and answers the same.

``files`` is the state that the index was last brought to; ``entries`` and the tables that
hang on it keep the facts of files, also of states that are not current, so that going back
and forth between branches costs nothing. ``problems`` are the findings between
files. What the applications of a file render to has facts too: they stand under a path that
begins with ``//``, which no file's path does.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from ruleengine.validation.facts import FactRows
from ruleengine.validation.index_tables import FORMAT, HANGING, TABLES

_BATCH = 200

Row4: TypeAlias = tuple[str, str, str, str]

_Key = TypeVar("_Key")


class ValidationIndex:
    """Reads and writes the rows; what they mean is decided in the modules beside."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock; all or nothing of what happens inside is kept."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def prepare(self, code: str) -> None:
        """Make the tables, anew where other code has filled them."""
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == FORMAT and self.remembered("code") == code:
            return
        tables = self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables:
            self._connection.execute(f'DROP TABLE "{table}"')
        for statement in TABLES.split(";"):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {FORMAT}")
        self.remember(code=code)

    def remembered(self, name: str) -> str:
        """Return a remembered text; empty where there is none."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def remember(self, **values: str) -> None:
        """Remember texts by name."""
        self._connection.executemany("REPLACE INTO meta VALUES (?, ?)", values.items())

    # Files: the state that the index was brought to.

    def file(self, path: str) -> tuple[str, int | None] | None:
        """Return blob id and entry of a current file, or ``None``."""
        row = self._connection.execute(
            "SELECT blob, entry FROM files WHERE path = ?", (path,)
        ).fetchone()
        return (row[0], row[1]) if row else None

    def files(self, paths: Iterable[str]) -> dict[str, int | None]:
        """Return the entries of current files by path, of those that there are."""
        self._ask(("", one) for one in paths)
        return dict(self._rows("SELECT path, entry FROM asked CROSS JOIN files ON path = name"))

    def next_path(self, start: str) -> str | None:
        """Return the first path of a current file that is not before ``start``."""
        row = self._connection.execute(
            "SELECT path FROM files WHERE path >= ? AND path NOT LIKE '//%' ORDER BY path LIMIT 1",
            (start,),
        ).fetchone()
        return row[0] if row else None

    def files_below(self, folder: str = "") -> Sequence[tuple[str, str, int | None]]:
        """Return path, blob id and entry of every current file below a folder (empty: all)."""
        if not folder:
            return self._rows(
                "SELECT path, blob, entry FROM files WHERE path NOT LIKE '//%' ORDER BY path"
            )
        return self._rows(
            "SELECT path, blob, entry FROM files WHERE path >= ? AND path < ? ORDER BY path",
            (f"{folder}/", f"{folder}0"),
        )

    def exists(self, path: str) -> bool:
        """Tell whether a current file or folder is at ``path`` (empty: the root)."""
        if not path:
            return True
        row = self._connection.execute(
            "SELECT 1 FROM files WHERE path = ? OR (path >= ? AND path < ?) LIMIT 1",
            (path, f"{path}/", f"{path}0"),
        )
        return row.fetchone() is not None

    def put_files(self, files: Iterable[tuple[str, str]]) -> None:
        """Add current files or give them other blob ids; entries stay until assigned anew."""
        self._connection.executemany(
            "INSERT INTO files VALUES (?, ?, NULL)"
            " ON CONFLICT (path) DO UPDATE SET blob = excluded.blob",
            files,
        )

    def remove_files(self, paths: Iterable[str]) -> None:
        """Remove current files."""
        self._connection.executemany("DELETE FROM files WHERE path = ?", ((one,) for one in paths))

    def assign(self, entries: Iterable[tuple[int | None, str]]) -> None:
        """Say which entry holds the facts of a file: pairs of entry and path."""
        self._connection.executemany("UPDATE files SET entry = ? WHERE path = ?", entries)

    # Entries: the facts of files.

    def known_entries(self, numbers: Iterable[int]) -> set[int]:
        """Return those of the numbers that facts are stored for."""
        if self._is_empty("entries"):
            return set()
        query = "SELECT 1 FROM entries WHERE id = ?"
        return {one for one in numbers if self._connection.execute(query, (one,)).fetchone()}

    def store(self, facts: Iterable[FactRows]) -> None:
        """Store the facts of files, many at a time."""
        waiting = iter(facts)
        while batch := list(islice(waiting, _BATCH)):
            numbered = [(one.key.number, one) for one in batch]
            insert = self._connection.executemany
            insert(
                "REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        entry,
                        one.documents,
                        one.findings,
                        one.recorded_documents,
                        one.recorded,
                        one.applications,
                    )
                    for entry, one in numbered
                ],
            )
            insert(
                "INSERT INTO identities VALUES (?, ?, ?)",
                [(key, entry, data) for entry, one in numbered for key, data in one.identities],
            )
            for table in ("definitions", "pointers"):
                insert(
                    f"INSERT INTO {table} VALUES (?, ?, ?, ?)",  # noqa: S608 - a name of ours
                    [
                        (kind, name, entry, data)
                        for entry, one in numbered
                        for kind, name, data in getattr(one, table)
                    ],
                )

    def forget_unused(self) -> None:
        """Delete the facts of files that are not current."""
        self._connection.execute(
            "DELETE FROM entries WHERE id NOT IN (SELECT entry FROM files WHERE entry IS NOT NULL)"
        )
        for table in HANGING:
            self._connection.execute(
                f"DELETE FROM {table} WHERE entry NOT IN (SELECT id FROM entries)"  # noqa: S608 - a name of ours
            )

    def evaluations(self, folder: str) -> dict[int, str]:
        """Return what is remembered of how current files below a folder evaluate, by entry."""
        return dict(
            self._rows(
                "SELECT entry, data FROM files JOIN evaluations USING (entry)"
                " WHERE path >= ? AND path < ?",
                (f"{folder}/", f"{folder}0"),
            )
        )

    def remember_evaluations(self, evaluations: Mapping[int, str]) -> None:
        """Remember how the files of entries evaluate: the rules' data of their documents."""
        self._connection.executemany("REPLACE INTO evaluations VALUES (?, ?)", evaluations.items())

    def documents_in(self, entries: Iterable[int]) -> tuple[int, int]:
        """Return how many documents the files of entries hold, and how many are only recorded."""
        self._ask((one, "") for one in entries)
        row = self._connection.execute(
            "SELECT SUM(documents), SUM(recorded_documents) FROM asked CROSS JOIN entries"
            " ON id = kind"
        ).fetchone()
        return int(row[0] or 0), int(row[1] or 0)

    def findings_of(self, path: str) -> str:
        """Return the findings of a current file as text."""
        row = self._connection.execute(
            "SELECT findings FROM files JOIN entries ON id = entry WHERE path = ?", (path,)
        ).fetchone()
        return str(row[0]) if row else ""

    def entries_with_findings(self) -> Sequence[tuple[str, str]]:
        """Return path and findings of every current file that has any."""
        return self._rows(
            "SELECT path, findings FROM entries INDEXED BY entries_with_findings"
            " CROSS JOIN files ON entry = id WHERE findings <> ''"
        )

    def recorded_findings(self) -> Sequence[tuple[str, str]]:
        """Return path and text of the findings that documents are only recorded."""
        return self._rows("SELECT path, recorded FROM entries JOIN files ON entry = id")

    def keys_of(self, entries: Iterable[int], table: str) -> set[tuple[str, str]]:
        """Return the keys under which entries stand in a table, as pairs of kind and name.

        ``table`` is ``identities`` (the kind is empty), ``definitions`` or ``pointers``.
        """
        columns = "'', key" if table == "identities" else f"{table}.kind, {table}.name"
        self._ask((one, "") for one in entries)
        return set(
            self._rows(f"SELECT {columns} FROM asked CROSS JOIN {table} ON entry = asked.kind")  # noqa: S608 - names of ours
        )

    # Renders: which files hold applications whose source is a folder of the repo.

    def applications(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the applications of current files as text, by path, of those that have any."""
        self._ask(("", one) for one in paths)
        return dict(
            self._rows(
                "SELECT path, applications FROM asked CROSS JOIN files ON path = name"
                " CROSS JOIN entries ON id = entry WHERE applications <> ''"
            )
        )

    def put_sources(self, sources: Mapping[str, Iterable[str]]) -> None:
        """Say which folders the applications of files are rendered from, by path."""
        self._connection.executemany(
            "DELETE FROM sources WHERE path = ?", ((one,) for one in sources)
        )
        self._connection.executemany(
            "INSERT INTO sources VALUES (?, ?)",
            ((folder, path) for path, folders in sources.items() for folder in folders),
        )

    def rendered_from(self, folders: Iterable[str]) -> set[str]:
        """Return the files whose applications are rendered from one of the folders."""
        query = "SELECT path FROM sources WHERE folder = ?"
        return {path for one in folders for (path,) in self._connection.execute(query, (one,))}

    # Lookups between files, over current entries only.

    def identities(self, keys: Iterable[str]) -> dict[str, list[str]]:
        """Return the data of identities by key, of those that have any."""
        self._ask(("", one) for one in keys)
        return _grouped(
            self._rows(
                "SELECT key, data FROM asked CROSS JOIN identities ON key = name"
                " CROSS JOIN files USING (entry)"
            )
        )

    def named(
        self, table: str, keys: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], list[str]]:
        """Return the data of ``definitions`` or ``pointers`` by kind and name."""
        self._ask(keys)
        rows = self._rows(
            f"SELECT kind, name, data FROM asked CROSS JOIN {table} USING (kind, name)"  # noqa: S608 - a name of ours
            " CROSS JOIN files USING (entry)"
        )
        return _grouped(((kind, name), data) for kind, name, data in rows)

    def is_pointed_at(self, folder: str) -> bool:
        """Tell whether a current file points at a folder, or at a path in it."""
        row = self._connection.execute(
            "SELECT 1 FROM pointers JOIN files USING (entry) WHERE kind = 'Path'"
            " AND (name IN ('', ?) OR (name >= ? AND name < ?)) LIMIT 1",
            (folder, f"{folder}/", f"{folder}0"),
        )
        return row.fetchone() is not None

    def names(self, kind: str) -> Sequence[str]:
        """Return the names of all definitions of a kind."""
        rows = self._rows(
            "SELECT DISTINCT name FROM definitions JOIN files USING (entry) WHERE kind = ?",
            (kind,),
        )
        return [name for (name,) in rows]

    # Problems: findings between files.

    def replace_problems(self, keys: Iterable[tuple[str, str]], problems: Iterable[Row4]) -> None:
        """Replace the problems of keys by others: rows of kind, name, path and data."""
        if not self._is_empty("problems"):  # as it is in a good repo, however many keys there are
            self._connection.executemany("DELETE FROM problems WHERE kind = ? AND name = ?", keys)
        self._connection.executemany("INSERT INTO problems VALUES (?, ?, ?, ?)", problems)

    def problems(self) -> Sequence[Row4]:
        """Return all problems."""
        return self._rows("SELECT kind, name, path, data FROM problems")

    def problems_of(self, keys: Iterable[tuple[str, str]]) -> Iterator[Row4]:
        """Return the problems of keys."""
        for key in keys:
            yield from self._rows(
                "SELECT kind, name, path, data FROM problems WHERE kind = ? AND name = ?", key
            )

    def _ask(self, keys: Iterable[tuple[int | str, str]]) -> None:
        """Put what is asked about into a table, so that one query answers for all of it."""
        self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS asked (kind, name)")
        self._connection.execute("DELETE FROM asked")
        self._connection.executemany("INSERT INTO asked VALUES (?, ?)", keys)

    def _is_empty(self, table: str) -> bool:
        query = f"SELECT 1 FROM {table} LIMIT 1"  # noqa: S608 - a name of ours
        return self._connection.execute(query).fetchone() is None

    def _rows(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[Any]:
        return self._connection.execute(query, values).fetchall()


def _grouped(rows: Iterable[tuple[_Key, str]]) -> dict[_Key, list[str]]:
    found: dict[_Key, list[str]] = {}
    for key, data in rows:
        found.setdefault(key, []).append(data)
    return found
