"""What Argo's systems add to the language: their functions, and what unknown names mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ruleengine.expressions.expr.functions import conversions
from ruleengine.expressions.expr.signatures import Function


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One host of the language.

    ``functions`` are the functions, and maps of functions, that stand beside the built-in
    ones. ``unknown_is_nil`` makes nil of names that the environment lacks.
    """

    name: str
    functions: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    unknown_is_nil: bool = False


_NUMBERS: Final = {
    "asInt": Function("asInt", conversions.to_int, 1, 1),
    "asFloat": Function("asFloat", conversions.to_float, 1, 1),
}
_TEXTS: Final = {"toJson": Function("toJson", conversions.to_json, 1, 1)}

PLAIN: Final = Dialect("plain")
"""The language alone."""

WORKFLOWS: Final = Dialect("workflows", MappingProxyType(_NUMBERS | _TEXTS))
"""Expressions of Workflows: tags, ``depends``, conditions, ``valueFrom.expression``."""

EVENTS: Final = Dialect("events", MappingProxyType(_NUMBERS | _TEXTS), unknown_is_nil=True)
"""Filters of event sources."""
