"""The line of source that a finding points at, with a caret under the column.

A line is shown only where it cannot hold a secret: never from a file that declares a
``Secret``, and never a line whose key is named like one.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from ruleengine.model.findings import Place
from ruleengine.reporting.style import PLAIN, Style, printable

Sources: TypeAlias = Callable[[str], str | None]
"""Returns the text of a file by its path, or ``None`` where it cannot be shown."""

_SECRET_DOCUMENT = re.compile(r"kind[\"']?\s*:\s*[\"']?(Sealed)?Secret\b")
_SECRET_KEY = re.compile(
    r"password|passwd|secret|token|credential|api.?key|private.?key", re.IGNORECASE
)
_WIDTH = 120


def excerpt(place: Place, text: str | None, style: Style = PLAIN) -> Sequence[str]:
    """Return the lines to show for a place of a file's text; none where that is unwise."""
    if text is None or not place.line:
        return ()
    lines = _lines(text)
    if place.line > len(lines):
        return ()
    line = lines[place.line - 1].rstrip("\r")
    if not line.strip() or _SECRET_KEY.search(line):
        return ()
    number = str(place.line)
    shown = [f"{style.paint(f'{number} |', 'faint')} {_cut(line)}"]
    if 0 < place.column <= min(len(line) + 1, _WIDTH):
        margin = style.paint(f"{' ' * len(number)} |", "faint")
        indent = "".join("\t" if letter == "\t" else " " for letter in line[: place.column - 1])
        shown.append(f"{margin} {indent}{style.paint('^', 'red', 'bold')}")
    return shown


@lru_cache(maxsize=1)
def _lines(text: str) -> Sequence[str]:
    """Return the lines of a file, none if it declares a Secret; many findings are about one."""
    return () if _SECRET_DOCUMENT.search(text) else text.split("\n")


def _cut(line: str) -> str:
    parts = line.split("\t")
    clean = "\t".join(printable(part) for part in parts)
    return clean if len(clean) <= _WIDTH else f"{clean[: _WIDTH - 3]}..."
