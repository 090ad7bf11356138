"""From one type to another: numbers, texts, JSON, Base64."""

import base64
import binascii
import re
from datetime import datetime
from typing import Any, Final

from ruleengine.expressions.expr.functions.taking import text
from ruleengine.expressions.expr.signatures import Function
from ruleengine.expressions.expr.values import Problem, kind_of, to_index
from ruleengine.formats import go_json
from ruleengine.formats.go_durations import Duration, SpokenInt
from ruleengine.formats.go_printing import sprint
from ruleengine.formats.go_text import from_bytes, to_bytes

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,30}")

_FLOAT: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+(?:_[0-9]+)*\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,9})?|inf(?:inity)?|nan)",
    re.IGNORECASE,
)
_HEXADECIMAL: Final = re.compile(
    r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)p[+-]?[0-9]{1,4}", re.IGNORECASE
)

_TYPES: Final = (
    (bool, "bool"),
    (Duration, "time.Duration"),
    (int, "int"),
    (float, "float"),
    (str, "string"),
    ((list, bytes), "array"),
    (dict, "map"),
    (datetime, "time.Time"),
)


def to_int(value: Any) -> int:
    """Return a number or the decimal text of one as an integer. Raises ``Problem``."""
    if isinstance(value, SpokenInt):
        return int(value)
    if isinstance(value, str):
        number = int(value) if _INTEGER.fullmatch(value) else None
        if number is None or not -(2**63) <= number < 2**63:
            raise Problem("the text is no integer", "convert with float(...) where it has a point")
        return number
    return to_index(value)


def to_float(value: Any) -> float:
    """Return a number or the text of one as a float. Raises ``Problem``."""
    if isinstance(value, str):
        if _FLOAT.fullmatch(value):
            return float(value)
        if _HEXADECIMAL.fullmatch(value):
            return float.fromhex(value)
        raise Problem("the text is no number")
    if type(value) is int or type(value) is float:
        return float(value)
    raise Problem(f"{kind_of(value)} stands where a number or its text must")


def to_text(value: Any) -> str:
    """Return a value as Go prints it. Raises ``Problem`` where that is too long."""
    if isinstance(value, str):
        return value
    try:
        return sprint(value)
    except ValueError as error:
        raise Problem(str(error)) from None


def _type(value: Any) -> str:
    if value is None:
        return "nil"
    return next((name for kinds, name in _TYPES if isinstance(value, kinds)), "func")


def to_json(value: Any, indent: str = "") -> str:
    """Return a value as JSON. Raises ``Problem`` for one that has none."""
    try:
        return go_json.marshal(value, indent=indent)
    except ValueError as error:
        raise Problem(str(error)) from None


def from_json(value: Any) -> Any:
    """Return what a JSON text means, its numbers as floats. Raises ``Problem``."""
    try:
        return go_json.unmarshal(text(value))
    except ValueError as error:
        raise Problem(str(error)) from None


def _from_base64(value: Any) -> str:
    compact = text(value).replace("\n", "").replace("\r", "")
    try:
        return from_bytes(base64.b64decode(compact, validate=True))
    except (binascii.Error, ValueError):
        raise Problem("the text is no Base64") from None


FUNCTIONS: Final = (
    Function("int", to_int, 1, 1),
    Function("float", to_float, 1, 1),
    Function("string", to_text, 1, 1),
    Function("type", _type, 1, 1),
    Function("toJSON", lambda value: to_json(value, "  "), 1, 1),
    Function("fromJSON", from_json, 1, 1),
    Function("toBase64", lambda value: base64.b64encode(to_bytes(text(value))).decode(), 1, 1),
    Function("fromBase64", _from_base64, 1, 1),
)
