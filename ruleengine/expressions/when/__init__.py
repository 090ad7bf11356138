"""Conditions in govaluate's language: ``when`` of Workflows and ``exprs`` filters of Events.

Argo substitutes tags in a ``when`` first and makes a text of every word that is left, so
that ``Succeeded == Succeeded`` works (``bare_words``); a filter of Events looks words up
instead. Numbers are 64-bit floats, quoted texts that look like dates become seconds since
1970, and nothing is ever converted (references: workflows section 6, events section 8).

Refused here though govaluate lets it pass: anything behind a closing parenthesis that no
operator joins to it (``(a == a) b``), which govaluate ignores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
    Meter,
)
from ruleengine.expressions.when.operators import text_of
from ruleengine.expressions.when.parser import Node, Parser


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition; ``names`` are the words that it looks up."""

    text: str
    names: tuple[str, ...]
    _node: Node

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> Any:
        """Return the value: a number, a text, a truth value, a list or ``None``.

        Raises ``ExpressionError``.
        """
        return self._node(env, Meter(limits))


@lru_cache(maxsize=1024)
def compile(text: str, *, bare_words: bool = True) -> Condition:  # noqa: A001 - the shared shape
    """Return the program of a condition. Raises ``ExpressionError``."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("the condition is too long", hint=f"at most {LONGEST_TEXT}")
    parser = Parser(text, bare_words=bare_words)
    node = parser.parse()
    return Condition(text, tuple(dict.fromkeys(parser.names)), node)


def holds(text: str, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Return whether a ``when``, its tags already substituted, holds; an empty one does.

    Raises ``ExpressionError``, also where the result is neither true nor false.
    """
    if not text:
        return True
    result = compile(text).eval({}, limits)
    if not isinstance(result, bool):
        raise ExpressionError(
            f"the condition gives '{text_of(result)}', neither true nor false",
            text=text,
            hint="compare it with something",
        )
    return result
