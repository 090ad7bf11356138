"""What the operators of a condition do: numbers are 64-bit floats, nothing is converted.

Each takes the value on its left and a function that gives the one on its right, so that
``&&``, ``||``, ``?``, ``:`` and ``??`` need not ask for it. ``?`` gives its right side or nil
and ``:`` its left side unless that is nil: that is how govaluate makes a ternary of two.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.expressions.regular import Pattern
from ruleengine.expressions.regular import compile as compile_pattern
from ruleengine.formats.go_numbers import to_int
from ruleengine.formats.go_printing import sprint
from ruleengine.formats.go_text import TooLargeError

Operand = Callable[[], Any]
Operator = Callable[[Any, Operand, Meter], Any]

_WORD: Final = 1 << 64


def negate(value: Any) -> float:
    """Return a number with the other sign. Raises ``ExpressionError``."""
    return -_number(value, "-")


def invert(value: Any) -> bool:
    """Return the other truth value. Raises ``ExpressionError``."""
    return not _boolean(value, "!")


def complement(value: Any) -> float:
    """Return a number with all bits turned. Raises ``ExpressionError``."""
    return float(~to_int(_number(value, "~")))


def is_number(value: Any) -> bool:
    """Return whether a value is a number; truth values are none."""
    return isinstance(value, float | int) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """Return whether two values are the same, type and all."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return bool(left == right)


def text_of(value: Any) -> str:
    """Return a value as ``+`` joins it to a text. Raises ``ExpressionError`` if it is too long."""
    if isinstance(value, str):
        return value
    try:
        return sprint(value)
    except TooLargeError as error:
        raise ExpressionError(str(error)) from None


def _number(value: Any, symbol: str) -> float:
    if not is_number(value):
        raise _mismatch(value, symbol, "a number")
    return float(value)


def _boolean(value: Any, symbol: str) -> bool:
    if not isinstance(value, bool):
        raise _mismatch(value, symbol, "true or false")
    return value


def _mismatch(value: Any, symbol: str, wanted: str) -> ExpressionError:
    return ExpressionError(
        f"'{text_of(value)}' cannot be used with '{symbol}': it is not {wanted}",
        hint="texts and numbers are never converted; put texts with '-' or spaces in quotes",
    )


def _arithmetic(symbol: str, compute: Callable[[float, float], float]) -> Operator:
    def apply(left: Any, right: Operand, _meter: Meter) -> float:
        value = right()
        return compute(_number(left, symbol), _number(value, symbol))

    return apply


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def _modulus(left: float, right: float) -> float:
    return math.nan if not right or math.isinf(left) else math.fmod(left, right)


def _power(left: float, right: float) -> float:
    try:
        value = left**right
    except OverflowError:
        return -math.inf if left < 0 and right % 2 == 1 else math.inf
    except ZeroDivisionError:
        return math.copysign(math.inf, left) if right % 2 == 1 else math.inf
    return math.nan if isinstance(value, complex) else value


def _shift_left(left: float, right: float) -> float:
    count = to_int(right) % _WORD
    return float(to_int(left) % _WORD << count & (_WORD - 1)) if count < 64 else 0.0


def _shift_right(left: float, right: float) -> float:
    count = to_int(right) % _WORD
    return float(to_int(left) % _WORD >> count) if count < 64 else 0.0


def _bits(compute: Callable[[int, int], int]) -> Callable[[float, float], float]:
    return lambda left, right: float(compute(to_int(left), to_int(right)))


def _add(left: Any, right: Operand, meter: Meter) -> Any:
    value = right()
    if isinstance(left, str) or isinstance(value, str):
        joined = text_of(left), text_of(value)
        meter.size(len(joined[0]) + len(joined[1]))
        return "".join(joined)
    return _number(left, "+") + _number(value, "+")


def _ordering(symbol: str, compare: Callable[[Any, Any], bool]) -> Operator:
    def apply(left: Any, right: Operand, _meter: Meter) -> bool:
        value = right()
        if isinstance(left, str) and isinstance(value, str):
            return compare(left, value)
        return compare(_number(left, symbol), _number(value, symbol))

    return apply


def _both(left: Any, right: Operand, _meter: Meter) -> bool:
    return _boolean(left, "&&") and _boolean(right(), "&&")


def _either(left: Any, right: Operand, _meter: Meter) -> bool:
    return _boolean(left, "||") or _boolean(right(), "||")


def _then(left: Any, right: Operand, _meter: Meter) -> Any:
    return right() if _boolean(left, "?") else None


def _otherwise(left: Any, right: Operand, _meter: Meter) -> Any:
    return right() if left is None else left


def _matches(left: Any, right: Operand, _meter: Meter) -> bool:
    value = right()
    if not isinstance(left, str):
        raise _mismatch(left, "=~", "a text")
    if isinstance(value, str):
        value = compile_pattern(value)
    if not isinstance(value, Pattern):
        raise _mismatch(value, "=~", "a regular expression")
    return value.matches(left)


def _contained(left: Any, right: Operand, meter: Meter) -> bool:
    value = right()
    if not isinstance(value, list):
        raise ExpressionError(
            f"'{text_of(value)}' cannot be used with 'in': it is not a list",
            hint="write at least two values: in (a, b)",
        )
    meter.step(len(value))
    return any(equal(left, one) for one in value)


def _append(left: Any, right: Operand, meter: Meter) -> list[Any]:
    """Return a list with one more value; a list on the left belongs to the row, and grows."""
    value = right()
    meter.step()
    if not isinstance(left, list):
        return [left, value]
    left.append(value)
    return left


LISTS: Final = 0
"""The level of the comma, which makes lists."""

LEVELS: Final[tuple[dict[str, Operator], ...]] = (
    {",": _append},
    {"?": _then, ":": _otherwise, "??": _otherwise},
    {"||": _either},
    {"&&": _both},
    {
        "==": lambda left, right, _meter: equal(left, right()),
        "!=": lambda left, right, _meter: not equal(left, right()),
        ">": _ordering(">", operator.gt),
        ">=": _ordering(">=", operator.ge),
        "<": _ordering("<", operator.lt),
        "<=": _ordering("<=", operator.le),
        "=~": _matches,
        "!~": lambda left, right, meter: not _matches(left, right, meter),
        "in": _contained,
    },
    {
        "&": _arithmetic("&", _bits(operator.and_)),
        "|": _arithmetic("|", _bits(operator.or_)),
        "^": _arithmetic("^", _bits(operator.xor)),
    },
    {"<<": _arithmetic("<<", _shift_left), ">>": _arithmetic(">>", _shift_right)},
    {"+": _add, "-": _arithmetic("-", operator.sub)},
    {
        "*": _arithmetic("*", operator.mul),
        "/": _arithmetic("/", _divide),
        "%": _arithmetic("%", _modulus),
    },
    {"**": _arithmetic("**", _power)},
)
"""The operators of each precedence, from what binds least; all of a level go left to right."""

PREFIXES: Final[dict[str, Callable[[Any], Any]]] = {
    "-": negate,
    "!": invert,
    "~": complement,
}
