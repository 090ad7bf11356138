"""The values of CEL, their types, and when they are equal or ordered.

Plain Python values stand for most types. What Python does not tell apart has a class of its
own: unsigned integers, durations, types, optional values and those of Kubernetes' functions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ruleengine.expressions.language import Meter
from ruleengine.formats.go_durations import Duration
from ruleengine.formats.go_text import whole


class CelError(Exception):
    """What goes wrong inside of a function; the place is known where it is called."""


class Uint(int):
    """An unsigned integer of 64 bits."""

    __slots__ = ()


class Unordered(list[Any]):
    """A list whose order means nothing: a set, or a map whose items are told apart by keys.

    ``keys`` names the fields that do so; without any it is a set. It equals a list with the
    same items, and what is added to it takes the place of what it has already.
    """

    __slots__ = ("keys",)

    def __init__(self, items: Iterable[Any], keys: Sequence[str] = ()) -> None:
        super().__init__(items)
        self.keys = tuple(keys)

    def place_of(self, item: Any, meter: Meter) -> int | None:
        """Return where an item is, or another of its keys; ``None`` where there is none."""
        wanted = self._identity(item)
        for number, one in enumerate(self):
            meter.step()
            if equal(self._identity(one), wanted, meter):
                return number
        return None

    def _identity(self, item: Any) -> Any:
        if not self.keys or not isinstance(item, dict):
            return item
        return [item.get(key) for key in self.keys]


@dataclass(frozen=True, slots=True)
class TypeValue:
    """A type as a value: ``type(1)``, ``int``."""

    name: str


@dataclass(frozen=True, slots=True)
class Optional:
    """A value that may be there."""

    present: bool
    content: Any = None


NONE: Final = Optional(present=False)

_TYPES: Final[dict[type, str]] = {
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    type(None): "null_type",
    list: "list",
    Unordered: "list",
    dict: "map",
    datetime: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration",
    TypeValue: "type",
    Optional: "optional_type",
}
_NAMED: Final = frozenset(
    (*_TYPES.values(), "net.IP", "net.CIDR", "kubernetes.URL", "kubernetes.Quantity")
)
_NUMBERS: Final = (int, Uint, float)
_ORDERED: Final = (str, bytes, bool, datetime, Duration)
_LARGEST: Final = 2**63


def type_name(value: Any) -> str:
    """Return the name of a value's type."""
    name = _TYPES.get(type(value))
    if name is None:
        name = getattr(value, "cel_type", None) or type(value).__name__.lower()
    return name


def type_value(name: str) -> TypeValue | None:
    """Return the type that a word names, or ``None``."""
    return TypeValue(name) if name in _NAMED else None


def is_number(value: Any) -> bool:
    """Tell whether a value is a number of any type."""
    return type(value) in _NUMBERS


def into_cel(value: Any, depth: int = 0) -> Any:
    """Return a plain value as CEL has it. Raises ``CelError`` for what is none."""
    kind = type(value)
    if kind in _TYPES and kind not in (list, Unordered, dict):
        return _scalar(value)
    if depth > 500:
        raise CelError("the value nests too deeply")
    if isinstance(value, Unordered):
        return Unordered((into_cel(one, depth + 1) for one in value), value.keys)
    if isinstance(value, list | tuple):
        return [into_cel(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {into_cel(key, depth + 1): into_cel(one, depth + 1) for key, one in value.items()}
    if getattr(value, "cel_type", None):
        return value
    for base in (bool, int, float, str):
        if isinstance(value, base):
            return base(value)
    raise CelError(f"a value of type {kind.__name__} is no plain data")


def _scalar(value: Any) -> Any:
    if type(value) is int and not -_LARGEST <= value < _LARGEST:
        try:
            return float(value)
        except OverflowError:
            raise CelError("a number is too large") from None
    return whole(value) if type(value) is str else value


def equal(left: Any, right: Any, meter: Meter) -> bool:
    """Tell whether two values are equal: numbers by their amount, others only within a type.

    Raises ``CelError`` where a quantity and the like are compared with something else.
    """
    kind = type(left)
    if kind in _NUMBERS and type(right) in _NUMBERS:
        return bool(left == right)
    if kind is Unordered and isinstance(right, list):
        return _equal_unordered(left, right, meter)
    if kind is not type(right) and not (kind is list and isinstance(right, list)):
        if hasattr(left, "cel_type"):  # as upstream: only these refuse other types
            raise no_overload("==", left, right)
        return False
    if kind in (list, dict):
        meter.step(1 + len(left) // 10)
        same = _equal_lists if kind is list else _equal_maps
        return len(left) == len(right) and same(left, right, meter)
    if kind is Optional and left.present and right.present:
        return equal(left.content, right.content, meter)
    return bool(left == right)


def _equal_unordered(left: Unordered, right: list[Any], meter: Meter) -> bool:
    if len(left) != len(right):
        return False
    places = ((left.place_of(one, meter), one) for one in right)
    return all(place is not None and equal(left[place], one, meter) for place, one in places)


def _equal_lists(left: list[Any], right: list[Any], meter: Meter) -> bool:
    pairs = zip(left, right, strict=True)
    return all(equal(one, other, meter) for one, other in pairs)


def _equal_maps(left: dict[Any, Any], right: dict[Any, Any], meter: Meter) -> bool:
    entries = left.items()
    return all(has_key(right, key) and equal(value, right[key], meter) for key, value in entries)


def has_key(container: dict[Any, Any], key: Any) -> bool:
    """Tell whether a map has a key. Numbers of all types are equal as keys too."""
    if isinstance(key, list | dict | Optional) or key not in container:
        return False
    if key in (0, 1):  # which to Python are false and true as well
        return any(
            one == key and isinstance(one, bool) is isinstance(key, bool) for one in container
        )
    return True


def found_equal(left: Any, right: Any, meter: Meter) -> bool:
    """Tell whether two values are equal; those that cannot be compared are not."""
    try:
        return equal(left, right, meter)
    except CelError:
        return False


def has_order(value: Any) -> bool:
    """Tell whether a value is of a type of which some come before others."""
    return type(value) in _NUMBERS or type(value) in _ORDERED


def less(left: Any, right: Any) -> bool:
    """Tell whether a value comes before another. Raises ``CelError`` where they have no order."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left < right)
    if type(left) is type(right) and type(left) in _ORDERED:
        return bool(left < right)
    raise no_overload("<", left, right)


def no_overload(function: str, *arguments: Any) -> CelError:
    """Return the error for a function that does not take these types."""
    types = ", ".join(type_name(one) for one in arguments)
    return CelError(f"{function} does not take ({types})")
