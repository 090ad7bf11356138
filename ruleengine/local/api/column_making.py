"""What columns are made of: a heading, a type, and what a cell shows of an object."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ruleengine.local.api import cells
from ruleengine.local.api.cells import NONE
from ruleengine.model.values import Object, Value, lookup

Cell = Callable[[Object, datetime], Value]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, type, what a cell shows, and when it shows."""

    name: str
    type: str
    cell: Cell
    priority: int = 0
    format: str = ""


def at_path(name: str, path: str, priority: int = 0, default: Value = NONE) -> Column:
    """Return the column of what stands at a path."""
    steps = [int(one) if one.isdigit() else one for one in path.split(".")]
    return Column(name, "string", lambda one, _: lookup(one, *steps, default=default), priority)


def number(name: str, path: str, kind: str = "integer") -> Column:
    """Return the column of a number; of nothing it is zero."""
    steps = path.split(".")
    return Column(name, kind, lambda one, _: lookup(one, *steps, default=0))


def made(name: str, cell: Callable[[Object], Value], priority: int = 0) -> Column:
    """Return the column of what a function makes of an object."""
    return Column(name, "string", lambda one, _: cell(one), priority)


def count(name: str, path: str) -> Column:
    """Return the column of how many there are."""
    steps = path.split(".")
    return made(name, lambda one: len(lookup(one, *steps, default=())))


def age_of(path: str, name: str = "Age") -> Column:
    """Return the column of how long a moment is ago."""
    steps = path.split(".")
    return Column(name, "string", lambda one, now: cells.age(lookup(one, *steps), now))


NAME: Final = Column("Name", "string", lambda one, _: one["metadata"]["name"], format="name")
AGE: Final = age_of("metadata.creationTimestamp")
