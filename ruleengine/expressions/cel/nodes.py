"""What a CEL expression consists of, once it is read. ``at`` is the place in the text."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or the beginning of the name of a function such as ``sets.contains``."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Select:
    """``operand.field``, or ``operand.?field``."""

    operand: "Node"
    field: str
    optional: bool
    at: int


@dataclass(frozen=True, slots=True)
class Index:
    """``operand[key]``, or ``operand[?key]``."""

    operand: "Node"
    key: "Node"
    optional: bool
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; operators are functions too, named as they are written."""

    function: str
    target: "Node | None"
    arguments: tuple["Node", ...]
    at: int


@dataclass(frozen=True, slots=True)
class Has:
    """``has(operand.field)``."""

    operand: "Node"
    field: str
    at: int


@dataclass(frozen=True, slots=True)
class Logic:
    """``a && b && c`` or ``a || b || c``: one side may decide what another cannot."""

    parts: tuple["Node", ...]
    conjunction: bool
    at: int


@dataclass(frozen=True, slots=True)
class Condition:
    """``test ? yes : no``."""

    test: "Node"
    yes: "Node"
    no: "Node"
    at: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """``[a, ?b]``: elements, and which of them are optional."""

    elements: tuple["Node", ...]
    optional: tuple[bool, ...]
    at: int


@dataclass(frozen=True, slots=True)
class MapOf:
    """``{a: b, ?c: d}``: entries, and which of them are optional."""

    entries: tuple[tuple["Node", "Node"], ...]
    optional: tuple[bool, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Loop:
    """A macro over a range: its name, its one or two variables, and what it evaluates for each."""

    macro: str
    over: "Node"
    names: tuple[str, ...]
    bodies: tuple["Node", ...]
    at: int


Node = Literal | Name | Select | Index | Call | Has | Logic | Condition | ListOf | MapOf | Loop
