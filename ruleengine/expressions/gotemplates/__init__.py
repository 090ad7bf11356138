"""Go templates: the whole of ``text/template``.

ApplicationSets, notifications and the parameters of triggers are written in it. A template
is compiled for the functions that it may call, such as those of :mod:`..sprig`; its
environment is the data that it is given, ``.``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from ruleengine.expressions.go_functions import Function
from ruleengine.expressions.gotemplates.builtins import BUILTINS
from ruleengine.expressions.gotemplates.evaluation import Evaluation
from ruleengine.expressions.gotemplates.fields import MissingKey
from ruleengine.expressions.gotemplates.nodes import Tree
from ruleengine.expressions.gotemplates.parser import parse
from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
)

_NO_FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A compiled template."""

    text: str
    _tree: Tree = field(repr=False)
    _functions: Mapping[str, Function] = field(repr=False)
    _missing_key: MissingKey = field(repr=False)

    def eval(self, env: Mapping[str, Any] | Any, limits: Limits = DEFAULT_LIMITS) -> str:
        """Return the text that the template makes of data, which is any plain value.

        Raises ``ExpressionError``.
        """
        run = Evaluation(self.text, self._tree, self._functions, self._missing_key, limits)
        try:
            return run.run(env)
        except RecursionError:
            raise ExpressionError(
                "the template nests too deeply",
                text=self.text,
                hint="look for an endless recursion",
            ) from None


def compile(  # noqa: A001 - every language names it so
    text: str,
    *,
    functions: Mapping[str, Function] = _NO_FUNCTIONS,
    options: Iterable[str] = (),
    delimiters: tuple[str, str] = ("{{", "}}"),
) -> Template:
    """Return the program of a template.

    ``functions`` come on top of Go's own and win over them; the table is not to be changed
    afterwards. ``options`` are Go's, such as
    ``missingkey=error``. An empty delimiter stands for the usual one. Raises
    ``ExpressionError``.
    """
    if len(text) > LONGEST_TEXT:
        raise ExpressionError(f"a template of more than {LONGEST_TEXT} characters", text=text)
    missing_key = MissingKey.DEFAULT
    for option in options:
        missing_key = MissingKey.of(option)
    left, right = delimiters
    known, names = _together(_Same(functions))
    tree = _parsed(text, left or "{{", right or "}}", names)
    return Template(text, tree, known, missing_key)


class _Same:
    """A table of functions that equals only itself, so that it can be looked up quickly."""

    __slots__ = ("functions",)

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.functions is self.functions

    def __hash__(self) -> int:
        return id(self.functions)


@lru_cache(maxsize=16)
def _together(table: _Same) -> tuple[Mapping[str, Function], frozenset[str]]:
    """Return all functions, and their names."""
    known = {**BUILTINS, **table.functions}
    return known, frozenset(known)


@lru_cache(maxsize=1024)
def _parsed(text: str, left: str, right: str, functions: frozenset[str]) -> Tree:
    try:
        return parse(text, left, right, functions)
    except RecursionError:
        raise ExpressionError("the template nests too deeply", text=text) from None
