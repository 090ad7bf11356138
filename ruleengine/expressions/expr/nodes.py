"""The syntax tree of an expression; ``offset`` is the character that errors point at."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Node:
    """Any node."""

    offset: int


@dataclass(slots=True)
class Constant(Node):
    """A literal: a number, a text, a truth value, nil or bytes."""

    value: Any


@dataclass(slots=True)
class Name(Node):
    """A name of the environment, or of a ``let``."""

    name: str


@dataclass(slots=True)
class Pointer(Node):
    """``#`` (an empty name), ``#acc`` or ``#index`` of a predicate."""

    name: str


@dataclass(slots=True)
class Unary(Node):
    """An operator before its operand."""

    operator: str
    operand: Node


@dataclass(slots=True)
class Binary(Node):
    """An operator between two operands."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Conditional(Node):
    """``a ? b : c`` or ``if a { b } else { c }``."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True)
class Variable(Node):
    """The name and the value of a ``let``."""

    name: str
    value: Node


@dataclass(slots=True)
class Let(Node):
    """``let x = a; let y = b; body``: variables in a row."""

    variables: list[Variable]
    body: Node


@dataclass(slots=True)
class Sequence(Node):
    """``a; b; c``: the value of the last."""

    nodes: list[Node]


@dataclass(slots=True)
class Array(Node):
    """``[a, b]``."""

    items: list[Node]


@dataclass(slots=True)
class Map(Node):
    """``{key: value}``."""

    pairs: list[tuple[Node, Node]]


@dataclass(slots=True)
class Builtin(Node):
    """A call of a built-in function."""

    name: str
    arguments: list[Node]


@dataclass(slots=True)
class Predicate(Node):
    """The braces of ``filter(list, {# > 1})``: evaluated for each item."""

    body: Node


@dataclass(slots=True)
class Member:
    """One step behind a value: ``.name`` or ``[key]``; ``optional`` for ``?.``."""

    offset: int
    key: Node
    optional: bool


@dataclass(slots=True)
class Slice:
    """One step behind a value: ``[from:to]``."""

    offset: int
    start: Node | None
    end: Node | None


@dataclass(slots=True)
class Call:
    """One step behind a value: ``(arguments)``."""

    offset: int
    arguments: list[Node]


Step = Member | Slice | Call


@dataclass(slots=True)
class Path(Node):
    """A value and the steps behind it, left to right."""

    base: Node
    steps: list[Step] = field(default_factory=list)
