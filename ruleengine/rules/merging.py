"""Merging of plain data: maps deep, lists replaced, ``null`` deletes."""

from collections.abc import Iterable

from ruleengine.model.values import Path, Value


def over(upper: Value, lower: Value) -> Value:
    """Return ``upper`` laid over ``lower``: what ``upper`` says wins.

    Maps are merged key by key at every depth, anything else is replaced as a whole. A
    ``null`` in ``upper`` deletes the key: it stays in the result, so that no default of a
    later layer fills it either, and :func:`without_nulls` takes it out in the end. Neither
    argument is changed.

    >>> over({"a": {"b": 1, "c": None}}, {"a": {"c": 2, "d": 3}})
    {'a': {'c': None, 'd': 3, 'b': 1}}
    """
    if not isinstance(upper, dict) or not isinstance(lower, dict):
        return upper
    merged = lower | upper
    for key in lower.keys() & upper.keys():
        one, other = upper[key], lower[key]
        if isinstance(one, dict) and isinstance(other, dict):
            merged[key] = over(one, other)
    return merged


def without_nulls(value: Value) -> Value:
    """Return ``value`` without the keys whose value is ``null`` (lists are left alone).

    The same object is returned where there are none.
    """
    if not isinstance(value, dict):
        return value
    changed: dict[str, Value] = {}
    for key, inner in value.items():
        if inner is None:
            changed[key] = None
        elif isinstance(inner, dict):
            pruned = without_nulls(inner)
            if pruned is not inner:
                changed[key] = pruned
    if not changed:
        return value
    return {key: one for key, one in {**value, **changed}.items() if one is not None}


def merged(values: Iterable[Value]) -> Value:
    """Return all values merged, a later one over the earlier ones."""
    result: Value = {}
    for value in values:
        result = over(value, result)
    return result


def fill(upper: Value, lower: Value) -> Value:
    """Return ``upper`` with what only ``lower`` has added: ``upper`` is never changed.

    As :func:`over`, but a ``null`` in ``upper`` stays: the object is taken as it is, and
    its ``null`` keeps the default out. The same object is returned where nothing is added.
    """
    if not isinstance(upper, dict) or not isinstance(lower, dict):
        return upper
    added = {}
    for key, value in lower.items():
        if key not in upper:
            added[key] = value
        else:
            filled = fill(upper[key], value)
            if filled is not upper[key]:
                added[key] = filled
    return {**upper, **added} if added else upper


def conflicts(one: Value, other: Value, path: Path = ()) -> Iterable[Path]:
    """Yield the paths at which two values say different things."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() & other.keys():
            yield from conflicts(one[key], other[key], (*path, key))
    elif one != other:
        yield path
