"""Secret values that mask themselves wherever they might be shown."""

from typing import NoReturn

MASK = "••••••••"
"""What is shown in place of a secret, whatever its length."""


class Secret:
    """A text that must never be shown: printing, formatting and pickling hide it.

    >>> str(Secret("hunter2")) == MASK
    True
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one call that needs it."""
        return self._text

    def __str__(self) -> str:
        """Return the mask."""
        return MASK

    def __repr__(self) -> str:
        """Return the mask."""
        return f"Secret({MASK})"

    def __format__(self, _: str) -> str:
        """Return the mask."""
        return MASK

    def __eq__(self, other: object) -> bool:
        """Compare the texts."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Hash by the text."""
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        """Refuse to be written anywhere."""
        raise TypeError("a secret cannot be pickled")
