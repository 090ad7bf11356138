"""Goessner's JSONPath, as ``jsonpath(text, path)`` of Workflows and Events has it.

A path of names and numbers gives one value, and an error where it leads nowhere. A wildcard, a
filter, several keys or a range gives a list, and the steps behind it apply to each item that
has them: ``$.a[*].b``, while ``$.*.*`` is a list of lists. ``..`` looks in all depths and
gives one flat list. Filters are ``[?(@.price < 10 && @.name =~ 'a.*')]``, computed keys
``[(@.length - 1)]``. Maps show their values by key.

Mended: in a filter of the library that Argo uses, a field that an item lacks makes the whole
filter false, ``||`` and ``!`` notwithstanding; here it is only a value that equals nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruleengine.expressions.goessner.parser import Parser
from ruleengine.expressions.goessner.steps import Missing, Search, Step, follow
from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    INPUT,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
    Meter,
)


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path."""

    text: str
    _steps: tuple[Step, ...] = field(repr=False)

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> Any:
        """Return what the path finds in the value under ``input``. Raises ``ExpressionError``."""
        return self.search(env.get(INPUT), Meter(limits))

    def search(self, value: Any, meter: Meter) -> Any:
        """Return what the path finds in a value. Raises ``ExpressionError``."""
        try:
            return follow(self._steps, value, Search(value, meter))
        except Missing as missing:
            raise ExpressionError(missing.message, offset=missing.offset, text=self.text) from None
        except RecursionError:
            raise ExpressionError("the value nests too deeply", text=self.text) from None


@lru_cache(maxsize=1024)
def compile(text: str) -> Path:  # noqa: A001 - the shared shape
    """Return the program of a path. Raises ``ExpressionError``."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("the path is too long", hint=f"at most {LONGEST_TEXT}")
    try:
        return Path(text, Parser(text).parse())
    except RecursionError:
        raise ExpressionError("the filters nest too deeply", text=text) from None
