"""The functions of sprig (version 3), for Go templates and for expressions.

They take and return plain values, and are the same for the same surroundings: clock, zone
and chance are handed in. ``env``, ``expandenv`` and ``getHostByName`` would look around
outside and are refused by name.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.sprig import (
    cases,
    certificates,
    chance,
    dates,
    encodings,
    lists,
    maps,
    numbers,
    passwords,
    paths,
    regexes,
    texts,
    types,
    urls,
    versions,
)
from ruleengine.expressions.surroundings import Surroundings

__all__ = ["Surroundings", "functions"]


def _refused(name: str) -> Function:
    def refuse(*_values: Any) -> None:
        raise ExpressionError(
            "templates see nothing of the machine that they are evaluated on",
            hint="hand the value in with the data",
        )

    return Function(name, refuse, (), Kind.ANY)


_STILL: Final = (
    *cases.FUNCTIONS,
    *encodings.FUNCTIONS,
    *lists.FUNCTIONS,
    *maps.FUNCTIONS,
    *numbers.FUNCTIONS,
    *paths.FUNCTIONS,
    *regexes.FUNCTIONS,
    *texts.FUNCTIONS,
    *types.FUNCTIONS,
    *urls.FUNCTIONS,
    *versions.FUNCTIONS,
    _refused("env"),
    _refused("expandenv"),
    _refused("getHostByName"),
)
"""The functions that need no surroundings."""

_ALWAYS: Final = {one.name: one for one in _STILL}

_NOWHERE: Final = Surroundings()


def functions(surroundings: Surroundings = _NOWHERE) -> Mapping[str, Function]:
    """Return all functions by name, for certain surroundings."""
    moving = (
        *dates.functions(surroundings),
        *chance.functions(surroundings),
        *passwords.functions(surroundings),
        *certificates.functions(surroundings),
    )
    return MappingProxyType(_ALWAYS | {one.name: one for one in moving})
