"""What expressions may do with plain data, and nothing else.

An expression cannot leave the data it is given, and it cannot run away: there are no
statements and so no loops, ranges and repetitions are short, numbers stay in 64 bits,
and only filters, tests and methods whose cost is linear are there. What a rule computes
is measured besides (:mod:`ruleengine.rules.templates`), so that chains of expressions
cannot grow without bound either.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from ruleengine.model.values import Value
from ruleengine.rules.faults import SandboxFault
from ruleengine.rules.undefined import Missing, missing

RANGE_LIMIT: Final = 10_000
"""How many numbers ``range`` may give."""

LENGTH_LIMIT: Final = 262_144
"""How long a text, and how many items a list, may be that an expression makes."""

_NUMBER_LIMIT: Final = 2**63

MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
"""The methods of a map that expressions may call; a field of that name goes first."""

_TEXT_METHODS = frozenset(
    {
        "capitalize",
        "count",
        "endswith",
        "find",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isupper",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rfind",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "upper",
    }
)
_LIST_METHODS = frozenset({"count", "index"})
_METHODS = MAPPING_METHODS | _TEXT_METHODS | _LIST_METHODS

_BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_UNARY: Final[dict[str, Callable[[Any], Any]]] = {"+": operator.pos, "-": operator.neg}


def get_field(value: Value, name: str) -> Any:
    """Return the field of a map, or one of the few methods that are allowed."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        allowed = MAPPING_METHODS
    elif isinstance(value, str):
        allowed = _TEXT_METHODS
    elif isinstance(value, list | tuple):
        allowed = _LIST_METHODS
    elif isinstance(value, Missing):
        return value
    else:
        allowed = frozenset()
    return getattr(value, name) if name in allowed else missing(name)


def get_item(value: Value, key: Value) -> Any:
    """Return an item of a map, list or text; undefined where there is none."""
    if isinstance(value, Missing):
        return value
    try:
        return value[key]
    except (LookupError, TypeError):
        # Each is one of its own: two that are the same would count as equal in a list.
        return Missing(f"`{key}` is not there")


def call(function: Any, positional: list[Value], named: dict[str, Value]) -> Any:
    """Call one of the methods that :func:`get_field` gives, or ``range``."""
    if isinstance(function, Missing):
        return function(*positional)  # raises
    if function is not short_range and getattr(function, "__name__", "") not in _METHODS:
        raise SandboxFault(f"{_shown(function)} cannot be called")
    return function(*positional, **named)


def binary(sign: str, left: Value, right: Value) -> Value:
    """Perform an arithmetic operation whose result stays small."""
    if sign == "**":
        raise SandboxFault("powers are not offered in rules")
    if sign == "%" and not isinstance(left, int | float):
        raise SandboxFault("the operator % takes numbers only; join texts with ~")
    if sign == "*":
        _refuse_long_repetition(left, right)
    return _bounded(_BINARY[sign](left, right))


def add(left: Value, right: Value) -> Value:
    """Return the sum of two numbers, texts or lists that stays small."""
    return _bounded(left + right)


def _bounded(result: Value) -> Value:
    if isinstance(result, int) and abs(result) >= _NUMBER_LIMIT:
        raise SandboxFault("a number left the range of 64 bits")
    if isinstance(result, str | list | tuple) and len(result) > LENGTH_LIMIT:
        raise SandboxFault(f"a value grew beyond {LENGTH_LIMIT} items")
    return result


def unary(sign: str, value: Value) -> Value:
    """Perform an operation on one number."""
    return _UNARY[sign](value)


def _refuse_long_repetition(left: Value, right: Value) -> None:
    for value, times in ((left, right), (right, left)):
        if (
            isinstance(value, str | list | tuple)
            and isinstance(times, int)
            and len(value) * times > LENGTH_LIMIT
        ):
            raise SandboxFault(f"a value would grow beyond {LENGTH_LIMIT} items")


def short_range(*bounds: int) -> range:
    """Return ``range(*bounds)``. Raises ``SandboxFault`` where it is long."""
    numbers = range(*bounds)
    if len(numbers) > RANGE_LIMIT:
        raise SandboxFault(f"a range may hold {RANGE_LIMIT} numbers")
    return numbers


def _shown(function: Any) -> str:
    return f"{function!r:.40}" if isinstance(function, str | int | float) else "this value"


class _Omit:
    """The type of :data:`OMIT`."""

    def __repr__(self) -> str:
        return "omit"


OMIT: Final = _Omit()
"""What ``omit`` stands for in a rule: leave this key or item out."""

GLOBALS: Final[dict[str, Any]] = {"range": short_range, "omit": OMIT}
"""What expressions know besides the names of their rule."""
