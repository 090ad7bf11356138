"""JSON as Go's ``encoding/json`` writes and reads it.

Keys are sorted, ``<``, ``>`` and ``&`` are escaped unless told otherwise, numbers take an
exponent only when they are very large or very small. Read numbers are floating point, as
they are in Go's ``interface{}``.
"""

import base64
import json
import math
import re
from datetime import datetime
from typing import Any, Final

from ruleengine.formats.go_numbers import json_float
from ruleengine.formats.go_text import TooLargeError, type_name, whole
from ruleengine.formats.go_times import RFC3339_NANO, format_time

LONGEST: Final = 1_000_000
"""How many characters one value takes at most as JSON."""

DEEPEST: Final = 100
"""How deeply a value may nest."""

_SHORT: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_RAW: Final = re.compile('[\x00-\x1f"\\\\\u2028\u2029\ud800-\udfff]')
_HTML: Final = re.compile('[\x00-\x1f"\\\\<>&\u2028\u2029\ud800-\udfff]')

_OUTSIDE_TEXTS: Final = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')
_UNSAFE: Final = re.compile("[<>&\u2028\u2029]")

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")


def marshal(value: Any, *, indent: str = "", escape_html: bool = True) -> str:
    """Return the JSON of a value, on several lines where an indent is given.

    Raises ``ValueError`` for a value that has no JSON, and its subclass ``TooLargeError``
    for one that is too long or nests too deeply.
    """
    writer = _Writer(indent, _HTML if escape_html else _RAW)
    writer.write(value, "\n" if indent else "")
    return "".join(writer.parts)


class _Writer:
    """Writes one value, and counts what it writes."""

    def __init__(self, indent: str, escaped: re.Pattern[str]) -> None:
        self.parts: list[str] = []
        self._indent = indent
        self._escaped = escaped
        self._room = LONGEST
        self._depth = 0

    def write(self, value: Any, line: str) -> None:
        """Append a value; ``line`` begins a new line at its level."""
        if isinstance(value, str):
            self._put(self._text(value))
        elif value is None or value is True or value is False:
            self._put("null" if value is None else "true" if value else "false")
        elif isinstance(value, int):
            self._put(str(int(value)))
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise ValueError("a number that is infinite or undefined has no JSON")
            self._put(json_float(value))
        elif isinstance(value, dict | list | tuple):
            self._collection(value, line)
        else:
            self._other(value)

    def _other(self, value: Any) -> None:
        if isinstance(value, datetime):
            self._put(f'"{format_time(value, RFC3339_NANO)}"')
        elif isinstance(value, bytes):
            self._put(f'"{base64.b64encode(value).decode()}"')
        else:
            raise ValueError(f"a value of type {type_name(value)} has no JSON")  # noqa: TRY004

    def _collection(self, value: Any, line: str) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooLargeError(f"a value that nests deeper than {DEEPEST}")
        is_map = isinstance(value, dict)
        inner = line + self._indent if line else ""
        self._put("{" if is_map else "[")
        colon = ": " if line else ":"
        names = {_key(key): one for key, one in value.items()} if is_map else {}
        for index, entry in enumerate(sorted(names) if is_map else value):
            self._put(("," if index else "") + inner)
            if is_map:
                self._put(self._text(entry) + colon)
            self.write(names[entry] if is_map else entry, inner)
        self._put((line if value else "") + ("}" if is_map else "]"))
        self._depth -= 1

    def _put(self, text: str) -> None:
        self._room -= len(text)
        if self._room < 0:
            raise TooLargeError(f"JSON of more than {LONGEST} characters")
        self.parts.append(text)

    def _text(self, text: str) -> str:
        return '"' + self._escaped.sub(_escape, text) + '"'


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return str(int(key))
    raise ValueError(f"a map whose keys are of type {type_name(key)} has no JSON")


def _escape(match: re.Match[str]) -> str:
    one = match[0]
    if one in _SHORT:
        return _SHORT[one]
    code = ord(one)
    return "\\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"


def unmarshal(text: str) -> Any:
    """Return what Go reads from JSON: texts, floating point numbers, lists and maps.

    Raises ``ValueError`` for a text that is no JSON, without repeating it.
    """
    try:
        value = json.loads(
            whole(text),
            parse_int=_number,
            parse_float=_number,
            parse_constant=_refuse,
        )
    except json.JSONDecodeError as error:
        raise ValueError(
            f"no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise ValueError("no JSON: it nests too deeply") from None
    return _whole(value) if _HALF.search(text) else value


def compact(text: str) -> str:
    """Return JSON text as ``json.RawMessage`` is written: no blanks, ``<``, ``>``, ``&`` escaped.

    Keys keep their order and their repetitions, numbers their digits. Raises ``ValueError``
    for a text that is no JSON.
    """
    unmarshal(text)
    short = _OUTSIDE_TEXTS.sub(lambda match: match[1] or "", text)
    return _UNSAFE.sub(_escape, short)


def _whole(value: Any) -> Any:
    """Return a value whose texts hold no half of a pair of surrogates."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(one) for key, one in value.items()}
    return value


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("no JSON: a number is too large")
    return number


def _refuse(name: str) -> None:
    raise ValueError(f"no JSON: {name}")
