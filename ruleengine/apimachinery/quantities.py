"""Quantities: amounts such as ``100m``, ``1.5Gi`` or ``2e3``, exact and in canonical form.

Numbers are kept as fractions, so nothing is lost. The canonical form is the one Go
prints: the largest suffix of the same family that leaves no fraction (reference,
Kubernetes API section 8; the format is that of ``resource.Quantity``).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Final

from ruleengine.model.values import Value


class QuantityError(ValueError):
    """A text that is no quantity."""


class Format(StrEnum):
    """The family of suffixes that a quantity is written with."""

    BINARY = "BinarySI"
    DECIMAL = "DecimalSI"
    EXPONENT = "DecimalExponent"


_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL: Final = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_TEXT: Final = re.compile(
    r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+|)"
)
_NANO: Final = Fraction(1, 10**9)
_LARGEST: Final = Fraction(2**63 - 1)
_LONGEST_EXPONENT: Final = 4


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact amount and the family of suffixes it was written with."""

    amount: Fraction
    format: Format

    def __str__(self) -> str:
        """Return the canonical form."""
        whole = self.amount.denominator == 1
        if self.format is Format.BINARY and whole and abs(self.amount) >= 1024:
            return _binary(self.amount)
        family = Format.DECIMAL if self.format is Format.BINARY else self.format
        return _decimal(self.amount, family)


@lru_cache(maxsize=4096)
def parse_quantity(text: str) -> Quantity:
    """Return the quantity that a text means.

    Finer than nano is rounded away from zero, and sizes beyond 64 bits are capped, both as
    Kubernetes does. Raises :class:`QuantityError` for other texts.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is no quantity, such as 100m, 0.5, 2e3 or 1.5Gi")
    sign, digits, suffix = match.groups()
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix != "Ei":
        if len(suffix) > _LONGEST_EXPONENT:
            raise QuantityError(f"the exponent of {text!r} is too large")
        scale, family = Fraction(10) ** int(suffix[1:]), Format.EXPONENT
    elif suffix in _BINARY:
        scale, family = Fraction(1024) ** _BINARY[suffix], Format.BINARY
    else:
        scale, family = Fraction(1000) ** _DECIMAL[suffix], Format.DECIMAL
    amount = min(_round_up(Fraction(digits.rstrip(".")) * scale, _NANO), _LARGEST)
    return Quantity(-amount if sign == "-" else amount, family)


def _round_up(amount: Fraction, unit: Fraction) -> Fraction:
    """Return a positive amount as the next whole multiple of ``unit``."""
    return -(-amount // unit) * unit


def _binary(amount: Fraction) -> str:
    whole, power = abs(int(amount)), 0
    while power < 6 and whole % 1024 == 0:
        whole //= 1024
        power += 1
    suffix = next((name for name, number in _BINARY.items() if number == power), "")
    return f"{'-' if amount < 0 else ''}{whole}{suffix}"


def _decimal(amount: Fraction, family: Format) -> str:
    if not amount:
        return "0"
    power, number = -3, abs(amount) / _NANO
    while number % 1000 == 0 and power < 6:
        number /= 1000
        power += 1
    sign = "-" if amount < 0 else ""
    if family is Format.EXPONENT:
        return f"{sign}{int(number)}" + (f"e{power * 3}" if power else "")
    suffix = next(name for name, one in _DECIMAL.items() if one == power)
    return f"{sign}{int(number)}{suffix}"


def canonical(value: Value) -> Value:
    """Return a quantity (text or number) as Kubernetes stores it; other values unchanged."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    try:
        return str(parse_quantity(str(value)))
    except QuantityError:
        return value


def same_quantity(one: Value, other: Value) -> bool:
    """Tell whether two values mean the same amount."""
    for value in (one, other):
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return False
    try:
        return parse_quantity(str(one)).amount == parse_quantity(str(other)).amount
    except QuantityError:
        return False


def compare_quantities(one: str, other: str) -> int:
    """Return -1, 0 or 1 as ``one`` is less than, equal to or more than ``other``."""
    left, right = parse_quantity(one).amount, parse_quantity(other).amount
    return (left > right) - (left < right)
