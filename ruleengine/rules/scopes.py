"""Scopes: the names that expressions see, and the steps that are left to their loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ruleengine.model.values import Path, Value
from ruleengine.rules.faults import TemplateFault
from ruleengine.rules.sandbox import GLOBALS

STEP_LIMIT: Final = 20_000
"""How many turns the loops of one scope may take together."""


class Scope(dict[str, Value]):
    """Names with their values: a map, so that a program finds a name in one step."""

    __slots__ = ("steps",)

    def __init__(self, variables: dict[str, Value]) -> None:
        super().__init__(GLOBALS)
        self.update(variables)
        self.steps = STEP_LIMIT

    def turns(self, values: Value, path: Path) -> list[Value]:
        """Return the turns of a loop over a list or a map, and count them.

        Raises ``TemplateFault`` for anything else, and when there were too many.
        """
        turns: list[Value]
        if type(values) is dict:
            turns = [[key, value] for key, value in values.items()]
        elif type(values) is list:
            turns = values
        else:
            raise TemplateFault("forEach needs a list or a map", path, "forEach")
        self.steps -= len(turns)
        if self.steps < 0:
            raise TemplateFault(f"loops took more than {STEP_LIMIT} turns", path, "forEach")
        return turns


def unpacked(item: Value, names: int, path: Path) -> list[Value]:
    """Return an item of a loop as its parts. Raises ``TemplateFault`` for another number."""
    if not isinstance(item, list) or len(item) != names:
        raise TemplateFault(f"an item does not fall into {names} parts", path, "forEach")
    return item


Program: TypeAlias = Callable[[Scope], Value]
"""What yields the value of an expression or a template for the names of a scope."""
