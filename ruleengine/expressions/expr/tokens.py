"""The words of expr-lang: one pass of one regular expression, and what a literal means."""

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_text import character, from_bytes, to_bytes


class Kind(IntEnum):
    """What a token is."""

    NUMBER = 0
    TEXT = 1
    BYTES = 2
    NAME = 3
    OPERATOR = 4
    BRACKET = 5
    END = 6


@dataclass(slots=True)
class Token:
    """One token: its value (of a literal what it means) and where it begins."""

    kind: Kind
    value: Any
    offset: int

    def __str__(self) -> str:
        """Return how messages call it."""
        return "the end" if self.kind is Kind.END else f"'{self.value}'"


WORDS: Final = frozenset(
    {"in", "or", "and", "not", "let", "if", "else", "matches", "contains", "startsWith", "endsWith"}
)
"""Names that are operators; behind a dot they are names all the same."""

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<number>0[xX][0-9a-fA-F_]+ | 0[bB][01_]+ | 0[oO][0-7_]+
        | (?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]*)?)
    | (?P<bytes>b(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    | (?P<name>(?:[^\W\d]|\$)[\w$]*)
    | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<raw>`(?:[^`]|``)*`)
    | (?P<operator>\?\.|\?\?|\|\||&&|==|!=|<=|>=|\*\*|\.\.|::|/(?!\*)|[-+*%^<>!?:;.,|\#=])
    | (?P<bracket>[][(){}])
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPE: Final = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\'\"])|x(?P<byte>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})"
    r"|u\{(?P<braced>[0-9a-fA-F]{1,6})\}|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8}))"
)
_SIMPLE: Final = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}

_KINDS: Final = {
    "name": Kind.NAME,
    "operator": Kind.OPERATOR,
    "bracket": Kind.BRACKET,
}
_LARGEST: Final = 2**63 - 1


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a program and an end. Raises ``ExpressionError``."""
    found: list[Token] = []
    at, size = 0, len(text)
    match_at = _TOKEN.match
    while at < size:
        match = match_at(text, at)
        if match is None:
            raise _unreadable(text, at)
        group = match.lastgroup
        if group != "space":
            found.append(_token(text, at, group or "", match[0]))
        at = match.end()
    found.append(Token(Kind.END, "", size))
    return found


def _token(text: str, at: int, group: str, written: str) -> Token:
    if group in _KINDS:
        kind = Kind.OPERATOR if written in WORDS else _KINDS[group]
        return Token(kind, written, at)
    if group == "number":
        following = text[at + len(written) : at + len(written) + 1]
        if following.isalnum() or following == "_":
            raise _error(f"'{written}{following}' is no number", text, at)
        return Token(Kind.NUMBER, _number(text, at, written), at)
    if group == "raw":
        return Token(Kind.TEXT, written[1:-1].replace("``", "`").replace("\r", ""), at)
    if group == "bytes":
        return Token(Kind.BYTES, _unescaped(text, at + 1, written[2:-1], written[1]), at)
    return Token(Kind.TEXT, from_bytes(_unescaped(text, at, written[1:-1], written[0])), at)


def _number(text: str, at: int, written: str) -> int | float:
    plain = written.replace("_", "").lower()
    prefix = plain[:2]
    try:
        if prefix in {"0x", "0b", "0o"}:
            number: int | float = int(plain, 0)
        elif "." in plain or "e" in plain:
            return float(plain)
        else:
            number = int(plain)
    except ValueError:
        raise _error(f"'{written}' is no number", text, at) from None
    if number > _LARGEST:
        raise _error("this integer does not fit 64 bits", text, at, "write it as a float")
    return number


def _unescaped(text: str, at: int, inside: str, quote: str) -> bytes:
    """Return the bytes that a quoted text means. Raises ``ExpressionError``."""
    if "\\" not in inside:
        return to_bytes(inside)
    parts: list[bytes] = []
    begin = 0
    while (end := inside.find("\\", begin)) >= 0:
        parts.append(to_bytes(inside[begin:end]))
        match = _ESCAPE.match(inside, end)
        if match is None or match["simple"] in set("'\"") - {quote}:
            raise _error(
                f"the escape '{inside[end : end + 2]}' does not exist",
                text,
                at + 1 + end,
                "write \\\\ for a backslash, or the text in `back quotes`",
            )
        parts.append(_meant(match))
        begin = match.end()
    parts.append(to_bytes(inside[begin:]))
    return b"".join(parts)


def _meant(match: re.Match[str]) -> bytes:
    if match["simple"]:
        one = match["simple"]
        return bytes([_SIMPLE[one]]) if one in _SIMPLE else one.encode()
    if match["byte"] or match["octal"]:
        code = int(match["byte"], 16) if match["byte"] else int(match["octal"], 8)
    else:
        code = int(match["braced"] or match["short"] or match["long"], 16)
    return character(code).encode()


def _unreadable(text: str, at: int) -> ExpressionError:
    one = text[at]
    if one in "'\"`":
        return _error("a quote is never closed", text, at, "add the closing one")
    if text.startswith("/*", at):
        return _error("a comment is never closed", text, at, "add */")
    hints = {"&": "write && or 'and'", "~": "write bitnot(x)", "@": "put texts in quotes"}
    return _error(f"unexpected '{one}'", text, at, hints.get(one, ""))


def _error(message: str, text: str, at: int, hint: str = "") -> ExpressionError:
    return ExpressionError(message, offset=at, text=text, hint=hint)
