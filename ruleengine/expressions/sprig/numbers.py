"""Functions of numbers. Whole numbers have 64 bits and overflow as Go's do.

The functions whose names end in ``f`` reckon with decimal digits, so that a tenth and two
tenths are three tenths; divisions keep 16 digits behind the point.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.sprig.casts import check_size, to_float, to_integer
from ruleengine.formats.go_numbers import wrap_int
from ruleengine.formats.go_printing import sprint

_ANY, _INT, _FLOAT = Kind.ANY, Kind.INT, Kind.FLOAT

_DIVISION: Final = 10**16
_LONGEST: Final = 100_000
"""How many bits a decimal number may have on its way to a result."""


def add(*values: Any) -> int:
    """Return the sum of whole numbers."""
    return wrap_int(sum(map(to_integer, values)))


def mul(first: Any, *others: Any) -> int:
    """Return the product of whole numbers."""
    product = to_integer(first)
    for one in others:
        product = wrap_int(product * to_integer(one))
    return product


def div(one: Any, other: Any) -> int:
    """Return a whole quotient, rounded towards zero."""
    dividend, divisor = to_integer(one), _divisor(other)
    quotient = abs(dividend) // abs(divisor)
    return wrap_int(quotient if (dividend < 0) == (divisor < 0) else -quotient)


def mod(one: Any, other: Any) -> int:
    """Return the rest of a division, with the sign of what is divided."""
    dividend, divisor = to_integer(one), _divisor(other)
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def _divisor(value: Any) -> int:
    divisor = to_integer(value)
    if divisor == 0:
        raise ExpressionError("integer divide by zero")
    return divisor


def _decimal(value: Any) -> Fraction:
    number = to_float(value)
    if not math.isfinite(number):
        raise ExpressionError("a number that is infinite or undefined")
    return Fraction(repr(number))


def _divided(one: Fraction, other: Fraction) -> Fraction:
    if other == 0:
        raise ExpressionError("decimal division by 0")
    quotient = one / other * _DIVISION
    rounded = (2 * abs(quotient.numerator) + quotient.denominator) // (2 * quotient.denominator)
    return Fraction(rounded if quotient >= 0 else -rounded, _DIVISION)


def _folded(reckon: Callable[[Fraction, Fraction], Fraction]) -> Callable[..., float]:
    def fold(first: Any, *others: Any) -> float:
        result = _decimal(first)
        for one in others:
            result = reckon(result, _decimal(one))
            if result.numerator.bit_length() + result.denominator.bit_length() > _LONGEST:
                raise ExpressionError("a number of too many digits")
        try:
            return float(result)
        except OverflowError:
            return math.inf if result > 0 else -math.inf

    return fold


def _plus(one: Fraction, other: Fraction) -> Fraction:
    return one + other


def _extreme(choose: Callable[[float, float], float]) -> Callable[..., float]:
    def find(first: Any, *others: Any) -> float:
        found = to_float(first)
        for one in map(to_float, others):
            found = math.nan if math.isnan(found) or math.isnan(one) else choose(found, one)
        return found

    return find


def rounded(value: Any, places: int, half: float = 0.5) -> float:
    """Return a number rounded to so many digits; up from a fraction of ``half`` on."""
    power = _power(places)
    digit = power * to_float(value)
    if not math.isfinite(digit):
        return math.nan if math.isnan(digit) or math.isinf(power) else digit
    whole = math.ceil(digit) if math.modf(digit)[0] >= half else math.floor(digit)
    return math.copysign(float(whole), digit) / power if power else math.nan


def _power(places: int) -> float:
    try:
        return 10.0**places
    except OverflowError:
        return math.inf


def _whole(change: Callable[[float], int]) -> Callable[[Any], float]:
    def apply(value: Any) -> float:
        number = to_float(value)
        if not math.isfinite(number):
            return number
        return math.copysign(float(change(number)), number)

    return apply


def until_step(start: int, stop: int, step: int) -> list[int]:
    """Return the numbers from a start up to a stop, which is left out."""
    if step == 0 or (stop < start) != (step < 0):
        return []
    numbers = range(start, stop, step)
    check_size(abs(stop - start) // abs(step))
    return list(numbers)


def until(count: int) -> list[int]:
    """Return the numbers from 0 up or down to a count, which is left out."""
    return until_step(0, count, -1 if count < 0 else 1)


def seq(*numbers: int) -> str:
    """Return numbers as the program ``seq`` writes them: last; first and last; with a step."""
    if not numbers or len(numbers) > 3:
        return ""
    start, stop = (1 if len(numbers) == 1 else numbers[0]), numbers[-1]
    towards = -1 if stop < start else 1
    step = numbers[1] if len(numbers) == 3 else towards
    return " ".join(map(str, until_step(start, stop + towards, step)))


def to_decimal(value: Any) -> int:
    """Return the number that octal digits mean; 0 for other texts."""
    text = sprint(value)
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits or len(digits) > 30 or set(digits) - set("01234567"):
        return 0
    number = int(text, 8)
    return number if -(2**63) <= number < 2**63 else 0


def _atoi(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isascii() or not digits.isdigit() or len(digits) > 30:
        return 0
    return max(min(int(text), 2**63 - 1), -(2**63))


def _largest(first: Any, *others: Any) -> int:
    return max(map(to_integer, (first, *others)))


def _smallest(first: Any, *others: Any) -> int:
    return min(map(to_integer, (first, *others)))


_ADDED: Final = _folded(_plus)

FUNCTIONS: Final = (
    Function("atoi", _atoi, (Kind.STRING,)),
    Function("int", to_integer, (_ANY,)),
    Function("int64", to_integer, (_ANY,)),
    Function("float64", to_float, (_ANY,)),
    Function("toDecimal", to_decimal, (_ANY,)),
    Function("add", add, (), _ANY),
    Function("add1", lambda value: wrap_int(to_integer(value) + 1), (_ANY,)),
    Function("sub", lambda one, other: wrap_int(to_integer(one) - to_integer(other)), (_ANY, _ANY)),
    Function("mul", mul, (_ANY,), _ANY),
    Function("div", div, (_ANY, _ANY)),
    Function("mod", mod, (_ANY, _ANY)),
    Function("add1f", lambda value: _ADDED(value, 1.0), (_ANY,)),
    Function("addf", lambda *values: _ADDED(0.0, *values), (), _ANY),
    Function("subf", _folded(lambda one, other: one - other), (_ANY,), _ANY),
    Function("mulf", _folded(lambda one, other: one * other), (_ANY,), _ANY),
    Function("divf", _folded(_divided), (_ANY,), _ANY),
    Function("max", _largest, (_ANY,), _ANY),
    Function("biggest", _largest, (_ANY,), _ANY),
    Function("min", _smallest, (_ANY,), _ANY),
    Function("maxf", _extreme(max), (_ANY,), _ANY),
    Function("minf", _extreme(min), (_ANY,), _ANY),
    Function("ceil", _whole(math.ceil), (_ANY,)),
    Function("floor", _whole(math.floor), (_ANY,)),
    Function("round", rounded, (_ANY, _INT), _FLOAT),
    Function("until", until, (_INT,)),
    Function("untilStep", until_step, (_INT, _INT, _INT)),
    Function("seq", seq, (), _INT),
)
