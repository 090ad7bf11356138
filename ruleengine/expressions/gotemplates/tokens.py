"""Cuts a template into texts and the words of its actions.

Spaces inside of an action are tokens, because they part a function's arguments.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ruleengine.expressions.gotemplates.problems import problem
from ruleengine.formats.go_text import unquote, unquote_rune

TEXT: Final = "text"
LEFT: Final = "left"
RIGHT: Final = "right"
SPACE: Final = "space"
STRING: Final = "string"
NUMBER: Final = "number"
CHARACTER: Final = "character"
VARIABLE: Final = "variable"
FIELD: Final = "field"
WORD: Final = "word"
KEYWORD: Final = "keyword"
SIGN: Final = "sign"
END: Final = "end"

KEYWORDS: Final = frozenset(
    (
        "block",
        "break",
        "continue",
        "define",
        "else",
        "end",
        "if",
        "nil",
        "range",
        "template",
        "with",
    )
)

_SPACES: Final = " \t\r\n"
_TOKEN: Final = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<sign>:=|=|\||\(|\)|,)"
    r'|(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)'
    r"|(?P<character>'(?:[^'\\\n]|\\.)*')"
    r"|(?P<variable>\$\w*)|(?P<field>\.[^\W\d]\w*)"
    r"|(?P<number>[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[bBoO][0-9_]*|\.?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?)"
    r"|(?P<dot>\.)|(?P<word>[^\W\d]\w*)"
)
_WORDS: Final = frozenset((VARIABLE, FIELD, WORD))
_AFTER_WORD: Final = re.compile(r"[ \t\r\n.,|:()]|\Z")
_AFTER_NUMBER: Final = re.compile(r"(?!\w)")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a template. ``value`` is what a literal means, otherwise its text."""

    kind: str
    value: str
    offset: int
    end: int

    def is_sign(self, sign: str) -> bool:
        """Tell whether this is a certain sign, and no text that looks like it."""
        return self.kind == SIGN and self.value == sign


class Lexer:
    """Yields the tokens of one template."""

    def __init__(self, text: str, left: str, right: str) -> None:
        self._text = text
        self._left = left
        self._right = right

    def tokens(self) -> Iterator[Token]:
        """Yield the tokens, the last of kind ``END``. Raises ``ExpressionError``."""
        text, at, trims = self._text, 0, False
        while True:
            start = text.find(self._left, at)
            end = len(text) if start < 0 else start
            inside = start + len(self._left)
            trims_before = start >= 0 and self._trims_left(inside)
            piece = text[at:end]
            if trims:
                piece = piece.lstrip(_SPACES)
            if trims_before:
                piece, inside = piece.rstrip(_SPACES), inside + 1
            if piece:
                yield Token(TEXT, piece, at, end)
            if start < 0:
                yield Token(END, "", len(text), len(text))
                return
            comment = inside + 1 if trims_before else inside
            if text.startswith("/*", comment):
                at, trims = self._after_comment(comment)
                continue
            yield Token(LEFT, self._left, start, inside)
            at = inside
            for token in self._action(start, inside):
                at = token.end
                yield token
            trims = token.end - token.offset > len(self._right)

    def _trims_left(self, at: int) -> bool:
        return self._text[at : at + 1] == "-" and self._text[at + 1 : at + 2] in tuple(_SPACES)

    def _right_at(self, at: int) -> int:
        """Return where the closing delimiter ends that begins here, with its trim marker."""
        if self._text.startswith(self._right, at):
            return at + len(self._right)
        if self._text[at : at + 1] in tuple(_SPACES) and self._text.startswith(
            "-" + self._right, at + 1
        ):
            return at + 2 + len(self._right)
        return -1

    def _after_comment(self, start: int) -> tuple[int, bool]:
        close = self._text.find("*/", start)
        if close < 0:
            raise problem(self._text, start, "unclosed comment", "close it with */")
        end = self._right_at(close + 2)
        if end < 0:
            raise problem(
                self._text,
                close,
                "comment ends before closing delimiter",
                f"write {self._right} right after */",
            )
        return end, end > close + 2 + len(self._right)

    def _action(self, start: int, inside: int) -> Iterator[Token]:
        at, depth = inside, 0
        while True:
            end = self._right_at(at)
            if end >= 0 and not depth:
                yield Token(RIGHT, self._right, at, end)
                return
            if end >= 0:
                raise problem(self._text, at, "unclosed left paren", "write the missing )")
            if at >= len(self._text):
                raise problem(self._text, start, "unclosed action", f"close it with {self._right}")
            token = self._word(at)
            if token.is_sign("(") or token.is_sign(")"):
                depth += 1 if token.value == "(" else -1
                if depth < 0:
                    raise problem(self._text, at, "unexpected right paren", "open it first")
            yield token
            at = token.end

    def _word(self, at: int) -> Token:
        match = _TOKEN.match(self._text, at)
        if match is None or match.lastgroup is None:
            raise self._bad_character(at)
        kind, value, end = match.lastgroup, match[0], match.end()
        if kind == SPACE:
            return self._space(value, at, end)
        if kind == "dot":
            return Token(SIGN, value, at, end)
        if kind in _WORDS and not self._terminated(end):
            raise problem(
                self._text, end, f"bad character {self._text[end]!r}", _remedy(self._text, end)
            )
        if kind == NUMBER and not _AFTER_NUMBER.match(self._text, end):
            raise problem(self._text, at, "bad number syntax", "write a space after a number")
        if kind == WORD and value in KEYWORDS:
            kind = KEYWORD
        return Token(kind, self._meaning(kind, value, at), at, end)

    def _space(self, spaces: str, at: int, end: int) -> Token:
        if self._text.startswith("-" + self._right, end):
            return Token(SPACE, spaces[:-1], at, end - 1)
        return Token(SPACE, spaces, at, end)

    def _terminated(self, at: int) -> bool:
        return bool(_AFTER_WORD.match(self._text, at)) or self._text.startswith(self._right, at)

    def _meaning(self, kind: str, value: str, at: int) -> str:
        try:
            if kind == STRING:
                return unquote(value)
            if kind == CHARACTER:
                return str(unquote_rune(value))
        except ValueError as error:
            raise problem(self._text, at, f"a literal that means nothing: {error}") from None
        return value

    def _bad_character(self, at: int) -> Exception:
        one = self._text[at]
        message, hint = f"unexpected character {one!r} in an action", ""
        if one in "\"'`":
            message, hint = "unterminated quoted string", f"close it with {one} on the same line"
        elif one in "+-":
            message, hint = "bad number syntax", "use add and sub to calculate"
        elif one == ":":
            message, hint = "expected :=", "write := to declare a variable"
        return problem(self._text, at, message, hint)


def _remedy(text: str, at: int) -> str:
    if text[at] == "-":
        return 'a key with a dash is read by index . "a-b"'
    return "write a space before it"
