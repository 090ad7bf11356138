"""What a JSONPath template consists of, once it is read."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """Text between the braces, or in quotes inside of them."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a truth value."""

    value: float | bool


@dataclass(frozen=True, slots=True)
class Field:
    """``.name``: the value of a key."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Wildcard:
    """``.*``: all values."""


@dataclass(frozen=True, slots=True)
class Recursive:
    """``..``: the value and everything inside of it that holds something."""


@dataclass(frozen=True, slots=True)
class Slice:
    """``[start:stop:step]`` or ``[index]``."""

    start: int | None
    stop: int | None
    step: int | None
    single: bool
    at: int


@dataclass(frozen=True, slots=True)
class Filter:
    """``[?(left operator right)]``; an empty operator asks whether the left side exists."""

    left: "Action"
    operator: str
    right: "Action"
    at: int


@dataclass(frozen=True, slots=True)
class Union:
    """``[a,b]``: what each of them finds."""

    parts: tuple["Action", ...]


@dataclass(frozen=True, slots=True)
class Word:
    """``range`` or ``end``."""

    name: str
    at: int


Node = Text | Literal | Field | Wildcard | Recursive | Slice | Filter | Union | Word

Action = tuple[Node, ...]
"""The steps inside of one pair of braces."""


@dataclass(frozen=True, slots=True)
class Range:
    """``{range path}`` up to its ``{end}``: the body once for each value."""

    over: Action
    body: tuple[Any, ...]


Part = Text | Action | Range
