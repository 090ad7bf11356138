"""Go strings as Python texts: bytes, quoting, and the types that Go would give to values.

A Go string is bytes, a Python text is characters. Bytes that are no UTF-8 travel as the low
surrogates of Python's ``surrogateescape``, so that decoding and encoding again loses nothing;
every other surrogate stands for what Go reads in its place, U+FFFD.
"""

import re
from datetime import datetime
from typing import Any, Final

SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What Go counts as white space."""

_SIMPLE_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}
_ESCAPED: Final = {escape[1]: character for character, escape in _SIMPLE_ESCAPES.items()}
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\'\"])|(?P<octal>[0-7]{3})|x(?P<byte>[0-9A-Fa-f]{2})"
    r"|u(?P<short>[0-9A-Fa-f]{4})|U(?P<long>[0-9A-Fa-f]{8}))"
)
_LOST: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WIDTHS: Final = {2: "x", 4: "u", 8: "U"}
_LAST_CHARACTER: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


class TooLargeError(ValueError):
    """A value that would become too long a text, or that nests too deeply to be written."""


def to_bytes(text: str) -> bytes:
    """Return the bytes of the Go string that a text stands for."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return _LOST.sub("\ufffd", text).encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    """Return the text that stands for a Go string."""
    return data.decode("utf-8", "surrogateescape")


def whole(text: str) -> str:
    """Return a text that has an encoding: U+FFFD stands for bytes that are no UTF-8."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def quote(text: str, *, ascii_only: bool = False) -> str:
    """Return a Go string literal in double quotes, as ``strconv.Quote`` writes it."""
    return '"' + _escaped(text, '"', ascii_only=ascii_only) + '"'


def quote_rune(code: int, *, ascii_only: bool = False) -> str:
    """Return a Go character literal, as ``strconv.QuoteRune`` writes it."""
    return "'" + _escaped(character(code), "'", ascii_only=ascii_only) + "'"


def character(code: int) -> str:
    """Return the character of a code point; U+FFFD where there is none."""
    if 0 <= code <= _LAST_CHARACTER and code not in _SURROGATES:
        return chr(code)
    return "\ufffd"


def can_backquote(text: str) -> bool:
    """Tell whether a text can stand unchanged between back quotes."""
    return not any(
        (one < " " and one != "\t") or one in "`\x7f\ufeff" or "\ud800" <= one <= "\udfff"
        for one in text
    )


def _escaped(text: str, quotes: str, *, ascii_only: bool) -> str:
    if text.isascii() and text.isprintable() and "\\" not in text and quotes not in text:
        return text
    return "".join(_escape(one, quotes, ascii_only=ascii_only) for one in text)


def _escape(one: str, quotes: str, *, ascii_only: bool) -> str:
    if one == quotes:
        return "\\" + one
    code = ord(one)
    if one in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[one]
    if one.isprintable() and (code < 0x80 or not ascii_only):
        return one
    if code in _SURROGATES:
        return _escaped_byte(code, ascii_only=ascii_only)
    width = 2 if code < 0x80 else 4 if code < 0x10000 else 8
    return f"\\{_WIDTHS[width]}{code:0{width}x}"


def _escaped_byte(surrogate: int, *, ascii_only: bool) -> str:
    if 0xDC80 <= surrogate <= 0xDCFF:
        return f"\\x{surrogate - 0xDC00:02x}"
    return "\\ufffd" if ascii_only else "\ufffd"


def unquote(literal: str) -> str:
    """Return the text of a Go literal in double quotes or back quotes.

    Raises ``ValueError`` for a text that is no such literal.
    """
    if len(literal) < 2 or literal[0] != literal[-1] or literal[0] not in '"`':
        raise ValueError("no text in quotes")
    inside = literal[1:-1]
    if literal[0] == "`":
        if "`" in inside:
            raise ValueError("a back quote inside back quotes")
        return inside.replace("\r", "")
    if "\n" in inside:
        raise ValueError("a line break inside quotes")
    return from_bytes(b"".join(_unescaped(inside, '"')))


def unquote_rune(literal: str) -> int:
    """Return the code point of a Go character literal such as ``'a'``.

    Raises ``ValueError`` for a text that is no such literal.
    """
    if len(literal) < 3 or literal[0] != "'" or literal[-1] != "'":
        raise ValueError("no character in single quotes")
    inside = literal[1:-1]
    match = _ESCAPE.fullmatch(inside)
    if match and (match["octal"] or match["byte"]):
        return _byte(match)
    parts = list(_unescaped(inside, "'"))
    if len(parts) != 1 or len(parts[0].decode("utf-8", "replace")) != 1:
        raise ValueError("more than one character in single quotes")
    return ord(parts[0].decode("utf-8", "replace"))


def _unescaped(inside: str, quotes: str) -> list[bytes]:
    parts: list[bytes] = []
    at = 0
    while at < len(inside):
        end = inside.find("\\", at)
        plain = inside[at:] if end < 0 else inside[at:end]
        if quotes in plain:
            raise ValueError("a quote inside quotes")
        if plain:
            parts.append(to_bytes(plain))
        if end < 0:
            break
        match = _ESCAPE.match(inside, end)
        if match is None or match["simple"] in set("'\"") - {quotes}:
            raise ValueError(f"the escape {inside[end : end + 2]} is unknown")
        parts.append(_meant(match))
        at = match.end()
    return parts


def _meant(match: re.Match[str]) -> bytes:
    if match["simple"]:
        return to_bytes(_ESCAPED.get(match["simple"], match["simple"]))
    if match["octal"] or match["byte"]:
        return bytes([_byte(match)])
    code = int(match["short"] or match["long"], 16)
    if code > _LAST_CHARACTER or code in _SURROGATES:
        raise ValueError(f"{match[0]} is no character")
    return chr(code).encode()


def _byte(match: re.Match[str]) -> int:
    code = int(match["octal"], 8) if match["octal"] else int(match["byte"], 16)
    if code > 255:
        raise ValueError(f"{match[0]} is no byte")
    return code


def type_name(value: Any) -> str:
    """Return the name of the Go type that a value stands for, as ``%T`` prints it."""
    stated = getattr(value, "go_type", None)
    if isinstance(stated, str):
        return stated
    for kind, name in _TYPE_NAMES:
        if isinstance(value, kind):
            return name
    return type(value).__name__


_TYPE_NAMES: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (str, "string"),
    (bool, "bool"),
    (int, "int"),
    (float, "float64"),
    (dict, "map[string]interface {}"),
    ((list, tuple), "[]interface {}"),
    (type(None), "<nil>"),
    (datetime, "time.Time"),
    (bytes, "[]uint8"),
)
