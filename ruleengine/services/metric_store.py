"""What workflows have told as metrics, in one SQLite file: it outlives the process that was told.

A telling names what it is of. As long as that name is kept, telling it again changes nothing;
it is forgotten once whoever told it has written down that it did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruleengine.formats import json_text
from ruleengine.model.values import Object
from ruleengine.services.archives.sqlite import SqliteDatabase

_STEPS: Final = (
    """
CREATE TABLE metrics (
    name TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, help TEXT NOT NULL, problem TEXT NOT NULL);
CREATE TABLE samples (
    name TEXT NOT NULL, labels TEXT NOT NULL, value REAL NOT NULL, count INTEGER NOT NULL,
    buckets TEXT NOT NULL, PRIMARY KEY (name, labels));
CREATE TABLE told (of_what TEXT NOT NULL PRIMARY KEY)
""",
)
_DEFINE: Final = "INSERT INTO metrics (name, kind, help, problem) VALUES (?, ?, ?, '')"
_PROBLEM: Final = "UPDATE metrics SET problem = ? WHERE name = ?"
_SAMPLE: Final = "SELECT value, count, buckets FROM samples WHERE name = ? AND labels = ?"
_KEEP: Final = """
INSERT INTO samples (name, labels, value, count, buckets) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name, labels) DO UPDATE SET value = excluded.value, count = excluded.count,
    buckets = excluded.buckets
"""
_ALL: Final = """
SELECT m.name, m.kind, m.help, m.problem, s.labels, s.value, s.count, s.buckets
FROM metrics m JOIN samples s ON m.name = s.name ORDER BY m.name, s.labels
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was told of one metric with the same labels.

    ``value`` is that of a gauge, the total of a counter or the sum of a histogram, which also has
    a ``count`` and, for each upper bound, how many were not above it.
    """

    labels: Mapping[str, str]
    value: float
    count: int = 0
    buckets: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric. ``problem`` says what of what was told last does not fit to it."""

    name: str
    kind: str
    help: str
    problem: str = ""
    samples: tuple[Sample, ...] = ()


class MetricStore:
    """Metrics by name. Raises ``StoreError`` where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._database = SqliteDatabase(path, _STEPS, "the store of metrics")

    def tell(self, of: str, told: Sequence[Object]) -> None:
        """Take in what is told of something, unless it was told before."""
        with self._database.transaction():
            known = self._rows("SELECT 1 FROM told WHERE of_what = ?", of)
            if known:
                return
            self._rows("INSERT INTO told (of_what) VALUES (?)", of)
            for one in told:
                if self._fits(one):
                    self._take(one)

    def forget(self, of: str) -> None:
        """Forget that something was told: nobody will tell it again."""
        self._rows("DELETE FROM told WHERE of_what = ?", of)

    def metrics(self) -> list[Metric]:
        """Return every metric with its samples, by name."""
        rows = self._rows(_ALL)
        found: dict[str, tuple[tuple[str, str, str], list[Sample]]] = {}
        for name, kind, help_text, problem, labels, value, count, buckets in rows:
            _, samples = found.setdefault(str(name), ((kind, help_text, problem), []))
            samples.append(
                Sample(
                    labels=json_text.loads(labels),
                    value=float(value),
                    count=int(count),
                    buckets=tuple((bound, most) for bound, most in json_text.loads(buckets)),
                )
            )
        return [
            Metric(name=name, kind=kind, help=told, problem=problem, samples=tuple(samples))
            for name, ((kind, told, problem), samples) in found.items()
        ]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _fits(self, told: Object) -> bool:
        """Tell whether a metric is the one that its name stands for; the first that came is."""
        name, stated = str(told["name"]), (told["kind"], told["help"])
        known = self._rows("SELECT kind, help FROM metrics WHERE name = ?", name)
        if not known:
            self._rows(_DEFINE, name, *stated)
            return True
        kind, help_text = known[0]
        problem = ""
        if kind != told["kind"]:
            problem = f"it is a {kind}, and was told as a {told['kind']}"
        elif help_text != told["help"]:
            problem = f"its help is {help_text!r}, and was told as {told['help']!r}"
        self._rows(_PROBLEM, problem, name)
        return not problem

    def _take(self, told: Object) -> None:
        labels = json_text.dumps(told["labels"], ordered=True)
        rows = self._rows(_SAMPLE, told["name"], labels)
        value, count, text = rows[0] if rows else (0.0, 0, "[]")
        buckets = json_text.loads(text)
        match told["kind"], told.get("operation"):
            case "counter", _:
                value += told["value"]
            case "gauge", "Add":
                value += told["value"]
            case "gauge", "Sub":
                value -= told["value"]
            case "gauge", _:
                value = told["value"]
            case _:
                value, count = value + told["value"], count + 1
                buckets = _counted(dict(buckets), told)
        self._rows(_KEEP, told["name"], labels, value, count, json_text.dumps(buckets))

    def _rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self._database.execute(statement, parameters)


def _counted(before: Mapping[float, int], told: Object) -> list[list[float]]:
    """Return the counts of a histogram's buckets; bounds that are new begin at nothing."""
    bounds = sorted({*before, *told["buckets"]})
    return [[one, before.get(one, 0) + (told["value"] <= one)] for one in bounds]
