"""Sorting by keys that must have an order among themselves."""

from functools import cmp_to_key
from typing import Any

from ruleengine.expressions.expr.operators import less
from ruleengine.expressions.expr.values import Problem
from ruleengine.expressions.language import Meter


def sort(meter: Meter, keyed: list[tuple[Any, Any]], order: Any) -> list[tuple[Any, Any]]:
    """Return pairs of a key and an item by their keys; ``order`` is ``asc`` or ``desc``.

    Raises ``Problem`` for another order, and for keys that cannot be compared.
    """
    if order not in ("asc", "desc"):
        raise Problem("the order of a sort is unknown", 'it is "asc" or "desc"')
    meter.step(len(keyed))

    def compare(one: tuple[Any, Any], other: tuple[Any, Any]) -> int:
        if less(one[0], other[0], meter):
            return -1
        return 1 if less(other[0], one[0], meter) else 0

    return sorted(keyed, key=cmp_to_key(compare), reverse=order == "desc")
