"""Compares what a query finds with what it asks for. The type of the value decides how."""

import operator
from collections.abc import Callable
from typing import Any

from ruleengine.expressions.gjson.paths import Query, wildcard_matches
from ruleengine.expressions.gjson.results import MISSING, Kind, Result, number

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FALSE = frozenset(("0", "f", "false"))


def satisfies(query: Query, value: Result) -> bool:
    """Tell whether a value is what a query asks for.

    Strings compare as strings, numbers as numbers, false is less than true; nothing else
    compares. ``~true``, ``~false``, ``~null`` and ``~*`` ask whether the value is like that.
    """
    wanted = query.value
    if wanted.startswith("~"):
        alike = _is_like(value, wanted[1:])
        value = MISSING if alike is None else Result(Kind.TRUE if alike else Kind.FALSE, "")
        wanted = "" if alike is None else "true"
    if not value.exists:
        return False
    if not query.operator:
        return True
    match value.kind:
        case Kind.STRING:
            return _string_satisfies(value.text, query.operator, wanted)
        case Kind.NUMBER:
            compare = _COMPARISONS.get(query.operator)
            return compare is not None and compare(value.number, number(wanted))
        case Kind.TRUE | Kind.FALSE:
            return _truth_satisfies(value.kind is Kind.TRUE, query.operator, wanted)
    return False


def _string_satisfies(text: str, operator_: str, wanted: str) -> bool:
    if operator_ == "%":
        return wildcard_matches(text, wanted)
    if operator_ == "!%":
        return not wildcard_matches(text, wanted)
    compare = _COMPARISONS.get(operator_)
    return compare is not None and compare(text, wanted)


def _truth_satisfies(truth: bool, operator_: str, wanted: str) -> bool:
    """Compare with ``true`` and ``false``; any other word is neither, and only unequal."""
    mine, other = str(truth).lower(), "false" if truth else "true"
    match operator_:
        case "=":
            return wanted == mine
        case "!=":
            return wanted != mine
        case ">" if truth:
            return wanted == other
        case "<" if not truth:
            return wanted == other
    return operator_ == (">=" if truth else "<=")


def _is_like(value: Result, word: str) -> bool | None:
    """Tell whether a value is like a word; ``None`` where the word asks for nothing."""
    match word:
        case "*":
            return value.exists
        case "null":
            return value.kind is Kind.NULL
        case "true":
            return value.truth
        case "false":
            return _is_falsy(value)
    return None


def _is_falsy(value: Result) -> bool:
    match value.kind:
        case Kind.STRING:
            return value.text.lower() in _FALSE
        case Kind.NUMBER:
            return value.number == 0
    return value.kind in (Kind.NULL, Kind.FALSE)
