"""Numbers: rounding, extremes, averages and bits."""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from ruleengine.expressions.expr import operators
from ruleengine.expressions.expr.functions.taking import integer
from ruleengine.expressions.expr.signatures import Function
from ruleengine.expressions.expr.values import Problem, is_number, kind_of
from ruleengine.expressions.language import Meter
from ruleengine.formats.go_numbers import wrap_int

_WORD: Final = 1 << 64
_DEEPEST: Final = 100


def _number(value: Any) -> int | float:
    if not is_number(value):
        raise Problem(f"{kind_of(value)} stands where a number must", "convert with float(...)")
    number: int | float = value
    return number


def _absolute(value: Any) -> int | float:
    number = _number(value)
    return wrap_int(abs(number)) if isinstance(number, int) else abs(number)


def _rounding(rounded: Callable[[float], float]) -> Callable[[Any], float]:
    def apply(value: Any) -> float:
        number = float(_number(value))
        return rounded(number) if math.isfinite(number) else number

    return apply


def _half_away(number: float) -> float:
    whole = math.trunc(number)
    return float(whole + math.copysign(1, number) if abs(number - whole) >= 0.5 else whole)


def _numbers(meter: Meter, values: tuple[Any, ...], depth: int = 0) -> Iterator[int | float]:
    """Yield the numbers among values and in their lists. Raises ``Problem``."""
    if depth > _DEEPEST:
        raise Problem(f"lists nest deeper than {_DEEPEST}")
    for value in values:
        meter.step()
        if isinstance(value, list):
            yield from _numbers(meter, tuple(value), depth + 1)
        else:
            yield _number(value)


def _extreme(better: str) -> Callable[..., Any]:
    compare = operators.BINARY[better]

    def apply(meter: Meter, *values: Any) -> Any:
        best = None
        for number in _numbers(meter, values):
            if best is None or compare(number, best, meter):
                best = number
        return best

    return apply


def _mean(meter: Meter, *values: Any) -> float:
    numbers = [float(number) for number in _numbers(meter, values)]
    return sum(numbers) / len(numbers) if numbers else 0.0


def _median(meter: Meter, *values: Any) -> float:
    numbers = sorted(float(number) for number in _numbers(meter, values))
    if not numbers:
        return 0.0
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2


def _bits(compute: Callable[[int, int], int]) -> Callable[[Any, Any], int]:
    return lambda left, right: compute(integer(left), integer(right))


def _count(value: int) -> int:
    if value < 0:
        raise Problem("bits cannot be shifted by a negative number")
    return min(value, 64)


FUNCTIONS: Final = (
    Function("abs", _absolute, 1, 1),
    Function("ceil", _rounding(lambda number: float(math.ceil(number))), 1, 1),
    Function("floor", _rounding(lambda number: float(math.floor(number))), 1, 1),
    Function("round", _rounding(_half_away), 1, 1),
    Function("max", _extreme(">"), 1, None, metered=True),
    Function("min", _extreme("<"), 1, None, metered=True),
    Function("mean", _mean, 1, None, metered=True),
    Function("median", _median, 1, None, metered=True),
    Function("bitand", _bits(lambda left, right: left & right), 2, 2),
    Function("bitor", _bits(lambda left, right: left | right), 2, 2),
    Function("bitxor", _bits(lambda left, right: left ^ right), 2, 2),
    Function("bitnand", _bits(lambda left, right: left & ~right), 2, 2),
    Function("bitnot", lambda value: ~integer(value), 1, 1),
    Function("bitshl", _bits(lambda left, right: wrap_int(left << _count(right))), 2, 2),
    Function("bitshr", _bits(lambda left, right: left >> _count(right)), 2, 2),
    Function("bitushr", _bits(lambda left, right: wrap_int(left % _WORD >> _count(right))), 2, 2),
)
