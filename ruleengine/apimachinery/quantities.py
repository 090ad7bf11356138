"""Quantities: amounts such as ``100m``, ``1.5Gi`` or ``2e3``, exact and in canonical form.

Numbers are kept as fractions, so nothing is lost. The canonical form is the one Go
prints: the largest suffix of the same family that leaves no fraction (reference,
Kubernetes API section 8; the format is that of ``resource.Quantity``).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache, total_ordering
from math import ceil, floor
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
_TEXT: Final = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_NUMBER: Final = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
_EXPONENT: Final = re.compile(r"[eE][+-]?[0-9]+", re.ASCII)
_NANO: Final = Fraction(1, 10**9)
_MILLI: Final = Fraction(1, 1000)
_LARGEST: Final = Fraction(2**63 - 1)
_BINARY_DIGITS: Final = 15
_DECIMAL_DIGITS: Final = 18
"""How many digits Go reads without looking closer."""
_LONGEST_EXPONENT: Final = 4
_LONGEST: Final = 100
"""How many characters are read at most; nobody means a longer number."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """An exact amount and the family of suffixes it was written with.

    Quantities compare by their amounts. A sum is written with the suffixes of its first
    part, unless that is zero.
    """

    amount: Fraction
    format: Format

    def __str__(self) -> str:
        """Return the canonical form."""
        whole = self.amount.denominator == 1
        if self.format is Format.BINARY and whole and abs(self.amount) >= 1024:
            return _binary(self.value)
        family = Format.DECIMAL if self.format is Format.BINARY else self.format
        return _decimal(self.amount, family)

    @property
    def value(self) -> int:
        """The amount as a whole number, rounded away from zero."""
        return self.scaled(0)

    def scaled(self, power: int) -> int:
        """Return the amount in units of ten to a power, rounded away from zero.

        ``scaled(-3)`` of ``100m`` is 100.
        """
        units = self.amount / Fraction(10) ** power
        return ceil(units) if units > 0 else floor(units)

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.amount + other.amount, self._format_beside(other))

    def __sub__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.amount - other.amount, self._format_beside(other))

    def _format_beside(self, other: "Quantity") -> Format:
        return self.format if self.amount else other.format

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.amount == other.amount

    def __lt__(self, other: "Quantity") -> bool:
        return self.amount < other.amount

    def __hash__(self) -> int:
        return hash(self.amount)


@lru_cache(maxsize=4096)
def parse_quantity(text: str) -> Quantity:
    """Return the quantity that a text means.

    Finer than nano is rounded away from zero, and binary sizes beyond 64 bits are capped,
    both as Kubernetes does. Raises :class:`QuantityError` for other texts.
    """
    written, suffix = _parts(text)
    number = _NUMBER.fullmatch(written)
    if number is None:
        raise QuantityError("unable to parse numeric part of quantity")
    sign, digits = number.groups()
    scale, family = _scale(suffix)
    amount = _round_up(Fraction(digits.rstrip(".")) * scale, _NANO)
    if family is Format.BINARY:
        amount = min(amount, _LARGEST)
        family = Format.DECIMAL if 0 < amount < 1 else family
    return Quantity(-amount if sign == "-" else amount, family)


def _parts(text: str) -> tuple[str, str]:
    """Return the number and the suffix of a quantity."""
    parts = _TEXT.fullmatch(text)
    if parts is None or len(text) > _LONGEST:
        raise QuantityError(
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    return parts[1], parts[2]


def _scale(suffix: str) -> tuple[Fraction, Format]:
    if suffix in _BINARY:
        return Fraction(1024) ** _BINARY[suffix], Format.BINARY
    if suffix in _DECIMAL:
        return Fraction(1000) ** _DECIMAL[suffix], Format.DECIMAL
    if not _EXPONENT.fullmatch(suffix) or len(suffix) > _LONGEST_EXPONENT:
        raise QuantityError("unable to parse quantity's suffix")
    return Fraction(10) ** int(suffix[1:]), Format.EXPONENT


def _round_up(amount: Fraction, unit: Fraction) -> Fraction:
    """Return a positive amount as the next whole multiple of ``unit``."""
    return -(-amount // unit) * unit


def _binary(number: int) -> str:
    whole, power = abs(number), 0
    while power < 6 and whole % 1024 == 0:
        whole //= 1024
        power += 1
    suffix = next((name for name, one in _BINARY.items() if one == power), "")
    return f"{'-' if number < 0 else ''}{whole}{suffix}"


def _decimal(amount: Fraction, family: Format) -> str:
    if not amount:
        return "0"
    power, number = -3, abs(amount) / _NANO
    while number % 1000 == 0 and (power < 6 or family is Format.EXPONENT):
        number /= 1000
        power += 1
    sign = "-" if amount < 0 else ""
    if family is Format.EXPONENT:
        return f"{sign}{int(number)}" + (f"e{power * 3}" if power else "")
    suffix = next(name for name, one in _DECIMAL.items() if one == power)
    return f"{sign}{int(number)}{suffix}"


def canonical(value: Value, *, milli: bool = False) -> Value:
    """Return a quantity (text or number) as Kubernetes stores it; other values unchanged.

    A text that Go takes for canonical stays as it is, though it may have a plus sign or a
    zero too many. With ``milli`` what is finer than a thousandth is rounded away from zero,
    as in lists of resources.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(value).strip()
    try:
        return _stored(text, milli=milli)
    except QuantityError:
        return value


def is_canonical(text: str, *, milli: bool = False) -> bool:
    """Tell whether a text is a quantity that Kubernetes stores as it is."""
    try:
        return _stored(text.strip(), milli=milli) == text
    except QuantityError:
        return False


@lru_cache(maxsize=4096)
def _stored(text: str, *, milli: bool) -> str:
    quantity = parse_quantity(text)
    if milli and quantity.amount % _MILLI:
        return str(Quantity(Fraction(quantity.scaled(-3), 1000), quantity.format))
    return text if _is_kept(text) else str(quantity)


def _is_kept(text: str) -> bool:
    """Tell whether Go stores a quantity as it is spelt (``resource.ParseQuantity``)."""
    number, suffix = _parts(text)
    whole, _, part = number.lstrip("+-").partition(".")
    whole = whole.lstrip("0") or "0"
    if suffix in _BINARY:
        bits = 10 * _BINARY[suffix]
        room = _BINARY_DIGITS - len(whole) - bits * 3 // 10
        return not part and room > 0 and int(whole) % 8 != 0
    exponent = 3 * _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    digits, scale = whole + part, exponent - len(part)
    short = len(digits) <= _DECIMAL_DIGITS and scale >= -9
    return short and scale % 3 == 0 and digits[0] != "0" and not digits.endswith("000")


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
    left, right = parse_quantity(one), parse_quantity(other)
    return (left > right) - (left < right)
