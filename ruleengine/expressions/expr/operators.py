"""What the operators do with values, as Go's dynamic types have it.

Integers have 64 bits and wrap around, ``/`` and ``**`` always give floats, ``%`` takes
integers only. Texts and numbers never meet: ``"3" > 1`` is an error, ``"3" == 3`` is false.
"""

import math
import operator
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final

from ruleengine.expressions import regular
from ruleengine.expressions.expr.values import AnyKeys, Problem, is_number, kind_of
from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.formats.go_durations import Duration, from_timedelta, to_timedelta
from ruleengine.formats.go_numbers import wrap_int

Function = Callable[[Any, Any, Meter], Any]

_CHEAP: Final = 64
"""How many characters or items are looked at for one step."""

_CONVERT: Final = "convert with asInt, asFloat or string first"


def add(left: Any, right: Any, meter: Meter) -> Any:
    """Return a sum, two texts joined, or a time moved by a duration."""
    one, other = type(left), type(right)
    if one is int and other is int:
        return wrap_int(left + right)
    if one is str and other is str:
        meter.size(len(left) + len(right))
        return left + right
    if one in _NUMBERS and other in _NUMBERS:
        return left + right
    if one is Duration and other is Duration:
        return Duration(wrap_int(int(left) + int(right)))
    if isinstance(left, datetime) and other is Duration:
        return _moved(left, right)
    if one is Duration and isinstance(right, datetime):
        return _moved(right, left)
    raise _undefined("+", left, right)


def subtract(left: Any, right: Any, _meter: Meter) -> Any:
    """Return a difference; of two times it is a duration."""
    one, other = type(left), type(right)
    if one is int and other is int:
        return wrap_int(left - right)
    if one in _NUMBERS and other in _NUMBERS:
        return left - right
    if one is Duration and other is Duration:
        return Duration(wrap_int(int(left) - int(right)))
    if isinstance(left, datetime):
        if isinstance(right, datetime):
            return from_timedelta(left - right)
        if other is Duration:
            return _moved(left, Duration(-right))
    raise _undefined("-", left, right)


def multiply(left: Any, right: Any, _meter: Meter) -> Any:
    """Return a product; of a duration and a number it is a duration or a float."""
    one, other = type(left), type(right)
    if one is int and other is int:
        return wrap_int(left * right)
    if one in _NUMBERS and other in _NUMBERS:
        return left * right
    if Duration in {one, other} and {one, other} <= _SCALARS:
        if float in {one, other}:
            return float(left) * float(right)
        return Duration(wrap_int(int(left) * int(right)))
    raise _undefined("*", left, right)


def divide(left: Any, right: Any, _meter: Meter) -> float:
    """Return a quotient as a float; division by zero gives an infinity, as in Go."""
    if not is_number(left) or not is_number(right):
        raise _undefined("/", left, right)
    if right:
        return float(left) / float(right)
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def remainder(left: Any, right: Any, _meter: Meter) -> int:
    """Return the remainder of a division of integers; it has the sign of the first."""
    if type(left) is not int or type(right) is not int:
        raise _undefined("%", left, right)
    if not right:
        raise Problem("an integer is divided by zero")
    rest = abs(left) % abs(right)
    return rest if left >= 0 else -rest


def power(left: Any, right: Any, _meter: Meter) -> float:
    """Return a power as a float."""
    if not is_number(left) or not is_number(right):
        raise _undefined("**", left, right)
    base, exponent = float(left), float(right)
    try:
        value = base**exponent
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ZeroDivisionError:
        return (
            math.copysign(math.inf, base) if exponent % 2 == -1 or exponent % 2 == 1 else math.inf
        )
    return math.nan if isinstance(value, complex) else value


def negate(value: Any) -> Any:
    """Return a number with the other sign."""
    kind = type(value)
    if kind is int:
        return wrap_int(-value)
    if kind is float:
        return -value
    raise Problem(f"'-' cannot stand before {kind_of(value)}", _CONVERT)


def number(value: Any) -> Any:
    """Return a number as it is: what ``+`` before it means."""
    if is_number(value):
        return value
    raise Problem(f"'+' cannot stand before {kind_of(value)}", _CONVERT)


def equal(left: Any, right: Any, meter: Meter) -> bool:
    """Return whether two values are equal: numbers by value, all else by type and value."""
    one, other = type(left), type(right)
    if one is str or other is str:
        return one is other and bool(left == right)
    if one in _NUMBERS and other in _NUMBERS:
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and _all_equal(equal, left, right, meter)
    return _identical(left, right, meter)


def _identical(left: Any, right: Any, meter: Meter) -> bool:
    """Return whether two values are deeply the same: an integer is no float (``DeepEqual``)."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and _all_equal(
            _identical, left.values(), [right[key] for key in left], meter
        )
    if isinstance(left, list):
        return len(left) == len(right) and _all_equal(_identical, left, right, meter)
    return bool(left == right)


def _all_equal(
    same: Callable[[Any, Any, Meter], bool],
    left: Collection[Any],
    right: Collection[Any],
    meter: Meter,
) -> bool:
    """Compare two collections of one size, and count what that takes."""
    meter.step(len(left) // _CHEAP + 1)
    return all(same(one, other, meter) for one, other in zip(left, right, strict=True))


def contained(needle: Any, haystack: Any, meter: Meter) -> bool:
    """Return whether a list holds a value, or a map a key."""
    if haystack is None:
        return False
    if isinstance(haystack, list):
        meter.step(len(haystack) // _CHEAP)
        return any(equal(one, needle, meter) for one in haystack)
    if isinstance(haystack, Mapping):
        if needle is None:
            return False
        if isinstance(haystack, AnyKeys):
            return any(type(key) is type(needle) and key == needle for key in haystack)
        if not isinstance(needle, str):
            raise Problem(f"{kind_of(needle)} is no key of a map", "keys are texts")
        return needle in haystack
    hint = "write: text contains part" if isinstance(haystack, str) else ""
    raise Problem(f"'in' is not defined on {kind_of(haystack)}", hint)


def matches(text: Any, pattern: Any, meter: Meter) -> bool:
    """Return whether a text holds a match of a regular expression; nil holds none."""
    if text is None or pattern is None:
        return False
    if not isinstance(pattern, regular.Pattern):
        pattern = _pattern(_text("matches", pattern))
    meter.step(len(_text("matches", text)) // _CHEAP)
    return bool(pattern.matches(text))


def _pattern(text: str) -> regular.Pattern:
    try:
        return regular.compile(text)
    except ExpressionError as error:
        raise Problem(f"broken pattern: {error.message}", error.hint) from None


def _textual(symbol: str, test: Callable[[str, str], bool]) -> Function:
    """Return the function of an operator on two texts, which nil never satisfies."""

    def apply(text: Any, part: Any, meter: Meter) -> bool:
        if text is None or part is None:
            return False
        meter.step(len(_text(symbol, text)) // _CHEAP)
        return test(text, _text(symbol, part))

    return apply


def truth(value: Any) -> bool:
    """Return a value that must be true or false."""
    if value is True or value is False:
        return bool(value)
    raise Problem(f"{kind_of(value)} stands where true or false must", "compare it with something")


def ordering(symbol: str, compare: Callable[[Any, Any], bool]) -> Function:
    """Return the function of ``<``, ``<=``, ``>`` or ``>=``."""

    def apply(left: Any, right: Any, _meter: Meter) -> bool:
        one, other = type(left), type(right)
        if (one in _NUMBERS and other in _NUMBERS) or (one is other and one in _ORDERED):
            return bool(compare(left, right))
        if isinstance(left, datetime) and isinstance(right, datetime):
            return bool(compare(left, right))
        raise _undefined(symbol, left, right)

    return apply


def _moved(moment: datetime, duration: Duration) -> datetime:
    try:
        return moment + to_timedelta(duration)
    except OverflowError:
        raise Problem("a time before the year 1 or after the year 9999") from None


def _text(symbol: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Problem(f"'{symbol}' takes texts, not {kind_of(value)}", _CONVERT)
    return value


def _undefined(symbol: str, left: Any, right: Any) -> Problem:
    hint = "" if left is None or right is None else _CONVERT
    return Problem(f"'{symbol}' is not defined on {kind_of(left)} and {kind_of(right)}", hint)


_NUMBERS: Final = frozenset({int, float})
_SCALARS: Final = frozenset({int, float, Duration})
_ORDERED: Final = frozenset({str, Duration})

less: Final = ordering("<", operator.lt)

BINARY: Final[dict[str, Function]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "**": power,
    "==": equal,
    "!=": lambda left, right, meter: not equal(left, right, meter),
    "<": less,
    "<=": ordering("<=", operator.le),
    ">": ordering(">", operator.gt),
    ">=": ordering(">=", operator.ge),
    "in": contained,
    "matches": matches,
    "contains": _textual("contains", lambda text, part: part in text),
    "startsWith": _textual("startsWith", str.startswith),
    "endsWith": _textual("endsWith", str.endswith),
}
