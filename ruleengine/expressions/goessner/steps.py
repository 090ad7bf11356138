"""The steps of a path, each a function of a value and of the steps that follow it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ruleengine.expressions.language import Meter


class Missing(Exception):  # noqa: N818 - a step that leads nowhere, mostly no error at all
    """A step that a value does not have."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Search:
    """What all steps of one search share: the whole value (``$``) and the meter."""

    __slots__ = ("meter", "root")

    def __init__(self, root: Any, meter: Meter) -> None:
        self.root = root
        self.meter = meter


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a function of a value, of the steps that follow it, and of the search.

    ``several`` tells that it gives a list of findings. It raises ``Missing``.
    """

    apply: Callable[[Any, Sequence["Step"], Search], Any]
    several: bool = False


Choice = Callable[[Any, Search], Any]
"""Gives a key or a place for a value. Raises ``Missing``."""

Items = Callable[[Any, Search], list[Any]]
"""Gives the items that a step finds in a value. Raises ``Missing``."""

LENGTH: Final = "length"
"""The field that every list, map and text has, unless a map has one of this name."""


def follow(steps: Sequence[Step], value: Any, search: Search) -> Any:
    """Return what steps find in a value. Raises ``Missing``."""
    search.meter.step()
    return steps[0].apply(value, steps[1:], search) if steps else value


def each(steps: Sequence[Step], values: list[Any], search: Search) -> list[Any]:
    """Return what steps find in each of several values, where they find something."""
    if not steps:
        return values
    found: list[Any] = []
    for value in values:
        try:
            found.append(follow(steps, value, search))
        except Missing:
            continue
    search.meter.size(len(found))
    return found


def field_of(value: Any, key: Any, offset: int) -> Any:
    """Return the field of a map, the item of a list, or a length. Raises ``Missing``."""
    if isinstance(value, dict) and isinstance(key, str) and key in value:
        return value[key]
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    if key == LENGTH and isinstance(value, dict | list | str):
        return len(value)
    raise Missing(f"'{key}' is not there", offset)


def children(value: Any) -> list[Any]:
    """Return the items of a list, or the values of a map by key; nothing of anything else."""
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return value if isinstance(value, list) else []


def one(choice: Choice, offset: int) -> Step:
    """Return the step to one field or item."""
    return Step(
        lambda value, steps, search: follow(
            steps, field_of(value, choice(value, search), offset), search
        )
    )


def several(items: Items) -> Step:
    """Return the step to several items."""
    return Step(
        lambda value, steps, search: each(steps, items(value, search), search), several=True
    )


def union(choices: Sequence[Choice], offset: int) -> Items:
    """Return the fields or items that are there, in the order in which they are named."""

    def items(value: Any, search: Search) -> list[Any]:
        found: list[Any] = []
        for choice in choices:
            try:
                found.append(field_of(value, choice(value, search), offset))
            except Missing:
                continue
        return found

    return items


def between(bounds: Sequence[Choice | None], offset: int) -> Items:
    """Return the items of a list from a place up to another, perhaps with a stride.

    A negative stride takes the same items backwards.
    """

    def items(value: Any, search: Search) -> list[Any]:
        if not isinstance(value, list):
            raise Missing("a range of what is no list", offset)
        start, end, stride = (bound(value, search) if bound else None for bound in bounds)
        if not all(isinstance(bound, int | None) for bound in (start, end, stride)) or stride == 0:
            raise Missing("a range needs integers, and a stride other than 0", offset)
        stretch = value[start:end]
        if stride is not None and stride < 0:
            return stretch[::-1][::-stride]
        return stretch[::stride]

    return items


def everything(offset: int) -> Items:
    """Return all items of a list, or all values of a map."""

    def items(value: Any, _search: Search) -> list[Any]:
        if not isinstance(value, dict | list):
            raise Missing("'*' of what is neither list nor map", offset)
        return children(value)

    return items


def chosen(test: Callable[[Any, Search], bool], offset: int) -> Items:
    """Return the items that a filter lets pass."""

    def items(value: Any, search: Search) -> list[Any]:
        if not isinstance(value, dict | list):
            raise Missing("a filter of what is neither list nor map", offset)
        return [item for item in children(value) if test(item, search)]

    return items


def everywhere(first: Step | None) -> Step:
    """Return ``..``: a step applied in all depths, its findings in one flat list.

    Without a step it gives everything there is.
    """

    def apply(value: Any, steps: Sequence[Step], search: Search) -> list[Any]:
        found: list[Any] = []
        for node in _all_nodes(value, search):
            try:
                result = first.apply(node, (), search) if first else node
            except Missing:
                continue
            if first and first.several:
                found += result
            else:
                found.append(result)
            search.meter.size(len(found))
        return each(steps, found, search)

    return Step(apply, several=True)


def _all_nodes(value: Any, search: Search) -> Iterator[Any]:
    stack = [value]
    while stack:
        node = stack.pop()
        search.meter.step()
        yield node
        stack += reversed(children(node))
