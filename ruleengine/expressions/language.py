"""The shape that every language has: a program, its limits, and its one error.

Programs come from users, so none may run away: every evaluation counts its steps, the size
of what it makes and how deep it goes. Counted work is the same on every machine and in every
run, which elapsed time is not; only libraries that cannot count are bounded by seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_LONGEST_MESSAGE = 1000
"""How many characters a message may have: some repeat what somebody wrote."""


class ExpressionError(Exception):
    """A text that is no program of its language, or a program that cannot be evaluated.

    ``message`` says what is wrong and ``hint`` what to do about it. ``offset`` counts
    characters from the start of ``text``; ``None`` where no single place is to blame.
    """

    def __init__(
        self, message: str, *, offset: int | None = None, text: str = "", hint: str = ""
    ) -> None:
        if len(message) > _LONGEST_MESSAGE:
            half = _LONGEST_MESSAGE // 2
            message = f"{message[:half]}…{message[-half:]}"
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.text = text
        self.hint = hint

    def __str__(self) -> str:
        """Return the message with its place and its hint."""
        place = "" if self.offset is None else f" at character {self.offset + 1}"
        return f"{self.message}{place}" + (f"; {self.hint}" if self.hint else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one evaluation may take.

    ``steps`` counts operations of the program, ``size`` the characters of one text or the
    elements of one collection that it makes, ``depth`` nested calls. ``seconds`` bounds
    foreign libraries that cannot count.
    """

    steps: int = 100_000
    size: int = 1_000_000
    depth: int = 200
    seconds: float = 5.0


DEFAULT_LIMITS = Limits()

LONGEST_TEXT = 256 * 1024
"""How many characters a program may have."""

DEEPEST_NESTING = 100
"""How deeply the syntax of a program may nest."""


class Meter:
    """Counts what one evaluation uses, and ends it where that is more than its limits allow."""

    __slots__ = ("_depth", "_limits", "_steps")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._steps = limits.steps
        self._depth = 0

    def step(self, count: int = 1) -> None:
        """Count operations. Raises ``ExpressionError`` beyond the limit."""
        self._steps -= count
        if self._steps < 0:
            raise ExpressionError(
                f"the evaluation takes more than {self._limits.steps} steps",
                hint="look for an endless recursion or a huge range",
            )

    @property
    def spent(self) -> bool:
        """Whether no steps are left: what fails now fails for want of them."""
        return self._steps < 0

    def size(self, size: int) -> None:
        """Check the size of a value before it is made. Raises ``ExpressionError``."""
        if size > self._limits.size:
            raise ExpressionError(
                f"a value of more than {self._limits.size} elements or characters",
                hint="make smaller texts, lists and ranges",
            )

    def enter(self) -> None:
        """Go one call deeper. Raises ``ExpressionError`` beyond the limit."""
        self._depth += 1
        if self._depth > self._limits.depth:
            raise ExpressionError(f"calls nest deeper than {self._limits.depth}")

    def leave(self) -> None:
        """Come back from a call."""
        self._depth -= 1


INPUT = "input"
"""The name under which a program that takes one text or value, and no names, finds it."""


def text_input(env: Mapping[str, Any], limits: Limits) -> str:
    """Return the text that a program takes. Raises ``ExpressionError`` where it is none."""
    text = env.get(INPUT)
    if not isinstance(text, str):
        raise ExpressionError(f"the program takes a text as {INPUT!r}")
    Meter(limits).size(len(text))
    return text


class Program(Protocol):
    """A compiled text. It is immutable and may be evaluated any number of times."""

    @property
    def text(self) -> str:
        """The text that it was compiled from."""

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> Any:
        """Return the value for an environment of names. Raises ``ExpressionError``."""
