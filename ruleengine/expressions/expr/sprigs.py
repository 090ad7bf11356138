"""``sprig.*``: the functions of sprig, loaded when an expression asks for the first of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ruleengine.expressions.go_deep import copied
from ruleengine.expressions.language import DEFAULT_LIMITS, Meter

if TYPE_CHECKING:
    from ruleengine.expressions.go_functions import Function
    from ruleengine.expressions.sprig import Surroundings

_CHANGING: Final = frozenset(
    {"set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite"}
)
"""Functions that change their first argument, which here may be a part of the environment."""


class Sprig(Mapping[str, Any]):
    """The functions by name, for certain surroundings: without any there is no clock, no chance."""

    def __init__(self, surroundings: "Surroundings | None" = None) -> None:
        self._surroundings = surroundings

    @cached_property
    def _functions(self) -> Mapping[str, "Function"]:
        from ruleengine.expressions import sprig

        made = sprig.functions(self._surroundings or sprig.Surroundings())
        kept = {name: _on_a_copy(made[name]) for name in _CHANGING}
        return {**made, **kept}

    def __getitem__(self, name: str) -> "Function":
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)


def _on_a_copy(function: "Function") -> "Function":
    call: Callable[..., Any] = function.call
    return replace(
        function, call=lambda first, *others: call(copied(first, Meter(DEFAULT_LIMITS)), *others)
    )
