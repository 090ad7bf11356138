"""Numbers as Go writes them: ``strconv.FormatFloat``, and integers of 64 bits.

The shortest digits that read back as the same number are those of Python's ``repr``.
"""

import math
import re
from fractions import Fraction
from typing import Final

_LARGE: Final = 6
"""The exponent from which the shortest ``g`` form is written with one."""

_SMALL: Final = -4

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL: Final = re.compile(
    r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+"
)
_NO_NUMBER: Final = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)

_SMALLEST_POWER: Final = -1074

_NUMBER_64: Final = 2**64


def wrap_int(number: int) -> int:
    """Return what an integer of 64 bits holds of a number: it overflows as Go's does."""
    if -(2**63) <= number < 2**63:
        return number
    return (number + 2**63) % _NUMBER_64 - 2**63


def to_int(number: float) -> int:
    """Return the integer part of a number as Go converts it on amd64.

    What does not fit 64 bits, and what is no number, becomes the smallest integer.
    """
    if not -(2.0**63) <= number < 2.0**63:
        return -(2**63)
    return int(number)


def parse_float(text: str) -> float:
    """Return the number that a text means to ``strconv.ParseFloat``.

    What is too large becomes infinite. Raises ``ValueError`` for other texts; spaces and
    underscores are none of a number.
    """
    if _DECIMAL.fullmatch(text) or _NO_NUMBER.fullmatch(text):
        return float(text)
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text)
        except OverflowError:
            return -math.inf if text.startswith("-") else math.inf
    raise ValueError(f"{text[:100]!r} is no number")


def format_float(number: float, verb: str = "g", precision: int | None = None) -> str:
    """Return a number in the form of a verb: ``e E f F g G x X b``.

    Without a precision the shortest digits that mean the same number are taken.
    """
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    form = verb.lower()
    if form in "xb":
        text = _hexadecimal(number, precision) if form == "x" else _binary(number)
    elif precision is not None:
        text = f"%.{precision}{form}" % number
    else:
        text = _shortest(number, form)
    return text.upper() if verb in "EGX" else text


def _shortest(number: float, form: str) -> str:
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    digits, point = _digits(abs(number))
    exponent = point - 1
    if form == "e" or (form == "g" and not _SMALL <= exponent < _LARGE):
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        mark = "-" if exponent < 0 else "+"
        return f"{sign}{digits[0]}{fraction}e{mark}{abs(exponent):02d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}" if digits != "0" else f"{sign}0"
    whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole


def _digits(number: float) -> tuple[str, int]:
    """Return the shortest digits of a number and how many stand before its point."""
    if number == 0:
        return "0", 1
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    kept = digits.lstrip("0")
    return kept.rstrip("0"), point - (len(digits) - len(kept))


def _binary(number: float) -> str:
    _, exponent = math.frexp(number)
    power = max(exponent - 53, _SMALLEST_POWER) if number else _SMALLEST_POWER
    return f"{int(Fraction(number) / Fraction(2) ** power)}p{power:+d}"


def _hexadecimal(number: float, precision: int | None) -> str:
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    if number == 0:
        mantissa, exponent = Fraction(0), 0
    else:
        raw, exponent = math.frexp(abs(number))
        mantissa, exponent = Fraction(raw) * 2, exponent - 1
    places = 13 if precision is None else precision
    scaled = round(mantissa * 16**places)
    if scaled >= 2 * 16**places:
        scaled, exponent = scaled // 2, exponent + 1
    whole, rest = divmod(scaled, 16**places)
    fraction = f"{rest:0{places}x}" if places else ""
    if precision is None:
        fraction = fraction.rstrip("0")
    point = f".{fraction}" if fraction else ""
    return f"{sign}0x{whole}{point}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def json_float(number: float) -> str:
    """Return a finite number as Go's JSON writes it, with an exponent only far from one."""
    size = abs(number)
    if size != 0 and (size < 1e-6 or size >= 1e21):
        return re.sub(r"e-0(\d)$", r"e-\1", _shortest(number, "e"))
    return _shortest(number, "f")
