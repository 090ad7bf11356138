"""What is said to an artifact driver and what it answers, as it lies on the wire.

Argo Workflows 4 describes it (``artifact.proto`` in ``pkg/apiclient/artifact``). The messages
have a few fields each, so nothing is generated for them. Readers raise ``ProtobufError``.
"""

from typing import Final, NamedTuple

from ruleengine.apimachinery.protobuf_wire import (
    bytes_field,
    number_field,
    read_fields,
    text_of,
)
from ruleengine.model.values import Object

SERVICE: Final = "artifact.ArtifactService"

_PLUGIN: Final = 5
_OF_PLUGIN: Final = {"name": 1, "configuration": 2, "connectionTimeoutSeconds": 3, "key": 4}
_OF_ARTIFACT: Final = {"name": 1, "path": 2, "mode": 3, "optional": 6, "recurseMode": 8}
"""Fields of an artifact; where a value is taken from and what lies below a key is settled."""


def artifact_message(artifact: Object, plugin: Object) -> bytes:
    """Return an artifact as a driver is told of it: what is said of it, and its location."""
    inner = _fields(plugin, _OF_PLUGIN)
    return _fields(artifact, _OF_ARTIFACT) + bytes_field(_PLUGIN, inner)


def load_request(artifact: bytes, path: str) -> bytes:
    """Return the request that an artifact be written to a path."""
    return bytes_field(1, artifact) + bytes_field(2, path.encode())


def save_request(artifact: bytes, path: str) -> bytes:
    """Return the request that what lies at a path be kept."""
    return bytes_field(1, path.encode()) + bytes_field(2, artifact)


def request_about(artifact: bytes) -> bytes:
    """Return any other request: it names an artifact and nothing else."""
    return bytes_field(1, artifact)


class Answer(NamedTuple):
    """Whether something is so, or was done, and what is wrong; empty where nothing is."""

    yes: bool
    error: str


def read_answer(data: bytes) -> Answer:
    """Return an answer of yes or no: to a load, a save, a deletion, and what is a directory."""
    numbers, texts = _read(data)
    return Answer(yes=bool(numbers.get(1)), error=_last(texts, 2))


class Listing(NamedTuple):
    """The keys of what lies below one, and what is wrong; empty where nothing is."""

    keys: tuple[str, ...]
    error: str


def read_listing(data: bytes) -> Listing:
    """Return a list of keys."""
    _, texts = _read(data)
    return Listing(tuple(text_of(one) for one in texts.get(1, ())), _last(texts, 2))


class Piece(NamedTuple):
    """A piece of a content that comes piece by piece; ``is_end`` says that it is all."""

    data: bytes
    is_end: bool
    error: str


def read_piece(data: bytes) -> Piece:
    """Return one piece of a stream."""
    numbers, texts = _read(data)
    pieces = texts.get(1) or [b""]
    return Piece(data=pieces[-1], is_end=bool(numbers.get(2)), error=_last(texts, 3))


def _fields(value: Object, numbers: dict[str, int]) -> bytes:
    """Return the fields of a message that have a value; what is empty is left out."""
    found = b""
    for name, number in numbers.items():
        stated = value.get(name)
        if isinstance(stated, int):
            found += number_field(number, stated) if stated > 0 else b""
        elif stated:
            found += bytes_field(number, str(stated).encode())
    return found


def _read(data: bytes) -> tuple[dict[int, int], dict[int, list[bytes]]]:
    """Return the numbers of a message by field, the last of each, and all that is bytes."""
    numbers: dict[int, int] = {}
    texts: dict[int, list[bytes]] = {}
    for one in read_fields(data):
        if isinstance(one.value, int):
            numbers[one.number] = one.value
        else:
            texts.setdefault(one.number, []).append(one.value)
    return numbers, texts


def _last(texts: dict[int, list[bytes]], number: int) -> str:
    return text_of(texts[number][-1]) if number in texts else ""
