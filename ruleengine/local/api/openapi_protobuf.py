"""The OpenAPI 2 document in protobuf, the only form in which kubectl asks for it.

The numbers are those of the messages of ``openapi.v2``, in which kubectl has it. Only fields that
documents of kinds have are known; what a schema holds besides is left out, as clients that read
this form take it (reference, Kubernetes API section 2, "OpenAPI").
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from ruleengine.apimachinery.protobuf_wire import bytes_field, double_field, number_field
from ruleengine.formats import json_text
from ruleengine.model.values import Object, Value

MEDIA: Final = "application/com.github.proto-openapi.spec.v2"
"""How the names of this form begin; kubectl has an ``@`` after it, and servers a dot."""

CONTENT_TYPE: Final = f"{MEDIA}.v1.0+protobuf"

Written: TypeAlias = Callable[[int, Any], bytes]
"""Writes a value under the number of its field."""

_EXTENSION: Final = "x-"


def encode(document: Object) -> bytes:
    """Return the document that :mod:`ruleengine.local.api.openapi_v2` makes in protobuf."""
    return _fields(document, _DOCUMENT)


def _text(number: int, value: Value) -> bytes:
    return bytes_field(number, str(value).encode("utf-8", "replace"))


def _texts(number: int, value: Value) -> bytes:
    return b"".join(_text(number, one) for one in value)


def _whole(number: int, value: Value) -> bytes:
    return number_field(number, int(value) % 2**64)


def _real(number: int, value: Value) -> bytes:
    return double_field(number, float(value))


def _any(number: int, value: Value) -> bytes:
    return bytes_field(number, _text(2, f"{json_text.dumps(value)}\n"))


def _each(written: Written) -> Written:
    """Return what writes every item of a list under one number."""
    return lambda number, values: b"".join(written(number, one) for one in values)


def _named(number: int, value: Mapping[str, Value], written: Written) -> bytes:
    """Write a map as pairs of a name and a value."""
    return b"".join(
        bytes_field(number, _text(1, name) + written(2, one)) for name, one in value.items()
    )


def _fields(value: Object, known: Mapping[str, tuple[int, Written]], extensions: int = 0) -> bytes:
    """Write the fields of an object that are known, and its extensions under their number."""
    stated = [(*known[name], one) for name, one in value.items() if name in known]
    found = sorted((number, written(number, one)) for number, written, one in stated)
    own = {name: one for name, one in value.items() if name.startswith(_EXTENSION)}
    return b"".join(one for _, one in found) + (
        _named(extensions, own, _any) if extensions else b""
    )


def _of(known: Mapping[str, tuple[int, Written]], extensions: int = 0) -> Written:
    return lambda number, value: bytes_field(number, _fields(value, known, extensions))


def _schema(number: int, value: Value) -> bytes:
    return bytes_field(number, _fields(value, _SCHEMA, extensions=31))


def _additional(number: int, value: Value) -> bytes:
    return bytes_field(number, _whole(2, value) if isinstance(value, bool) else _schema(1, value))


def _type(number: int, value: Value) -> bytes:
    return bytes_field(number, _texts(1, value if isinstance(value, list) else [value]))


def _items(number: int, value: Value) -> bytes:
    return bytes_field(number, _each(_schema)(1, value if isinstance(value, list) else [value]))


def _schemas(number: int, value: Value) -> bytes:
    return bytes_field(number, _named(1, value, _schema))


def _responses(number: int, value: Value) -> bytes:
    known: Mapping[str, tuple[int, Written]] = {"description": (1, _text)}
    return bytes_field(
        number, _named(1, value, lambda at, one: bytes_field(at, _of(known)(1, one)))
    )


def _parameter(number: int, value: Value) -> bytes:
    """Write a parameter: a body, or one of the query."""
    if value.get("in") == "body":
        body = _of({"name": (2, _text), "in": (3, _text), "schema": (5, _schema)})(1, value)
    else:
        query = _of({"in": (2, _text), "name": (4, _text), "type": (6, _text)})(3, value)
        body = bytes_field(2, query)
    return bytes_field(number, bytes_field(1, body))


def _paths(number: int, value: Mapping[str, Value]) -> bytes:
    return bytes_field(number, _named(2, value, _of(_PATH)))


_SCHEMA: Final[Mapping[str, tuple[int, Written]]] = {
    "$ref": (1, _text),
    "format": (2, _text),
    "title": (3, _text),
    "description": (4, _text),
    "default": (5, _any),
    "multipleOf": (6, _real),
    "maximum": (7, _real),
    "exclusiveMaximum": (8, _whole),
    "minimum": (9, _real),
    "exclusiveMinimum": (10, _whole),
    "maxLength": (11, _whole),
    "minLength": (12, _whole),
    "pattern": (13, _text),
    "maxItems": (14, _whole),
    "minItems": (15, _whole),
    "uniqueItems": (16, _whole),
    "maxProperties": (17, _whole),
    "minProperties": (18, _whole),
    "required": (19, _texts),
    "enum": (20, _each(_any)),
    "additionalProperties": (21, _additional),
    "type": (22, _type),
    "items": (23, _items),
    "allOf": (24, _each(_schema)),
    "properties": (25, _schemas),
}
_OPERATION: Final[Mapping[str, tuple[int, Written]]] = {
    "produces": (6, _texts),
    "consumes": (7, _texts),
    "parameters": (8, _each(_parameter)),
    "responses": (9, _responses),
}
_PATH: Final = {
    verb: (number, _of(_OPERATION, extensions=13))
    for verb, number in (("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8))
}
_INFO: Final[Mapping[str, tuple[int, Written]]] = {"title": (1, _text), "version": (2, _text)}
_DOCUMENT: Final[Mapping[str, tuple[int, Written]]] = {
    "swagger": (1, _text),
    "info": (2, _of(_INFO)),
    "paths": (8, _paths),
    "definitions": (9, _schemas),
}
