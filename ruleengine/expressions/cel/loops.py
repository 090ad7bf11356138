"""The macros that go through lists and maps.

``all`` and ``exists`` are ``&&`` and ``||`` over elements: an error counts only where no other
element decides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, Protocol

from ruleengine.expressions.cel.values import CelError, Optional, less, no_overload
from ruleengine.expressions.language import ExpressionError, Meter


class Running(Protocol):
    """What a macro needs of the evaluation."""

    @property
    def meter(self) -> Meter:
        """Counts what is made."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """What is evaluated for each element: ``call(number of the body, *variables)``."""

    variables: int
    count: int
    call: Callable[..., Any]


Macro = Callable[[Any, Bodies, Running], Any]


def _values(over: Any, bodies: Bodies, name: str) -> Iterator[tuple[Any, ...]]:
    """Yield the variables of each round: keys of a map, elements of a list, or both parts."""
    if isinstance(over, dict):
        yield from over.items() if bodies.variables == 2 else ((key,) for key in over)
    elif isinstance(over, list):
        yield from enumerate(over) if bodies.variables == 2 else ((one,) for one in over)
    else:
        raise no_overload(name, over)


def _truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise no_overload(name, value)
    return value


def _quantified(name: str, *, decisive: bool) -> Macro:
    def quantified(over: Any, bodies: Bodies, run: Running) -> bool:
        failure: Exception | None = None
        for values in _values(over, bodies, name):
            try:
                decided = _truth(bodies.call(0, *values), name)
            except (ExpressionError, CelError) as error:
                if run.meter.spent:
                    raise
                failure = failure or error
                continue
            if decided is decisive:
                return decisive
        if failure is not None:
            raise failure
        return not decisive

    return quantified


def _exists_one(over: Any, bodies: Bodies, run: Running) -> bool:
    del run
    found = [
        values
        for values in _values(over, bodies, "exists_one")
        if _truth(bodies.call(0, *values), "exists_one")
    ]
    return len(found) == 1


def _filter(over: Any, bodies: Bodies, run: Running) -> list[Any]:
    del run
    return [
        values[0]
        for values in _values(over, bodies, "filter")
        if _truth(bodies.call(0, *values), "filter")
    ]


def _chosen(over: Any, bodies: Bodies, name: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rounds that a condition in front of the result lets pass."""
    for values in _values(over, bodies, name):
        if bodies.count == 1 or _truth(bodies.call(0, *values), name):
            yield values


def _map(over: Any, bodies: Bodies, run: Running) -> list[Any]:
    found: list[Any] = []
    for values in _chosen(over, bodies, "map"):
        found.append(bodies.call(bodies.count - 1, *values))
        run.meter.size(len(found))
    return found


def _transform_map(over: Any, bodies: Bodies, run: Running) -> dict[Any, Any]:
    del run
    chosen = _chosen(over, bodies, "transformMap")
    return {values[0]: bodies.call(bodies.count - 1, *values) for values in chosen}


def _transform_map_entry(over: Any, bodies: Bodies, run: Running) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for values in _chosen(over, bodies, "transformMapEntry"):
        entry = bodies.call(bodies.count - 1, *values)
        if not isinstance(entry, dict):
            raise no_overload("transformMapEntry", entry)
        if any(key in found for key in entry):
            raise CelError("two keys of the map are equal")
        found.update(entry)
        run.meter.size(len(found))
    return found


def _sort_by(over: Any, bodies: Bodies, run: Running) -> list[Any]:
    if not isinstance(over, list):
        raise no_overload("sortBy", over)
    run.meter.step(len(over))
    keyed = [(bodies.call(0, one), one) for one in over]
    return [one for _, one in sorted(keyed, key=cmp_to_key(_compared))]


def _compared(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
    if type(left[0]) is not type(right[0]):
        raise CelError("the values to sort by have different types")
    return less(right[0], left[0]) - less(left[0], right[0])


def _opt_map(over: Any, bodies: Bodies, run: Running) -> Any:
    found = _opt_flat_map(over, bodies, run)
    if isinstance(found, Optional) and over.present:
        found = found.content if found.present else None
    return Optional(True, found) if over.present else found


def _opt_flat_map(over: Any, bodies: Bodies, run: Running) -> Any:
    del run
    if not isinstance(over, Optional):
        raise no_overload("optMap", over)
    return bodies.call(0, over.content) if over.present else over


MACROS: dict[str, Macro] = {
    "all": _quantified("all", decisive=False),
    "exists": _quantified("exists", decisive=True),
    "exists_one": _exists_one,
    "existsOne": _exists_one,
    "filter": _filter,
    "map": _map,
    "sortBy": _sort_by,
    "optMap": _opt_map,
    "optFlatMap": _opt_flat_map,
    "transformList": _map,
    "transformMap": _transform_map,
    "transformMapEntry": _transform_map_entry,
}
