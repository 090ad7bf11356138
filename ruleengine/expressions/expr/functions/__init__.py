"""The functions that every expression may call, one module per subject."""

from collections.abc import Mapping
from typing import Final

from ruleengine.expressions.expr.functions import (
    conversions,
    lists,
    maps,
    numbers,
    strings,
    times,
)
from ruleengine.expressions.expr.signatures import Function

BUILTINS: Final[Mapping[str, Function]] = {
    function.name: function
    for subject in (conversions, lists, maps, numbers, strings, times)
    for function in subject.FUNCTIONS
}
"""All built-in functions without a predicate, by name."""
