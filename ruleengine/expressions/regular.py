r"""Regular expressions as Go's ``regexp`` package reads them: RE2's syntax, linear time.

Patterns come from users and run over texts that come from strangers, so an engine that
backtracks is out of the question. The engine is RE2 itself; this module gives it Go's errors,
Go's rule for empty matches beside a match (``find_all``, ``split``, ``replace``) and Go's
replacement templates (``$1``, ``${name}``, ``$$``). As in Go, ``^`` and ``$`` mean the ends of
the text unless ``(?m)`` says lines, and there are no back-references and no look-around.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    ExpressionError,
    Limits,
    Meter,
    text_input,
)

LONGEST_PATTERN = 32 * 1024
"""How many characters a pattern may have: compiling takes time quadratic in some of them."""

MOST_WORK = 100_000_000
"""Bytes of a text times instructions of a pattern: more than a second's work at worst."""

_TOKEN = re.compile(r"\\Q.*?(?:\\E|\Z)|\\(?P<escaped>.)", re.DOTALL)
"""An escape or a quoted stretch: what follows a backslash is never looked at twice."""

_GROUPING = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]", re.DOTALL)
"""What may hold a parenthesis: quoted, escaped, in a class of characters, or as itself."""

_META = re.compile(r"[\\.+*?()|\[\]{}^$]")

_MESSAGES = {
    "missing )": "a parenthesis is never closed",
    "missing ]": "a character class is never closed",
    "unexpected )": "a closing parenthesis without an opening one",
    "trailing \\": "a backslash with nothing to escape",
    "no argument for repetition operator": "nothing to repeat",
    "bad repetition operator": "a repetition is repeated",
    "invalid repetition size": "this repetition is no range of at most 1000",
    "invalid escape sequence": "this escape does not exist",
    "invalid character class range": "this range or class of characters does not exist",
    "invalid character class": "this class of characters does not exist",
    "invalid named capture group": "the name of a group is broken",
    "invalid perl operator": "this syntax does not exist in RE2",
}

_HINTS = {
    "missing )": "close it, or write \\( for the character",
    "missing ]": "close it, or write \\[ for the character",
    "unexpected )": "open it, or write \\) for the character",
    "trailing \\": "write \\\\ for a backslash",
    "no argument for repetition operator": "put a pattern before it, or a backslash",
    "bad repetition operator": "write (?:...) around what is repeated twice",
    "invalid repetition size": "write {least,most} with least <= most <= 1000",
    "invalid escape sequence": "RE2 has no back-references; write \\\\ for a backslash",
    "invalid character class range": "write \\pL, \\p{Greek}, [a-z] or [[:alpha:]]",
    "invalid character class": "write \\pL, \\p{Greek}, [a-z] or [[:alpha:]]",
    "invalid named capture group": "write (?P<name>...) with letters, digits and _",
    "invalid perl operator": "RE2 has no look-around; match more and use a group",
}

_AT_THE_END = frozenset(("missing )", "missing ]"))


@dataclass(frozen=True, slots=True)
class Match:
    """One match in a text: the spans of the whole (0) and of each group, in bytes of UTF-8.

    A group that took no part has the span ``(-1, -1)`` and the text ``""``, as in Go.
    """

    data: bytes
    spans: tuple[tuple[int, int], ...]

    def group(self, number: int) -> str:
        """Return the text of a group; empty where it took no part."""
        start, end = self.spans[number]
        return self.data[start:end].decode() if start >= 0 else ""

    def groups(self) -> tuple[str, ...]:
        """Return the whole match and the text of every group."""
        return tuple(self.group(number) for number in range(len(self.spans)))


class Pattern:
    """A compiled regular expression. Every search takes time linear in the text."""

    __slots__ = ("_engine", "_longest", "names", "text")

    def __init__(self, text: str, engine: Any) -> None:
        self.text = text
        self._engine = engine
        self._longest = MOST_WORK // max(engine.programsize, 1)
        self.names: Mapping[str, int] = engine.groupindex
        """Group names and their numbers."""

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> bool:
        """Return whether the text under ``input`` holds a match. Raises ``ExpressionError``."""
        return self.matches(text_input(env, limits))

    def matches(self, text: str) -> bool:
        """Return whether the text holds a match anywhere (Go's ``MatchString``).

        Raises ``ExpressionError`` where text and pattern are too large for one another.
        """
        if not text.isascii():
            return self.find(text) is not None
        data = text.encode()
        self._check_work(data)
        return self._engine.search(data) is not None

    def find(self, text: str) -> Match | None:
        """Return the leftmost match (Go's ``FindStringSubmatch``), or ``None``."""
        return next(self.find_all(text), None)

    def find_all(self, text: str, limits: Limits = DEFAULT_LIMITS) -> Iterator[Match]:
        """Yield successive matches (Go's ``FindAllStringSubmatch``).

        An empty match that touches the match before it is none. Raises ``ExpressionError``
        where the searches take more than ``limits.seconds`` together.
        """
        yield from self._find_all(_utf8(text), limits)

    def _check_work(self, data: bytes) -> None:
        if len(data) > self._longest:
            raise ExpressionError(
                "the text is too long for a pattern of this size",
                text=self.text,
                hint="repeat less in the pattern",
            )

    def _find_all(self, data: bytes, limits: Limits) -> Iterator[Match]:
        self._check_work(data)
        numbers = range(self._engine.groups + 1)
        found = self._engine.finditer(data) if data.isascii() else self._walk(data)
        previous_end, spent = -1, 0.0
        while True:
            # One search takes linear time; as many as there are matches may look to the end.
            begin = time.monotonic()
            match = next(found, None)
            spent += time.monotonic() - begin
            if match is None:
                return
            if spent > limits.seconds:
                raise ExpressionError(
                    f"the searches take more than {limits.seconds:g} seconds", text=self.text
                )
            start, end = match.span()
            if not start == end == previous_end:
                previous_end = end
                yield Match(data, tuple(match.span(number) for number in numbers))

    def _walk(self, data: bytes) -> Iterator[Any]:
        """Yield matches from character to character; the engine itself goes byte by byte."""
        at = 0
        while at <= len(data) and (match := self._engine.search(data, at)):
            start, end = match.span()
            # RE2 looks for \B between bytes, and finds it inside of a character.
            if start >= len(data) or data[start] & 0xC0 != 0x80:
                yield match
            at = end if start < end else _next_character(data, end)

    def split(self, text: str, most: int = -1, limits: Limits = DEFAULT_LIMITS) -> list[str]:
        """Cut the text at the matches into at most so many parts (Go's ``Split``).

        A negative ``most`` means all, 0 none. Raises as :meth:`find_all`.
        """
        if most == 0:
            return []
        if self.text and not text:
            return [""]
        data = _utf8(text)
        parts: list[bytes] = []
        begin = end = 0
        for found, match in enumerate(self._find_all(data, limits)):
            if found == most or 0 < most == len(parts) + 1:
                break
            end, after = match.spans[0]
            if after != 0:
                parts.append(data[begin:end])
            begin = after
        if end != len(data):
            parts.append(data[begin:])
        return [part.decode() for part in parts]

    def replace(self, text: str, template: str, limits: Limits = DEFAULT_LIMITS) -> str:
        """Replace every match by a template (Go's ``ReplaceAllString``).

        Raises ``ExpressionError`` where the result would be larger than the limits allow.
        """
        parts = _template_parts(template, self.names)
        return self.replace_with(text, lambda match: _expand(parts, match), limits)

    def replace_with(
        self, text: str, make: Callable[[Match], str], limits: Limits = DEFAULT_LIMITS
    ) -> str:
        """Replace every match by what ``make`` returns for it. Raises ``ExpressionError``."""
        meter = Meter(limits)
        data = _utf8(text)
        parts: list[str] = []
        begin = size = 0
        for match in self._find_all(data, limits):
            start, end = match.spans[0]
            parts += (data[begin:start].decode(), make(match))
            begin = end
            size += len(parts[-2]) + len(parts[-1])
            meter.size(size)
        parts.append(data[begin:].decode())
        return "".join(parts)


@lru_cache(maxsize=1024)
def compile(text: str) -> Pattern:  # noqa: A001 - every language names it so
    """Return the pattern of a text in RE2's syntax. Raises ``ExpressionError``."""
    if len(text) > LONGEST_PATTERN:
        raise ExpressionError("the regular expression is too long", text=text)
    for token in _TOKEN.finditer(text):
        if token["escaped"] == "C":  # RE2 matches one byte with it; Go, and we, have characters
            raise _error("invalid escape sequence", "\\C", text)
    options = re2.Options()
    options.log_errors = False
    try:
        engine = re2.compile(_utf8(text).decode(), options)
    except re2.error as error:
        (told,) = error.args
        problem, _, culprit = told.decode(errors="replace").partition(": ")
        raise _error(problem, culprit, text) from None
    for name in engine.groupindex:
        if not name.isascii():  # RE2 takes the letters of any language, Go those of ASCII
            raise _error("invalid named capture group", name, text)
    return Pattern(text, engine)


def quote(text: str) -> str:
    """Return a pattern that matches exactly this text (Go's ``QuoteMeta``)."""
    return _META.sub(r"\\\g<0>", text)


def _error(problem: str, culprit: str, text: str) -> ExpressionError:
    if problem in _AT_THE_END:
        offset: int | None = len(text)
    elif problem == "trailing \\":
        offset = len(text) - 1
    elif problem == "unexpected )":
        offset = _unopened(text)
    else:
        offset = text.find(culprit) if culprit and text.count(culprit) == 1 else None
    message = _MESSAGES.get(problem, f"{problem}")
    quoted = f" ({culprit[:40]})" if culprit and offset != len(text) else ""
    return ExpressionError(
        f"{message}{quoted}", offset=offset, text=text, hint=_HINTS.get(problem, "")
    )


def _unopened(text: str) -> int | None:
    """Return where the first closing parenthesis stands that nothing opened."""
    depth = 0
    for token in _GROUPING.finditer(text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth < 0:
            return token.start()
    return None


def _utf8(text: str) -> bytes:
    """Put the replacement character for halves of characters, as Go does for broken UTF-8."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.encode()


def _next_character(data: bytes, at: int) -> int:
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


_Part = str | int
"""A literal stretch of a template, or the number of a group; -1 for one that is not there."""


def _template_parts(template: str, names: Mapping[str, int]) -> list[_Part]:
    """Cut a replacement template at its ``$``: the longest name, or what braces hold."""
    parts: list[_Part] = []
    literal = 0
    at = template.find("$")
    while at >= 0:
        parts.append(template[literal:at])
        reference, end = _reference(template, at + 1, names)
        parts.append(reference)
        literal = end
        at = template.find("$", end)
    parts.append(template[literal:])
    return parts


def _reference(template: str, at: int, names: Mapping[str, int]) -> tuple[_Part, int]:
    """Return what the ``$`` before ``at`` stands for, and where the template goes on."""
    if template[at : at + 1] == "$":
        return "$", at + 1
    brace = template[at : at + 1] == "{"
    start = end = at + brace
    while end < len(template) and _in_name(template[end]):
        end += 1
    name = template[start:end]
    if not name or (brace and template[end : end + 1] != "}"):
        return "$", at  # no reference: the dollar stands for itself
    if name.isascii() and name.isdigit() and (name == "0" or name[0] != "0"):
        return int(name[:9]), end + brace
    return names.get(name, -1), end + brace


def _in_name(character: str) -> bool:
    return character == "_" or character.isalpha() or character.isdecimal()


def _expand(parts: list[_Part], match: Match) -> str:
    return "".join(
        part if isinstance(part, str) else match.group(part) if 0 <= part < len(match.spans) else ""
        for part in parts
    )
