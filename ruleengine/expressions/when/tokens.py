"""The words of a condition, as govaluate reads them: greedy runs, quotes of either kind, brackets.

A run of symbols is one token however it looks (``||!`` is none that exists), a backslash
takes the next character as it is, and whether ``-`` is a sign or a minus depends on what
stands before it (reference, workflows section 6).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.when.dates import seconds_of
from ruleengine.expressions.when.operators import LEVELS, PREFIXES
from ruleengine.formats.go_text import SPACES


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "a number"
    BOOLEAN = "a boolean"
    TEXT = "a text"
    WORD = "a word"
    PREFIX = "a prefix"
    OPERATOR = "an operator"
    OPEN = "'('"
    CLOSE = "')'"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its value and where it begins."""

    kind: Kind
    value: Any
    offset: int

    def __str__(self) -> str:
        """Return how messages call it."""
        return str(self.kind) + (f" '{self.value}'" if isinstance(self.value, str) else "")


QUOTE_HINT: Final = "try wrapping the affected part in quotes"

_MEANT: Final = {
    "=": "==",
    "===": "==",
    "!==": "!=",
    "<>": "!=",
    "=<": "<=",
    "=>": ">=",
    "and": "&&",
    "AND": "&&",
    "or": "||",
    "OR": "||",
}
"""Operators of other languages to those that are meant."""

_OPERATORS: Final = frozenset(symbol for row in LEVELS for symbol in row)
_CLOSED: Final = frozenset({Kind.NUMBER, Kind.BOOLEAN, Kind.TEXT, Kind.WORD, Kind.CLOSE})
"""After these an operator follows; elsewhere a sign is a prefix."""

_SINGLE: Final = {"(": (Kind.OPEN, None), ")": (Kind.CLOSE, None), ",": (Kind.OPERATOR, ",")}

_NUMBER: Final = re.compile(r"[0-9.]+")
_HEXADECIMAL: Final = re.compile(r"0x([0-9a-fA-F]*)")


def hint_about(word: object) -> str:
    """Return what to do about a word or a sign that cannot stand where it does."""
    meant = _MEANT.get(str(word))
    return f"write '{meant}'" if meant else QUOTE_HINT


class Lexer:
    """Cuts one text into tokens."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def tokens(self) -> list[Token]:
        """Return all tokens and an end. Raises ``ExpressionError``."""
        text = self._text
        found: list[Token] = []
        while self._at < len(text):
            if text[self._at] in SPACES:
                self._at += 1
                continue
            operand = not found or found[-1].kind not in _CLOSED
            found.append(self._token(operand and (not found or found[-1].kind is not Kind.PREFIX)))
        found.append(Token(Kind.END, None, len(text)))
        return found

    def _token(self, prefix: bool) -> Token:
        """Return the token that begins here; ``prefix`` tells whether a sign may."""
        begin = self._at
        character = self._text[begin]
        if character == "." or character.isdecimal():
            return Token(Kind.NUMBER, self._number(), begin)
        if character in "'\"":
            return self._quoted(begin)
        if character == "[":
            return Token(Kind.WORD, self._until("]", "a bracket is never closed"), begin)
        if character in _SINGLE:
            self._at += 1
            return Token(*_SINGLE[character], begin)
        return self._word(begin) if character.isalpha() else self._symbol(begin, prefix)

    def _number(self) -> float:
        begin = self._at
        hexadecimal = _HEXADECIMAL.match(self._text, begin)
        if hexadecimal and len(self._text) > begin + 2:
            self._at = hexadecimal.end()
            return float(self._converted(begin, lambda: int(hexadecimal[1], 16)))
        written = _NUMBER.match(self._text, begin)
        self._at = written.end() if written else begin + 1
        return float(self._converted(begin, lambda: float(self._text[begin : self._at])))

    def _converted(self, begin: int, convert: Callable[[], float]) -> float:
        try:
            return convert()
        except ValueError:
            written = self._text[begin : self._at]
            raise self._error(f"'{written}' is no number", begin, QUOTE_HINT) from None

    def _quoted(self, begin: int) -> Token:
        value = self._until("'\"", "a quote is never closed")
        seconds = seconds_of(value)
        if seconds is None:
            return Token(Kind.TEXT, value, begin)
        return Token(Kind.NUMBER, float(seconds), begin)

    def _until(self, closing: str, problem: str) -> str:
        """Return what stands between here and one of the closing characters, unescaped."""
        begin = self._at
        parts: list[str] = []
        index = begin + 1
        while index < len(self._text) and self._text[index] not in closing:
            index += self._text[index] == "\\"
            parts.append(self._text[index : index + 1])
            index += 1
        if index >= len(self._text):
            raise self._error(problem, begin, "add the closing one")
        self._at = index + 1
        return "".join(parts)

    def _word(self, begin: int) -> Token:
        word = self._run(lambda one: one.isalpha() or one.isdecimal() or one in "_.")
        if word in {"true", "false"}:
            return Token(Kind.BOOLEAN, word == "true", begin)
        if word in {"in", "IN"}:
            return Token(Kind.OPERATOR, "in", begin)
        if "." in word:
            raise self._error(f"'{word}' would be a field of a structure", begin, QUOTE_HINT)
        return Token(Kind.WORD, word, begin)

    def _symbol(self, begin: int, prefix: bool) -> Token:
        symbol = self._run(lambda one: not (one.isdecimal() or one.isalpha() or one in "()[]'\""))
        if prefix and symbol in PREFIXES:
            return Token(Kind.PREFIX, symbol, begin)
        if symbol in _OPERATORS:
            return Token(Kind.OPERATOR, symbol, begin)
        raise self._error(f"invalid token '{symbol}'", begin, hint_about(symbol))

    def _run(self, belongs: Callable[[str], bool]) -> str:
        """Return the longest run of characters that belong; a backslash adds any other."""
        parts: list[str] = []
        text = self._text
        while self._at < len(text) and text[self._at] not in SPACES:
            if text[self._at] == "\\":
                self._at += 1
            elif not belongs(text[self._at]):
                break
            parts.append(text[self._at : self._at + 1])
            self._at += 1
        return "".join(parts)

    def _error(self, message: str, offset: int, hint: str) -> ExpressionError:
        return ExpressionError(message, offset=offset, text=self._text, hint=hint)
