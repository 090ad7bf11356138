"""The functions that rules of Kubernetes may call, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ruleengine.expressions.cel.functions import (
    addresses,
    comparing,
    conversions,
    forms,
    lists,
    optionals,
    quantities,
    strings,
    times,
    urls,
    versions,
)
from ruleengine.expressions.cel.functions.forms import CheckName
from ruleengine.expressions.cel.functions.function import Function
from ruleengine.expressions.cel.functions.quantities import ParseQuantity

__all__ = ["Function", "Kubernetes", "functions"]


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """What the functions of quantities and names need, which other rooms know."""

    parse_quantity: ParseQuantity
    check_name: CheckName


_MODULES = (conversions, strings, lists, times, optionals, comparing, addresses, urls, versions)
_ALWAYS: Mapping[str, Function] = MappingProxyType(
    {name: function for module in _MODULES for name, function in module.FUNCTIONS.items()}
)


def functions(kubernetes: Kubernetes | None) -> Mapping[str, Function]:
    """Return all functions; those of quantities and names only with what they need."""
    if kubernetes is None:
        return _ALWAYS
    return {
        **_ALWAYS,
        **quantities.functions(kubernetes.parse_quantity),
        **forms.functions(kubernetes.check_name),
    }
