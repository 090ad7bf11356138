"""Checks that follow from the types alone: the sort of each value, and closed sets.

A server refuses values of the wrong type when it decodes them; here they are causes like
all others, so that one pass reports everything.
"""

from collections.abc import Iterator
from typing import Final

from ruleengine.apimachinery.causes import Cause, Key, invalid, not_supported, required, wrong_type
from ruleengine.apimachinery.custom_formats import is_date_time
from ruleengine.apimachinery.quantities import QuantityError, parse_quantity
from ruleengine.apimachinery.schema import Scalar, Schema, Shape
from ruleengine.apimachinery.whole_numbers import bounds, is_whole
from ruleengine.model.values import Object, Path, Value

# Found once: to look up a member of an enum takes longer than most of what is done here.
_BOOLEAN: Final = Scalar.BOOLEAN
_INTEGER: Final = Scalar.INTEGER
_INT_OR_STRING: Final = Scalar.INT_OR_STRING
_NUMBER: Final = Scalar.NUMBER
_QUANTITY: Final = Scalar.QUANTITY
_TIME: Final = Scalar.TIME
_DEDUCED: Final = Shape.DEDUCED
_LIST: Final = Shape.LIST
_SCALAR: Final = Shape.SCALAR
_STRUCT: Final = Shape.STRUCT
_ABSENT: Final = object()
_PLAIN: Final = (Scalar.STRING, Scalar.BYTES)
_TEXTS: Final = (Scalar.STRING, Scalar.BYTES, Scalar.TIME)


def check_types(value: Object, schema: Schema, known: Object | None = None) -> list[Cause]:
    """Return every value whose type is wrong or that is not in its closed set.

    Nothing is wrong with ``known``: what the value shares with it is not looked at.
    """
    causes: list[Cause] = []
    _check(value, schema, (), known, causes)
    return causes


def _check(value: Value, schema: Schema, path: Path, known: Value, causes: list[Cause]) -> None:
    if value is None:
        if schema.required:
            causes.append(required(path))
        return
    shape = schema.shape
    if shape is _SCALAR:
        causes.extend(_check_scalar(value, schema, path))
    elif shape is _LIST:
        _check_list(value, schema, path, causes)
    elif shape is not _DEDUCED:
        _check_object(value, schema, path, known, causes)


def _check_list(value: Value, schema: Schema, path: Path, causes: list[Cause]) -> None:
    if not isinstance(value, list):
        causes.append(wrong_type(path, value, "array"))
        return
    for number, item in enumerate(value):
        if item is None:
            causes.append(invalid((*path, number), None, "must not be null"))
        _check(item, schema.element, (*path, number), None, causes)
    causes.extend(_check_items_enum(value, schema, path))


def _check_object(
    value: Value, schema: Schema, path: Path, known: Value, causes: list[Cause]
) -> None:
    if not isinstance(value, dict):
        causes.append(wrong_type(path, value, "object"))
        return
    is_struct = schema.shape is _STRUCT
    before = known if isinstance(known, dict) else {}
    fields, others = schema.fields, schema.others
    for name, inner in value.items():
        was = before.get(name, _ABSENT)
        if was is inner:
            continue
        child = fields.get(name) or others
        if type(inner) is str and child.scalar in _PLAIN and not child.enum:
            continue  # as most are
        _check(inner, child, (*path, name if is_struct else Key(name)), was, causes)
    if schema.required_fields:
        lacking = (name for name in schema.required_fields if name not in value)
        causes.extend(required((*path, name)) for name in lacking)


def _check_items_enum(items: list[Value], schema: Schema, path: Path) -> Iterator[Cause]:
    if schema.enum:
        for number, item in enumerate(items):
            if item not in schema.enum:
                yield not_supported((*path, number), item, schema.enum)


def _check_scalar(value: Value, schema: Schema, path: Path) -> Iterator[Cause]:
    scalar = schema.scalar
    if scalar in _TEXTS and not isinstance(value, str):
        yield wrong_type(path, value, "string")
    elif scalar is _TIME and not is_date_time(value):
        yield wrong_type(path, value, "date-time")
    elif scalar is _BOOLEAN and not isinstance(value, bool):
        yield wrong_type(path, value, "boolean")
    elif scalar is _INTEGER:
        yield from _check_integer(value, schema, path, "integer")
    elif scalar is _NUMBER and (isinstance(value, bool) or not isinstance(value, int | float)):
        yield wrong_type(path, value, "number")
    elif scalar is _INT_OR_STRING and not isinstance(value, str):
        yield from _check_integer(value, schema, path, "integer or string")
    elif scalar is _QUANTITY:
        yield from _check_quantity(value, path)
    elif schema.enum and value and value not in schema.enum:
        yield not_supported(path, value, (str(one) for one in schema.enum if one))


def _check_integer(value: Value, schema: Schema, path: Path, wanted: str) -> Iterator[Cause]:
    if not is_whole(value):
        yield wrong_type(path, value, wanted)
        return
    least, most = bounds(schema.type_name)
    if not least <= value <= most:
        yield wrong_type(path, value, f"{wanted}, from {least} to {most}")


def _check_quantity(value: Value, path: Path) -> Iterator[Cause]:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        yield wrong_type(path, value, "quantity")
        return
    try:
        parse_quantity(str(value))
    except QuantityError as error:
        yield invalid(path, value, str(error))
