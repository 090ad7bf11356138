"""What stands in filters and computed keys: comparisons, arithmetic, paths from ``@`` and ``$``."""

import json
import math
import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ruleengine.expressions import regular
from ruleengine.expressions.goessner.steps import Choice, Missing, Search, follow
from ruleengine.expressions.language import DEEPEST_NESTING

if TYPE_CHECKING:
    from ruleengine.expressions.goessner.parser import Parser

Value = Callable[[Any, Search], Any]
"""Gives a value for the current item; :data:`NOTHING` where there is none."""


class Nothing:
    """What a path without a result gives, and an operator on values that it is not for."""

    def __bool__(self) -> bool:
        """Return that it is not true."""
        return False


NOTHING: Final = Nothing()

_NUMBER: Final = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORD: Final = re.compile(r"[A-Za-z]+")
_WORDS: Final = {"true": True, "false": False, "null": None, "nil": None}
_JSON: Final = json.JSONDecoder()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numeric(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        if not _is_number(left) or not _is_number(right):
            return NOTHING
        try:
            return compute(left, right)
        except (ArithmeticError, ValueError):
            return NOTHING

    return apply


def _equal(left: Any, right: Any) -> bool:
    if left is NOTHING or right is NOTHING:
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _differ(left: Any, right: Any) -> bool:
    return left is not NOTHING and right is not NOTHING and not _equal(left, right)


def _matches(left: Any, right: Any) -> Any:
    if not isinstance(left, str) or not isinstance(right, str):
        return NOTHING
    return regular.compile(right).matches(left)


_LEVELS: Final[tuple[dict[str, Callable[[Any, Any], Any]], ...]] = (
    {"||": lambda left, right: bool(left) or bool(right)},
    {"&&": lambda left, right: bool(left) and bool(right)},
    {
        "==": _equal,
        "!=": _differ,
        "<=": _numeric(operator.le),
        ">=": _numeric(operator.ge),
        "=~": _matches,
        "<": _numeric(operator.lt),
        ">": _numeric(operator.gt),
    },
    {"+": _numeric(operator.add), "-": _numeric(operator.sub)},
    {
        "**": _numeric(math.pow),
        "*": _numeric(operator.mul),
        "/": _numeric(operator.truediv),
        "%": _numeric(math.fmod),
    },
)


class Filter:
    """Reads one filter or computed key where a parser of a path stands."""

    def __init__(self, parser: "Parser") -> None:
        self._parser = parser

    def parse(self) -> Value:
        """Return what stands here as a function of the current item."""
        parser = self._parser
        parser.depth += 1
        if parser.depth > DEEPEST_NESTING:
            raise parser.error(f"filters nest deeper than {DEEPEST_NESTING}")
        value = self._level(0)
        parser.depth -= 1
        return value

    def _level(self, level: int) -> Value:
        if level == len(_LEVELS):
            return self._operand()
        first = self._level(level + 1)
        rest: list[tuple[Callable[[Any, Any], Any], Value]] = []
        while (sign := self._sign(level)) is not None:
            rest.append((_LEVELS[level][sign], self._level(level + 1)))
        if not rest:
            return first

        def evaluate(item: Any, search: Search) -> Any:
            value = first(item, search)
            for apply, right in rest:
                search.meter.step()
                value = apply(value, right(item, search))
            return value

        return evaluate

    def _sign(self, level: int) -> str | None:
        self._parser.skip_space()
        return next((sign for sign in _LEVELS[level] if self._parser.take(sign)), None)

    def _operand(self) -> Value:
        parser = self._parser
        parser.skip_space()
        if parser.take("!"):
            operand = self._nested(self._operand)
            return lambda item, search: not operand(item, search)
        if parser.take("("):
            value = self.parse()
            parser.skip_space()
            if not parser.take(")"):
                raise parser.error("')' should stand here")
            return value
        if parser.take("@"):
            return self._path(root=False)
        if parser.take("$"):
            return self._path(root=True)
        return self._literal()

    def _nested(self, read: Callable[[], Value]) -> Value:
        self._parser.depth += 1
        if self._parser.depth > DEEPEST_NESTING:
            raise self._parser.error(f"filters nest deeper than {DEEPEST_NESTING}")
        value = read()
        self._parser.depth -= 1
        return value

    def _path(self, *, root: bool) -> Value:
        found = self._parser.steps()

        def evaluate(item: Any, search: Search) -> Any:
            try:
                return follow(found, search.root if root else item, search)
            except Missing:
                return NOTHING

        return evaluate

    def _literal(self) -> Value:
        parser = self._parser
        text = parser.quoted()
        if text is not None:
            return lambda _item, _search: text
        number = _NUMBER.match(parser.text, parser.at)
        if number:
            parser.at = number.end()
            value = float(number[0])
            return lambda _item, _search: value
        word = _WORD.match(parser.text, parser.at)
        if word and word[0] in _WORDS:
            parser.at = word.end()
            constant = _WORDS[word[0]]
            return lambda _item, _search: constant
        return self._json()

    def _json(self) -> Value:
        parser = self._parser
        if parser.text[parser.at : parser.at + 1] in {"[", "{"}:
            try:
                value, parser.at = _JSON.raw_decode(parser.text, parser.at)
            except (ValueError, RecursionError):
                raise parser.error("a list or map that is no JSON") from None
            return lambda _item, _search: value
        raise parser.error("a value should stand here", "write @.name, a number or 'a text'")


def truth(value: Value) -> Callable[[Any, Search], bool]:
    """Return whether an item passes: what is false, null, 0 or empty does not."""
    return lambda item, search: bool(value(item, search))


def key(script: Value, offset: int) -> Choice:
    """Return the key or the place that a script computes. It raises ``Missing`` for others."""

    def choose(value: Any, search: Search) -> Any:
        found = script(value, search)
        if _is_number(found) and float(found).is_integer():
            return int(found)
        if not isinstance(found, str):
            raise Missing("the computed key is neither a number nor a text", offset)
        return found

    return choose
