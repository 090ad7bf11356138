"""Lays JSON text out: without spaces, or over several lines. Its own spelling is kept."""

import re
from typing import Final

from ruleengine.expressions.gjson import scanning
from ruleengine.formats.go_json import LONGEST
from ruleengine.formats.go_text import TooLargeError

_BLANK: Final = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|[\x00-\x20]+')
_LEAST_ROOM: Final = 3
"""In a narrower rest of a line nothing is tried."""


def compact(text: str) -> str:
    """Return JSON text without the spaces between its parts."""
    return _BLANK.sub(lambda found: found[1] or "", text)


def pretty(text: str, *, width: int, indent: str, prefix: str, sort_keys: bool) -> str:
    """Return JSON text with a line for each part, but one line where that has room.

    Raises ``TooLargeError`` where it becomes too long.
    """
    if not text.strip(" \t\r\n"):
        return f"{prefix}\n" if prefix else ""
    layout = _Layout(text, width, indent, prefix, sort_keys=sort_keys)
    layout.write(prefix)
    layout.value(len(text) - len(text.lstrip(" \t\r\n")), 0)
    layout.write("\n")
    return "".join(layout.parts)


class _Layout:
    """Writes one text. Widths are bytes of UTF-8, as upstream counts them."""

    def __init__(self, text: str, width: int, indent: str, prefix: str, *, sort_keys: bool) -> None:
        self.parts: list[str] = []
        self._text = text
        self._width = width
        self._indent = indent
        self._prefix = prefix
        self._sort_keys = sort_keys
        self._column = 0
        self._room = LONGEST

    def write(self, part: str) -> None:
        self._room -= len(part)
        if self._room < 0:
            raise TooLargeError(f"JSON of more than {LONGEST} characters")
        self.parts.append(part)
        self._column += _bytes(part)

    def value(self, at: int, depth: int) -> None:
        """Write the value that begins at a place."""
        opening = self._text[at]
        if opening not in "{[":
            self.write(self._text[at : scanning.end_of(self._text, at)])
            return
        room = self._width - self._column
        if self._width > 0 and room > _LEAST_ROOM:
            flat = self._flat(at, room)
            if flat is not None and _bytes(flat) <= room:
                self.write(flat)
                return
        self.write(opening)
        parts = self._parts(at)
        for number, (key, start) in enumerate(parts):
            # Upstream counts the break after [ as part of the line; it decides what has room.
            self._break(depth + 1, "," if number else "", column=int(opening == "[" and not number))
            if key:
                self.write(f"{key}: ")
            self.value(start, depth + 1)
        if parts:
            self._break(depth)
        self.write("}" if opening == "{" else "]")

    def _break(self, depth: int, before: str = "", column: int = 0) -> None:
        self.parts.append(before + "\n")
        self._column = column
        self.write(self._prefix + self._indent * depth)

    def _parts(self, at: int) -> list[tuple[str, int]]:
        if self._text[at] == "[":
            return [("", start) for start in scanning.elements(self._text, at)]
        found = list(scanning.members(self._text, at))
        return sorted(found, key=_name) if self._sort_keys else found

    def _flat(self, at: int, room: int) -> str | None:
        """Return the value in one line; ``None`` where that is longer than the room."""
        opening = self._text[at]
        if opening not in "{[":
            flat = self._text[at : scanning.end_of(self._text, at)]
            return flat if _bytes(flat) <= room else None
        pieces: list[str] = []
        for key, start in self._parts(at):
            piece = self._flat(start, room)
            if piece is None:
                return None
            pieces.append(f"{key}: {piece}" if key else piece)
            room -= _bytes(pieces[-1]) + 1
        flat = ", ".join(pieces)
        return f"[{flat}]" if opening == "[" else f"{{ {flat} }}" if pieces else "{ }"


def _name(member: tuple[str, int]) -> str:
    return scanning.content(member[0])


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
