"""Functions of lists. None changes the list that it is given."""

from typing import Any, Final

from ruleengine.expressions.go_deep import identity
from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.expressions.sprig.casts import check_size, is_empty, to_integer
from ruleengine.expressions.sprig.twins import twins
from ruleengine.formats.go_text import type_name

_ANY = Kind.ANY


def _list(value: Any, purpose: str) -> list[Any]:
    if isinstance(value, list | tuple | bytes):
        return list(value)
    raise ExpressionError(f"Cannot {purpose} type {type_name(value)}", hint="a list is expected")


def push(values: Any, value: Any) -> list[Any]:
    """Return a list with one more element at its end."""
    return [*_list(values, "push on"), value]


def prepend(values: Any, value: Any) -> list[Any]:
    """Return a list with one more element at its start."""
    return [value, *_list(values, "prepend on")]


def first(values: Any) -> Any:
    """Return the first element, ``None`` where there is none."""
    return next(iter(_list(values, "find first on")), None)


def last(values: Any) -> Any:
    """Return the last element, ``None`` where there is none."""
    return next(reversed(_list(values, "find last on")), None)


def rest(values: Any) -> list[Any]:
    """Return all elements but the first."""
    return _list(values, "find rest on")[1:]


def initial(values: Any) -> list[Any]:
    """Return all elements but the last."""
    return _list(values, "find initial on")[:-1]


def reverse(values: Any) -> list[Any]:
    """Return a list from its end to its start."""
    return _list(values, "find reverse on")[::-1]


def compact(values: Any) -> list[Any]:
    """Return the elements that are not empty."""
    return [one for one in _list(values, "compact on") if not is_empty(one)]


def uniq(meter: Meter, values: Any) -> list[Any]:
    """Return each of the elements that are equal once."""
    seen: set[Any] = set()
    made: list[Any] = []
    for one in _list(values, "find uniq on"):
        key = identity(one, meter)
        if key not in seen:
            seen.add(key)
            made.append(one)
    return made


def without(meter: Meter, values: Any, *others: Any) -> list[Any]:
    """Return the elements that equal none of the others."""
    left_out = {identity(one, meter) for one in others}
    return [one for one in _list(values, "find without on") if identity(one, meter) not in left_out]


def has(meter: Meter, value: Any, values: Any) -> bool:
    """Tell whether an element equals a value."""
    if values is None:
        return False
    wanted = identity(value, meter)
    return any(identity(one, meter) == wanted for one in _list(values, "find has on"))


def cut(values: Any, *indexes: Any) -> list[Any] | None:
    """Return the elements from one index up to another, ``None`` for an empty list."""
    elements = _list(values, "slice")
    if not elements:
        return None
    start = to_integer(indexes[0]) if indexes else 0
    end = to_integer(indexes[1]) if len(indexes) > 1 else len(elements)
    if not 0 <= start <= end <= len(elements):
        raise ExpressionError("slice bounds out of range", hint="the end is not before the start")
    return elements[start:end]


def concat(*lists: Any) -> list[Any]:
    """Return the elements of all lists one after the other."""
    made = [_list(one, "concat") for one in lists]
    check_size(sum(map(len, made)))
    return [one for elements in made for one in elements]


def chunk(size: int, values: Any) -> list[list[Any]]:
    """Return a list in pieces of a size."""
    elements = _list(values, "chunk")
    if size <= 0:
        raise ExpressionError("a size that is not positive")
    return [elements[at : at + size] for at in range(0, len(elements), size)]


FUNCTIONS: Final = (
    Function("list", lambda *values: list(values), (), _ANY),
    Function("tuple", lambda *values: list(values), (), _ANY),
    *twins(Function("append", push, (_ANY, _ANY))),
    *twins(Function("push", push, (_ANY, _ANY))),
    *twins(Function("prepend", prepend, (_ANY, _ANY))),
    *twins(Function("first", first, (_ANY,))),
    *twins(Function("last", last, (_ANY,))),
    *twins(Function("rest", rest, (_ANY,))),
    *twins(Function("initial", initial, (_ANY,))),
    *twins(Function("reverse", reverse, (_ANY,))),
    *twins(Function("compact", compact, (_ANY,))),
    *twins(Function("uniq", uniq, (_ANY,), metered=True)),
    *twins(Function("without", without, (_ANY,), _ANY, metered=True)),
    *twins(Function("has", has, (_ANY, _ANY), metered=True)),
    *twins(Function("slice", cut, (_ANY,), _ANY)),
    *twins(Function("chunk", chunk, (Kind.INT, _ANY))),
    Function("concat", concat, (), _ANY),
)
