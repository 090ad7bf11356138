"""Values as expressions see them, and what is wrong with one before its place is known."""

from datetime import datetime
from typing import Any

from ruleengine.formats.go_durations import Duration
from ruleengine.formats.go_numbers import to_int


class Problem(Exception):  # noqa: N818 - it becomes an ExpressionError once the place is known
    """What is wrong with a value; the expression that meets it adds the place."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class AnyKeys(dict[Any, Any]):
    """A map whose keys are any values, not texts only."""


class Groups(AnyKeys):
    """What ``groupBy`` gives: a group that does not exist is an empty list."""

    def __missing__(self, key: Any) -> list[Any]:
        return []


def is_number(value: Any) -> bool:
    """Return whether a value is an integer or a float; truth values and durations are none."""
    return type(value) is int or type(value) is float


def kind_of(value: Any) -> str:
    """Return how messages call a value: its type, never what it holds."""
    if value is None:
        return "nil"
    for kinds, name in _KINDS:
        if isinstance(value, kinds):
            return name
    return "a function" if callable(value) else "a value of the host"


def to_index(value: Any) -> int:
    """Return a number as an integer; a float loses its fraction. Raises ``Problem``."""
    if type(value) is int:
        return value
    if type(value) is float:
        return to_int(value)
    raise Problem(f"{kind_of(value)} stands where an integer must", "convert with int(...)")


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (Duration, "a duration"),
    (int, "an integer"),
    (float, "a float"),
    (str, "a text"),
    (list, "a list"),
    (dict, "a map"),
    (datetime, "a time"),
    (bytes, "bytes"),
)
