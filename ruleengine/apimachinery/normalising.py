"""The one form of a value, so that comparing desired with live shows real differences only.

Quantities get their canonical text, and what a server would leave out is left out:
``null``, and zero or empty values of fields that it does not write then. Regions whose
type nobody declared stay as they are.
"""

from ruleengine.apimachinery.quantities import canonical
from ruleengine.apimachinery.schema import Scalar, Schema, Shape
from ruleengine.model.values import Object, Value


def normalise(value: Object, schema: Schema) -> Object:
    """Return ``value`` in the form in which a server stores it; itself if it already is."""
    return _object(value, schema)


def _value(value: Value, schema: Schema) -> Value:
    if schema.shape is Shape.DEDUCED:
        return value
    if isinstance(value, dict):
        return _object(value, schema)
    if isinstance(value, list):
        element = schema.element
        items = [_value(item, element) for item in value]
        same = all(one is other for one, other in zip(items, value, strict=True))
        return value if same else items
    if schema.scalar is Scalar.QUANTITY:
        text = canonical(value)
        return value if text == value else text
    if schema.scalar is Scalar.INTEGER and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _object(value: Object, schema: Schema) -> Object:
    if schema.shape is Shape.DEDUCED:
        return value
    changed = False
    normal: Object = {}
    for name, inner in value.items():
        child = schema.child(name)
        after = _value(inner, child)
        if _is_left_out(after, child):
            changed = True
        else:
            normal[name] = after
            changed = changed or after is not inner
    return normal if changed else value


def _is_left_out(value: Value, schema: Schema) -> bool:
    if value is None:
        return schema.shape is not Shape.DEDUCED and not schema.nullable
    return schema.drops_zero and not value and schema.scalar is not Scalar.INT_OR_STRING
