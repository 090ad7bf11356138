"""Whole values: copied, compared and told apart, however they nest, within limits."""

from typing import Any

from ruleengine.expressions.language import Meter


def copied(value: Any, meter: Meter) -> Any:
    """Return a value that shares no map and no list with another. Raises ``ExpressionError``."""
    if not isinstance(value, dict | list | tuple):
        return value
    meter.step()
    meter.enter()
    made: Any
    if isinstance(value, dict):
        made = {key: copied(one, meter) for key, one in value.items()}
    else:
        made = [copied(one, meter) for one in value]
    meter.leave()
    return made


def identity(value: Any, meter: Meter) -> Any:
    """Return what is equal for values that Go's ``reflect.DeepEqual`` calls equal.

    It can be hashed. An integer is no floating point number, and an undefined number equals
    nothing. Raises ``ExpressionError``.
    """
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - only an undefined number
        return object()
    if not isinstance(value, dict | list | tuple):
        return type(value), value
    meter.step(1 + len(value) // 10)
    meter.enter()
    made: Any
    if isinstance(value, dict):
        made = frozenset((key, identity(one, meter)) for key, one in value.items())
    else:
        made = tuple(identity(one, meter) for one in value)
    meter.leave()
    return type(value), made


def same(one: Any, other: Any, meter: Meter) -> bool:
    """Tell whether Go's ``reflect.DeepEqual`` calls two values equal.

    Raises ``ExpressionError``.
    """
    return bool(identity(one, meter) == identity(other, meter))
