"""What a remedy offers where a name is unknown: what is meant perhaps, or what there is."""

from collections.abc import Iterable, Sequence
from typing import Final

_MOST: Final = 8
"""How many names a remedy lists: more are no help to whoever mistyped one."""


def near(word: str, known: Iterable[str]) -> str:
    """Return what of the known is meant perhaps; empty where nothing is near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), n=1)), "")


def some_of(names: Sequence[str]) -> str:
    """Return names as a list in words: the first of them, and how many more there are.

    >>> some_of(["a", "b"]), some_of([])
    ('a, b', 'none')
    >>> some_of("abcdefghij")
    'a, b, c, d, e, f, g, h and 2 more'
    """
    left = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {left} more" if left > 0 else "") or "none"


def suggestion(word: str, known: Sequence[str], otherwise: str) -> str:
    """Return the remedy for an unknown word: what is near, else ``otherwise`` and what there is.

    >>> suggestion("bulid", ["build", "test"], "there are: ")
    'did you mean build?'
    >>> suggestion("x", ["build", "test"], "there are: ")
    'there are: build, test'
    """
    found = near(word, known)
    return f"did you mean {found}?" if found else f"{otherwise}{some_of(known)}"
