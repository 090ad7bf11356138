"""Numbers in sentences: ``1 error``, ``2 errors``."""

from collections.abc import Iterable


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun in the right form.

    >>> count(1, "file"), count(0, "file"), count(2, "policy", "policies")
    ('1 file', '0 files', '2 policies')
    """
    word = noun if number == 1 else plural or f"{noun}s"
    return f"{number:,} {word}"


def listed(parts: Iterable[str]) -> str:
    """Return parts as an enumeration.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *front, last = [*parts] or [""]
    return f"{', '.join(front)} and {last}" if front else last
