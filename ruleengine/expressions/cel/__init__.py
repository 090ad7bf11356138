"""CEL with the functions of Kubernetes: the rules of custom resources.

No library of Python has the functions, the optional values and the places in errors that these
rules need, or can count, so this is our own, made to agree with the API server of version 1.34.
Types are checked when there are values, and by :func:`check` before, as far as they are known
then. What the rules call ``self`` and
``oldSelf`` are plain values.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ruleengine.expressions.cel.checking import Checker
from ruleengine.expressions.cel.compiler import Compiler, Evaluate, Run
from ruleengine.expressions.cel.functions import Kubernetes, functions
from ruleengine.expressions.cel.parser import parse
from ruleengine.expressions.cel.types import Type, fits
from ruleengine.expressions.cel.values import (
    NONE,
    CelError,
    Optional,
    TypeValue,
    Uint,
    Unordered,
    into_cel,
)
from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
    Meter,
)
from ruleengine.formats.go_text import whole

__all__ = [
    "NONE",
    "Kubernetes",
    "Optional",
    "Program",
    "TypeValue",
    "Uint",
    "Unordered",
    "check",
    "compile",
]

SELF = ("self", "oldSelf")
"""The variables of a rule of a custom resource."""


class Program:
    """A compiled expression."""

    __slots__ = ("_evaluate", "text", "variables")

    def __init__(self, text: str, variables: tuple[str, ...], evaluate: Evaluate) -> None:
        self.text = text
        self.variables = variables
        self._evaluate = evaluate

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> Any:
        """Return the value for an environment that has the variables of the program.

        Lists, maps, texts, numbers, booleans and ``None`` are plain values; times, durations,
        ``Uint``, ``Optional``, ``TypeValue`` and bytes may come in and out too. Raises
        ``ExpressionError``.
        """
        meter = Meter(limits)
        try:
            names = {name: into_cel(env.get(name)) for name in self.variables}
            return self._evaluate(names, Run(meter))
        except CelError as error:
            raise ExpressionError(str(error), text=self.text) from None
        except RecursionError:
            raise ExpressionError("the value nests too deeply", text=self.text) from None

    def holds(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> bool:
        """Return whether a rule holds. Raises ``ExpressionError`` where it gives no boolean."""
        value = self.eval(env, limits)
        if not isinstance(value, bool):
            raise ExpressionError("the rule is neither true nor false", text=self.text)
        return value


@lru_cache(maxsize=1024)
def compile(  # noqa: A001 - every language names it so
    text: str, variables: tuple[str, ...] = SELF, kubernetes: Kubernetes | None = None
) -> Program:
    """Return the program of an expression over some variables. Raises ``ExpressionError``.

    With ``kubernetes`` there are the functions of quantities and of the forms of names.
    """
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("the expression is too long", text=text)
    try:
        node = parse(whole(text))
        compiler = Compiler(text, functions(kubernetes), frozenset(variables))
        return Program(text, variables, compiler.compile(node))
    except RecursionError:
        raise ExpressionError("the expression nests too deeply", text=text) from None


def check(
    text: str, variables: Mapping[str, Type], wanted: Type, kubernetes: Kubernetes | None = None
) -> None:
    """Refuse an expression that cannot come to a value of a type over variables of known types.

    Raises ``ExpressionError``: for what :func:`compile` refuses, and for types that do not fit.
    """
    compile(text, tuple(variables), kubernetes)
    try:
        found = Checker(text, variables).check(parse(whole(text)))
    except RecursionError:
        raise ExpressionError("the expression nests too deeply", text=text) from None
    if not fits(wanted, found, {}):
        raise ExpressionError(f"must evaluate to {wanted}, and this is {found}", text=text)
