"""Functions of values that may be there."""

from collections.abc import Mapping
from typing import Any

from ruleengine.expressions.cel.functions.function import Function, member, plain
from ruleengine.expressions.cel.values import NONE, CelError, Optional, no_overload
from ruleengine.expressions.language import Meter


def _optional(name: str, value: Any) -> Optional:
    if not isinstance(value, Optional):
        raise no_overload(name, value)
    return value


def _of(meter: Meter, value: Any) -> Optional:
    del meter
    return Optional(True, value)


def _of_non_zero(meter: Meter, value: Any) -> Optional:
    del meter
    opaque = isinstance(value, Optional) or hasattr(value, "cel_type")
    return Optional(True, value) if opaque or value else NONE


def _none(meter: Meter) -> Optional:
    del meter
    return NONE


def _has_value(meter: Meter, value: Any) -> bool:
    del meter
    return _optional("hasValue", value).present


def _value(meter: Meter, value: Any) -> Any:
    del meter
    if not _optional("value", value).present:
        raise CelError("the optional value is not there")
    return value.content


def _or(meter: Meter, value: Any, other: Any) -> Any:
    """Return the first that is there; what is not optional is."""
    del meter
    other = _optional("or", other)
    return other if isinstance(value, Optional) and not value.present else value


def _or_value(meter: Meter, value: Any, other: Any) -> Any:
    del meter
    if not isinstance(value, Optional):
        return value
    return value.content if value.present else other


def _unwrapped(meter: Meter, values: Any) -> list[Any]:
    del meter
    if not isinstance(values, list):
        raise no_overload("unwrap", values)
    return [one.content for one in values if _optional("unwrap", one).present]


FUNCTIONS: Mapping[str, Function] = {
    "optional.of": plain(_of, 1),
    "optional.ofNonZeroValue": plain(_of_non_zero, 1),
    "optional.none": plain(_none, 0),
    "optional.unwrap": plain(_unwrapped, 1),
    "unwrapOpt": member(_unwrapped, 1),
    "hasValue": member(_has_value, 1),
    "value": member(_value, 1),
    "or": member(_or, 2),
    "orValue": member(_or_value, 2),
}
