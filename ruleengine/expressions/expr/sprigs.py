"""``sprig.*``: the functions of sprig, loaded when an expression asks for the first of them."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ruleengine.expressions.go_functions import Function
    from ruleengine.expressions.sprig import Surroundings


class Sprig(Mapping[str, Any]):
    """The functions by name, for certain surroundings: without any there is no clock, no chance."""

    def __init__(self, surroundings: "Surroundings | None" = None) -> None:
        self._surroundings = surroundings

    @cached_property
    def _functions(self) -> Mapping[str, "Function"]:
        from ruleengine.expressions import sprig

        return sprig.functions(self._surroundings or sprig.Surroundings())

    def __getitem__(self, name: str) -> "Function":
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)
