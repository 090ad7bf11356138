"""Protobuf's wire format: numbered fields, and the few ways in which values lie there.

Only the format itself; what the numbers mean is in :mod:`ruleengine.apimachinery.protobuf`, and
where messages are written. Everything that is read is checked before it is used, so that truncated
or hostile bytes end in :class:`ProtobufError` and never in another exception.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
_START_GROUP: Final = 3
_END_GROUP: Final = 4
_FIXED32: Final = 5

MOST_DEPTH: Final = 100
"""How deep messages may lie inside one another."""

_LONGEST_VARINT: Final = 10
_LARGEST_NUMBER: Final = 2**29 - 1


class ProtobufError(ValueError):
    """Bytes that are no protobuf, or not of the type that they claim to be."""


class Field(NamedTuple):
    """One field as it lies in a message: its number, how its value lies there, the value.

    ``value`` is an unsigned number for varints and fixed widths, and bytes otherwise.
    """

    number: int
    wire_type: int
    value: int | bytes


def read_fields(data: bytes) -> Iterator[Field]:
    """Yield the fields of a message; groups, which no type here has, are left out.

    Raises :class:`ProtobufError`.
    """
    at, end = 0, len(data)
    while at < end:
        number, wire_type, at = _read_tag(data, at)
        if wire_type == _START_GROUP:
            at = _skip_group(data, at, number)
            continue
        value, at = _read_value(data, at, wire_type)
        yield Field(number, wire_type, value)


def _read_tag(data: bytes, at: int) -> tuple[int, int, int]:
    tag, at = read_varint(data, at)
    number, wire_type = tag >> 3, tag & 7
    if not 0 < number <= _LARGEST_NUMBER:
        raise ProtobufError(f"illegal field number {number} at byte {at}")
    return number, wire_type, at


def _read_value(data: bytes, at: int, wire_type: int) -> tuple[int | bytes, int]:
    match wire_type:
        case 0:
            return read_varint(data, at)
        case 1:
            return int.from_bytes(_cut(data, at, 8), "little"), at + 8
        case 2:
            length, at = read_varint(data, at)
            return _cut(data, at, length), at + length
        case 5:
            return int.from_bytes(_cut(data, at, 4), "little"), at + 4
    raise ProtobufError(f"illegal wire type {wire_type} at byte {at}")


def _cut(data: bytes, at: int, length: int) -> bytes:
    if length > len(data) - at:
        raise ProtobufError(f"unexpected end: {length} bytes are announced at byte {at}")
    return data[at : at + length]


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at ``at``, and where the next thing begins.

    Raises :class:`ProtobufError`.
    """
    number = shift = 0
    for step in range(_LONGEST_VARINT):
        if at + step >= len(data):
            raise ProtobufError("unexpected end inside a number")
        byte = data[at + step]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, at + step + 1
        shift += 7
    raise ProtobufError(f"the number at byte {at} is too long")


def _skip_group(data: bytes, at: int, number: int) -> int:
    """Return where the group that began with ``number`` ends, groups inside it and all."""
    opened = [number]
    while opened:
        if at >= len(data):
            raise ProtobufError("unexpected end inside a group")
        inner, wire_type, at = _read_tag(data, at)
        if wire_type == _START_GROUP:
            opened.append(inner)
        elif wire_type != _END_GROUP:
            _, at = _read_value(data, at, wire_type)
        elif opened.pop() != inner:
            raise ProtobufError(f"a group ends at byte {at} that did not begin")
        if len(opened) > MOST_DEPTH:
            raise ProtobufError(f"groups are nested deeper than {MOST_DEPTH}")
    return at


def number_field(number: int, value: int) -> bytes:
    r"""Return a field with a number that is not negative, as it lies in a message.

    >>> number_field(3, 300)
    b'\x18\xac\x02'
    """
    return _varint(number << 3 | VARINT) + _varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    r"""Return a field with bytes, the text of a string or another message, as it lies in one.

    >>> bytes_field(1, b"grpc")
    b'\n\x04grpc'
    """
    return _varint(number << 3 | BYTES) + _varint(len(value)) + value


def double_field(number: int, value: float) -> bytes:
    """Return a field with a number that need not be whole, as it lies in a message."""
    return _varint(number << 3 | FIXED64) + struct.pack("<d", value)


def _varint(number: int) -> bytes:
    """Return a number as the wire has it: seven bits at a time."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def signed(number: int, bits: int = 64) -> int:
    """Return the number that the lowest ``bits`` of an unsigned one mean as a signed one."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> (bits - 1) else number


def floating(number: int) -> float:
    """Return the floating point number whose bits ``number`` is."""
    return float(struct.unpack("<d", struct.pack("<Q", number))[0])


def text_of(data: bytes) -> str:
    """Return the text of a string field. Raises :class:`ProtobufError`."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ProtobufError("a text is not UTF-8") from None
