"""Expressions of expr-lang, in the dialects that Argo's four systems embed.

Workflows, Rollouts and CD embed version 1.17, Events 1.15; this is the union of both. The
hosts differ in the functions that they add and in what an unknown name means: a
:class:`Dialect` says both. Values are Python's: ``int`` is Go's ``int``, ``float`` its
``float64``, and lists, maps, texts, times and durations as in ``formats``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from ruleengine.expressions.expr.access import fetch
from ruleengine.expressions.expr.compiler import Compiler
from ruleengine.expressions.expr.dialects import EVENTS, PLAIN, ROLLOUTS, WORKFLOWS, Dialect
from ruleengine.expressions.expr.functions import BUILTINS
from ruleengine.expressions.expr.parser import Parser
from ruleengine.expressions.expr.running import Compiled, Run, located
from ruleengine.expressions.expr.signatures import PREDICATES
from ruleengine.expressions.expr.values import Problem, kind_of
from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
    Meter,
)

__all__ = ["EVENTS", "PLAIN", "ROLLOUTS", "WORKFLOWS", "Dialect", "Expression", "compile"]


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    ``names`` are the paths that it reads from its environment, in the order of the text and
    from the shortest: ``inputs``, ``inputs.parameters``, ``inputs.parameters.x``. What
    stands in brackets is not known, so a path ends there.
    """

    text: str
    names: tuple[str, ...]
    _roots: Mapping[str, int] = field(repr=False)
    _asked: tuple[tuple[str, str, int], ...] = field(repr=False)
    _slots: int = field(repr=False)
    _dialect: Dialect = field(repr=False)
    _compiled: Compiled = field(repr=False)

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> Any:
        """Return the value in an environment of nested maps. Raises ``ExpressionError``."""
        if not self._dialect.unknown_is_nil:
            for name, offset in self._roots.items():
                if name not in env:
                    raise self._unknown(name, offset, env)
        try:
            return self._compiled(Run(env, Meter(limits), self._slots))
        except RecursionError:
            raise ExpressionError("the evaluation nests too deeply", text=self.text) from None
        except OverflowError:
            raise ExpressionError("a number is too large", text=self.text) from None

    def holds(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> bool:
        """Return the value of a condition. Raises ``ExpressionError`` where it is no truth."""
        value = self.eval(env, limits)
        if value is True or value is False:
            return bool(value)
        raise ExpressionError(
            f"the condition gives {kind_of(value)}, neither true nor false",
            text=self.text,
            hint="compare it with something",
        )

    def unknown(self, known: Iterable[str]) -> tuple[ExpressionError, ...]:
        """Return what no evaluation will find: names and functions that are none of ``known``.

        These are what environments may begin with; the functions of the dialect come on top.
        """
        names = frozenset(known)
        missing = [
            self._unknown(name, offset, names)
            for name, offset in self._roots.items()
            if name not in names
        ]
        for root, name, offset in self._asked:
            try:
                fetch(self._dialect.functions[root], name)
            except Problem as problem:
                missing.append(located(problem, offset, self.text))
        return tuple(missing)

    def faults(self, texts: Iterable[str] = ()) -> tuple[ExpressionError, ...]:
        """Return what every evaluation fails by: types that do not fit, numbers of arguments.

        ``texts`` are paths, such as ``inputs.parameters``, below which every value is a text.
        """
        from ruleengine.expressions.expr.certain import Certain

        certain = Certain(self.text, self._dialect, frozenset(texts))
        try:
            certain.look(Parser(self.text).parse())
        except RecursionError:
            return ()
        return tuple(certain.faults)

    def _unknown(self, name: str, offset: int, env: Iterable[str]) -> ExpressionError:
        functions = [*BUILTINS, *PREDICATES, *self._dialect.functions]
        close = get_close_matches(name, [*env, *functions], n=1)
        if name in functions:
            hint = f"it is a function: write {name}(...)"
        else:
            hint = f"did you mean '{close[0]}'?" if close else "put texts in quotes"
        return ExpressionError(f"unknown name '{name}'", offset=offset, text=self.text, hint=hint)


@lru_cache(maxsize=2048)
def compile(text: str, dialect: Dialect = PLAIN) -> Expression:  # noqa: A001 - the shared shape
    """Return the program of an expression. Raises ``ExpressionError``."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("the expression is too long", hint=f"at most {LONGEST_TEXT}")
    try:
        compiler = Compiler(text, dialect)
        compiled = compiler.compile(Parser(text).parse())
    except RecursionError:
        raise ExpressionError("the expression nests too deeply", text=text) from None
    scope = compiler.scope
    names, asked = tuple(scope.paths), tuple(scope.asked)
    return Expression(text, names, scope.names, asked, scope.slots, dialect, compiled)
