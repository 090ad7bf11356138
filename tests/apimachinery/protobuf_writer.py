"""Writes objects as the protobuf that Go would send: the decoder's opposite, kept simple.

Every field that is no pointer is written, zero or not, as Go's generated code does. Values
come as JSON has them; only what the facts name is written.
"""

import base64
import json
import struct
from datetime import datetime
from typing import Any

from ruleengine.apimachinery.facts import type_facts

Object = dict[str, Any]

MAGIC = b"k8s\x00"


def varint(number: int) -> bytes:
    """Return a number in base 128; negative ones as 64 bits."""
    number &= 2**64 - 1
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def tagged(number: int, wire_type: int, payload: bytes) -> bytes:
    """Return a field."""
    return varint(number << 3 | wire_type) + payload


def delimited(number: int, payload: bytes) -> bytes:
    """Return a field that says its length."""
    return tagged(number, 2, varint(len(payload)) + payload)


def body(value: Object, type_name: str) -> bytes:
    """Return a request body: magic, envelope and message."""
    names = delimited(1, value["apiVersion"].encode()) + delimited(2, value["kind"].encode())
    envelope = delimited(1, names) + delimited(2, message(value, type_name))
    return MAGIC + envelope + delimited(3, b"") + delimited(4, b"")


def message(value: Object, type_name: str) -> bytes:
    """Return the message of an object of a type of the facts."""
    own = type_facts(type_name) or {}
    written = b"".join(
        field(described["proto"], described["type"], value.get(name), described)
        for name, described in own.get("fields", {}).items()
    )
    for inlined in own.get("inline", ()):
        if inlined["proto"] is not None:
            written += delimited(inlined["proto"], message(value, inlined["type"]))
    return written


def field(number: int, type_text: str, value: Any, described: Object) -> bytes:
    """Return one field, repeated ones and maps as often as they have items."""
    if type_text.startswith("map[string]"):
        inner = type_text.removeprefix("map[string]")
        return b"".join(
            delimited(number, delimited(1, key.encode()) + element(2, inner, one))
            for key, one in (value or {}).items()
        )
    if type_text.startswith("[]") and type_text != "[]byte":
        return b"".join(element(number, type_text[2:], one) for one in value or ())
    if value is None and described.get("pointer"):
        return b""
    return element(number, type_text, value)


def element(number: int, type_text: str, value: Any) -> bytes:
    """Return a single value."""
    if type_text in ("bool", "int32", "int64"):
        return tagged(number, 0, varint(int(value or 0)))
    if type_text == "float64":
        return tagged(number, 1, struct.pack("<d", value or 0))
    return delimited(number, payload(type_text, value))


def payload(type_text: str, value: Any) -> bytes:
    """Return the bytes of a value that says its length."""
    match type_text:
        case "string":
            written = (value or "").encode()
        case "[]byte":
            written = base64.b64decode(value or "")
        case "[]string":
            written = b"".join(delimited(1, one.encode()) for one in value)
        case "Quantity":
            written = delimited(1, (value or "0").encode())
        case "Time" | "MicroTime":
            written = moment(value)
        case "IntOrString":
            written = int_or_string(value or 0)
        case "RawExtension" | "FieldsV1" | "JSON":
            written = delimited(1, json.dumps(value).encode())
        case _:
            written = message(value or {}, type_text)
    return written


def moment(value: str | None) -> bytes:
    """Return a time as seconds and nanoseconds; nothing is the zero time."""
    if not value:
        return b""
    whole, _, fraction = value.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    nanos = int(fraction.ljust(9, "0") or 0)
    return tagged(1, 0, varint(seconds)) + tagged(2, 0, varint(nanos))


def int_or_string(value: int | str) -> bytes:
    """Return the three fields of a number or text."""
    number, text = (value, "") if isinstance(value, int) else (0, value)
    sort = tagged(1, 0, varint(int(isinstance(value, str))))
    return sort + tagged(2, 0, varint(number)) + delimited(3, text.encode())
