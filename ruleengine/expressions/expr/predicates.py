"""Functions that evaluate an argument for each item of a list.

Each gets the list, a function that evaluates the predicate for the item in its slots, and
the value of the third argument. The meter counts what every item costs.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from ruleengine.expressions.expr import operators
from ruleengine.expressions.expr.operators import truth
from ruleengine.expressions.expr.running import Compiled, Run
from ruleengine.expressions.expr.sorting import sort
from ruleengine.expressions.expr.values import Groups, Problem, kind_of
from ruleengine.formats.go_durations import Duration
from ruleengine.formats.go_text import to_bytes


class Loop:
    """A list and the predicate that is evaluated for its items.

    ``weight`` is how many operations the predicate has; ``item``, ``index`` and
    ``accumulator`` are the slots that it reads.
    """

    __slots__ = ("accumulator", "index", "item", "predicate", "weight")

    def __init__(self, first_slot: int) -> None:
        self.item, self.index, self.accumulator = range(first_slot, first_slot + 3)
        self.predicate: Compiled | None = None
        self.weight = 1

    def values(self, run: Run, items: list[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield each item with what the predicate gives for it."""
        slots, step, weight, predicate = run.slots, run.meter.step, self.weight, self.predicate
        for index, item in enumerate(items):
            step(weight)
            slots[self.item] = item
            slots[self.index] = index
            yield item, item if predicate is None else predicate(run)

    def truths(self, run: Run, items: list[Any]) -> Iterator[tuple[Any, bool]]:
        """Yield each item with the truth of the predicate for it. Raises ``Problem``."""
        for item, value in self.values(run, items):
            yield item, value if value is True or value is False else truth(value)


Apply = Callable[[Loop, Run, list[Any], Any], Any]


def items_of(value: Any) -> list[Any]:
    """Return the items that a predicate function goes through. Raises ``Problem``."""
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return list(to_bytes(value))
    hint = "write ?? [] behind what may be nil" if value is None else ""
    if isinstance(value, dict):
        hint = "take its keys(...), values(...) or toPairs(...)"
    raise Problem(f"{kind_of(value)} stands where a list must", hint)


def _all(loop: Loop, run: Run, items: list[Any], _third: Any) -> bool:
    return all(true for _, true in loop.truths(run, items))


def _any(loop: Loop, run: Run, items: list[Any], _third: Any) -> bool:
    return any(true for _, true in loop.truths(run, items))


def _none(loop: Loop, run: Run, items: list[Any], _third: Any) -> bool:
    return not any(true for _, true in loop.truths(run, items))


def _count(loop: Loop, run: Run, items: list[Any], _third: Any) -> int:
    return sum(true for _, true in loop.truths(run, items))


def _one(loop: Loop, run: Run, items: list[Any], _third: Any) -> bool:
    return _count(loop, run, items, None) == 1


def _filter(loop: Loop, run: Run, items: list[Any], _third: Any) -> list[Any]:
    return [item for item, true in loop.truths(run, items) if true]


def _map(loop: Loop, run: Run, items: list[Any], _third: Any) -> list[Any]:
    return [value for _, value in loop.values(run, items)]


def _find(loop: Loop, run: Run, items: list[Any], _third: Any) -> Any:
    return next((item for item, true in loop.truths(run, items) if true), None)


def _find_index(loop: Loop, run: Run, items: list[Any], _third: Any) -> int | None:
    found = (index for index, (_, true) in enumerate(loop.truths(run, items)) if true)
    return next(found, None)


def _find_last(loop: Loop, run: Run, items: list[Any], _third: Any) -> Any:
    index = _find_last_index(loop, run, items, None)
    return None if index is None else items[index]


def _find_last_index(loop: Loop, run: Run, items: list[Any], _third: Any) -> int | None:
    predicate = loop.predicate
    for index in range(len(items) - 1, -1, -1):
        run.meter.step(loop.weight)
        run.slots[loop.item] = items[index]
        run.slots[loop.index] = index
        if predicate is None or truth(predicate(run)):
            return index
    return None


def _sum(loop: Loop, run: Run, items: list[Any], _third: Any) -> Any:
    total: Any = 0
    for number, (_, value) in enumerate(loop.values(run, items)):
        first = number == 0 and isinstance(value, Duration)
        total = value if first else operators.add(total, value, run.meter)
    return total


def _group_by(loop: Loop, run: Run, items: list[Any], _third: Any) -> dict[Any, list[Any]]:
    groups = Groups()
    for item, key in loop.values(run, items):
        if isinstance(key, list | dict):
            raise Problem(f"{kind_of(key)} cannot be the key of a group", "group by a text")
        groups.setdefault(key, []).append(item)
    return groups


def _sort_by(loop: Loop, run: Run, items: list[Any], order: Any) -> list[Any]:
    keyed = [(value, item) for item, value in loop.values(run, items)]
    return [item for _, item in sort(run.meter, keyed, "asc" if order is None else order)]


def _reduce(loop: Loop, run: Run, items: list[Any], first: Any) -> Any:
    """Go through the items; ``first`` is a list of one value, or ``None`` for the first item."""
    if first is None and not items:
        raise Problem("'reduce' of an empty list without a first value", "add one: reduce(l, p, 0)")
    start = 1 if first is None else 0
    value = items[0] if first is None else first[0]
    slots, predicate = run.slots, loop.predicate
    for index in range(start, len(items)):
        run.meter.step(loop.weight)
        slots[loop.item] = items[index]
        slots[loop.index] = index
        slots[loop.accumulator] = value
        value = predicate(run) if predicate else value
    return value


LOOPS: Final[dict[str, Apply]] = {
    "all": _all,
    "any": _any,
    "none": _none,
    "one": _one,
    "count": _count,
    "filter": _filter,
    "map": _map,
    "find": _find,
    "findIndex": _find_index,
    "findLast": _find_last,
    "findLastIndex": _find_last_index,
    "sum": _sum,
    "groupBy": _group_by,
    "sortBy": _sort_by,
    "reduce": _reduce,
}
