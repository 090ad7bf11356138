"""Types of custom resources as rules in CEL see them, from the schemas that describe them.

A rule may speak of what a schema describes and of nothing else: what has no type of its own,
such as the inside of a field whose unknown fields are kept, is out of its reach (reference,
Kubernetes API section 8, "CEL").
"""

from collections.abc import Mapping
from typing import Final

from ruleengine.expressions.cel.fields import escaped
from ruleengine.expressions.cel.types import (
    BOOL,
    DYN,
    INT,
    STRING,
    Type,
    list_of,
    map_of,
    object_of,
)
from ruleengine.model.values import Object, Value

_SCALARS: Final[Mapping[str, Type]] = {
    "boolean": BOOL,
    "integer": INT,
    "number": Type("double"),
    "string": STRING,
}
_FORMATS: Final[Mapping[str, Type]] = {
    "byte": Type("bytes"),
    "date": Type("timestamp"),
    "date-time": Type("timestamp"),
    "duration": Type("duration"),
}
_NAMED: Final[Object] = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}},
    },
}
"""What every object has that is one of its own."""


def type_of(schema: Value, *, whole: bool = False) -> Type | None:
    """Return the type of what a schema describes, ``None`` where rules cannot speak of it.

    ``whole`` says that it is an object of its own, with a kind and a name.
    """
    if not isinstance(schema, dict):
        return None
    if schema.get("x-kubernetes-int-or-string"):
        return DYN
    match schema.get("type"):
        case "array":
            element = _part(schema.get("items"))
            return list_of(element) if element else None
        case "object":
            return _object(schema, whole=whole)
        case "string":
            return _FORMATS.get(str(schema.get("format")), STRING)
        case sort:
            return _SCALARS.get(str(sort))


def _part(schema: Value) -> Type | None:
    embedded = isinstance(schema, dict) and bool(schema.get("x-kubernetes-embedded-resource"))
    return type_of(schema, whole=embedded)


def _object(schema: Object, *, whole: bool) -> Type | None:
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        value = _part(others)
        return map_of(STRING, value) if value else None
    stated = schema.get("properties")
    properties = {**(stated if isinstance(stated, dict) else {}), **(_NAMED if whole else {})}
    types = ((escaped(name), _part(one)) for name, one in properties.items())
    return object_of({name: found for name, found in types if name and found})
