"""The operators of CEL: numbers of one type, checked for overflow; nothing is converted."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ruleengine.expressions.cel.values import (
    CelError,
    Uint,
    Unordered,
    equal,
    found_equal,
    has_key,
    less,
    no_overload,
)
from ruleengine.expressions.language import Meter
from ruleengine.formats.go_durations import LONGEST, MICROSECOND, Duration, to_timedelta

_LARGEST: Final = 2**63 - 1
_UNSIGNED: Final = 2**64 - 1
_PER_STEP: Final = 100


def integer(number: int) -> int:
    """Return a whole number of 64 bits. Raises ``CelError`` where it is larger."""
    if not -_LARGEST - 1 <= number <= _LARGEST:
        raise CelError("the number overflows 64 bits")
    return number


def unsigned(number: int) -> Uint:
    """Return an unsigned number of 64 bits. Raises ``CelError`` where it is none."""
    if not 0 <= number <= _UNSIGNED:
        raise CelError("the number overflows 64 bits without a sign")
    return Uint(number)


def duration(nanoseconds: int) -> Duration:
    """Return a duration. Raises ``CelError`` where it is too long."""
    if abs(nanoseconds) > LONGEST:
        raise CelError("the duration is too long")
    return Duration(nanoseconds)


def moment(time: datetime, change: int) -> datetime:
    """Return a time moved by nanoseconds. Raises ``CelError`` beyond the years 1 to 9999."""
    try:
        return (time.astimezone(UTC) + to_timedelta(change)).astimezone(UTC)
    except OverflowError:
        raise CelError("the time is beyond the years 1 to 9999") from None


def joined(left: Any, right: Any, meter: Meter) -> Any:
    """Return two texts, bytes or lists as one."""
    size = len(left) + len(right)
    meter.size(size)
    meter.step(size // _PER_STEP)
    return left + right


def _add(left: Any, right: Any, meter: Meter) -> Any:
    match (left, right):
        case (datetime(), Duration()):
            return moment(left, right)
        case (Duration(), datetime()):
            return moment(right, left)
        case (Duration(), Duration()):
            return duration(int(left) + int(right))
        case (Unordered(), list()):
            return _united(left, right, meter)
        case (list(), list()) | (str(), str()) | (bytes(), bytes()):
            return joined(left, right, meter)
    return _arithmetic("+", left, right, lambda one, other: one + other)


def _united(left: Unordered, right: list[Any], meter: Meter) -> Unordered:
    """Return a set or map with further items, which take the place of equal ones."""
    found = Unordered(left, left.keys)
    for one in right:
        place = found.place_of(one, meter)
        if place is None:
            found.append(one)
            meter.size(len(found))
        else:
            found[place] = one
    return found


def _subtract(left: Any, right: Any, meter: Meter) -> Any:
    del meter
    match (left, right):
        case (datetime(), Duration()):
            return moment(left, -right)
        case (datetime(), datetime()):
            return duration((left - right) // timedelta(microseconds=1) * MICROSECOND)
        case (Duration(), Duration()):
            return duration(int(left) - int(right))
    return _arithmetic("-", left, right, lambda one, other: one - other)


def _arithmetic(name: str, left: Any, right: Any, operation: Callable[[Any, Any], Any]) -> Any:
    kind = type(left)
    if kind is not type(right) or kind not in (int, Uint, float):
        raise no_overload(name, left, right)
    if kind is float:
        return operation(left, right)
    result = operation(int(left), int(right))
    return unsigned(result) if kind is Uint else integer(result)


def _multiply(left: Any, right: Any, meter: Meter) -> Any:
    del meter
    return _arithmetic("*", left, right, lambda one, other: one * other)


def _divide(left: Any, right: Any, meter: Meter) -> Any:
    del meter
    if type(left) is float and type(right) is float:
        if right == 0:
            sign = math.copysign(1.0, left) * math.copysign(1.0, right)
            return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, sign)
        return left / right
    if right == 0 and type(left) is type(right):
        raise CelError("divided by zero")
    return _arithmetic("/", left, right, _truncated)


def _truncated(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _modulo(left: Any, right: Any, meter: Meter) -> Any:
    del meter
    if type(left) is float:
        raise no_overload("%", left, right)
    if right == 0 and type(left) is type(right):
        raise CelError("divided by zero")
    return _arithmetic("%", left, right, lambda one, other: one - other * _truncated(one, other))


def _in(left: Any, right: Any, meter: Meter) -> bool:
    if isinstance(right, list):
        meter.step(len(right) // _PER_STEP)
        return any(found_equal(left, one, meter) for one in right)
    if isinstance(right, dict):
        return has_key(right, left)
    raise no_overload("in", left, right)


def negated(value: Any, meter: Meter) -> Any:
    """Return ``-value``."""
    del meter
    if type(value) is float:
        return -value
    if type(value) is int:
        return integer(-value)
    if isinstance(value, Duration):
        return duration(-int(value))
    raise no_overload("-", value)


def inverted(value: Any, meter: Meter) -> bool:
    """Return ``!value``."""
    del meter
    if isinstance(value, bool):
        return not value
    raise no_overload("!", value)


BINARY: Final[dict[str, Callable[[Any, Any, Meter], Any]]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _modulo,
    "in": _in,
    "==": equal,
    "!=": lambda left, right, meter: not found_equal(left, right, meter),
    "<": lambda left, right, _meter: less(left, right),
    "<=": lambda left, right, _meter: less(left, right) or _same(left, right),
    ">": lambda left, right, _meter: less(right, left),
    ">=": lambda left, right, _meter: less(right, left) or _same(left, right),
}


def _same(left: Any, right: Any) -> bool:
    return bool(left == right)
