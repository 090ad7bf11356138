"""Makes the support tables: every field of every Argo kind, and what becomes of it.

A type that several kinds share is listed where it comes first; elsewhere the row says ``as`` and
where that is. Types of Kubernetes inside Argo's are one row: they are handed on as a whole.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.schemas import constraints as written
from tools.schemas.constraints import Constraints
from tools.schemas.facts import AREAS, Facts, area_of, element
from tools.schemas.primitives import ALIASES, PRIMITIVES

HONOURED, RECORDED, WRITTEN = "honoured", "recorded", "written by us"
_HEADER = ("kind", "path", "native", "handover", "as", "reference", "test")
_LAST = {"spec": -1, "templates": -1, "status": 1}
"""What comes first and last among fields; the others by name."""

_FIRST = (
    "Application",
    "AppProject",
    "ApplicationSet",
    "Workflow",
    "WorkflowTemplate",
    "CronWorkflow",
    "Rollout",
    "AnalysisTemplate",
    "EventSource",
    "Sensor",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One field: ``same`` names kind and path where the fields below it are listed."""

    kind: str
    path: str
    same: tuple[str, str] | None = None


def tables(project: Path) -> dict[Path, str]:
    """Return the text of the tables for people, and of the one for the program, by path."""
    schemas = project / "schemas"
    facts = Facts(schemas)
    constraints = written.load(schemas / "constraints", facts)
    texts = {}
    program: dict[str, dict[str, Any]] = {}
    for area in AREAS.values():
        rows = list(rows_of(area, facts, constraints))
        _check(rows, constraints)
        path = project / "docs" / "support" / f"{area}.tsv"
        texts[path] = "\n".join("\t".join(line) for line in _lines(rows, constraints)) + "\n"
        for row in rows:
            entry = [_native(row, constraints), *(row.same or ())]
            program.setdefault(row.kind, {})[row.path] = entry
    lines = [
        f"{json.dumps(kind)}: {{\n"
        + ",\n".join(f"  {json.dumps(path)}: {json.dumps(one)}" for path, one in fields.items())
        + "\n}"
        for kind, fields in program.items()
    ]
    texts[schemas / "support.json"] = "{\n" + ",\n".join(lines) + "\n}\n"
    return texts


def _check(rows: list[Row], constraints: Constraints) -> None:
    """Raise ``ValueError`` where a constraint file claims support for a field that is not."""
    listed = {(row.kind, row.path) for row in rows}
    for kind in {row.kind for row in rows}:
        claimed = constraints.kinds[kind].get("support") or {}
        if missing := [path for path in claimed if (kind, path) not in listed]:
            raise ValueError(f"{kind} has no field {missing}")


def rows_of(area: str, facts: Facts, constraints: Constraints) -> Iterator[Row]:
    """Yield the rows of one area, kinds that people write first."""
    kinds = [kind for kind, about in constraints.kinds.items() if about["area"] == area]
    listed: dict[str, tuple[str, str]] = {}
    for kind in sorted(kinds, key=lambda one: (one not in _FIRST, _rank(one), one)):
        walk = _Walk(kind, facts, constraints, listed)
        yield from walk.rows("", facts.root_of(kind))


def _rank(kind: str) -> int:
    return _FIRST.index(kind) if kind in _FIRST else 0


@dataclass(frozen=True, slots=True)
class _Walk:
    """Walks the types of one kind. ``listed`` is where the fields of each type are listed."""

    kind: str
    facts: Facts
    constraints: Constraints
    listed: dict[str, tuple[str, str]]

    def rows(self, path: str, type_name: str) -> Iterator[Row]:
        """Yield the rows of a type's fields, and then those of what they hold."""
        below: list[tuple[str, str]] = []
        for name, written_type in self._fields(type_name):
            inner = element(written_type)
            wrapping = written_type[: len(written_type) - len(inner)].replace("map[string]", "{}")
            if alias := ALIASES.get(inner):
                inner, wrapping = element(alias), f"{wrapping}[]"
            place = f"{path}.{name}{wrapping}".lstrip(".")
            if self._is_whole(inner):
                yield Row(self.kind, place)
            elif inner in self.listed:
                yield Row(self.kind, place, self.listed[inner])
            else:
                self.listed[inner] = (self.kind, place)
                yield Row(self.kind, place)
                below.append((place, inner))
        for place, inner in below:
            yield from self.rows(place, inner)

    def _fields(self, type_name: str) -> list[tuple[str, str]]:
        rules = self.constraints.of(type_name).fields
        found = [
            (name, str(rules.get(name, {}).get("type", one.type)))
            for name, one in self.facts.fields(type_name).items()
        ]
        return sorted(found, key=lambda one: (_LAST.get(one[0], 0), one[0]))

    def _is_whole(self, type_name: str) -> bool:
        """Tell whether nothing is listed below a type."""
        known = type_name in self.facts and type_name not in PRIMITIVES
        return not known or area_of(type_name) == "kubernetes"


def _native(row: Row, constraints: Constraints) -> str:
    about = constraints.kinds[row.kind]
    if row.path == "status" or row.path.startswith("status."):
        return RECORDED if row.path in about.get("unwritten", ()) else WRITTEN
    if row.path in (about.get("support") or {}) or row.path in ("metadata", "spec"):
        return HONOURED if about.get("support") else RECORDED
    return RECORDED


def _lines(rows: list[Row], constraints: Constraints) -> Iterator[tuple[str, ...]]:
    yield _HEADER
    for row in rows:
        about = constraints.kinds[row.kind]
        same = " ".join(row.same) if row.same else ""
        test = (about.get("support") or {}).get(row.path, "")
        reference = _reference(row.path, about["references"])
        yield row.kind, row.path, _native(row, constraints), "handed over", same, reference, test


def _reference(path: str, sections: dict[str, str]) -> str:
    fitting = [one for one in sections if path == one or path.startswith((f"{one}.", f"{one}["))]
    return sections[max(fitting, key=len, default="")]
