r"""Reads JSONPath templates of Kubernetes.

Text stands outside of braces, paths inside; ``{range ...}`` and ``{end}`` pair like brackets. A
key with dots is written ``.a\.b`` or ``['a\.b']``: the quotes alone do not protect its dots.
"""

import re
from collections.abc import Callable
from typing import Final, NoReturn

from ruleengine.expressions.jsonpath.nodes import (
    Action,
    Field,
    Filter,
    Literal,
    Node,
    Part,
    Range,
    Recursive,
    Slice,
    Text,
    Union,
    Wildcard,
    Word,
)
from ruleengine.expressions.language import DEEPEST_NESTING, ExpressionError
from ruleengine.formats.go_numbers import parse_float
from ruleengine.formats.go_text import unquote

_NAME: Final = re.compile(r"(?:\\.|[^\\\s.,\[\]$@{}])*\\?", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?[0-9.]*")
_KEY: Final = re.compile(r"'([^']*)'")
_SLICE: Final = re.compile(r"(-?[0-9]*)(?::(-?[0-9]*))?(?::(-?[0-9]*))?")
_COMPARISON: Final = re.compile(r"([^!<>=]+)([!<>=]+)(.+)")
_OPERATORS: Final = frozenset(("==", "!=", "<", "<=", ">", ">="))
_LONGEST_INDEX: Final = 18


def parse(text: str) -> tuple[Part, ...]:
    """Return the parts of a template. Raises ``ExpressionError``."""
    parts: list[Part] = []
    open_ranges: list[tuple[Action, list[Part], int]] = []
    at = 0
    while at < len(text):
        brace = text.find("{", at)
        if brace != at:
            end = brace if brace >= 0 else len(text)
            parts.append(Text(text[at:end]))
            at = end
            continue
        action, at = _Reader(text, brace + 1, 0).braces()
        words = [node for node in action if isinstance(node, Word)]
        if not words:
            parts.append(action)
        elif words[-1].name == "range":
            over = tuple(node for node in action if not isinstance(node, Word))
            open_ranges.append((over, parts, brace))
            parts = []
        else:
            parts = _closed(open_ranges, parts, text, brace)
    while open_ranges:  # a range without an end goes to the end of the template
        parts = _closed(open_ranges, parts, text, len(text))
    return tuple(parts)


def _closed(
    open_ranges: list[tuple[Action, list[Part], int]], body: list[Part], text: str, at: int
) -> list[Part]:
    if not open_ranges:
        raise ExpressionError(
            "nothing is open that could end here", offset=at, text=text, hint="write {range ...}"
        )
    over, parts, _ = open_ranges.pop()
    return [*parts, Range(over, tuple(body))]


class _Reader:
    """Reads what stands inside of braces, up to where it ends."""

    def __init__(self, text: str, at: int, depth: int, end: int | None = None) -> None:
        if depth > DEEPEST_NESTING:
            raise ExpressionError("the paths nest too deeply", offset=at, text=text)
        self._text = text
        self._at = at
        self._end = len(text) if end is None else end
        self._depth = depth
        self._nodes: list[Node] = []

    def braces(self) -> tuple[Action, int]:
        """Read up to the closing brace. Return the steps and the place behind it."""
        opened = self._at - 1
        while self._peek() != "}":
            if self._at >= self._end:
                self._fail("a brace is never closed", opened, "close it with }")
            self._step()
        return tuple(self._nodes), self._at + 1

    def whole(self) -> Action:
        """Read everything."""
        while self._at < self._end:
            self._step()
        return tuple(self._nodes)

    def _peek(self) -> str:
        return self._text[self._at] if self._at < self._end else ""

    def _fail(self, message: str, at: int, hint: str = "") -> NoReturn:
        raise ExpressionError(message, offset=at, text=self._text, hint=hint)

    def _step(self) -> None:
        if self._text.startswith("[?(", self._at, self._end):
            self._filter()
        elif self._text.startswith("..", self._at, self._end):
            self._recursive()
        elif (character := self._peek()) in " @$":
            self._at += 1
        elif read := self._readers().get(character):
            read()
        elif character in "+-" or character.isdecimal():
            self._number()
        elif character == "_" or character.isalnum():
            self._word()
        else:
            self._fail(
                f"{character!r} has no meaning here", self._at, "write .name, [0] or ['key']"
            )

    def _readers(self) -> dict[str, Callable[[], None]]:
        return {"[": self._brackets, ".": self._dot, '"': self._quoted, "'": self._quoted}

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at, self._end)
        value = found[0] if found else ""
        self._at += len(value)
        return value

    def _dot(self) -> None:
        self._at += 1
        self._field()

    def _field(self) -> None:
        at = self._at
        name = self._match(_NAME)
        self._nodes.append(Wildcard() if name == "*" else Field(name.replace("\\", ""), at))

    def _recursive(self) -> None:
        if self._nodes and isinstance(self._nodes[-1], Recursive):
            self._fail("two recursive descents stand beside each other", self._at, "write ..name")
        self._at += 2
        self._nodes.append(Recursive())
        if self._peek() == "_" or self._peek().isalnum():
            self._field()

    def _word(self) -> None:
        at = self._at
        name = self._match(_NAME)
        if name in ("true", "false"):
            self._nodes.append(Literal(name == "true"))
        elif name in ("range", "end"):
            self._nodes.append(Word(name, at))
        else:
            self._fail(f"there is no word {name}", at, f"write .{name} for a field")

    def _number(self) -> None:
        at = self._at
        value = self._match(_NUMBER)
        try:
            number = int(value) if "." not in value else parse_float(value)
        except ValueError:
            self._fail(f"{value} is no number", at, "write texts in quotes")
        self._nodes.append(Literal(number))

    def _quoted(self) -> None:
        at = self._at
        end = self._closing_quote(at)
        if end < 0:
            self._fail("a quote is never closed", at, "close it with the same one")
        self._at = end + 1
        try:
            self._nodes.append(Text(_unquoted(self._text[at : end + 1])))
        except ValueError as error:
            self._fail(str(error), at)

    def _closing_quote(self, at: int) -> int:
        quote = self._text[at]
        end = self._text.find(quote, at + 1, self._end)
        while end >= 0 and self._text[end - 1] == "\\":
            end = self._text.find(quote, end + 1, self._end)
        line = self._text.find("\n", at, self._end)
        return -1 if 0 <= line < end else end

    def _brackets(self) -> None:
        at = self._at
        end = self._text.find("]", at, self._end)
        if end < 0 or "\n" in self._text[at:end]:
            self._fail("a bracket is never closed", at, "close it with ]")
        inside = self._text[at + 1 : end]
        self._at = end + 1
        if "," in inside:
            self._union(inside, at + 1)
        elif found := _KEY.fullmatch(inside):
            start = at + 2
            self._nodes += _Reader(
                f"{self._text[: start - 1]}.{self._text[start:]}",
                start - 1,
                self._depth + 1,
                start + len(found[1]),
            ).whole()
        else:
            self._nodes.append(self._slice(":" if inside == "*" else inside, at))

    def _union(self, inside: str, at: int) -> None:
        parts: list[Action] = []
        for part in inside.split(","):
            stripped = part.strip(" ")
            start = at + part.index(stripped)
            text = f"{self._text[: start - 1]}[{stripped}]"
            parts.append(_Reader(text, start - 1, self._depth + 1).whole())
            at += len(part) + 1
        self._nodes.append(Union(tuple(parts)))

    def _slice(self, inside: str, at: int) -> Slice:
        found = _SLICE.fullmatch(inside)
        if found is None or any(len(one or "") > _LONGEST_INDEX for one in found.groups()):
            self._fail(
                f"{inside!r} is no index", at + 1, "write a number, start:stop, *, or a key in ''"
            )
        if "-" in found.groups():
            self._fail(f"{inside!r} is no index", at + 1)
        start, stop, step = (int(one) if one else None for one in found.groups())
        return Slice(start, stop, step, found[2] is None, at)

    def _filter(self) -> None:
        at = self._at
        start = at + 3
        end = self._end_of_filter(start)
        if end < 0:
            self._fail("a filter is never closed", at, "close it with )]")
        self._at = end + 2
        found = _COMPARISON.fullmatch(self._text, start, end)
        if found is None:
            left = self._side(start, end)
            self._nodes.append(Filter(left, "", (), at))
            return
        if found[2] not in _OPERATORS:
            self._fail(f"there is no operator {found[2]}", found.start(2), "one of == != < <= > >=")
        left, right = self._side(*found.span(1)), self._side(*found.span(3))
        self._nodes.append(Filter(left, found[2], right, at))

    def _end_of_filter(self, at: int) -> int:
        """Return where the parenthesis of a filter closes that is not inside of quotes."""
        while at < self._end and self._text[at] != "\n":
            character = self._text[at]
            if character in "\"'":
                at = self._closing_quote(at)
                if at < 0:
                    return -1
            elif character == ")":
                return at if self._text.startswith("]", at + 1, self._end) else -1
            at += 1
        return -1

    def _side(self, start: int, end: int) -> Action:
        action = _Reader(self._text, start, self._depth + 1, end).whole()
        for node in action:
            if isinstance(node, Word):
                self._fail(f"{node.name} has no meaning in a filter", node.at)
        return action


def _unquoted(literal: str) -> str:
    if "\\" not in literal:
        return literal[1:-1]
    if literal[0] == '"':
        return unquote(literal)
    inside = re.sub(r"\\'|\\?\"", lambda found: "'" if found[0] == "\\'" else '\\"', literal[1:-1])
    return unquote(f'"{inside}"')
