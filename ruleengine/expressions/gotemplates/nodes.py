"""What a template is made of, each part with its place in the text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """The cursor, ``.``."""

    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Nil:
    """The word ``nil``."""

    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a truth value."""

    value: str | bool
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number, which takes the type that its place asks for.

    ``ideal`` is what it is where any type will do; ``integer`` and ``floating`` what it is
    as those types, where it can be.
    """

    ideal: int | float | None
    integer: int | None
    floating: float | None
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Field:
    """Fields of the cursor: ``.a.b``."""

    names: tuple[str, ...]
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, with the fields that are taken of it: ``$x.a.b``."""

    name: str
    names: tuple[str, ...]
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a function."""

    name: str
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of what something else gives: ``(f .x).a.b``."""

    node: "Operand"
    names: tuple[str, ...]
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Command:
    """A value, or a function with its arguments."""

    operands: tuple["Operand", ...]
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each the last argument of the next, and the variables that take the result."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...]
    assigns: bool
    offset: int
    end: int


Operand = Dot | Nil | Literal | Number | Field | Variable | Identifier | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Action:
    """``{{ pipeline }}``."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class If:
    """``{{ if pipeline }}``, with what follows ``else``."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body"


@dataclass(frozen=True, slots=True)
class With:
    """``{{ with pipeline }}``, with what follows ``else``."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body"


@dataclass(frozen=True, slots=True)
class Range:
    """``{{ range pipeline }}``, with what follows ``else``."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body"


@dataclass(frozen=True, slots=True)
class Call:
    """``{{ template "name" pipeline }}``."""

    name: str
    pipe: Pipe | None
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Break:
    """``{{ break }}``."""


@dataclass(frozen=True, slots=True)
class Continue:
    """``{{ continue }}``."""


Statement = Text | Action | If | With | Range | Call | Break | Continue
Body = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed template: its own body, those that it defines, and the functions it calls."""

    body: Body
    templates: dict[str, Body]
    functions: frozenset[str]
