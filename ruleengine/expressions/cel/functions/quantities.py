"""Quantities such as ``1.5Gi``. How they are read and written is handed in."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Protocol

from ruleengine.expressions.cel.functions.function import Function, member, plain
from ruleengine.expressions.cel.values import CelError, no_overload
from ruleengine.expressions.language import Meter

_LARGEST = 2**63


class Amount(Protocol):
    """A quantity as its room has it."""

    @property
    def amount(self) -> Fraction:
        """The exact amount."""

    def __add__(self, other: Any) -> "Amount":
        """Return the sum of two."""

    def __sub__(self, other: Any) -> "Amount":
        """Return the difference of two."""


ParseQuantity = Callable[[str], Amount]
"""Reads a quantity. Raises ``ValueError`` for a text that is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """A quantity as a value of CEL."""

    content: Amount

    cel_type: ClassVar[str] = "kubernetes.Quantity"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.content.amount == other.content.amount

    def __hash__(self) -> int:
        return hash(self.content.amount)

    def cel_order(self) -> Fraction:
        """Return what quantities are ordered by."""
        return self.content.amount


class _Reading:
    """The functions that read quantities."""

    def __init__(self, parse: ParseQuantity) -> None:
        self._parse = parse

    def _read(self, text: Any, name: str) -> Quantity | None:
        if not isinstance(text, str):
            raise no_overload(name, text)
        try:
            return Quantity(self._parse(text))
        except ValueError:
            return None

    def quantity(self, meter: Meter, text: Any) -> Quantity:
        del meter
        found = self._read(text, "quantity")
        if found is None:
            raise CelError("the text is no quantity such as 500m or 1.5Gi")
        return found

    def is_quantity(self, meter: Meter, text: Any) -> bool:
        del meter
        return self._read(text, "isQuantity") is not None

    def _both(self, name: str, value: Any, second: Any) -> tuple[Amount, Amount]:
        if type(second) is int:
            second = Quantity(self._parse(str(second)))
        if not isinstance(value, Quantity) or not isinstance(second, Quantity):
            raise no_overload(name, value, second)
        return value.content, second.content

    def add(self, meter: Meter, value: Any, second: Any) -> Quantity:
        del meter
        left, right = self._both("add", value, second)
        return Quantity(left + right)

    def sub(self, meter: Meter, value: Any, second: Any) -> Quantity:
        del meter
        left, right = self._both("sub", value, second)
        return Quantity(left - right)


def functions(parse: ParseQuantity) -> Mapping[str, Function]:
    """Return the functions of quantities, which are read by ``parse``."""
    reading = _Reading(parse)
    return {
        "quantity": plain(reading.quantity, 1),
        "isQuantity": plain(reading.is_quantity, 1),
        "add": member(reading.add, 2),
        "sub": member(reading.sub, 2),
        "sign": plain(_sign, 1),
        "isInteger": member(_is_integer, 1),
        "asInteger": member(_as_integer, 1),
        "asApproximateFloat": member(_as_float, 1),
    }


def _amount(name: str, value: Any) -> Fraction:
    if not isinstance(value, Quantity):
        raise no_overload(name, value)
    return value.content.amount


def _sign(meter: Meter, value: Any) -> int:
    del meter
    amount = _amount("sign", value)
    return (amount > 0) - (amount < 0)


def _is_integer(meter: Meter, value: Any) -> bool:
    del meter
    amount = _amount("isInteger", value)
    return amount.denominator == 1 and -_LARGEST <= amount < _LARGEST


def _as_integer(meter: Meter, value: Any) -> int:
    if not _is_integer(meter, value):
        raise CelError("the quantity is no whole number of 64 bits")
    return int(_amount("asInteger", value))


def _as_float(meter: Meter, value: Any) -> float:
    del meter
    amount = _amount("asApproximateFloat", value)
    try:
        return float(amount)
    except OverflowError:
        return math.inf if amount > 0 else -math.inf
