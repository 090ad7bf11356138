"""Functions of texts, as in CEL's extension ``strings`` version 2, and regular expressions."""

from collections.abc import Callable, Mapping
from typing import Any

from ruleengine.expressions import regular
from ruleengine.expressions.cel.functions.formatting import formatted
from ruleengine.expressions.cel.functions.function import Function, both, member, plain
from ruleengine.expressions.cel.operators import joined
from ruleengine.expressions.cel.values import CelError, no_overload
from ruleengine.expressions.language import ExpressionError, Meter

_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
_SPACE += "\u200a\u2028\u2029\u202f\u205f\u3000"
_QUOTED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_QUOTED |= {"\v": "\\v", "\\": "\\\\", '"': '\\"'}
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _texts(name: str, *values: Any) -> None:
    if not all(isinstance(one, str) for one in values):
        raise no_overload(name, *values)


def _whole(name: str, *values: Any) -> None:
    if not all(type(one) is int for one in values):
        raise no_overload(name, *values)


def _two(name: str, call: Callable[[str, str], Any]) -> Function:
    def function(meter: Meter, text: Any, other: Any) -> Any:
        del meter
        _texts(name, text, other)
        return call(text, other)

    return member(function, 2)


def _one(name: str, call: Callable[[str], str]) -> Function:
    def function(meter: Meter, text: Any) -> Any:
        del meter
        _texts(name, text)
        return call(text)

    return member(function, 1)


def _char_at(meter: Meter, text: Any, index: Any) -> str:
    del meter
    _texts("charAt", text)
    _whole("charAt", index)
    if not 0 <= index <= len(text):
        raise CelError(f"the index {index} is out of range")
    return str(text[index : index + 1])


def index_of(meter: Meter, value: Any, wanted: Any, start: Any = 0) -> int:
    """Return where a text is first found at or after a place; -1 where it is not."""
    del meter
    _texts("indexOf", value, wanted)
    _whole("indexOf", start)
    if wanted == "":
        return int(start)
    if not 0 <= start <= len(value):
        raise CelError(f"the index {start} is out of range")
    return int(value.find(wanted, start))


def last_index_of(meter: Meter, value: Any, wanted: Any, start: Any = None) -> int:
    """Return where a text is last found at or before a place; -1 where it is not."""
    del meter
    _texts("lastIndexOf", value, wanted)
    if start is None:
        return len(value) if wanted == "" else int(value.rfind(wanted))
    _whole("lastIndexOf", start)
    if wanted == "":
        return int(start)
    if not 0 <= start <= len(value):
        raise CelError(f"the index {start} is out of range")
    return int(value.rfind(wanted, 0, start + len(wanted)))


def _replace(meter: Meter, text: Any, old: Any, new: Any, most: Any = -1) -> str:
    _texts("replace", text, old, new)
    _whole("replace", most)
    count = text.count(old) if most < 0 else min(most, text.count(old))
    size = len(text) + count * len(new)
    meter.size(size)
    meter.step(size // 100)
    return str(text.replace(old, new, most))


def _split(meter: Meter, text: Any, separator: Any, most: Any = -1) -> list[str]:
    _texts("split", text, separator)
    _whole("split", most)
    meter.step(len(text) // 100)
    if most == 0:
        return []
    if separator == "":
        parts = list(text)
        return parts if most < 0 or most >= len(parts) else [*parts[: most - 1], text[most - 1 :]]
    return list(text.split(separator, most - 1 if most > 0 else -1))


def _join(meter: Meter, values: Any, separator: Any = "") -> str:
    _texts("join", separator)
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise no_overload("join", values, separator)
    size = sum(len(one) for one in values) + len(separator) * len(values)
    meter.size(size)
    meter.step(size // 100)
    return str(separator.join(values))


def _substring(meter: Meter, text: Any, start: Any, end: Any = None) -> str:
    del meter
    _texts("substring", text)
    end = len(text) if end is None else end
    _whole("substring", start, end)
    if not 0 <= start <= len(text) or not 0 <= end <= len(text) or start > end:
        raise CelError(f"the range from {start} to {end} is out of the text")
    return str(text[start:end])


def _quote(meter: Meter, text: Any) -> str:
    _texts("strings.quote", text)
    quoted = "".join(_QUOTED.get(one, one) for one in text)
    return str(joined(joined('"', quoted, meter), '"', meter))


def pattern_of(text: Any) -> regular.Pattern:
    """Return the regular expression of a text. Raises ``CelError``."""
    try:
        return regular.compile(text)
    except ExpressionError as error:
        raise CelError(f"the pattern is wrong: {error.message}") from None


def _matches(meter: Meter, text: Any, pattern: Any) -> bool:
    del meter
    _texts("matches", text, pattern)
    return pattern_of(pattern).matches(text)


def _find(meter: Meter, text: Any, pattern: Any) -> str:
    del meter
    _texts("find", text, pattern)
    found = pattern_of(pattern).find(text)
    return found.group(0) if found else ""


def _find_all(meter: Meter, text: Any, pattern: Any, most: Any = -1) -> list[str]:
    _texts("findAll", text, pattern)
    _whole("findAll", most)
    found: list[str] = []
    for one in pattern_of(pattern).find_all(text):
        if len(found) == most:
            break
        found.append(one.group(0))
        meter.step()
    return found


FUNCTIONS: Mapping[str, Function] = {
    "startsWith": _two("startsWith", lambda text, other: text.startswith(other)),
    "endsWith": _two("endsWith", lambda text, other: text.endswith(other)),
    "charAt": member(_char_at, 2),
    "replace": member(_replace, 3, 4),
    "split": member(_split, 2, 3),
    "join": member(_join, 1, 2),
    "substring": member(_substring, 2, 3),
    "lowerAscii": _one("lowerAscii", lambda text: text.translate(_LOWER)),
    "upperAscii": _one("upperAscii", lambda text: text.translate(_UPPER)),
    "trim": _one("trim", lambda text: text.strip(_SPACE)),
    "format": member(formatted, 2),
    "strings.quote": plain(_quote, 1),
    "matches": both(_matches, 2),
    "find": member(_find, 2),
    "findAll": member(_find_all, 2, 3),
}
