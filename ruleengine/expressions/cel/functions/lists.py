"""Functions of lists: Kubernetes' own, those of CEL's extension, and of sets."""

from collections.abc import Callable, Iterator, Mapping
from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from ruleengine.expressions.cel import operators
from ruleengine.expressions.cel.functions import strings
from ruleengine.expressions.cel.functions.function import Function, member, plain
from ruleengine.expressions.cel.values import (
    NONE,
    CelError,
    Optional,
    equal,
    found_equal,
    has_order,
    less,
    no_overload,
)
from ruleengine.expressions.language import Meter
from ruleengine.formats.go_durations import Duration


def _list(name: str, value: Any, meter: Meter) -> list[Any]:
    if not isinstance(value, list):
        raise no_overload(name, value)
    meter.step(len(value) // 10)
    return value


def _ordered(name: str, value: Any, meter: Meter) -> list[Any]:
    values = _list(name, value, meter)
    if len({type(one) for one in values}) > 1:
        raise CelError(f"{name}: the elements have different types")
    return values


def _with_order(name: str, value: Any, meter: Meter) -> list[Any]:
    values = _list(name, value, meter)
    for one in values:
        if not has_order(one):
            raise no_overload(name, one)
    return values


def _before(one: Any, other: Any) -> bool:
    """Tell whether a value comes before another; of two types neither does."""
    try:
        return less(one, other)
    except CelError:
        return False


def _is_sorted(meter: Meter, value: Any) -> bool:
    values = _with_order("isSorted", value, meter)
    return not any(_before(after, before) for before, after in pairwise(values))


def _sum(meter: Meter, value: Any) -> Any:
    values = _list("sum", value, meter)
    if not values:
        return 0
    if any(isinstance(one, str | bytes | list | bool) for one in values):
        raise no_overload("sum", *values[:1])
    total = values[0]
    add = operators.BINARY["+"]
    if not isinstance(total, int | float | Duration):
        raise no_overload("sum", total)
    for one in values[1:]:
        total = add(total, one, meter)
    return total


def _foremost(name: str, comes_before: Callable[[Any, Any], bool]) -> Function:
    def foremost(meter: Meter, value: Any) -> Any:
        values = _with_order(name, value, meter)
        if not values:
            raise CelError(f"{name}() of an empty list")
        found = values[0]
        for one in values[1:]:
            found = one if comes_before(one, found) else found
        return found

    return member(foremost, 1)


def _index_of(meter: Meter, value: Any, *wanted: Any) -> int:
    if not isinstance(value, list):
        return strings.index_of(meter, value, *wanted)
    _single("indexOf", value, wanted)
    for number, one in enumerate(_list("indexOf", value, meter)):
        if found_equal(one, wanted[0], meter):
            return number
    return -1


def _last_index_of(meter: Meter, value: Any, *wanted: Any) -> int:
    if not isinstance(value, list):
        return strings.last_index_of(meter, value, *wanted)
    _single("lastIndexOf", value, wanted)
    for number in range(len(_list("lastIndexOf", value, meter)) - 1, -1, -1):
        if found_equal(value[number], wanted[0], meter):
            return number
    return -1


def _single(name: str, value: list[Any], wanted: tuple[Any, ...]) -> None:
    if len(wanted) != 1:
        raise no_overload(name, value, *wanted)


def _contains(meter: Meter, value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        meter.step(len(value) // 100)
        return wanted in value
    raise no_overload("contains", value, wanted)


def _slice(meter: Meter, value: Any, start: Any, end: Any) -> list[Any]:
    values = _list("slice", value, meter)
    if type(start) is not int or type(end) is not int:
        raise no_overload("slice", value, start, end)
    if start < 0 or end < 0 or start > end or end > len(values):
        raise CelError(f"the range from {start} to {end} is out of the list")
    return values[start:end]


def _flatten(meter: Meter, value: Any, depth: Any = 1) -> list[Any]:
    values = _list("flatten", value, meter)
    if type(depth) is not int:
        raise no_overload("flatten", value, depth)
    if depth < 0:
        raise CelError("flatten: the level must not be negative")
    found: list[Any] = []
    for one in values:
        if isinstance(one, list) and depth > 0:
            found += _flatten(meter, one, depth - 1) if depth > 1 else one
        else:
            found.append(one)
        meter.size(len(found))
    return found


def _range(meter: Meter, count: Any) -> list[int]:
    if type(count) is not int:
        raise no_overload("lists.range", count)
    meter.size(count)
    meter.step(max(count, 0) // 10)
    return list(range(count))


def _distinct(meter: Meter, value: Any) -> list[Any]:
    found: list[Any] = []
    for one in _list("distinct", value, meter):
        meter.step(1 + len(found) // 10)
        if not any(equal(one, other, meter) for other in found):
            found.append(one)
    return found


def _reverse(meter: Meter, value: Any) -> list[Any]:
    return _list("reverse", value, meter)[::-1]


def _sort(meter: Meter, value: Any) -> list[Any]:
    values = _ordered("sort", value, meter)
    meter.step(len(values))
    return sorted(values, key=cmp_to_key(lambda one, two: less(two, one) - less(one, two)))


def _first(meter: Meter, value: Any) -> Optional:
    values = _list("first", value, meter)
    return Optional(True, values[0]) if values else NONE


def _last(meter: Meter, value: Any) -> Optional:
    values = _list("last", value, meter)
    return Optional(True, values[-1]) if values else NONE


def _shared(name: str, value: Any, other: Any, meter: Meter) -> Iterator[bool]:
    """Yield of each element of the other list whether the first has it too."""
    values, wanted = (_list(name, one, meter) for one in (value, other))
    meter.step(len(values) * len(wanted) // 10)
    return (any(equal(one, two, meter) for two in values) for one in wanted)


def _covers(meter: Meter, value: Any, other: Any) -> bool:
    return all(_shared("sets.contains", value, other, meter))


def _equivalent(meter: Meter, value: Any, other: Any) -> bool:
    return _covers(meter, value, other) and _covers(meter, other, value)


def _intersects(meter: Meter, value: Any, other: Any) -> bool:
    return any(_shared("sets.intersects", value, other, meter))


FUNCTIONS: Mapping[str, Function] = {
    "isSorted": member(_is_sorted, 1),
    "sum": member(_sum, 1),
    "min": _foremost("min", _before),
    "max": _foremost("max", lambda one, other: _before(other, one)),
    "indexOf": member(_index_of, 2, 3),
    "lastIndexOf": member(_last_index_of, 2, 3),
    "contains": member(_contains, 2),
    "slice": member(_slice, 3),
    "flatten": member(_flatten, 1, 2),
    "lists.range": plain(_range, 1),
    "distinct": member(_distinct, 1),
    "reverse": member(_reverse, 1),
    "sort": member(_sort, 1),
    "first": member(_first, 1),
    "last": member(_last, 1),
    "sets.contains": plain(_covers, 2),
    "sets.equivalent": plain(_equivalent, 2),
    "sets.intersects": plain(_intersects, 2),
}
