"""Cuts CEL into tokens: numbers, texts, bytes, names and operators."""

import re
from dataclasses import dataclass
from typing import Any, Final

from ruleengine.expressions.cel.values import Uint
from ruleengine.expressions.language import ExpressionError

_SPACE: Final = re.compile(r"(?:[ \t\r\n\f]+|//[^\n]*)*")
_NUMBER: Final = re.compile(
    r"(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<int>0x[0-9a-fA-F]+|[0-9]+)(?P<unsigned>[uU])?"
)
_PREFIX: Final = re.compile(r"(?P<kind>[rR]?[bB]?|[bB][rR])(?P<quote>\"\"\"|'''|\"|')")
_NAME: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_OPERATOR: Final = re.compile(r"==|!=|<=|>=|&&|\|\||[-+*/%!<>?:.,()\[\]{}]")
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\'\"`?])|[xX](?P<byte>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})"
    r"|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})|(?P<unknown>.?))",
    re.DOTALL,
)
_SIMPLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LARGEST: Final = 2**63
_UNSIGNED: Final = 2**64


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: ``number``, ``text``, ``name``, ``operator`` or ``end``."""

    kind: str
    text: str
    value: Any
    at: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of an expression and one for its end. Raises ``ExpressionError``."""
    return list(_Scanner(text).scan())


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text

    def scan(self) -> list[Token]:
        found: list[Token] = []
        at = 0
        while True:
            space = _SPACE.match(self._text, at)
            at = space.end() if space else at
            if at >= len(self._text):
                return [*found, Token("end", "", None, at)]
            token, at = self._token(at)
            found.append(token)

    def _fail(self, message: str, at: int, hint: str = "") -> ExpressionError:
        return ExpressionError(message, offset=at, text=self._text, hint=hint)

    def _token(self, at: int) -> tuple[Token, int]:
        text = self._text
        if found := _PREFIX.match(text, at):
            return self._quoted(found)
        if found := _NUMBER.match(text, at):
            return Token("number", found[0], self._number(found), at), found.end()
        if found := _NAME.match(text, at):
            return Token("name", found[0], None, at), found.end()
        if found := _OPERATOR.match(text, at):
            return Token("operator", found[0], None, at), found.end()
        raise self._fail(f"{text[at]!r} has no meaning here", at)

    def _number(self, found: re.Match[str]) -> int | float:
        if found["float"]:
            return float(found["float"])
        if len(found["int"]) > 70:
            raise self._fail("the number is too large", found.start())
        number = int(found["int"], 16 if found["int"].startswith("0x") else 10)
        if found["unsigned"]:
            if number >= _UNSIGNED:
                raise self._fail("the number is too large", found.start())
            return Uint(number)
        if number > _LARGEST:  # whether it has a sign, the parser knows
            raise self._fail("the number is too large", found.start())
        return number

    def _quoted(self, found: re.Match[str]) -> tuple[Token, int]:
        quote, start = found["quote"], found.end()
        raw, binary = "r" in found["kind"].lower(), "b" in found["kind"].lower()
        end = start
        while not self._text.startswith(quote, end):
            if end >= len(self._text) or (len(quote) == 1 and self._text[end] in "\r\n"):
                raise self._fail("a quote is never closed", found.start(), "close it the same way")
            end += 1 if raw or self._text[end] != "\\" else 2
        inside = self._text[start:end]
        value: str | bytes
        if binary:
            value = inside.encode() if raw else self._bytes(inside, start)
        else:
            value = inside if raw else self._characters(inside, start)
        at = found.start()
        return Token("text", self._text[at : end + len(quote)], value, at), end + len(quote)

    def _characters(self, inside: str, start: int) -> str:
        return _ESCAPE.sub(lambda found: self._character(found, start), inside)

    def _character(self, found: re.Match[str], start: int) -> str:
        if found["unknown"] is not None:
            raise self._fail(f"the escape {found[0]} is unknown", start + found.start())
        if found["simple"]:
            return _SIMPLE.get(found["simple"], found["simple"])
        digits = found["byte"] or found["short"] or found["long"]
        code = int(digits, 16) if digits else int(found["octal"], 8)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise self._fail(f"{found[0]} is no character", start + found.start())
        return chr(code)

    def _bytes(self, inside: str, start: int) -> bytes:
        parts: list[bytes] = []
        at = 0
        for found in _ESCAPE.finditer(inside):
            parts.append(inside[at : found.start()].encode())
            if found["short"] or found["long"]:
                raise self._fail("bytes have no such escapes", start + found.start())
            character = self._character(found, start)
            parts.append(character.encode("latin-1"))
            at = found.end()
        parts.append(inside[at:].encode())
        return b"".join(parts)
