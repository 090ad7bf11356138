"""One evaluation, and where its names are found.

Names that a ``let`` or a predicate makes live in numbered slots; functions of the host are
constants; everything else is looked up in the environment.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ruleengine.expressions.expr.functions import BUILTINS
from ruleengine.expressions.expr.signatures import HOST, PREDICATES
from ruleengine.expressions.expr.values import Problem
from ruleengine.expressions.language import ExpressionError, Meter

ENVIRONMENT: Final = "$env"
"""The name of the whole environment."""


class Run:
    """What the compiled functions of one evaluation share."""

    __slots__ = ("env", "meter", "slots")

    def __init__(self, env: Mapping[str, Any], meter: Meter, slots: int) -> None:
        self.env = env
        self.meter = meter
        self.slots: list[Any] = [None] * slots


Compiled = Callable[[Run], Any]


class Scope:
    """Where the names of one program are found."""

    def __init__(self, functions: Mapping[str, Any]) -> None:
        self.names: dict[str, int] = {}
        """The names that are looked up in the environment, and where the first stands."""
        self.paths: dict[str, None] = {}
        """These names and the fields behind them, as dotted texts in the order of the text."""
        self.asked: list[tuple[str, str, int]] = []
        """The maps of functions, what is asked of each, and where."""
        self.slots = 0
        self._functions = functions
        self._declared: dict[str, int] = {}

    def look_up(self, name: str, offset: int) -> Compiled:
        """Return the function that gives the value of a name."""
        if name in self._declared:
            slot = self._declared[name]
            return lambda run: run.slots[slot]
        if name == ENVIRONMENT:
            return lambda run: run.env
        if name in self._functions:
            function = self._functions[name]
            if isinstance(function, Mapping):
                return lambda run: run.env.get(HOST + name, function)
            return lambda _run: function
        self.names.setdefault(name, offset)
        self.paths.setdefault(name)
        return lambda run: run.env.get(name)

    def is_variable(self, name: str) -> bool:
        """Return whether a name is looked up in the environment."""
        return not (name in self._declared or name == ENVIRONMENT or name in self._functions)

    def ask(self, root: str, name: str, offset: int) -> None:
        """Note that a function is asked for, where the name is that of a map of functions."""
        if root not in self._declared and isinstance(self._functions.get(root), Mapping):
            self.asked.append((root, name, offset))

    def taken(self, name: str) -> str:
        """Return what a name that cannot be declared is; an empty text where it can."""
        if name in self._declared:
            return "a variable"
        return "a function" if name in BUILTINS or name in PREDICATES else ""

    def declare(self, name: str) -> int:
        """Make a variable and return its slot."""
        self._declared[name] = self.reserve(1)
        return self._declared[name]

    def forget(self, count: int) -> None:
        """End the newest variables."""
        for _ in range(count):
            self._declared.popitem()

    def reserve(self, count: int) -> int:
        """Return the first of so many new slots."""
        first = self.slots
        self.slots += count
        return first


def located(problem: Problem, offset: int, text: str) -> ExpressionError:
    """Return a problem as the error that tells its place."""
    return ExpressionError(problem.message, offset=offset, text=text, hint=problem.hint)
