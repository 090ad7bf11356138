"""Values turned into numbers and texts, as the functions of sprig turn them."""

import math
import re
from typing import Any, Final

from ruleengine.expressions.language import DEFAULT_LIMITS, ExpressionError
from ruleengine.formats.go_numbers import to_int, wrap_int
from ruleengine.formats.go_printing import sprint
from ruleengine.formats.go_text import from_bytes

_INTEGER: Final = re.compile(
    r"([+-]?)(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+"
    r"|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)"
)
_OCTAL: Final = re.compile(r"^([+-]?)0(_?[0-7])")
_ZERO_FRACTION: Final = re.compile(r"\.0+\Z")
_FLOAT: Final = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf|infinity)|nan",
    re.IGNORECASE,
)
_HEXADECIMAL: Final = re.compile(r"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?[0-9]+")
_LONGEST: Final = 400
_INTEGERS: Final = range(-(2**63), 2**63)


def to_integer(value: Any) -> int:
    """Return a value as an integer of 64 bits; 0 for what is none."""
    if isinstance(value, int):
        return wrap_int(int(value))
    if isinstance(value, float):
        return to_int(value)
    if isinstance(value, str) and len(value) <= _LONGEST:
        return _integer_of(_ZERO_FRACTION.sub("", value))
    return 0


def _integer_of(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        return 0
    number = int(_OCTAL.sub(r"\g<1>0o\2", text).replace("_", ""), 0)
    return number if number in _INTEGERS else 0


def to_float(value: Any) -> float:
    """Return a value as a floating point number; 0 for what is none."""
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.copysign(math.inf, value)
    if isinstance(value, str) and len(value) <= _LONGEST:
        if _FLOAT.fullmatch(value):
            number = float(value)
            return 0.0 if math.isinf(number) and "n" not in value.lower() else number
        if _HEXADECIMAL.fullmatch(value):
            return _hexadecimal(value)
    return 0.0


def _hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text)
    except (OverflowError, ValueError):
        return 0.0


def to_text(value: Any) -> str:
    """Return a value as a text. Raises ``ValueError`` for what would be too long."""
    if isinstance(value, str):
        return value
    return from_bytes(value) if isinstance(value, bytes) else sprint(value)


def to_texts(value: Any) -> list[str]:
    """Return the elements of a list as texts, nothing left out but ``nil``."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        return [to_text(value)]
    made: list[str] = []
    size = 0
    for one in value:
        if one is not None:
            made.append(to_text(one))
            size += len(made[-1])
            check_size(size)
    return made


def check_size(size: int) -> None:
    """Raise ``ExpressionError`` before something is made that no evaluation may have."""
    if size > DEFAULT_LIMITS.size:
        raise ExpressionError(
            f"a value of more than {DEFAULT_LIMITS.size} elements or characters",
            hint="make smaller texts and lists",
        )


def is_empty(value: Any) -> bool:
    """Tell whether a value is nothing, zero, false or without elements."""
    if value is None or value is False:
        return True
    if isinstance(value, str | bytes | list | tuple | dict):
        return not value
    return isinstance(value, int | float) and value == 0
