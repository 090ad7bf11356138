"""Progress of long work: one line on standard error that rewrites itself, on terminals only.

Nothing appears for work that is over within half a second, and nothing at all where no
person looks.
"""

from collections.abc import Callable
from typing import Protocol, TextIO

_DELAY = 0.5
_INTERVAL = 0.1
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_FRAMES = "-\\|/"
_WIDTH = 78
_ERASE = "\r\x1b[K"


class Progress(Protocol):
    """Told how far the work has come. ``total`` is 0 where nobody knows."""

    def advance(self, subject: str, done: int, total: int = 0) -> None:
        """Show that ``done`` of ``total`` are through with ``subject``."""

    def finish(self) -> None:
        """Remove what is shown."""


class Silence:
    """Shows nothing: for pipes, files and tests."""

    def advance(self, subject: str, done: int, total: int = 0) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


SILENCE = Silence()


def progress_line(subject: str, done: int, total: int = 0, frame: str = "") -> str:
    """Return one line, short enough for a narrow terminal.

    >>> progress_line("checking", 50, 200)
    'checking 50/200 (25%)'
    """
    numbers = f"{done:,}/{total:,} ({100 * done // total}%)" if total else f"{done:,}" * bool(done)
    line = " ".join(part for part in (frame, subject, numbers) if part)
    return line[:_WIDTH]


class TerminalProgress:
    """Writes progress to a terminal, at most ten times a second.

    ``clock`` returns seconds that only grow (``time.monotonic``).
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float], *, unicode: bool = True) -> None:
        self._stream = stream
        self._clock = clock
        self._frames = _FRAMES if unicode else _ASCII_FRAMES
        self._next = clock() + _DELAY
        self._shown = 0

    def advance(self, subject: str, done: int, total: int = 0) -> None:
        """Show how far the work has come, if the last time is long enough ago."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + _INTERVAL
        frame = self._frames[self._shown % len(self._frames)]
        self._shown += 1
        self._stream.write(_ERASE + progress_line(subject, done, total, frame))
        self._stream.flush()

    def finish(self) -> None:
        """Erase the line, if there ever was one."""
        if self._shown:
            self._stream.write(_ERASE)
            self._stream.flush()
            self._shown = 0


def progress_for(stream: TextIO, clock: Callable[[], float], *, quiet: bool = False) -> Progress:
    """Return progress for a stream: silence unless it is a terminal."""
    if quiet or not stream.isatty():
        return SILENCE
    unicode = (stream.encoding or "").lower().startswith("utf")
    return TerminalProgress(stream, clock, unicode=unicode)
