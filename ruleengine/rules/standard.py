"""Jinja's filters as functions of plain data: the harmless ones, with Jinja's meaning.

They are written out because importing Jinja takes longer than checking a file, and because
Jinja's own reach for fields through its environment. A test holds each of them to Jinja's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from ruleengine.model.values import Value
from ruleengine.rules import filters
from ruleengine.rules.faults import ExpressionFault
from ruleengine.rules.predicates import predicate
from ruleengine.rules.sandbox import get_item
from ruleengine.rules.undefined import Missing

_WORDS: Final = re.compile(r"([-\s({\[<]+)")

Get = Callable[[Value], Any]
"""Reads what is compared, or passed on, of an item."""


def default(value: Value, other: Value = "", boolean: Value = False) -> Value:
    """Put another value in the place of an undefined one."""
    return other if isinstance(value, Missing) or (boolean and not value) else value


def first(values: Iterable[Value]) -> Value:
    """Return the first item."""
    return next(iter(values), Missing("an empty list has no first item"))


def last(values: Any) -> Value:
    """Return the last item."""
    return next(iter(reversed(values)), Missing("an empty list has no last item"))


def as_integer(value: Value, other: Value = 0, base: int = 10) -> Value:
    """Return a whole number; ``other`` for what is none."""
    try:
        return int(value, base) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        try:
            return int(float(value))
        except (TypeError, ValueError, OverflowError):
            return other


def as_float(value: Value, other: Value = 0.0) -> Value:
    """Return a number; ``other`` for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return other


def items(value: Any) -> Iterator[tuple[str, Value]]:
    """Yield the pairs of a map; none of an undefined one."""
    if isinstance(value, Missing):
        return
    if not isinstance(value, Mapping):
        raise ExpressionFault("`items` takes a map")
    yield from value.items()


def dictsort(
    value: Mapping[str, Value],
    case_sensitive: Value = False,
    by: str = "key",
    reverse: Value = False,
) -> list[tuple[str, Value]]:
    """Return the pairs of a map, sorted by key or by value."""
    if by not in ("key", "value"):
        raise ExpressionFault("`dictsort` sorts by 'key' or by 'value'")
    position = ("key", "value").index(by)
    fold = _folding(case_sensitive)
    return sorted(value.items(), key=lambda pair: fold(pair[position]), reverse=bool(reverse))


def title(value: Value) -> str:
    """Begin every word with a capital letter."""
    words = _WORDS.split(_text(value))
    return "".join(word[0].upper() + word[1:].lower() for word in words if word)


def reverse(value: Any) -> Any:
    """Turn a text or a list round."""
    if isinstance(value, str):
        return value[::-1]
    return reversed(value) if hasattr(value, "__reversed__") else reversed(list(value))


def sort(
    values: Iterable[Value],
    reverse: Value = False,
    case_sensitive: Value = False,
    attribute: Value = None,
) -> list[Value]:
    """Sort a list, by attributes of its items where some are named."""
    listed = attribute.split(",") if isinstance(attribute, str) else [attribute]
    fold = _folding(case_sensitive)
    read = [reader(one) for one in listed]
    return sorted(values, key=lambda item: [fold(get(item)) for get in read], reverse=bool(reverse))


def unique(
    values: Iterable[Value],
    case_sensitive: Value = False,
    attribute: Value = None,
) -> Iterator[Value]:
    """Yield each item once."""
    fold, get, seen = _folding(case_sensitive), reader(attribute), set()
    for item in values:
        key = fold(get(item))
        if key not in seen:
            seen.add(key)
            yield item


def _extreme(choose: Callable[..., Value]) -> Callable[..., Value]:
    def extreme(
        values: Iterable[Value],
        case_sensitive: Value = False,
        attribute: Value = None,
    ) -> Value:
        listed = list(values)
        if not listed:
            return Missing("an empty list has no largest and no smallest item")
        fold, get = _folding(case_sensitive), reader(attribute)
        return choose(listed, key=lambda item: fold(get(item)))

    return extreme


def mapped(values: Any, *arguments: Value, **named: Value) -> Iterator[Value]:
    """Yield what a filter makes of each item, or an attribute of it."""
    if not values:
        return
    if not arguments and "attribute" in named:
        attribute, other = named.pop("attribute"), named.pop("default", None)
        if named:
            raise ExpressionFault(f"`map` takes no {next(iter(named))!r}")
        get = reader(attribute, other)
        yield from (get(item) for item in values)
        return
    if not arguments:
        raise ExpressionFault("`map` needs a filter or an attribute")
    function = filter_function(str(arguments[0]))
    yield from (function(item, *arguments[1:], **named) for item in values)


def _selection(*, kept: bool, by_attribute: bool) -> Callable[..., Iterator[Value]]:
    def select(values: Any, *arguments: Value, **named: Value) -> Iterator[Value]:
        if not values:
            return
        given = list(arguments)
        if by_attribute and not given:
            raise ExpressionFault("the attribute is missing")
        get = reader(given.pop(0)) if by_attribute else _itself
        holds = predicate(str(given.pop(0))) if given else bool
        for item in values:
            if bool(holds(get(item), *given, **named)) is kept:
                yield item

    return select


def reader(attribute: Value, other: Value = None) -> Get:
    """Return what reads an attribute of an item: ``a``, ``a.b``, or the number of an item."""
    if attribute is None:
        return _itself
    words = attribute.split(".") if isinstance(attribute, str) else [attribute]
    steps = [int(one) if isinstance(one, str) and one.isdigit() else one for one in words]

    def read(item: Value) -> Any:
        for step in steps:
            item = get_item(item, step)
            if other is not None and isinstance(item, Missing):
                item = other
        return item

    return read


def _itself(item: Value) -> Value:
    return item


def _folding(case_sensitive: Value) -> Get:
    return _itself if case_sensitive else _folded


def _folded(value: Value) -> Any:
    return value.lower() if isinstance(value, str) else value


def _text(value: Value) -> str:
    return value if isinstance(value, str) else str(value)


STANDARD: Final[dict[str, Callable[..., Any]]] = {
    "abs": abs,
    "default": default,
    "dictsort": dictsort,
    "first": first,
    "float": as_float,
    "int": as_integer,
    "items": items,
    "last": last,
    "length": len,
    "list": list,
    "lower": lambda value: _text(value).lower(),
    "map": mapped,
    "max": _extreme(max),
    "min": _extreme(min),
    "reject": _selection(kept=False, by_attribute=False),
    "rejectattr": _selection(kept=False, by_attribute=True),
    "reverse": reverse,
    "select": _selection(kept=True, by_attribute=False),
    "selectattr": _selection(kept=True, by_attribute=True),
    "sort": sort,
    "string": _text,
    "title": title,
    "trim": lambda value, characters=None: _text(value).strip(characters),
    "unique": unique,
    "upper": lambda value: _text(value).upper(),
}
"""Jinja's filters that rules have."""

FILTERS: Final[dict[str, Callable[..., Any]]] = STANDARD | filters.FILTERS
"""Every filter that rules have."""


def filter_function(name: str) -> Callable[..., Any]:
    """Return a filter. Raises ``ExpressionFault`` where there is none of that name."""
    found = FILTERS.get(name)
    if found is None:
        raise ExpressionFault(f"there is no filter {name!r}")
    return found
