r"""Decoding the protobuf bodies that kubectl sends into plain objects.

A body is the magic ``k8s\0``, an envelope that names the kind, and a message whose field
numbers are those of the facts; the reference, Kubernetes API section 2, says how the two
worlds meet. Go writes every field that is no pointer, zero or not, so that a zero there
means "not said": it is dropped, as JSON would leave it out. A pointer keeps its zero.
"""

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, TypeAlias

from ruleengine.apimachinery.facts import builtin_type, type_facts
from ruleengine.apimachinery.protobuf_wire import (
    BYTES,
    FIXED64,
    MOST_DEPTH,
    VARINT,
    ProtobufError,
    floating,
    read_fields,
    read_varint,
    signed,
    text_of,
)
from ruleengine.formats import json_text
from ruleengine.model.values import Object, Value

MAGIC: Final = b"k8s\x00"
"""What every body begins with."""

MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"

_OPTIONS: Final = ("CreateOptions", "DeleteOptions", "PatchOptions", "Status", "UpdateOptions")
"""Kinds that every group version has; their types stand in the facts once."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_SAID: Final = ("", 0, False, None)

_Decoder: TypeAlias = Callable[[int | bytes, Value, int], Value]
"""Takes the value on the wire, what the field holds so far (``None``: nothing), the depth."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """What becomes of one field number: where its value goes and how it is decoded.

    ``name`` is empty for an inlined type, whose fields lie in the object itself. ``keeps``:
    a zero is a value of its own.
    """

    name: str
    decode: _Decoder
    wire_type: int
    repeated: bool = False
    mapping: bool = False
    keeps: bool = False


def decode_request(body: bytes) -> Object:
    """Return the object that a request body holds, its kind and apiVersion filled in.

    Raises :class:`~ruleengine.apimachinery.protobuf_wire.ProtobufError` for bytes that
    are none, for a kind that the facts do not know and for an encoding that is not plain.
    """
    return _decode_body(body, 0)


def _decode_body(body: bytes, depth: int) -> Object:
    if not body.startswith(MAGIC):
        raise ProtobufError("the body does not begin with the magic of Kubernetes' protobuf")
    envelope = _Envelope.read(body[len(MAGIC) :])
    if envelope.encoding:
        raise ProtobufError(f"the content encoding {envelope.encoding!r} is not supported")
    found: Object = {"apiVersion": envelope.api_version, "kind": envelope.kind}
    if envelope.media_type not in ("", MEDIA_TYPE):
        return {**found, **_json_object(envelope.raw)}
    type_name = _type_named(envelope.api_version, envelope.kind)
    if not type_name:
        raise ProtobufError(f"no kind {envelope.kind!r} is known in {envelope.api_version!r}")
    _fill(found, envelope.raw, type_name, depth)
    return found


def _type_named(api_version: str, kind: str) -> str:
    if kind in _OPTIONS:
        return f"meta/v1.{kind}"
    return builtin_type(api_version, kind)


@dataclass(slots=True)
class _Envelope:
    """``runtime.Unknown``: a message, and what it is."""

    api_version: str = ""
    kind: str = ""
    raw: bytes = b""
    encoding: str = ""
    media_type: str = ""

    @classmethod
    def read(cls, data: bytes) -> "_Envelope":
        """Return the envelope. Raises ``ProtobufError``."""
        found = cls()
        for field in read_fields(data):
            if field.number > 4:
                continue
            value = _bytes(field.value)
            match field.number:
                case 1:
                    names = {one.number: _bytes(one.value) for one in read_fields(value)}
                    found.api_version = text_of(names.get(1, b""))
                    found.kind = text_of(names.get(2, b""))
                case 2:
                    found.raw = value
                case 3:
                    found.encoding = text_of(value)
                case _:
                    found.media_type = text_of(value)
        return found


def _fill(into: Object, data: bytes, type_name: str, depth: int) -> None:
    """Put the fields of a message into an object that may hold some of them already."""
    if depth > MOST_DEPTH:
        raise ProtobufError(f"messages are nested deeper than {MOST_DEPTH}")
    slots = _slots(type_name)
    for field in read_fields(data):
        slot = slots.get(field.number)
        if slot is None:
            continue
        if slot.repeated and field.wire_type == BYTES and slot.wire_type == VARINT:
            into.setdefault(slot.name, []).extend(_unpacked(_bytes(field.value), slot, depth))
            continue
        if field.wire_type != slot.wire_type:
            raise ProtobufError(
                f"field {field.number} of {type_name} has the wire type {field.wire_type} "
                f"in place of {slot.wire_type}"
            )
        _put(into, slot, field.value, depth)


def _put(into: Object, slot: _Slot, value: int | bytes, depth: int) -> None:
    if not slot.name:
        slot.decode(value, into, depth)
    elif slot.mapping:
        into.setdefault(slot.name, {}).update(slot.decode(value, None, depth))
    elif slot.repeated:
        into.setdefault(slot.name, []).append(slot.decode(value, None, depth))
    else:
        decoded = slot.decode(value, into.get(slot.name), depth)
        if slot.keeps or decoded not in (*_NOT_SAID, {}):
            into[slot.name] = decoded
        else:
            into.pop(slot.name, None)


def _unpacked(data: bytes, slot: _Slot, depth: int) -> list[Value]:
    values, at = [], 0
    while at < len(data):
        number, at = read_varint(data, at)
        values.append(slot.decode(number, None, depth))
    return values


@cache
def _slots(type_name: str) -> dict[int, _Slot]:
    """Return what each field number of a type means."""
    own = type_facts(type_name) or {}
    slots = {}
    for name, field in own.get("fields", {}).items():
        slot = _slot(name, field["type"], keeps=bool(field.get("pointer")))
        if slot is not None:
            slots[field["proto"]] = slot
    for inlined in own.get("inline", ()):
        if inlined["proto"] is not None:
            slots[inlined["proto"]] = _Slot("", _message(inlined["type"]), BYTES)
    return slots


def _slot(name: str, type_text: str, *, keeps: bool) -> _Slot | None:
    """Return the slot of a field, ``None`` where nobody knows its type."""
    type_text = type_text.lstrip("*")
    if type_text.startswith("map[string]"):
        value = _slot("value", type_text.removeprefix("map[string]"), keeps=True)
        if value is not None and value.repeated:
            value = _Slot("value", _texts, BYTES, keeps=True)
        return value and _Slot(name, _entry(value), BYTES, mapping=True)
    if type_text.startswith("[]") and type_text != "[]byte":
        item = _slot("", type_text[2:], keeps=True)
        return item and _Slot(name, item.decode, item.wire_type, repeated=True)
    if type_text in _SCALARS:
        decode, wire_type = _SCALARS[type_text]
        return _Slot(name, decode, wire_type, keeps=keeps)
    special = _SPECIAL.get(type_text) or (_message(type_text) if type_facts(type_text) else None)
    return special and _Slot(name, special, BYTES, keeps=keeps)


def _message(type_name: str) -> _Decoder:
    def decode(value: int | bytes, before: Value, depth: int) -> Object:
        found: Object = before if isinstance(before, dict) else {}
        _fill(found, _bytes(value), type_name, depth + 1)
        return found

    return decode


def _entry(slot: _Slot) -> _Decoder:
    """Return how an entry of a map is decoded: a message of a key and a value."""

    def decode(value: int | bytes, _before: Value, depth: int) -> Object:
        key, found = "", None
        for field in read_fields(_bytes(value)):
            if field.number == 1:
                key = text_of(_bytes(field.value))
            elif field.number == 2:
                if field.wire_type != slot.wire_type:
                    raise ProtobufError(f"the value of the key {key!r} is of another type")
                found = slot.decode(field.value, found, depth)
        if found is None:
            found = slot.decode(b"" if slot.wire_type == BYTES else 0, None, depth)
        return {key: found}

    return decode


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ProtobufError("a number is where a text or message should be")
    return value


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ProtobufError("a text or message is where a number should be")
    return value


def _numbered(data: int | bytes) -> dict[int, int | bytes]:
    """Return the fields of a small message by number; of two the later counts."""
    return {field.number: field.value for field in read_fields(_bytes(data))}


def _texts(value: int | bytes, before: Value, _depth: int) -> list[str]:
    """Decode a message that is a list of texts (``ExtraValue``)."""
    items = [text_of(_bytes(one.value)) for one in read_fields(_bytes(value)) if one.number == 1]
    return [*(before or ()), *items]


def _time(value: int | bytes, _before: Value, _depth: int) -> str | None:
    return _moment(value, "seconds")


def _micro_time(value: int | bytes, _before: Value, _depth: int) -> str | None:
    return _moment(value, "microseconds")


def _moment(value: int | bytes, precision: str) -> str | None:
    """Return a time as RFC 3339 writes it; ``None`` for the zero time."""
    fields = _numbered(value)
    seconds = signed(_number(fields.get(1, 0)))
    nanos = signed(_number(fields.get(2, 0)), 32)
    if not seconds and not nanos:
        return None
    try:
        moment = _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError:
        raise ProtobufError(f"{seconds} seconds since 1970 is no time") from None
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def _int_or_string(value: int | bytes, _before: Value, _depth: int) -> int | str:
    fields = _numbered(value)
    if _number(fields.get(1, 0)):
        return text_of(_bytes(fields.get(3, b"")))
    return signed(_number(fields.get(2, 0)), 32)


def _quantity(value: int | bytes, _before: Value, _depth: int) -> str:
    return text_of(_bytes(_numbered(value).get(1, b""))) or "0"


def _raw(value: int | bytes, _before: Value, depth: int) -> Value:
    """Decode a message that holds JSON, or (in a ``RawExtension``) another body."""
    raw = _bytes(_numbered(value).get(1, b""))
    if raw.startswith(MAGIC):
        return _decode_body(raw, depth + 1)
    return _json_value(raw) if raw else None


def _json_value(raw: bytes) -> Value:
    try:
        return json_text.loads(raw)
    except ValueError as error:
        raise ProtobufError(f"JSON inside the body cannot be read: {error}") from None


def _json_object(raw: bytes) -> Object:
    value = _json_value(raw)
    if not isinstance(value, dict):
        raise ProtobufError("the body holds JSON that is no object")
    return value


def _schema_or(number: int, other: Callable[[list[int | bytes], int], Value]) -> _Decoder:
    """Return how a choice between a schema (field ``number``) and something else is read."""

    def decode(value: int | bytes, _before: Value, depth: int) -> Value:
        rest: list[int | bytes] = []
        for field in read_fields(_bytes(value)):
            if field.number == number:
                return _message(_SCHEMA)(field.value, None, depth)
            rest.append(field.value)
        return other(rest, depth)

    return decode


_SCHEMA: Final = "apiextensions.k8s.io/v1.JSONSchemaProps"


def _schemas(values: list[int | bytes], depth: int) -> list[Value]:
    return [_message(_SCHEMA)(one, None, depth) for one in values]


def _names(values: list[int | bytes], _depth: int) -> list[Value]:
    return [text_of(_bytes(one)) for one in values]


def _allowed(values: list[int | bytes], _depth: int) -> bool:
    return any(_number(one) for one in values)


def _float(value: int | bytes, _before: Value, _depth: int) -> float | int:
    number = floating(_number(value))
    if not math.isfinite(number):
        raise ProtobufError(f"{number} is no number that JSON has")
    return int(number) if number.is_integer() else number


_SCALARS: Final[dict[str, tuple[_Decoder, int]]] = {
    "string": (lambda value, _before, _depth: text_of(_bytes(value)), BYTES),
    "[]byte": (lambda value, _b, _d: base64.b64encode(_bytes(value)).decode(), BYTES),
    "bool": (lambda value, _before, _depth: bool(value), VARINT),
    "int": (lambda value, _before, _depth: signed(_number(value)), VARINT),
    "int32": (lambda value, _before, _depth: signed(_number(value), 32), VARINT),
    "int64": (lambda value, _before, _depth: signed(_number(value)), VARINT),
    "uint64": (lambda value, _before, _depth: _number(value), VARINT),
    "float64": (_float, FIXED64),
}

_SPECIAL: Final[dict[str, _Decoder]] = {
    "Time": _time,
    "MicroTime": _micro_time,
    "IntOrString": _int_or_string,
    "Quantity": _quantity,
    "RawExtension": _raw,
    "FieldsV1": _raw,
    "JSON": _raw,
    "runtime.RawExtension": _raw,
    "apiextensions.k8s.io/v1.JSON": _raw,
    "apiextensions.k8s.io/v1.JSONSchemaPropsOrBool": _schema_or(2, _allowed),
    "apiextensions.k8s.io/v1.JSONSchemaPropsOrArray": _schema_or(1, _schemas),
    "apiextensions.k8s.io/v1.JSONSchemaPropsOrStringArray": _schema_or(1, _names),
}
