"""Which values are whole numbers to an API server, and between what bounds it holds them."""

from typing import Final

from ruleengine.model.values import Value

_EXACT: Final = 2**53
"""From here on a float may have been another number when it was written."""

_SIGNED: Final = (-(2**63), 2**63 - 1)
_BOUNDS: Final = {
    "int32": (-(2**31), 2**31 - 1),
    "IntOrString": (-(2**31), 2**31 - 1),
    "uint64": (0, 2**64 - 1),
}


def is_whole(value: Value) -> bool:
    """Tell whether a value is a whole number, as an integer or as a float that is exact."""
    if isinstance(value, float):
        return value.is_integer() and abs(value) < _EXACT
    return isinstance(value, int) and not isinstance(value, bool)


def bounds(type_name: str) -> tuple[int, int]:
    """Return the least and the largest number of a type: 64 bits where it does not say less."""
    return _BOUNDS.get(type_name, _SIGNED)
