"""Numbers in templates: constants that take the type that their place asks for."""

import math
import re
from typing import Final

_INTEGER: Final = re.compile(
    r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+"
    r"|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)"
)
_DECIMAL: Final = re.compile(
    r"[+-]?(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)"
    r"(?:[eE][+-]?[0-9](?:_?[0-9])*)?"
)
_HEXADECIMAL: Final = re.compile(
    r"[+-]?0[xX](?:_?[0-9a-fA-F])*\.?(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?[pP][+-]?[0-9]+"
)
_LEADING_ZERO: Final = re.compile(r"^([+-]?)0(_?[0-7])")
_LONGEST: Final = 400
_INTEGERS: Final = range(-(2**63), 2**63)


def read(text: str) -> tuple[int | float | None, int | None, float | None]:
    """Return what a number is where any type will do, as an integer and as a float.

    ``None`` where it cannot be of that type. Raises ``ValueError`` with what is wrong.
    """
    if len(text) > _LONGEST:
        raise ValueError("a number of too many digits")
    if text.endswith("i") and text[:2].lower() != "0x":
        raise ValueError("complex numbers are not supported")
    if _INTEGER.fullmatch(text):
        whole = int(_LEADING_ZERO.sub(r"\g<1>0o\2", text).replace("_", ""), 0)
        if not -(2**63) <= whole < 2**64:
            raise ValueError("integer overflow")
        return (whole if whole in _INTEGERS else None), whole, float(whole)
    number = _floating(text)
    integer = int(number) if number.is_integer() and int(number) in _INTEGERS else None
    return number, integer, number


def _floating(text: str) -> float:
    plain = text.replace("_", "")
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(plain)
        except OverflowError:
            raise ValueError("a number that is too large") from None
    if not _DECIMAL.fullmatch(text):
        raise ValueError("bad number syntax")
    if not any(mark in text for mark in ".eE"):
        raise ValueError("integer overflow or digits that are not octal")
    number = float(plain)
    if math.isinf(number):
        raise ValueError("a number that is too large")
    return number
