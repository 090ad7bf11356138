"""The archive over any database that speaks SQL: SQLite for one machine, PostgreSQL to share.

Tables and columns are those of Argo's workflow archive, so that one can read what the other
stored (reference, Workflows 23). Storing a workflow again replaces it, which makes it repeatable.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from ruleengine.apimachinery.selectors import LabelSelector
from ruleengine.formats import json_text
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, uid_of

_CLUSTER: Final = "default"
"""Argo keeps several clusters apart by this column, and calls the only one so."""

WORKFLOWS: Final = "argo_archived_workflows"
LABELS: Final = "argo_archived_workflows_labels"

_STORE: Final = f"""
INSERT INTO {WORKFLOWS} (clustername, uid, instanceid, name, namespace, phase, startedat,
    finishedat, workflow) VALUES (?, ?, '', ?, ?, ?, ?, ?, ?)
ON CONFLICT (clustername, uid) DO UPDATE SET name = excluded.name, phase = excluded.phase,
    startedat = excluded.startedat, finishedat = excluded.finishedat, workflow = excluded.workflow
"""  # noqa: S608 - names of tables, no data
_UNLABEL: Final = f"DELETE FROM {LABELS} WHERE clustername = ? AND uid = ?"  # noqa: S608
_LABEL: Final = f"INSERT INTO {LABELS} (clustername, uid, name, value) VALUES (?, ?, ?, ?)"  # noqa: S608
_LIST: Final = f"SELECT uid, name, namespace, phase, startedat, finishedat FROM {WORKFLOWS}"  # noqa: S608
_GET: Final = f"SELECT CAST(workflow AS TEXT) FROM {WORKFLOWS} WHERE clustername = ? AND uid = ?"  # noqa: S608
_DELETE: Final = f"DELETE FROM {WORKFLOWS} WHERE clustername = ? AND uid = ?"  # noqa: S608
_OLD: Final = f"SELECT uid FROM {WORKFLOWS} WHERE clustername = ? AND finishedat < ?"  # noqa: S608
_LATEST: Final = f"""
{_LIST} AS run WHERE clustername = ? AND namespace = ? AND phase = 'Succeeded' AND EXISTS (
    SELECT 1 FROM {LABELS} AS label WHERE label.clustername = run.clustername
    AND label.uid = run.uid AND label.name = ? AND label.value = ?)
ORDER BY startedat DESC, name LIMIT 1
"""  # noqa: S608
_LABELS_OF: Final = f"SELECT uid, name, value FROM {LABELS} WHERE clustername = ?"  # noqa: S608
_LABELLED: Final = f"""
FROM {LABELS} AS label JOIN {WORKFLOWS} AS run
ON run.clustername = label.clustername AND run.uid = label.uid WHERE label.clustername = ?
"""


class Database(Protocol):
    """A connection that speaks SQL with ``?`` for parameters.

    Raises ``StoreError`` where the database cannot be used, ``UnreachableError`` where it does
    not answer.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Have everything inside happen, or nothing."""

    def execute(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Perform a statement and return its rows."""

    def close(self) -> None:
        """Close the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One archived workflow, without its content."""

    uid: str
    name: str
    namespace: str
    phase: str
    started: str
    finished: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which entries are listed: of a namespace, by prefix, phases and labels; how many at most."""

    namespace: str = ""
    name: str = ""
    prefix: str = ""
    phases: tuple[str, ...] = ()
    selector: LabelSelector = field(default_factory=LabelSelector)
    most: int = 500


class Archive:
    """Workflows that are over, by uid."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, workflow: Object) -> None:
        """Store a workflow as it is, in place of what was stored of it before."""
        metadata, status = workflow["metadata"], workflow.get("status") or {}
        uid = uid_of(workflow)
        row = (
            _CLUSTER,
            uid,
            metadata["name"],
            metadata.get("namespace", ""),
            status.get("phase", ""),
            status.get("startedAt"),
            status.get("finishedAt"),
            json_text.dumps(workflow),
        )
        with self._database.transaction():
            self._database.execute(_STORE, row)
            self._database.execute(_UNLABEL, (_CLUSTER, uid))
            for name, value in (metadata.get("labels") or {}).items():
                self._database.execute(_LABEL, (_CLUSTER, uid, name, value))

    def list(self, query: Query) -> list[Entry]:
        """Return entries, the newest first."""
        words, values = _conditions(query)
        statement = f"{_LIST} WHERE {' AND '.join(words)} ORDER BY finishedat DESC, name"
        rows = self._database.execute(statement, values)
        found = (_entry(row) for row in rows)
        if not query.selector.requirements:
            return [one for one, _ in zip(found, range(query.most), strict=False)]
        labels = self._labels()
        chosen = (one for one in found if query.selector.matches(labels.get(one.uid)))
        return [one for one, _ in zip(chosen, range(query.most), strict=False)]

    def get(self, uid: str) -> Object | None:
        """Return a workflow as it was stored."""
        rows = self._database.execute(_GET, (_CLUSTER, uid))
        return json_text.loads(rows[0][0]) if rows else None

    def latest(self, namespace: str, label: str, value: str) -> Entry | None:
        """Return the workflow with a label that succeeded and was started last."""
        rows = self._database.execute(_LATEST, (_CLUSTER, namespace, label, value))
        return _entry(rows[0]) if rows else None

    def label_names(self, namespace: str = "") -> Sequence[str]:
        """Return the names of labels, in order; those in a namespace where one is named."""
        return self._labelled("name", namespace, {})

    def label_values(self, name: str, namespace: str = "") -> Sequence[str]:
        """Return the values that a label has, in order; in a namespace where one is named."""
        return self._labelled("value", namespace, {"label.name": name})

    def _labelled(self, column: str, namespace: str, chosen: Mapping[str, str]) -> Sequence[str]:
        """Return a column of labels, of those that are chosen. Columns we name ourselves."""
        words = {**chosen, **({"run.namespace": namespace} if namespace else {})}
        where = "".join(f" AND {one} = ?" for one in words)
        statement = f"SELECT DISTINCT label.{column} {_LABELLED}{where} ORDER BY 1"
        rows = self._database.execute(statement, (_CLUSTER, *words.values()))
        return [str(one) for (one,) in rows]

    def delete(self, uid: str) -> None:
        """Forget a workflow."""
        with self._database.transaction():
            self._database.execute(_UNLABEL, (_CLUSTER, uid))
            self._database.execute(_DELETE, (_CLUSTER, uid))

    def expire(self, before: datetime) -> int:
        """Forget the workflows that ended before a time; return how many that were."""
        rows = self._database.execute(_OLD, (_CLUSTER, format_time(before)))
        for (uid,) in rows:
            self.delete(str(uid))
        return len(rows)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def _labels(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for uid, name, value in self._database.execute(_LABELS_OF, (_CLUSTER,)):
            found.setdefault(str(uid), {})[str(name)] = str(value)
        return found


def _conditions(query: Query) -> tuple[list[str], list[Any]]:
    words: list[str] = ["clustername = ?"]
    values: list[Any] = [_CLUSTER]
    for column, value in (("namespace", query.namespace), ("name", query.name)):
        if value:
            words.append(f"{column} = ?")
            values.append(value)
    if query.prefix:
        words.append("SUBSTR(name, 1, ?) = ?")
        values += [len(query.prefix), query.prefix]
    if query.phases:
        words.append(f"phase IN ({', '.join('?' for _ in query.phases)})")
        values += query.phases
    return words, values


def _entry(row: Sequence[Any]) -> Entry:
    uid, name, namespace, phase, started, finished = row
    return Entry(
        uid=str(uid),
        name=str(name),
        namespace=str(namespace),
        phase=str(phase),
        started=_time(started),
        finished=_time(finished),
    )


def _time(value: object) -> str:
    """Return a time as documents write it: databases have types of their own."""
    if isinstance(value, datetime):
        return format_time(value.replace(tzinfo=value.tzinfo or UTC))
    return str(value or "")


def tables(json: str) -> Iterator[str]:
    """Yield the statements that make the tables; ``json`` is the type of documents."""
    yield f"""
CREATE TABLE IF NOT EXISTS {WORKFLOWS} (
    clustername VARCHAR(64) NOT NULL, uid VARCHAR(128) NOT NULL,
    instanceid VARCHAR(64) NOT NULL, name VARCHAR(256) NOT NULL,
    namespace VARCHAR(256) NOT NULL, phase VARCHAR(25) NOT NULL,
    startedat TIMESTAMP, finishedat TIMESTAMP, workflow {json} NOT NULL,
    PRIMARY KEY (clustername, uid))
"""
    yield f"""
CREATE TABLE IF NOT EXISTS {LABELS} (
    clustername VARCHAR(64) NOT NULL, uid VARCHAR(128) NOT NULL,
    name VARCHAR(317) NOT NULL, value VARCHAR(63) NOT NULL,
    PRIMARY KEY (clustername, uid, name))
"""
    yield f"CREATE INDEX IF NOT EXISTS {WORKFLOWS}_i1 ON {WORKFLOWS} (clustername, namespace)"
    yield f"CREATE INDEX IF NOT EXISTS {WORKFLOWS}_i2 ON {WORKFLOWS} (clustername, finishedat)"
