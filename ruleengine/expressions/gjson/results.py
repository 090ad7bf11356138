"""What a path finds: a piece of JSON text with its type, and that value in Go's words."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from ruleengine.expressions.gjson import scanning
from ruleengine.formats.go_numbers import format_float, parse_float


class Kind(StrEnum):
    """The types of a result, as gjson names them."""

    NULL = "Null"
    FALSE = "False"
    NUMBER = "Number"
    STRING = "String"
    TRUE = "True"
    JSON = "JSON"
    """An object or an array."""


_KINDS = {'"': Kind.STRING, "{": Kind.JSON, "[": Kind.JSON, "t": Kind.TRUE, "f": Kind.FALSE}
_TRUE = frozenset(("1", "t", "true"))


@dataclass(frozen=True, slots=True)
class Result:
    """A value as it stands in the JSON. ``raw`` is its text; empty where nothing was found."""

    kind: Kind
    raw: str
    starts: tuple[int, ...] = field(default=(), compare=False)
    """Where it stands in the text that was searched; several places for all that a ``#``
    found, none for what is not there but made."""

    @property
    def exists(self) -> bool:
        """Tell whether there is a value; ``null`` is one."""
        return self.kind is not Kind.NULL or bool(self.raw)

    def shifted(self, offset: int) -> "Result":
        """Return it as a part of a larger text in which its own begins at an offset."""
        return replace(self, starts=tuple(start + offset for start in self.starts))

    @property
    def is_object(self) -> bool:
        """Tell whether it is an object."""
        return self.kind is Kind.JSON and self.raw.startswith("{")

    @property
    def is_array(self) -> bool:
        """Tell whether it is an array."""
        return self.kind is Kind.JSON and self.raw.startswith("[")

    @property
    def text(self) -> str:
        """Return it as text: what a string means, objects and arrays as they are written.

        Integers keep their digits, other numbers are written without an exponent; nothing
        and ``null`` are empty.
        """
        match self.kind:
            case Kind.STRING:
                return scanning.content(self.raw)
            case Kind.NUMBER:
                digits = self.raw.removeprefix("-")
                if not digits or (digits.isascii() and digits.isdigit()):
                    return self.raw
                return format_float(self.number, "f")
            case Kind.NULL:
                return ""
            case Kind.TRUE | Kind.FALSE:
                return self.kind.lower()
            case Kind.JSON:
                return self.raw

    @property
    def number(self) -> float:
        """Return it as a number: ``true`` is 1, a string is read, everything else is 0."""
        if self.kind is Kind.TRUE:
            return 1.0
        return number(self.text if self.kind is Kind.STRING else self.raw)

    @property
    def truth(self) -> bool:
        """Return it as true or false: numbers but 0 are true, strings are read."""
        match self.kind:
            case Kind.STRING:
                return self.text.lower() in _TRUE
            case Kind.NUMBER:
                return self.number != 0
        return self.kind is Kind.TRUE


def number(text: str) -> float:
    """Return the number that a text begins as in Go: 0 where it is none."""
    try:
        return parse_float(text)
    except ValueError:
        return 0.0


MISSING = Result(Kind.NULL, "")


def at(text: str, start: int) -> Result:
    """Return the value that begins at a place of valid JSON."""
    return _typed(text[start : scanning.end_of(text, start)], start)


def parse(text: str) -> Result:
    """Return the value of a whole text; objects and arrays keep what follows them."""
    text = text.lstrip(" \t\r\n")
    return _typed(text if text[:1] in ("{", "[") else text.rstrip(" \t\r\n"))


def _typed(raw: str, *starts: int) -> Result:
    if not raw:
        return MISSING
    kind = _KINDS.get(raw[0])
    if kind is None:
        kind = Kind.NULL if raw == "null" else Kind.NUMBER
    return Result(kind, raw, starts)


def entries(value: Result) -> list[tuple[str, Result]]:
    """Return the keys (in quotes; empty in arrays) and values of a value.

    What is neither object nor array is its own only entry.
    """
    if value.is_object:
        return [(key, at(value.raw, start)) for key, start in scanning.members(value.raw)]
    if value.is_array:
        return [("", at(value.raw, start)) for start in scanning.elements(value.raw)]
    return [("", value)] if value.exists else []
