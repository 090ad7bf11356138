"""Maps: their keys, their values, and pairs of both. The order is that of the keys."""

from typing import Any, Final

from ruleengine.expressions.expr.functions.taking import items, mapping
from ruleengine.expressions.expr.signatures import Function
from ruleengine.expressions.expr.values import AnyKeys, Problem, kind_of


def _ordered(value: Any) -> list[tuple[Any, Any]]:
    """Return the entries of a map by key; Go has no order, so any one is right."""
    entries = mapping(value).items()
    return sorted(entries, key=lambda entry: (not isinstance(entry[0], str), str(entry[0])))


def _from_pairs(value: Any) -> dict[Any, Any]:
    made = AnyKeys()
    for pair in items(value):
        if not isinstance(pair, list) or len(pair) != 2:
            raise Problem(f"{kind_of(pair)} is no pair", "write [[key, value], ...]")
        key, one = pair
        if isinstance(key, list | dict):
            raise Problem(f"{kind_of(key)} cannot be the key of a map")
        made[key] = one
    return made


FUNCTIONS: Final = (
    Function("keys", lambda value: [key for key, _ in _ordered(value)], 1, 1),
    Function("values", lambda value: [one for _, one in _ordered(value)], 1, 1),
    Function("toPairs", lambda value: [[key, one] for key, one in _ordered(value)], 1, 1),
    Function("fromPairs", _from_pairs, 1, 1),
)
