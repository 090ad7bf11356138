"""The one form of a value, so that comparing desired with live shows real differences only.

Quantities get their canonical text, and what a server would leave out is left out:
``null``, and zero or empty values of fields that it does not write then. Regions whose
type nobody declared stay as they are.
"""

from operator import is_
from typing import Final

from ruleengine.apimachinery.quantities import canonical
from ruleengine.apimachinery.schema import Scalar, Schema, Shape
from ruleengine.apimachinery.whole_numbers import is_whole
from ruleengine.model.values import Object, Value, equal

# Found once: to look up a member of an enum takes longer than most of what is done here.
_INTEGER: Final = Scalar.INTEGER
_QUANTITY: Final = Scalar.QUANTITY
_DEDUCED: Final = Shape.DEDUCED
_ABSENT: Final = object()
_ZEROS: Final[dict[Scalar, tuple[type, ...]]] = {
    Scalar.STRING: (str,),
    Scalar.BYTES: (str,),
    Scalar.TIME: (str,),
    Scalar.BOOLEAN: (bool,),
    Scalar.INTEGER: (int, float),
    Scalar.NUMBER: (int, float),
}
"""What the zero of a scalar is."""


def normalise(value: Object, schema: Schema, known: Object | None = None) -> Object:
    """Return ``value`` in the form in which a server stores it; itself if it already is.

    ``known`` is in that form: what the value shares with it is not looked at.
    """
    return _object(value, schema, known)


def normalise_both(one: Value, other: Value, schema: Schema) -> tuple[Value, Value]:
    """Return two values of which each part that only one has is in the form of a server.

    What they share is left alone, so that it costs little to compare values that differ in
    little. Where they mean the same, the first is returned twice.
    """
    if one is other or schema.shape is _DEDUCED:
        return one, other
    if isinstance(one, dict) and isinstance(other, dict):
        return _both_objects(one, other, schema)
    if isinstance(one, list) and isinstance(other, list):
        return _both_lists(one, other, schema)
    mine, theirs = _value(one, schema), _value(other, schema)
    return (one, one) if equal(mine, theirs) else (mine, theirs)


def _both_lists(
    one: list[Value], other: list[Value], schema: Schema
) -> tuple[list[Value], list[Value]]:
    element = schema.element
    if len(one) != len(other):
        shared = {id(item) for item in one} & {id(item) for item in other}
        mine, theirs = (
            [item if id(item) in shared else _value(item, element) for item in items]
            for items in (one, other)
        )
        return mine, theirs
    mine, theirs = one, list(one)
    for number, was in enumerate(one):
        if other[number] is not was:
            before, after = normalise_both(was, other[number], element)
            if before is not after:
                mine = list(one) if mine is one else mine
                mine[number], theirs[number] = before, after
    return (one, one) if mine is one else (mine, theirs)


def _both_objects(one: Object, other: Object, schema: Schema) -> tuple[Object, Object]:
    changed = [name for name, before in one.items() if other.get(name, _ABSENT) is not before]
    if len(other) > len(one) - len(changed):
        changed += [name for name in other if name not in one]
    mine, theirs, alike = one, other, True
    for name in changed:
        child = schema.fields.get(name) or schema.others
        was, will = one.get(name, _ABSENT), other.get(name, _ABSENT)
        before, after = normalise_both(was, will, child)
        if before is not after:
            before = _ABSENT if _is_left_out(before, child) else before
            after = _ABSENT if _is_left_out(after, child) else after
            alike = alike and before is after
        if after is not will:
            theirs = _put(dict(other) if theirs is other else theirs, name, after)
        if before is not was:
            mine = _put(dict(one) if mine is one else mine, name, before)
    return (one, one) if alike else (mine, theirs)


def _put(value: Object, name: str, inner: Value) -> Object:
    if inner is _ABSENT:
        value.pop(name, None)
    else:
        value[name] = inner
    return value


def _value(value: Value, schema: Schema, known: Value = None) -> Value:
    if schema.shape is _DEDUCED:
        return value
    if isinstance(value, dict):
        return _object(value, schema, known)
    if isinstance(value, list):
        items = _items(value, schema.element)
        return value if all(map(is_, items, value)) else items
    if schema.scalar is _QUANTITY:
        text = canonical(value, milli=schema.milli)
        return value if text == value else text
    if schema.scalar is _INTEGER and isinstance(value, float) and is_whole(value):
        return int(value)
    return value


def _items(value: list[Value], element: Schema) -> list[Value]:
    """Return the items of a list in that form; most lists are of maps."""
    return [
        _object(item, element) if type(item) is dict else _value(item, element) for item in value
    ]


def _object(value: Object, schema: Schema, known: Value = None) -> Object:
    if schema.shape is _DEDUCED:
        return value
    before = known if isinstance(known, dict) else None
    fields, others = schema.fields, schema.others
    normal = value
    for name, inner in value.items():
        was = before.get(name, _ABSENT) if before else _ABSENT
        if was is inner:
            continue
        child = fields.get(name) or others
        if type(inner) is str and inner and child.scalar is not _QUANTITY:
            continue
        after = (_object if type(inner) is dict else _value)(inner, child, was)
        if not after and _is_left_out(after, child):
            normal = _put(dict(value) if normal is value else normal, name, _ABSENT)
        elif after is not inner:
            normal = _put(dict(value) if normal is value else normal, name, after)
    return normal


def _is_left_out(value: Value, schema: Schema) -> bool:
    if value is None:
        return schema.shape is not _DEDUCED and not schema.nullable
    return schema.drops_zero and not value and _is_zero(value, schema)


def _is_zero(value: Value, schema: Schema) -> bool:
    """Tell whether an empty value is that of its type; any other is a mistake, and stays."""
    match schema.shape:
        case Shape.LIST:
            return isinstance(value, list)
        case Shape.STRUCT | Shape.MAP:
            return isinstance(value, dict)
        case Shape.SCALAR if schema.scalar in _ZEROS:
            return type(value) in _ZEROS[schema.scalar]
        case _:
            return schema.scalar is not Scalar.INT_OR_STRING
