"""``isLessThan``, ``isGreaterThan`` and ``compareTo``, of quantities and of versions."""

from collections.abc import Mapping
from typing import Any

from ruleengine.expressions.cel.functions.function import Function, member
from ruleengine.expressions.cel.values import no_overload
from ruleengine.expressions.language import Meter


def _keys(name: str, one: Any, other: Any) -> tuple[Any, Any]:
    """Return what two values of one type are ordered by."""
    if type(one) is not type(other) or not hasattr(one, "cel_order"):
        raise no_overload(name, one, other)
    return one.cel_order(), other.cel_order()


def _is_less(meter: Meter, one: Any, other: Any) -> bool:
    del meter
    left, right = _keys("isLessThan", one, other)
    return bool(left < right)


def _is_greater(meter: Meter, one: Any, other: Any) -> bool:
    del meter
    left, right = _keys("isGreaterThan", one, other)
    return bool(left > right)


def _compare(meter: Meter, one: Any, other: Any) -> int:
    del meter
    left, right = _keys("compareTo", one, other)
    return int(left > right) - int(left < right)


FUNCTIONS: Mapping[str, Function] = {
    "isLessThan": member(_is_less, 2),
    "isGreaterThan": member(_is_greater, 2),
    "compareTo": member(_compare, 2),
}
