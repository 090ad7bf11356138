"""The tests of expressions (``x is mapping``): Jinja's, with Jinja's meaning, and ours."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final

from ruleengine.model.values import Value
from ruleengine.rules.faults import ExpressionFault, UndefinedFault
from ruleengine.rules.undefined import Missing


def _is_sequence(value: Value) -> bool:
    return isinstance(value, str | list | tuple | dict | range)


def _is_iterable(value: Value) -> bool:
    if isinstance(value, Missing):
        raise UndefinedFault("an undefined value was used")
    return hasattr(value, "__iter__")


def _is_integer(value: Value) -> bool:
    return isinstance(value, int) and value is not True and value is not False


def like(text: Value, glob: str) -> bool:
    """Tell whether a text matches a glob such as ``v*.*.*``."""
    return isinstance(text, str) and fnmatchcase(text, glob)


_EQUAL: Final = operator.eq

PREDICATES: Final[dict[str, Callable[..., Any]]] = {
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    "==": _EQUAL,
    ">": operator.gt,
    ">=": operator.ge,
    "boolean": lambda value: value is True or value is False,
    "defined": lambda value: not isinstance(value, Missing),
    "divisibleby": lambda value, number: value % number == 0,
    "eq": _EQUAL,
    "equalto": _EQUAL,
    "even": lambda value: value % 2 == 0,
    "false": lambda value: value is False,
    "float": lambda value: isinstance(value, float),
    "ge": operator.ge,
    "greaterthan": operator.gt,
    "gt": operator.gt,
    "in": lambda value, values: value in values,
    "integer": _is_integer,
    "iterable": _is_iterable,
    "le": operator.le,
    "lessthan": operator.lt,
    "like": like,
    "lower": lambda value: str(value).islower(),
    "lt": operator.lt,
    "mapping": lambda value: isinstance(value, dict),
    "ne": operator.ne,
    "none": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float),
    "odd": lambda value: value % 2 == 1,
    "sequence": _is_sequence,
    "string": lambda value: isinstance(value, str),
    "true": lambda value: value is True,
    "undefined": lambda value: isinstance(value, Missing),
    "upper": lambda value: str(value).isupper(),
}
"""Every test that rules have."""


def predicate(name: str) -> Callable[..., Any]:
    """Return a test. Raises ``ExpressionFault`` where there is none of that name."""
    found = PREDICATES.get(name)
    if found is None:
        raise ExpressionFault(f"there is no test {name!r}")
    return found
