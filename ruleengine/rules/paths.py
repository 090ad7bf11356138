"""Paths of rules into documents: ``spec.templates[*].steps[*][*].templateRef``.

``[*]`` stands for every item of a list and every value of a map. Keys that hold dots are
quoted: ``metadata.annotations["example.com/team"]``.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
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


def select(value: Value, pattern: Pattern) -> list[tuple[Path, Value]]:
    """Return path and value of everything in ``value`` that a path stands for."""
    return Selection.of((pattern,)).select(value)


class _Branch(NamedTuple):
    """Steps that paths have in common, and how they go on.

    ``keys`` lead to one value; ``every`` goes on with each of its items.
    """

    keys: tuple[str | int, ...]
    every: bool
    ends: bool
    branches: tuple["_Branch", ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Several paths, in their order; beginnings that they share are walked once."""

    patterns: tuple[Pattern, ...]
    branches: tuple[_Branch, ...]

    @classmethod
    @lru_cache(maxsize=1024)
    def of(cls, patterns: tuple[Pattern, ...]) -> "Selection":
        """Return the selection of what any of the paths stands for."""
        return cls(patterns, _branches([pattern for pattern in patterns if pattern]))

    def __bool__(self) -> bool:
        """Tell whether there are any paths."""
        return bool(self.patterns)

    def select(self, value: Value) -> list[tuple[Path, Value]]:
        """Return path and value of everything that is selected, path by path."""
        found: list[tuple[Path, Value]] = [((), value) for one in self.patterns if not one]
        _collect(self.branches, (), value, found)
        return found


def _branches(patterns: list[Pattern]) -> tuple[_Branch, ...]:
    """Return paths as branches, none of which changes the order of what is found.

    Neighbours share a step unless it stands for many: behind ``[*]`` every path walks alone.
    """
    made: list[_Branch] = []
    for step, group in groupby(patterns, key=itemgetter(0)):
        rests = [pattern[1:] for pattern in group]
        for some in [[rest] for rest in rests] if step is EVERY else _up_to_ends(rests):
            longer = [rest for rest in some if rest]
            ends, further = len(longer) < len(some), _branches(longer)
            if isinstance(step, EveryItem):
                made.append(_Branch((), every=True, ends=ends, branches=further))
            elif not ends and len(further) == 1:
                made.append(further[0]._replace(keys=(step, *further[0].keys)))
            else:
                made.append(_Branch((step,), every=False, ends=ends, branches=further))
    return tuple(made)


def _up_to_ends(rests: list[Pattern]) -> list[list[Pattern]]:
    """Divide paths so that one which ends stands first: it is found before longer ones."""
    divided: list[list[Pattern]] = []
    for rest in rests:
        if not rest or not divided:
            divided.append([rest])
        else:
            divided[-1].append(rest)
    return divided


def _collect(
    branches: tuple[_Branch, ...], path: Path, value: Value, found: list[tuple[Path, Value]]
) -> None:
    for keys, every, ends, further in branches:
        inner = value
        for step in keys:
            if not (step in inner if type(inner) is dict else _has(inner, step)):
                break
            inner = inner[step]
        else:
            here = path + keys
            for at, item in _items(here, inner) if every else ((here, inner),):
                if ends:
                    found.append((at, item))
                if further:
                    _collect(further, at, item, found)


def _items(path: Path, value: Value) -> list[tuple[Path, Value]]:
    if type(value) is list:
        return [((*path, at), item) for at, item in enumerate(value)]
    return [((*path, key), item) for key, item in value.items()] if type(value) is dict else []


def _has(value: Value, step: str | int) -> bool:
    """Tell whether a value has a key or an item."""
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)
