"""Paths of rules into documents: ``spec.templates[*].steps[*][*].templateRef``.

``[*]`` stands for every item of a list and every value of a map. Keys that hold dots are
quoted: ``metadata.annotations["example.com/team"]``.
"""

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import Final

from ruleengine.model.documents import Document
from ruleengine.model.findings import Place
from ruleengine.model.values import Path, Value

_STEP: Final = re.compile(r"\.?([\w$-]+)|\[(\d+)\]|\[(\*)\]|\.(\*)|\[\"([^\"]*)\"\]|\['([^']*)'\]")


class EveryItem(Enum):
    """The step ``[*]`` of a path."""

    ALL = "[*]"

    def __repr__(self) -> str:
        return "[*]"


EVERY: Final = EveryItem.ALL

Pattern = tuple[str | int | EveryItem, ...]


@lru_cache(maxsize=1024)
def parse_path(text: str) -> Pattern:
    """Return the steps of a path. Raises ``ValueError`` with what is wrong.

    >>> parse_path("spec.steps[*].name")
    ('spec', 'steps', [*], 'name')
    """
    steps: list[str | int | EveryItem] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if not found:
            raise ValueError(f"the path {text!r} cannot be read from character {at + 1} on")
        word, index, star, dotted_star, double, single = found.groups()
        if star or dotted_star:
            steps.append(EVERY)
        elif index is not None:
            steps.append(int(index))
        else:
            steps.append(next(one for one in (word, double, single) if one is not None))
        at = found.end()
    return tuple(steps)


def select(value: Value, pattern: Pattern) -> list[tuple[Path, Value]]:
    """Return path and value of everything in ``value`` that a path stands for."""
    found: list[tuple[Path, Value]] = [((), value)]
    for step in pattern:
        if step is EVERY:
            found = [((*path, key), one) for path, inner in found for key, one in _children(inner)]
        elif len(found) == 1:
            path, inner = found[0]
            if not _has(inner, step):
                return []
            found = [((*path, step), inner[step])]
        else:
            found = [((*path, step), inner[step]) for path, inner in found if _has(inner, step)]
        if not found:
            return found
    return found


def _children(value: Value) -> Iterable[tuple[str | int, Value]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _has(value: Value, step: str | int) -> bool:
    """Tell whether a value has a key or an item."""
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def place_in(document: Document, path: Path, *, value: bool = False) -> Place:
    """Return where ``path`` of an object stands in the document it was made from.

    A short form leaves ``spec`` out, so both spellings are tried; where neither is there,
    the nearest parent that is there is meant.
    """
    known = max((_known(document.value, one) for one in _spellings(path)), key=len)
    if value and known:
        return document.place_of_value(*known)
    return document.place(*known) if known else Place(document.path, document.line, 1)


def _spellings(path: Path) -> tuple[Path, ...]:
    return (path, path[1:]) if path[:1] == ("spec",) else (path,)


def _known(value: Value, path: Path) -> Path:
    """Return the longest beginning of ``path`` that exists in ``value``."""
    for length, step in enumerate(path):
        if not _has(value, step):
            return path[:length]
        value = value[step]
    return path
