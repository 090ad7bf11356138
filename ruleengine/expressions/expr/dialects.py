"""What Argo's systems add to the language: their functions, and what unknown names mean."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ruleengine.expressions import goessner
from ruleengine.expressions.expr.functions import conversions
from ruleengine.expressions.expr.functions.taking import text
from ruleengine.expressions.expr.signatures import SPRIG, Function
from ruleengine.expressions.expr.sprigs import Sprig
from ruleengine.expressions.expr.values import Problem
from ruleengine.expressions.language import ExpressionError, Meter


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One host of the language.

    ``functions`` are the functions, and maps of functions, that stand beside the built-in
    ones. ``unknown_is_nil`` makes nil of names that the environment lacks, and
    ``functions_first`` hides names of the environment behind built-in functions.
    """

    name: str
    functions: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    unknown_is_nil: bool = False
    functions_first: bool = False


_NUMBERS: Final = {
    "asInt": Function("asInt", conversions.to_int, 1, 1),
    "asFloat": Function("asFloat", conversions.to_float, 1, 1),
}


def _jsonpath(meter: Meter, document: Any, path: Any) -> Any:
    value = conversions.from_json(document)
    try:
        return goessner.compile(text(path)).search(value, meter)
    except ExpressionError as error:
        raise Problem(f"path: {error.message}", error.hint) from None


_TEXTS: Final = {
    "toJson": Function("toJson", conversions.to_json, 1, 1),
    "jsonpath": Function("jsonpath", _jsonpath, 2, 2, metered=True),
    SPRIG: Sprig(),
}

PLAIN: Final = Dialect("plain")
"""The language alone, as the triggers of notifications have it: their functions are names."""

WORKFLOWS: Final = Dialect("workflows", MappingProxyType(_NUMBERS | _TEXTS))
"""Expressions of Workflows: tags, ``depends``, conditions, ``valueFrom.expression``."""

EVENTS: Final = Dialect(
    "events", MappingProxyType(_NUMBERS | _TEXTS), unknown_is_nil=True, functions_first=True
)
"""Filters of event sources."""

ROLLOUTS: Final = Dialect(
    "rollouts",
    MappingProxyType(
        _NUMBERS
        | {
            "isNaN": Function("isNaN", lambda value: math.isnan(conversions.to_float(value)), 1, 1),
            "isInf": Function("isInf", lambda value: math.isinf(conversions.to_float(value)), 1, 1),
        }
    ),
)
"""Conditions of analysis metrics, in the environment of :func:`result_environment`."""


def result_environment(result: Any) -> dict[str, Any]:
    """Return the names that a metric's condition sees.

    ``isNil`` and ``default`` look at the result of the provider, whatever their first
    argument is (reference, rollouts section on analysis).
    """
    return {
        "result": result,
        "isNil": Function("isNil", lambda _value: result is None, 1, 1),
        "default": Function(
            "default", lambda _value, other: other if result is None else result, 2, 2
        ),
    }
