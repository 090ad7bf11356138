"""What calls look like: functions with their numbers of arguments, and those with a predicate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ruleengine.expressions.language import Meter


@dataclass(frozen=True, slots=True)
class Function:
    """A function that expressions call: how many arguments it takes and what it does.

    ``most`` is ``None`` where there may be any number. ``apply`` gets the meter of the
    evaluation first where it is ``metered``, then the values. It raises ``Problem`` for
    values that it does not take.
    """

    name: str
    apply: Callable[..., Any]
    least: int
    most: int | None
    metered: bool = False

    def accepts(self, count: int) -> bool:
        """Return whether this is a right number of arguments."""
        return self.least <= count and (self.most is None or count <= self.most)

    def wanted(self) -> str:
        """Return how messages tell the right number of arguments."""
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"

    def call(self, meter: Meter, arguments: list[Any]) -> Any:
        """Return what the function makes of values, whose number is right."""
        return self.apply(meter, *arguments) if self.metered else self.apply(*arguments)


@dataclass(frozen=True, slots=True)
class Part:
    """One argument of a function that takes a predicate."""

    what: str
    predicate: bool = False
    optional: bool = False


HOST: Final = "$"
"""What stands before a name in the environment that comes from the host, not from a document."""

CLOCK: Final = "now"
"""The function that gives the time."""

NOW: Final = HOST + CLOCK
"""Where the environment holds the time, or a function that gives it."""

SPRIG: Final = "sprig"
"""The map of sprig's functions; with ``HOST`` before it, those for certain surroundings."""

_LIST: Final = Part("a list")
_PREDICATE: Final = Part("a predicate", predicate=True)

PREDICATES: Final[Mapping[str, tuple[Part, ...]]] = {
    **dict.fromkeys(
        (
            "all",
            "any",
            "none",
            "one",
            "filter",
            "map",
            "find",
            "findIndex",
            "findLast",
            "findLastIndex",
            "groupBy",
        ),
        (_LIST, _PREDICATE),
    ),
    **dict.fromkeys(("count", "sum"), (_LIST, Part("a predicate", predicate=True, optional=True))),
    "sortBy": (_LIST, _PREDICATE, Part("an order", optional=True)),
    "reduce": (_LIST, _PREDICATE, Part("a first value", optional=True)),
}
"""The functions that evaluate an argument for each item, and what they take."""
