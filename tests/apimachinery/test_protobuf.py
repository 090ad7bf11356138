"""Protobuf request bodies become the objects that the same request in JSON would hold."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.apimachinery.facts import builtin_type, type_facts
from ruleengine.apimachinery.protobuf import MAGIC, decode_request
from ruleengine.apimachinery.protobuf_wire import ProtobufError
from tests.apimachinery.protobuf_writer import body, delimited, tagged, varint
from tests.vectors import vectors_folder

Object = dict[str, Any]

KINDS = [
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("coordination.k8s.io/v1", "Lease"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("policy/v1", "PodDisruptionBudget"),
    ("authorization.k8s.io/v1", "SubjectAccessReview"),
]


def pairs() -> list[tuple[Path, Path]]:
    """Return the files of every pair: protobuf and JSON."""
    folder = vectors_folder("kubernetes") / "api-objects"
    return [(one, one.with_suffix(".json")) for one in sorted(folder.glob("*.pb"))]


@pytest.mark.vectors("kubernetes")
def test_every_pair_says_the_same_in_protobuf_and_in_json() -> None:
    """All 36 public objects with every field set."""
    found = pairs()
    assert len(found) == 36
    for binary, text in found:
        assert decode_request(binary.read_bytes()) == json.loads(text.read_text()), binary.name


@pytest.mark.vectors("kubernetes")
def test_a_body_that_was_cut_short_is_refused_or_shorter() -> None:
    """Wherever it is cut, nothing but the one error comes out."""
    for binary, _ in pairs():
        data = binary.read_bytes()
        for end in range(0, len(data), 1 + len(data) // 150):
            with contextlib.suppress(ProtobufError):
                assert isinstance(decode_request(data[:end]), dict)


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(st.characters(codec="utf-8"), min_size=1, max_size=3),
    "[]byte": st.just("AAE="),
    "bool": st.just(True),
    "int32": st.integers(-(2**31), 2**31 - 1).filter(bool),
    "int64": st.integers(-(2**63), 2**63 - 1).filter(bool),
    "float64": st.just(0.5),
    "Quantity": st.just("1500m"),
    "Time": st.just("2026-01-02T03:04:05Z"),
    "MicroTime": st.just("2026-01-02T03:04:05.000006Z"),
    "IntOrString": st.integers(1, 2) | st.just("25%"),
    "RawExtension": st.just({"a": [1, None]}),
    "FieldsV1": st.just({"f:spec": {}}),
}
ZEROS = {"string": "", "bool": False, "int32": 0, "int64": 0}


def values(draw: st.DrawFn, type_name: str, depth: int) -> Object:
    """Return an object of a type with a few of its fields set."""
    own = type_facts(type_name) or {}
    found: Object = {}
    for inlined in own.get("inline", ()):
        if inlined["proto"] is not None:
            found |= values(draw, inlined["type"], depth)
    described = own.get("fields", {})
    names = st.lists(st.sampled_from(sorted(described)), unique=True, max_size=4)
    for name in draw(names) if described else ():
        value = typed(draw, described[name]["type"], depth, described[name])
        if value is not None and value not in ({}, []):
            found[name] = value
    return found


def typed(draw: st.DrawFn, type_text: str, depth: int, described: Object) -> Any:
    """Return a value of a type, or ``None`` where it would be too deep."""
    if described.get("pointer") and type_text in ZEROS and draw(st.booleans()):
        return ZEROS[type_text]
    if type_text in SCALARS:
        return draw(SCALARS[type_text])
    if type_text.startswith("map[string]"):
        inner = typed(draw, type_text.removeprefix("map[string]"), depth + 1, {})
        return None if inner is None else {"key": inner}
    if type_text.startswith("[]"):
        items = [typed(draw, type_text[2:], depth + 1, {}) for _ in range(draw(st.integers(1, 2)))]
        return [one for one in items if one is not None]
    return values(draw, type_text, depth + 1) if depth < 5 and type_facts(type_text) else None


@st.composite
def objects(draw: st.DrawFn) -> tuple[Object, str]:
    """Return an object of a built-in kind, and the name of its type."""
    api_version, kind = draw(st.sampled_from(KINDS))
    name = builtin_type(api_version, kind)
    return {"apiVersion": api_version, "kind": kind, **values(draw, name, 0)}, name


@given(objects())
@settings(max_examples=150)
def test_what_go_would_write_is_read_back(made: tuple[Object, str]) -> None:
    """Zeros survive where Go has a pointer, and nothing appears that was not there."""
    value, type_name = made
    assert decode_request(body(value, type_name)) == value


@given(objects(), st.data())
@settings(max_examples=150)
def test_damaged_bodies_end_in_the_one_error(made: tuple[Object, str], data: st.DataObject) -> None:
    """Flipped bytes give another object or the error, never another exception."""
    written = bytearray(body(*made))
    for _ in range(data.draw(st.integers(1, 3))):
        written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ProtobufError):
        decode_request(bytes(written))


@given(st.binary(max_size=60))
def test_noise_ends_in_the_one_error(noise: bytes) -> None:
    """Behind a good envelope as well as in place of one."""
    names = delimited(1, b"v1") + delimited(2, b"Pod")
    for data in (noise, MAGIC + noise, MAGIC + delimited(1, names) + delimited(2, noise)):
        with contextlib.suppress(ProtobufError):
            decode_request(data)


def enveloped(message: bytes, *, api_version: str = "v1", kind: str = "ConfigMap") -> bytes:
    """Return a body that holds a hand-made message."""
    names = delimited(1, api_version.encode()) + delimited(2, kind.encode())
    return MAGIC + delimited(1, names) + delimited(2, message)


CONFIG = {"apiVersion": "v1", "kind": "ConfigMap"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(b"", {}, id="nothing"),
        pytest.param(delimited(2, delimited(1, b"k")), {"data": {"k": ""}}, id="no value"),
        pytest.param(delimited(2, delimited(2, b"v")), {"data": {"": "v"}}, id="no key"),
        pytest.param(tagged(4, 0, b"\x00"), {"immutable": False}, id="zero of a pointer"),
        pytest.param(delimited(99, b"x") + tagged(98, 5, b"1234"), {}, id="unknown fields"),
        pytest.param(
            tagged(99, 3, tagged(1, 3, b"") + tagged(1, 4, b"") + tagged(99, 4, b"")),
            {},
            id="group",
        ),
        pytest.param(
            delimited(1, delimited(1, b"a")) + delimited(1, delimited(3, b"n")),
            {"metadata": {"name": "a", "namespace": "n"}},
            id="a message in two parts",
        ),
        pytest.param(
            delimited(1, delimited(1, b"a") + delimited(1, b"")), {}, id="the later counts"
        ),
    ],
)
def test_the_rules_of_the_format_hold(message: bytes, expected: Object) -> None:
    """Unknown fields are left out, maps and merged messages are as the format says."""
    assert decode_request(enveloped(message)) == {**CONFIG, **expected}


def test_packed_and_unpacked_numbers_mean_the_same() -> None:
    """A list of numbers may lie in one piece."""
    groups = "supplementalGroups"
    apart = tagged(4, 0, varint(7)) + tagged(4, 0, varint(8))
    for written in (apart, delimited(4, varint(7) + varint(8))):
        spec = delimited(2, delimited(14, written))
        pod = decode_request(enveloped(spec, kind="Pod"))
        assert pod["spec"] == {"securityContext": {groups: [7, 8]}}


def test_options_are_read_in_every_group_version() -> None:
    """`kubectl drain` sends DeleteOptions of the group that it deletes in."""
    written = tagged(1, 0, b"\x00") + delimited(4, b"Background")
    options = decode_request(enveloped(written, api_version="apps/v1", kind="DeleteOptions"))
    assert options["gracePeriodSeconds"] == 0
    assert options["propagationPolicy"] == "Background"


def test_an_object_inside_another_is_decoded_too() -> None:
    """A revision holds its object as a body of its own, or as JSON."""
    inner = enveloped(delimited(1, delimited(1, b"a")))
    revision = {"api_version": "apps/v1", "kind": "ControllerRevision"}
    outer = decode_request(enveloped(delimited(2, delimited(1, inner)), **revision))
    assert outer["data"] == {**CONFIG, "metadata": {"name": "a"}}


def test_choices_inside_a_schema_are_read() -> None:
    """A boolean or a schema, one schema or several."""
    text = delimited(5, b"string")
    schema = delimited(30, delimited(2, text)) + delimited(24, delimited(1, text))
    version = delimited(1, b"v1") + delimited(4, delimited(1, schema))
    spec = delimited(2, delimited(7, version))
    names = {"api_version": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    found = decode_request(enveloped(spec, **names))["spec"]["versions"][0]["schema"]
    assert found["openAPIV3Schema"] == {
        "additionalProperties": {"type": "string"},
        "items": {"type": "string"},
    }


def nested(levels: int) -> bytes:
    """Return a body inside a body, many times."""
    inner = b"{}"
    for _ in range(levels):
        names = delimited(1, b"apps/v1") + delimited(2, b"ControllerRevision")
        message = delimited(2, delimited(1, inner))
        inner = MAGIC + delimited(1, names) + delimited(2, message)
    return inner


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "magic"),
        (b"{}", "magic"),
        (MAGIC + delimited(3, b"gzip"), "encoding 'gzip'"),
        (enveloped(b"", kind="Pdo"), "no kind 'Pdo' is known in 'v1'"),
        (enveloped(b"\x0a\x05ab"), "unexpected end"),
        (enveloped(b"\x80"), "unexpected end inside a number"),
        (enveloped(b"\xff" * 11), "too long"),
        (enveloped(b"\x00"), "illegal field number 0"),
        (enveloped(b"\x0f"), "illegal wire type 7"),
        (enveloped(tagged(99, 4, b"")), "illegal wire type 4"),
        (enveloped(tagged(99, 3, b"")), "inside a group"),
        (enveloped(tagged(9, 3, tagged(8, 4, b""))), "did not begin"),
        (enveloped(tagged(9, 3, b"") * 200), "nested deeper"),
        (enveloped(tagged(1, 0, b"\x01")), "has the wire type 0 in place of 2"),
        (enveloped(delimited(4, b"x")), "has the wire type 2 in place of 0"),
        (enveloped(delimited(1, delimited(1, b"\xff"))), "not UTF-8"),
        (enveloped(delimited(1, delimited(9, tagged(1, 0, varint(2**62))))), "is no time"),
        (enveloped(delimited(2, tagged(2, 0, b"\x01"))), "of another type"),
        (nested(300), "nested deeper"),
    ],
)
def test_a_body_that_is_none_is_refused(data: bytes, problem: str) -> None:
    """The error says what is wrong."""
    with pytest.raises(ProtobufError, match=problem):
        decode_request(data)


def test_an_envelope_may_hold_json() -> None:
    """Its content type says so; what is no object there is refused."""
    names = delimited(1, b"v1") + delimited(2, b"ConfigMap")
    media = delimited(4, b"application/json")
    whole = MAGIC + delimited(1, names) + delimited(2, b'{"data": {"a": "b"}}') + media
    assert decode_request(whole) == {**CONFIG, "data": {"a": "b"}}
    for wrong, problem in ((b"[]", "no object"), (b"{", "cannot be read")):
        with pytest.raises(ProtobufError, match=problem):
            decode_request(MAGIC + delimited(1, names) + delimited(2, wrong) + media)
