r"""Writes into JSON text by a path of sjson: how triggers put parameters into their objects.

``spec.replicas``, ``items.0``, ``items.-1`` (appends), ``a\.b`` (a dot in a key), ``map.:1`` (a
key of digits). What is missing on the way is made; everything else keeps its text. A path with
wildcards, queries or pipes writes only where it finds something: ``items.#(name=="x").value``.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ruleengine.expressions.gjson import scanning
from ruleengine.expressions.gjson.walking import Walker
from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
    Meter,
    text_input,
)
from ruleengine.formats import go_json
from ruleengine.formats.go_numbers import format_float

VALUE = "value"
"""The name under which :meth:`Path.eval` finds what to write."""

_MOST_PADDING = 100_000
_PLAIN = re.compile(r"[ !#-\[\]-\x7f]*")
"""Texts that upstream only puts in quotes; in others it escapes ``< > &`` as well."""
_BLANK = " \t\r\n"
_APPEND = "-1"


@dataclass(frozen=True, slots=True)
class _Part:
    """One piece of a path. ``index`` is -1 where it can be no index."""

    name: str
    forced: bool
    index: int

    @property
    def appends(self) -> bool:
        return self.name == _APPEND and not self.forced

    @property
    def in_array(self) -> bool:
        """Tell whether what is made for this piece is an array."""
        return self.index >= 0 or self.appends


class Path:
    """A place in JSON that can be written to."""

    __slots__ = ("_parts", "text")

    def __init__(self, text: str, parts: tuple[_Part, ...] | None) -> None:
        self.text = text
        self._parts = parts
        """``None`` for a path that must be searched."""

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> str:
        """Return the JSON text under ``input`` with ``value`` written into it.

        Raises ``ExpressionError``.
        """
        return self.set(text_input(env, limits), env.get(VALUE), limits)

    def set(self, text: str, value: Any, limits: Limits = DEFAULT_LIMITS) -> str:
        """Return JSON text with a value written into it; a blank text is an empty document.

        Raises ``ExpressionError`` for a text that is no JSON, a value that has none, a key on an
        array, and beyond the limits.
        """
        return self._write(text, _written(value), limits)

    def set_raw(self, text: str, raw: str, limits: Limits = DEFAULT_LIMITS) -> str:
        """Return JSON text with other JSON text written into it. Raises ``ExpressionError``."""
        _check(raw)
        return self._write(text, raw, limits)

    def delete(self, text: str, limits: Limits = DEFAULT_LIMITS) -> str:
        """Return JSON text without the value; as it is where there is none.

        Raises ``ExpressionError`` for a path that must be searched.
        """
        if self._parts is None:
            raise ExpressionError("nothing can be deleted by a path with wildcards or queries")
        if text.strip(_BLANK):
            _check(text)
            text = _deleted(text, self._parts)
        Meter(limits).size(len(text))
        return text

    def _write(self, text: str, raw: str, limits: Limits) -> str:
        if text.strip(_BLANK):
            _check(text)
        meter = Meter(limits)
        meter.size(len(text) + len(raw))
        try:
            if self._parts is None:
                starts = Walker(meter).get(text, self.text).starts
                # As upstream, which takes the very beginning for nothing found.
                written = _replaced(text, tuple(filter(None, starts)), raw, meter)
            else:
                written = _set(text, self._parts, raw)
        except RecursionError:
            raise ExpressionError("the JSON or the path nests too deeply") from None
        meter.size(len(written))
        return written


@lru_cache(maxsize=1024)
def compile(text: str) -> Path:  # noqa: A001 - every language names it so
    """Return the place that a path means. Raises ``ExpressionError`` for an empty path."""
    if not text:
        hint = "name a place, such as spec.replicas"
        raise ExpressionError("the path cannot be empty", offset=0, text=text, hint=hint)
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("the path is too long", text=text)
    return Path(text, _parts(text))


def _parts(text: str) -> tuple[_Part, ...] | None:
    """Cut a path at its dots; ``None`` where it must be searched."""
    parts: list[_Part] = []
    at = 0
    while at <= len(text):
        forced = text.startswith(":", at)
        at += forced
        name: list[str] = []
        while at < len(text) and text[at] != ".":
            if text[at] in "|#@*?":
                return None
            at += text[at] == "\\"
            name.append(text[at : at + 1])
            at += 1
        parts.append(_part("".join(name), forced=forced))
        at += 1
    return tuple(parts)


def _part(name: str, *, forced: bool) -> _Part:
    # Upstream counts an empty piece as the index 0.
    digits = not name or (name.isascii() and name.isdigit() and len(name.lstrip("0")) < 19)
    return _Part(name, forced, int(name or 0) if digits and not forced else -1)


def _check(text: str) -> None:
    if problem := scanning.problem(text):
        message, offset = problem
        raise ExpressionError(
            f"this is no JSON: {message}", offset=offset, text=text, hint=scanning.NO_JSON_HINT
        )


def _written(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return format_float(value, "f")
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return f'"{value}"'
    try:
        return go_json.marshal(value)
    except ValueError as error:
        raise ExpressionError(f"the value has no JSON: {error}") from None


def _replaced(text: str, starts: tuple[int, ...], raw: str, meter: Meter) -> str:
    pieces: list[str] = []
    end = 0
    meter.size(len(text) + len(raw) * len(starts))
    for start in sorted(set(starts)):
        if start >= end:  # inside of a replaced value nothing is left to replace
            pieces += (text[end:start], raw)
            end = scanning.end_of(text, start)
    pieces.append(text[end:])
    return "".join(pieces)


def _child(text: str, at: int, part: _Part) -> int | None:
    """Return where the value begins that a piece of a path means, in the value at a place."""
    if text[at] == "{":
        for literal, start in scanning.members(text, at):
            if scanning.content(literal) == part.name:
                return start
    elif text[at] == "[" and part.name.isascii() and part.name.isdigit():
        for number, start in enumerate(scanning.elements(text, at)):
            if number == int(part.name):
                return start
    return None


def _set(text: str, parts: tuple[_Part, ...], raw: str) -> str:
    at = len(text) - len(text.lstrip(_BLANK))
    for number, part in enumerate(parts):
        start = _child(text, at, part) if at < len(text) else None
        if start is None:
            if number == 0:  # upstream keeps nothing that stands around the root
                return _extended(text.strip(_BLANK), parts, raw)
            end = scanning.end_of(text, at)
            return text[:at] + _extended(text[at:end], parts[number:], raw) + text[end:]
        at = start
    return text[:at] + raw + text[scanning.end_of(text, at) :]


def _extended(text: str, parts: tuple[_Part, ...], raw: str) -> str:
    """Return a value with a new member or element; what cannot hold one is replaced."""
    part = parts[0]
    if text[:1] not in ("{", "["):
        text = "[]" if part.index >= 0 else "{}"
    made = _made(parts[1:], raw)
    if text[0] == "{":
        comma = "," if text[1:-1].strip(_BLANK) else ""
        return f"{text[:-1]}{comma}{_written(part.name)}:{made}}}"
    if part.appends:
        comma = "," if text[1:-1].strip(_BLANK) else ""
        return f"{text[:-1]}{comma}{made}]"
    if part.index < 0:
        raise ExpressionError(
            f"{part.name!r} is no index of an array",
            text=".".join(one.name for one in parts),
            hint="write a number, or -1 to append",
        )
    items = [text[at : scanning.end_of(text, at)] for at in scanning.elements(text)]
    items += ["null"] * _padding(part.index - len(items))
    return f"[{','.join([*items, made])}]"


def _made(parts: tuple[_Part, ...], raw: str) -> str:
    """Return the objects and arrays that the rest of a path asks for, around a value."""
    for part in reversed(parts):
        if part.in_array:
            raw = f"[{'null,' * _padding(max(part.index, 0))}{raw}]"
        else:
            raw = f"{{{_written(part.name)}:{raw}}}"
    return raw


def _padding(count: int) -> int:
    if count > _MOST_PADDING:
        raise ExpressionError(f"an array would be padded with more than {_MOST_PADDING} elements")
    return count


def _deleted(text: str, parts: tuple[_Part, ...]) -> str:
    at = len(text) - len(text.lstrip(_BLANK))
    container = at
    for part in parts:
        if part.appends and text[at] == "[":  # here it means the last
            start = max(scanning.elements(text, at), default=None)
        else:
            start = _child(text, at, part)
        if start is None:
            return text
        container, at = at, start
    return _without(text, container, at)


def _without(text: str, container: int, start: int) -> str:
    """Cut a member or element out, with the comma before it, or the one after the first."""
    end = scanning.end_of(text, start)
    if text[container] == "{":
        begin = container + 1
        places = [place for _, place in scanning.members(text, container) if place < start]
    else:
        begin = start
        places = [place for place in scanning.elements(text, container) if place < start]
    if places:
        return text[: text.index(",", scanning.end_of(text, places[-1]))] + text[end:]
    rest = text[end:].lstrip(_BLANK)
    return text[:begin] + (rest[1:] if rest.startswith(",") else text[end:])
