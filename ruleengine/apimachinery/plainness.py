"""Values that are as a server stores them already: one walk that tells so of most objects.

On its way into the store an object is walked for undeclared fields, for nulls and empty values
that are left out, for amounts in another spelling, for wrong types. Of most objects each of these
walks finds nothing; where this one says that they would, none of them needs to be made.
"""

from typing import Final

from ruleengine.apimachinery.custom_formats import is_date_time
from ruleengine.apimachinery.list_items import item_problem, steps_of
from ruleengine.apimachinery.quantities import is_canonical
from ruleengine.apimachinery.schema import ListType, Scalar, Schema, Shape
from ruleengine.apimachinery.whole_numbers import bounds
from ruleengine.model.values import Object, Value

# Found once: to look up a member of an enum takes longer than most of what is done here.
_ATOMIC: Final = ListType.ATOMIC
_DEDUCED: Final = Shape.DEDUCED
_LIST: Final = Shape.LIST
_QUANTITY: Final = Scalar.QUANTITY
_SCALAR: Final = Shape.SCALAR
_STRING: Final = Scalar.STRING
_STRUCT: Final = Shape.STRUCT
_TIME: Final = Scalar.TIME
_WHOLE: Final = frozenset({Scalar.INTEGER, Scalar.NUMBER, Scalar.INT_OR_STRING})
_SORTS: Final[dict[type, frozenset[Scalar]]] = {
    str: frozenset({Scalar.STRING, Scalar.BYTES, Scalar.INT_OR_STRING}),
    bool: frozenset({Scalar.BOOLEAN}),
}
"""Which scalars a value is of whose type is all that matters."""


def is_plain(value: Object, schema: Schema) -> bool:
    """Tell whether there is nothing to take out of a value, to bring into form or to refuse.

    Then it has declared fields of the right types only, no item twice, no null, nothing that a
    server leaves out, and each amount in its canonical form: ``check_declared`` raises nothing,
    ``check_types`` finds nothing, and ``settle``, ``prune`` and ``normalise`` return it itself.
    Of a value that is not plain nothing is known.
    """
    fields, others = schema.fields, schema.others
    closed = schema.shape is _STRUCT and not schema.preserve_unknown
    for name, inner in value.items():
        child = fields.get(name)
        if child is None:
            if closed:
                return False
            child = others
        if type(inner) is str and inner and child.scalar is _STRING and not child.enum:
            continue
        if not _is_plain(inner, child):
            return False
    return not schema.required_fields or value.keys() >= set(schema.required_fields)


def _is_plain(value: Value, schema: Schema) -> bool:
    if value is None or (not value and schema.drops_zero):
        return False
    shape = schema.shape
    if shape is _DEDUCED:
        return True
    if shape is _SCALAR:
        return _is_plain_scalar(value, schema)
    if shape is _LIST:
        return type(value) is list and _is_plain_list(value, schema)
    return type(value) is dict and is_plain(value, schema)


def _is_plain_scalar(value: Value, schema: Schema) -> bool:
    scalar, sort = schema.scalar, type(value)
    if schema.enum and value not in schema.enum:
        return False
    if sort is str and scalar is _QUANTITY:
        return is_canonical(value, milli=schema.milli)
    if sort is str and scalar is _TIME:
        return is_date_time(value)
    if sort is int:
        least, most = bounds(schema.type_name)
        return scalar in _WHOLE and least <= value <= most
    return sort in _SORTS and scalar in _SORTS[sort]


def _is_plain_list(items: list[Value], schema: Schema) -> bool:
    if schema.list_type is not _ATOMIC:
        if any(item_problem(item, schema) for item in items):
            return False
        if len(items) > 1 and len(set(steps_of(items, schema))) < len(items):
            return False
    if schema.enum and any(item not in schema.enum for item in items):
        return False
    element = schema.element
    return all(_is_plain(item, element) for item in items)
