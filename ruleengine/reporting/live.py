"""A picture on a terminal that is drawn anew in its place, a few times a second."""

from collections.abc import Callable, Sequence
from typing import Final, TextIO

from ruleengine.reporting.workflows import WHOLE, shown_width, with_lines

_INTERVAL: Final = 0.2
_ERASE_BELOW: Final = "\x1b[J"


class Picture:
    """Draws lines over those that it drew before, and leaves the last picture there.

    ``size`` returns the columns and lines of the terminal, ``clock`` seconds that only grow.
    """

    def __init__(
        self,
        stream: TextIO,
        size: Callable[[], tuple[int, int]],
        clock: Callable[[], float],
    ) -> None:
        self._stream = stream
        self._size = size
        self._clock = clock
        self._next = 0.0
        self._lines: list[str] = []

    def draw(self, texts: Callable[[int], Sequence[str]], *, last: bool = False) -> None:
        """Draw texts, unless it is too soon after the picture before or nothing changed.

        ``texts`` returns them for so many columns; the last ones are drawn whole.
        """
        now = self._clock()
        if now < self._next and not last:
            return
        self._next = now + _INTERVAL
        columns, height = self._size()
        whole = (WHOLE, WHOLE)
        width, most = whole if last else (columns, height - 1)
        lines = with_lines(texts(width), most, width)
        if lines == self._lines and not last:
            return
        rows = sum(_rows(one, columns) for one in self._lines)
        up = f"\x1b[{rows}A\r" if rows else ""
        body = "".join(f"{line}\n" for line in lines)
        self._stream.write(f"{up}{_ERASE_BELOW}{body}")
        self._stream.flush()
        self._lines = [] if last else lines


def _rows(line: str, columns: int) -> int:
    """Return how many rows of a terminal a line takes: it may be narrower by now."""
    return max(-(-shown_width(line) // columns), 1)
