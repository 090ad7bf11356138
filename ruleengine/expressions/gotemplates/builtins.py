"""The functions that every Go template has."""

import urllib.parse
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.gotemplates.values import NO_VALUE_TEXT, is_true
from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.formats.go_printing import sprint, sprintf, sprintln
from ruleengine.formats.go_text import from_bytes, to_bytes, type_name

_HTML: Final = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_SCRIPT: Final = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
}


def html(*values: Any) -> str:
    """Return text with HTML's signs escaped."""
    return _joined(values).translate(_HTML)


def js(*values: Any) -> str:
    """Return text that can stand inside of a JavaScript string."""
    return "".join(map(_in_script, _joined(values)))


def urlquery(*values: Any) -> str:
    """Return text that can stand in the query of a URL."""
    return urllib.parse.quote_plus(to_bytes(_joined(values)), safe="")


def _joined(values: tuple[Any, ...]) -> str:
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return sprint(*(NO_VALUE_TEXT if value is None else value for value in values))


def _in_script(one: str) -> str:
    if one in _SCRIPT:
        return _SCRIPT[one]
    if one < " ":
        return f"\\u{ord(one):04X}"
    return one if one.isprintable() or one < "\x80" else f"\\u{ord(one):04X}"


def length(value: Any) -> int:
    """Return how many bytes a text has, or how many elements a list or map."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(to_bytes(value))
    if isinstance(value, list | tuple | dict | bytes):
        return len(value)
    if value is None:
        raise ExpressionError("len of nil pointer")
    raise ExpressionError(f"len of type {type_name(value)}")


def index(value: Any, *indexes: Any) -> Any:
    """Return an element of a list, a byte of a text or the value of a key, step by step."""
    if value is None:
        raise ExpressionError("index of untyped nil")
    for one in indexes:
        if isinstance(value, dict):
            value = _entry(value, one)
        elif isinstance(value, list | tuple | bytes):
            value = value[_position(one, len(value), allow_end=False)]
        elif isinstance(value, str):
            data = to_bytes(value)
            value = data[_position(one, len(data), allow_end=False)]
        elif value is None:
            raise ExpressionError("index of nil pointer")
        else:
            raise ExpressionError(f"can't index item of type {type_name(value)}")
    return value


def _entry(value: dict[Any, Any], key: Any) -> Any:
    if key is None:
        raise ExpressionError("value is nil; should be of type string")
    if not isinstance(key, str) and not (isinstance(key, int) and key in value):
        raise ExpressionError(f"value has type {type_name(key)}; should be string")
    return value.get(key)


def _position(one: Any, size: int, *, allow_end: bool) -> int:
    if one is None:
        raise ExpressionError("cannot index slice/array with nil")
    if isinstance(one, bool) or not isinstance(one, int):
        raise ExpressionError(f"cannot index slice/array with type {type_name(one)}")
    if not 0 <= one < size + allow_end:
        raise ExpressionError(f"index out of range: {one}")
    return int(one)


def cut(value: Any, *indexes: Any) -> Any:
    """Return a part of a text or of a list: from one index up to another."""
    if value is None:
        raise ExpressionError("slice of untyped nil")
    if len(indexes) > 3:
        raise ExpressionError(f"too many slice indexes: {len(indexes)}")
    if isinstance(value, str):
        if len(indexes) == 3:
            raise ExpressionError("cannot 3-index slice a string")
        return from_bytes(_part(to_bytes(value), indexes))
    if isinstance(value, list | tuple | bytes):
        return _part(value, indexes)
    raise ExpressionError(f"can't slice item of type {type_name(value)}")


def _part(value: Any, indexes: tuple[Any, ...]) -> Any:
    bounds = [_position(one, len(value), allow_end=True) for one in indexes]
    start, end = bounds[0] if bounds else 0, bounds[1] if len(bounds) > 1 else len(value)
    if start > end or (len(bounds) == 3 and end > bounds[2]):
        raise ExpressionError(f"invalid slice index: {start} > {end}")
    return value[start:end]


def equal(value: Any, *others: Any) -> bool:
    """Tell whether a value equals any of the others."""
    if not others:
        raise ExpressionError("missing argument for comparison")
    return any([_same(value, other) for other in others])  # noqa: C419 - all are checked


def _same(one: Any, other: Any) -> bool:
    kind, other_kind = _basic_kind(one), _basic_kind(other)
    if kind != other_kind:
        if one is not None and other is not None:
            raise ExpressionError("incompatible types for comparison")
        return False
    if one is None or other is None:
        return one is other
    if kind is None:
        for value in (one, other):
            if isinstance(value, list | tuple | dict | bytes | Function):
                raise ExpressionError(f"non-comparable type {type_name(value)}")
    return bool(one == other)


def _basic_kind(value: Any) -> type | None:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind
    return None


def less(one: Any, other: Any) -> bool:
    """Tell whether a number or a text comes before another."""
    kind, other_kind = _basic_kind(one), _basic_kind(other)
    for found in (kind, other_kind):
        if found is None:
            raise ExpressionError("invalid type for comparison")
    if kind != other_kind:
        raise ExpressionError("incompatible types for comparison")
    if kind is bool:
        raise ExpressionError("invalid type for comparison")
    return bool(one < other)


def call(meter: Meter, function: Any, *arguments: Any) -> Any:
    """Return what a function gives that is a value of the data."""
    if function is None:
        raise ExpressionError("call of nil")
    if not isinstance(function, Function):
        raise ExpressionError(f"non-function of type {type_name(function)}")
    return function(*arguments, meter=meter)


def _functions() -> dict[str, Function]:
    any_ = Kind.ANY
    table: dict[str, tuple[Callable[..., Any], int, bool]] = {
        "and": (lambda *values: next((v for v in values if not is_true(v)), values[-1]), 1, True),
        "or": (lambda *values: next((v for v in values if is_true(v)), values[-1]), 1, True),
        "not": (lambda value: not is_true(value), 1, False),
        "html": (html, 0, True),
        "js": (js, 0, True),
        "urlquery": (urlquery, 0, True),
        "len": (length, 1, False),
        "index": (index, 1, True),
        "slice": (cut, 1, True),
        "print": (sprint, 0, True),
        "println": (sprintln, 0, True),
        "eq": (equal, 1, True),
        "ne": (lambda one, other: not _same(one, other), 2, False),
        "lt": (less, 2, False),
        "le": (lambda one, other: less(one, other) or _same(one, other), 2, False),
        "gt": (lambda one, other: not less(one, other) and not _same(one, other), 2, False),
        "ge": (lambda one, other: not less(one, other), 2, False),
    }
    made = {
        name: Function(name, body, (any_,) * count, any_ if more else None)
        for name, (body, count, more) in table.items()
    }
    made["call"] = Function("call", call, (any_,), any_, metered=True)
    made["printf"] = Function("printf", sprintf, (Kind.STRING,), any_)
    return made


BUILTINS: Final[Mapping[str, Function]] = MappingProxyType(_functions())
