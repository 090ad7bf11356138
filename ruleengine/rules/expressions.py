"""Expressions: texts with ``${{ }}`` in them, each with the program that yields its value.

They are compiled on first use. A lone expression yields its value untouched; in a longer
text the value is written as Kubernetes would write it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from jinja2 import TemplateError, UndefinedError, nodes
from jinja2.runtime import Undefined

from ruleengine.model.values import Path, Value
from ruleengine.rules.programs import build, joined
from ruleengine.rules.sandbox import OMIT, environment
from ruleengine.rules.scopes import Program, Scope, TemplateFault

MARK: Final = "${{"
"""What an expression begins with inside a text."""

_PLAIN_NAMES = re.compile(r"\$\{\{ *([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*) *\}\}")
_PLAIN = frozenset({str, int, float, bool, type(None), dict, list, type(OMIT)})
_LENGTH_LIMIT = 4_000
_NODE_LIMIT = 500
_FAULTS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
    MemoryError,
)
_ABSENT: Final = object()


@dataclass(frozen=True)
class Expression:
    """One text with at least one expression; ``path`` is where it stands in its rule."""

    text: str
    path: Path

    @cached_property
    def program(self) -> Program:
        """The program that yields the value, or raises ``TemplateFault``."""
        names = _PLAIN_NAMES.fullmatch(self.text)
        return self._direct(names[1].split(".")) if names else self._guarded

    @cached_property
    def _guarded(self) -> Program:
        compiled = self._compiled

        def program(scope: Scope) -> Value:
            try:
                value = compiled(scope)
                return value if type(value) in _PLAIN else _plain(value)
            except _FAULTS as fault:
                raise self._fault(fault) from fault

        return program

    @cached_property
    def _compiled(self) -> Program:
        try:
            return _compile(self.text)
        except _FAULTS as fault:
            raise self._fault(fault) from fault

    def _direct(self, names: list[str]) -> Program:
        """Return the program of a plain ``${{ a.b.c }}``, which needs Jinja for faults only."""
        first, others = names[0], names[1:]

        def program(scope: Scope) -> Value:
            value = scope.get(first, _ABSENT)
            for name in others:
                if type(value) is not dict:
                    return self._guarded(scope)
                value = value.get(name, _ABSENT)
            return value if type(value) in _PLAIN else self._guarded(scope)

        return program

    def _fault(self, fault: BaseException) -> TemplateFault:
        text = self.text if len(self.text) <= _LENGTH_LIMIT else self.text[:80]
        undefined = isinstance(fault, UndefinedError)
        return TemplateFault(_words(fault), self.path, text, undefined=undefined)

    def check(self) -> None:
        """Compile now. Raises ``TemplateFault`` where that fails."""
        _ = self._compiled

    def render(self, scope: Scope) -> Value:
        """Return the value. Raises ``TemplateFault``."""
        return self.program(scope)


def bare(text: Value, path: Path) -> Expression:
    """Return a condition, which needs no delimiters. Raises ``TemplateFault``."""
    if not isinstance(text, str):
        raise TemplateFault("a condition is a text that holds an expression", path, str(text))
    return Expression(text if MARK in text else f"{MARK} {text} }}}}", path)


@lru_cache(maxsize=2048)
def _compile(text: str) -> Program:
    """Return the program that yields the value of a text; many rules have texts in common."""
    if len(text) > _LENGTH_LIMIT and MARK in text[_LENGTH_LIMIT:]:
        raise ValueError("the text is too long to hold expressions")
    parsed = environment().parse(text)
    if sum(1 for _ in parsed.find_all(nodes.Node)) > _NODE_LIMIT:
        raise ValueError("the expression is too long")
    parts = [part for output in parsed.body for part in getattr(output, "nodes", [])]
    return build(parts[0]) if len(parts) == 1 else joined(parts)


def _plain(value: Value) -> Value:
    """Return plain data: tuples, views and generators become lists.

    Raises ``TypeError`` for anything that is no data, and Jinja's error for the undefined.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Undefined):
        return str(value)  # raises: the undefined may not be used
    if isinstance(value, dict):
        return dict(value)
    if callable(value) or not hasattr(value, "__iter__"):
        raise TypeError("the expression yields no plain data")
    return [_plain(item) for item in value]


def _words(fault: BaseException) -> str:
    """Return what a fault says, without the line that Jinja counts inside of the text."""
    words = fault.message if isinstance(fault, TemplateError) else str(fault)
    ended = (words or "").replace("'end of print statement'", "the end of the expression")
    return ended.replace("token the end", "the end") or type(fault).__name__
