"""Scopes: the names that expressions see, and the steps that are left to their loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from jinja2.runtime import Context

from ruleengine.model.values import Path, Value
from ruleengine.rules.sandbox import environment

STEP_LIMIT: Final = 20_000
"""How many turns the loops of one scope may take together."""


class TemplateFault(Exception):  # noqa: N818 - wrong user data, turned into a finding
    """A template that cannot be compiled or evaluated.

    ``path`` is where it stands in its rule, ``text`` its source; ``undefined`` tells that
    the fault is a field that is not there.
    """

    def __init__(self, message: str, path: Path, text: str, *, undefined: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.text = text
        self.undefined = undefined


class Scope(dict[str, Value]):
    """Names with their values: a map, so that a program finds a name in one step."""

    __slots__ = ("_context", "steps")

    def __init__(self, variables: dict[str, Value]) -> None:
        super().__init__(environment().globals)
        self.update(variables)
        self.steps = STEP_LIMIT
        self._context: Context | None = None

    @property
    def context(self) -> Context:
        """Jinja's own view of the names, which few of its filters want."""
        if self._context is None:
            self._context = Context(environment(), self, None, {})
        return self._context

    def spend(self, turns: int, path: Path) -> None:
        """Count the turns of a loop. Raises ``TemplateFault`` when there were too many."""
        self.steps -= turns
        if self.steps < 0:
            raise TemplateFault(f"loops took more than {STEP_LIMIT} turns", path, "forEach")


Program: TypeAlias = Callable[[Scope], Value]
"""What yields the value of an expression or a template for the names of a scope."""
