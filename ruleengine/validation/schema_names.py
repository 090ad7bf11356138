"""Nearest names: what somebody probably meant who wrote a name that does not exist."""

from collections.abc import Iterable


def distance(one: str, other: str, limit: int) -> int:
    """Return how many letters must be added, dropped, replaced or swapped, at most ``limit + 1``.

    >>> distance("sepc", "spec", 2)
    1
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    current = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        older, before = before, current
        current = [row]
        for column, wanted in enumerate(other, start=1):
            cost = min(before[column] + 1, current[-1] + 1, before[column - 1] + (letter != wanted))
            swapped = (
                row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted
            )
            current.append(min(cost, older[column - 2] + 1) if swapped else cost)
        if min(current) > limit:
            return limit + 1
    return current[-1]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the name among ``known`` that is most like ``name``; empty where none is near.

    Names that differ in upper and lower case only are nearest of all; otherwise one letter in
    three may differ.
    """
    folded = name.lower()
    limit = max(1, len(name) // 3)
    best, found = limit + 1, ""
    for candidate in known:
        if candidate.lower() == folded:
            return candidate
        reached = distance(name, candidate, best - 1)
        if reached < best:
            best, found = reached, candidate
    return found
