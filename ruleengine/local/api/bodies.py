"""Reading what a request carries (JSON, YAML, protobuf), with what is doubtful in it."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from ruleengine.apimachinery.protobuf import MEDIA_TYPE as PROTOBUF
from ruleengine.apimachinery.protobuf import decode_request
from ruleengine.apimachinery.protobuf_wire import ProtobufError
from ruleengine.formats import json_text, yaml_reader
from ruleengine.local.api.failures import ApiFailure, bad_request, unsupported
from ruleengine.model.http import HttpRequest
from ruleengine.model.values import Object, Path, Value, format_path

LARGEST: Final = 3 * 1024 * 1024
"""How many bytes a body may have."""

DEEPEST: Final = 100
"""How many levels a body may be nested, as in documents of a repo: what walks it recurses."""

JSON: Final = "application/json"
YAML: Final = "application/yaml"
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"

_CONTAINERS: Final = frozenset({dict, list})


class Body(NamedTuple):
    """A decoded body and the paths of the fields that stand in it twice."""

    value: Value
    duplicates: tuple[str, ...] = ()


def media_type(request: HttpRequest) -> str:
    """Return the content type of a request without parameters; JSON where it says none."""
    return _media_of(request.headers.get("content-type", ""))


@lru_cache(maxsize=256)
def _media_of(header: str) -> str:
    return header.partition(";")[0].strip().lower() or JSON


def check_size(request: HttpRequest) -> None:
    """Refuse a body that is too large. Raises ``ApiFailure`` 413."""
    if len(request.body) > LARGEST:
        text = f"Request entity too large: limit is {LARGEST}"
        raise ApiFailure(413, "RequestEntityTooLarge", text)


def read_object(request: HttpRequest) -> Body:
    """Read the object of a create or update. Raises ``ApiFailure`` 400 and 415."""
    media = media_type(request)
    if media == PROTOBUF:
        return _checked(_protobuf(request.body))
    if media not in (JSON, YAML, "application/x-yaml", "text/yaml", "*/*"):
        raise unsupported(
            f"the body of the request was in an unknown format ({media}); "
            f"accepted media types include: {JSON}, {YAML}, {PROTOBUF}"
        )
    body = _yaml(request.body) if "yaml" in media else _json(request.body)
    return _checked(body)


def read_patch(request: HttpRequest) -> Body:
    """Read the body of a patch, whatever its sort. Raises ``ApiFailure`` 400."""
    if media_type(request) == APPLY_PATCH:
        return _checked(_yaml(request.body))
    return _json(request.body)


def read_options(request: HttpRequest) -> Object:
    """Read the options of a delete; none where there is no body. Raises ``ApiFailure``."""
    if not request.body.strip():
        return {}
    value: Object = read_object(request).value
    return value


def _checked(body: Body) -> Body:
    if not isinstance(body.value, dict):
        raise bad_request("the body of the request must be an object")
    if not isinstance(body.value.get("metadata", {}), dict | None):
        raise bad_request("the metadata of the object must be an object")
    return body


def _protobuf(data: bytes) -> Body:
    try:
        return Body(decode_request(data))
    except ProtobufError as error:
        raise bad_request(f"the body of the request is no protobuf: {error}") from None


def _json(data: bytes) -> Body:
    try:
        value = json_text.loads(data)
    except ValueError as error:
        raise bad_request(f"the body of the request is no JSON: {error}") from None
    try:
        return Body(value, _duplicates(data, value))
    except _TooDeepError:
        text = f"the body of the request is nested deeper than {DEEPEST} levels"
        raise bad_request(text) from None


def _duplicates(data: bytes, value: Value) -> tuple[str, ...]:
    """Return the fields that stand twice in the body, by reading it once more.

    Most bodies are written the way we write JSON: what comes out the same once more has no key
    twice. Else a quick count: without a repeated key the number of keys is the number of colons
    outside strings at most, so only suspicious bodies are read by the slow parser.
    """
    shallow = data.count(b"{") + data.count(b"[") <= DEEPEST
    if shallow and json_text.dump_bytes(value) == data:
        return ()
    if data.count(b":") == (_keys(value) if type(value) in _CONTAINERS else 0):
        return ()
    return tuple(_doubled(json.loads(data, object_pairs_hook=_Pairs), ()))


class _Pairs(list[tuple[str, Value]]):
    """The fields of an object as they stand there, those that stand there twice too."""


def _doubled(value: Value, path: Path) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, inner in value:
            if name in seen:
                yield format_path((*path, name))
            seen.add(name)
            yield from _doubled(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _doubled(inner, (*path, number))


class _TooDeepError(ValueError):
    """A body that is nested deeper than :data:`DEEPEST`."""


def _keys(value: Value) -> int:
    """Return how many keys all objects of a body have. Raises ``_TooDeepError``."""
    count, depth = 0, 1
    level = [value]
    while level:
        if depth > DEEPEST:
            raise _TooDeepError
        depth += 1
        below: list[Value] = []
        for one in level:
            if type(one) is dict:
                count += len(one)
                below += [inner for inner in one.values() if type(inner) in _CONTAINERS]
            else:
                below += [inner for inner in one if type(inner) in _CONTAINERS]
        level = below
    return count


def _yaml(data: bytes) -> Body:
    if data.lstrip()[:1] in (b"{", b"["):
        return _json(data)
    parsed = yaml_reader.read(data, "body")
    duplicates = [one.message for one in parsed.findings if "duplicate" in one.code]
    others = [one.message for one in parsed.findings if "duplicate" not in one.code]
    if others or len(parsed.documents) != 1:
        problem = others[0] if others else f"{len(parsed.documents)} documents in place of one"
        raise bad_request(f"the body of the request is no YAML object: {problem}")
    return Body(parsed.documents[0].value, tuple(duplicates))
