"""Paths of rules into documents: ``spec.templates[*].steps[*][*].templateRef``.

``[*]`` stands for every item of a list and every value of a map. Keys that hold dots are
quoted: ``metadata.annotations["example.com/team"]``.
"""

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

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


Found = list[tuple[Path, Value]]
"""Path and value of each part of a document that a path stands for."""


class _Node:
    """A step that paths have in common: which of them end here, and how others go on."""

    __slots__ = ("ends", "every", "keys")

    def __init__(self) -> None:
        self.ends: list[int] = []
        self.keys: dict[str | int, _Node] = {}
        self.every: _Node | None = None

    def grow(self, pattern: Pattern, number: int) -> None:
        """Add a path under its number."""
        node = self
        for step in pattern:
            if isinstance(step, EveryItem):
                node.every = node.every or _Node()
                node = node.every
            else:
                node = node.keys.setdefault(step, _Node())
        node.ends.append(number)

    def walk(self, path: Path, value: Value, found: list[Found]) -> None:
        """Add what each path stands for to the list of its number."""
        for number in self.ends:
            found[number].append((path, value))
        if type(value) is dict:
            for key in self.keys.keys() & value.keys() if self.keys else ():
                self.keys[key].walk((*path, key), value[key], found)
            if self.every:
                for key, item in value.items():
                    self.every.walk((*path, key), item, found)
        elif type(value) is list:
            for key, node in self.keys.items():
                if isinstance(key, int) and key < len(value):
                    node.walk((*path, key), value[key], found)
            if self.every:
                for at, item in enumerate(value):
                    self.every.walk((*path, at), item, found)


class Walk:
    """Several paths that are followed into a document at once."""

    __slots__ = ("_numbers", "_root")

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._numbers: dict[Pattern, int] = {}
        self._root = _Node()
        for pattern in patterns:
            if pattern not in self._numbers:
                self._numbers[pattern] = len(self._numbers)
                self._root.grow(pattern, self._numbers[pattern])

    def numbers(self, patterns: Iterable[Pattern]) -> tuple[int, ...]:
        """Return the numbers under which :meth:`select` lists what paths stand for."""
        return tuple(self._numbers[one] for one in patterns)

    def select(self, value: Value) -> list[Found]:
        """Return what each path stands for, in the order of the document."""
        found: list[Found] = [[] for _ in self._numbers]
        self._root.walk((), value, found)
        return found


class Selection(NamedTuple):
    """Several paths, in their order."""

    patterns: tuple[Pattern, ...]

    @classmethod
    @lru_cache(maxsize=1024)
    def of(cls, patterns: tuple[Pattern, ...]) -> "Selection":
        """Return the selection of what any of the paths stands for, one for equal paths."""
        return cls(patterns)

    def select(self, value: Value) -> Found:
        """Return path and value of everything that is selected, path by path."""
        if len(self.patterns) == 1:
            return _follow(self.patterns[0], value)
        return [one for pattern in self.patterns for one in _follow(pattern, value)]


def _follow(pattern: Pattern, value: Value) -> Found:
    """Return path and value of everything that one path stands for."""
    found: Found = [((), value)]
    for step in pattern:
        further: Found = []
        for path, part in found:
            if type(part) is dict:
                if isinstance(step, EveryItem):
                    further += [((*path, key), item) for key, item in part.items()]
                elif step in part:
                    further.append(((*path, step), part[step]))
            elif type(part) is list:
                if isinstance(step, EveryItem):
                    further += [((*path, at), item) for at, item in enumerate(part)]
                elif isinstance(step, int) and step < len(part):
                    further.append(((*path, step), part[step]))
        if not further:
            return further
        found = further
    return found
