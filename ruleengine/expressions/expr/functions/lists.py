"""Lists: ends, order, doubles, nesting."""

from typing import Any, Final

from ruleengine.expressions.expr import operators
from ruleengine.expressions.expr.access import fetch
from ruleengine.expressions.expr.functions.taking import index, integer, items
from ruleengine.expressions.expr.signatures import Function
from ruleengine.expressions.expr.sorting import sort
from ruleengine.expressions.expr.values import Problem, kind_of
from ruleengine.expressions.language import Meter

_DEEPEST: Final = 100


def _length(value: Any) -> int:
    if not isinstance(value, list | dict | str | bytes):
        raise Problem(f"{kind_of(value)} has no length")
    return len(value)


def _first(value: Any) -> Any:
    return None if value is None else next(iter(items(value)), None)


def _last(value: Any) -> Any:
    return items(value)[-1] if value else None


def _get(value: Any, key: Any) -> Any:
    """Return a field or item, and nil where there is none."""
    if isinstance(value, list | str):
        size, place = len(value), index(key)
        return fetch(value, place) if -size <= place < size else None
    return fetch(value, key) if isinstance(value, dict) else None


def _take(value: Any, count: Any) -> list[Any]:
    if integer(count) < 0:
        raise Problem("a negative number of items cannot be taken")
    return items(value)[:count]


def _unique(meter: Meter, value: Any) -> list[Any]:
    kept: list[Any] = []
    for one in items(value):
        meter.step(len(kept) // 16 + 1)
        if not any(operators.equal(one, other, meter) for other in kept):
            kept.append(one)
    return kept


def _concat(meter: Meter, *values: Any) -> list[Any]:
    meter.size(sum(len(items(value)) for value in values))
    return [one for value in values for one in value]


def _flatten(meter: Meter, value: Any) -> list[Any]:
    flat: list[Any] = []

    def add(nested: list[Any], depth: int) -> None:
        if depth > _DEEPEST:
            raise Problem(f"lists nest deeper than {_DEEPEST}")
        meter.step(len(nested) + 1)
        for one in nested:
            if isinstance(one, list):
                add(one, depth + 1)
            else:
                flat.append(one)

    add(items(value), 0)
    return flat


def _sorted(meter: Meter, value: Any, order: Any = "asc") -> list[Any]:
    if value is None:
        return []
    return [one for _, one in sort(meter, [(one, one) for one in items(value)], order)]


FUNCTIONS: Final = (
    Function("len", _length, 1, 1),
    Function("first", _first, 1, 1),
    Function("last", _last, 1, 1),
    Function("get", _get, 2, 2),
    Function("take", _take, 2, 2),
    Function("reverse", lambda value: items(value)[::-1], 1, 1),
    Function("uniq", _unique, 1, 1, metered=True),
    Function("concat", _concat, 1, None, metered=True),
    Function("flatten", _flatten, 1, 1, metered=True),
    Function("sort", _sorted, 1, 2, metered=True),
)
