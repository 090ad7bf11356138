"""Colour and line drawing, decided once per run and passed as a value.

Colour is for terminals only; ``NO_COLOR`` switches it off there too. Lines are drawn in
ASCII where the stream cannot take more.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from ruleengine.model.actions import Change, Result
from ruleengine.model.findings import Severity

_RESET = "\x1b[0m"
_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "36", "bold": "1", "faint": "2"}

_SEVERITY = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_CHANGE = {
    Change.CREATE: "green",
    Change.UPDATE: "yellow",
    Change.DELETE: "red",
    Change.UNCHANGED: "faint",
    Change.REFUSED: "red",
    Change.WAITING: "blue",
}
_RESULT = {
    Result.CREATED: "green",
    Result.UPDATED: "yellow",
    Result.DELETED: "red",
    Result.UNCHANGED: "faint",
    Result.SKIPPED: "faint",
    Result.REFUSED: "red",
    Result.WAITING: "blue",
    Result.CONFLICT: "red",
    Result.FAILED: "red",
}


class Stream(Protocol):
    """What is asked of an output stream to decide how to write to it."""

    @property
    def encoding(self) -> str | None:
        """The encoding of the stream, if it has one."""

    def isatty(self) -> bool:
        """Tell whether a person looks at it."""


class Style(NamedTuple):
    """How text is dressed: ``colour`` with ANSI escapes, ``unicode`` with box drawing."""

    colour: bool = False
    unicode: bool = True

    def paint(self, text: str, *looks: str) -> str:
        """Return ``text`` in the looks named (``red``, ``bold``, ``faint``, ...)."""
        if not self.colour or not looks:
            return text
        codes = ";".join(_CODES[look] for look in looks)
        return f"\x1b[{codes}m{text}{_RESET}"

    def severity(self, severity: Severity) -> str:
        """Return the name of a severity in its colour."""
        return self.paint(severity.value, _SEVERITY[severity], "bold")

    def change(self, change: Change, text: str = "") -> str:
        """Return the name of a change, or ``text``, in the colour of the change."""
        return self.paint(text or change.value, _CHANGE[change])

    def result(self, result: Result, text: str = "") -> str:
        """Return the name of a result, or ``text``, in the colour of the result."""
        return self.paint(text or result.value, _RESULT[result])


PLAIN = Style()
"""No colour; what files and pipes get."""


def style_for(stream: Stream, environment: Mapping[str, str]) -> Style:
    """Return the style that a stream can show, given the environment's variables."""
    terminal = stream.isatty() and environment.get("TERM", "") != "dumb"
    encoding = (stream.encoding or "").lower().replace("-", "")
    return Style(
        colour=terminal and not environment.get("NO_COLOR"),
        unicode=encoding.startswith("utf"),
    )


def printable(text: str) -> str:
    """Return ``text`` on one line and without control characters.

    Texts of documents end up in messages: an escape sequence among them must not reach
    the reader's terminal.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def width_of(text: str) -> int:
    """Return how many columns a terminal shows a text in; escape sequences are not known here.

    >>> width_of("abc"), width_of("日本")
    (3, 4)
    """
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def filled(text: str, width: int) -> str:
    """Return a text with as many blanks after it as make it so wide.

    >>> filled("日本", 6)
    '日本  '
    """
    return text + " " * (width - width_of(text))


def shortened(text: str, width: int) -> str:
    """Return a text that is at most so wide: an ellipsis stands for its middle.

    Beginning and end of a name tell it apart from others.

    >>> shortened("a-very-long-name(12:x)", 16), shortened("short", 16)
    ('a-very-l…e(12:x)', 'short')
    """
    if width_of(text) <= width:
        return text
    end = beginning(text[::-1], (width - 1) // 2)[::-1]
    return f"{beginning(text, width - 1 - width_of(end))}…{end}"


def beginning(text: str, width: int) -> str:
    """Return as much of the beginning of a text as is at most so wide."""
    taken = 0
    for place, letter in enumerate(text):
        taken += width_of(letter)
        if taken > width:
            return text[:place]
    return text
