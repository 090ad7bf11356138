"""The shape of a function of CEL."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Function:
    """A function: its code, how many values it takes, and how it may be called.

    ``call(meter, *values)`` returns a value or raises ``CelError``; the value that a function
    is called on comes first and counts.
    """

    call: Callable[..., Any]
    least: int
    most: int
    member: bool = True
    plain: bool = False

    def takes(self, count: int) -> bool:
        """Tell whether it takes so many values."""
        return self.least <= count <= self.most


def member(call: Callable[..., Any], least: int, most: int | None = None) -> Function:
    """Return a function that is called on a value: ``value.name(...)``."""
    return Function(call, least, most or least)


def plain(call: Callable[..., Any], least: int, most: int | None = None) -> Function:
    """Return a function that is called by its name: ``name(...)``."""
    return Function(call, least, least if most is None else most, member=False, plain=True)


def both(call: Callable[..., Any], count: int) -> Function:
    """Return a function that is called either way."""
    return Function(call, count, count, member=True, plain=True)
