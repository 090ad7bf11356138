"""Sets of completion indexes as a Job writes them: ``1,3-5,7``."""

from collections.abc import Iterable


def parse_indexes(text: str, below: int) -> frozenset[int]:
    """Return the indexes that a text names, as far as they are ``below`` a number.

    What is no index is left out: the text comes from a status that anybody may write, or from
    a rule that was checked when it was stored.
    """
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            found.update(range(int(first), min(int(last or first) + 1, below)))
    return frozenset(found)


def format_indexes(indexes: Iterable[int]) -> str:
    """Return the text of a set of indexes; three or more in a row become a range."""
    parts: list[str] = []
    row: list[int] = []
    for index in [*sorted(indexes), None]:
        if row and (index is None or index != row[-1] + 1):
            long = len(row) > 2
            parts += [f"{row[0]}-{row[-1]}"] if long else [str(one) for one in row]
            row = []
        if index is not None:
            row.append(index)
    return ",".join(parts)
