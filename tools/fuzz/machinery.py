"""What the API machinery reads: a result, or what is wrong as a ``ValueError``."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from ruleengine.apimachinery import custom_structural, custom_validating, naming
from ruleengine.apimachinery.comparing import foreseen, stored_form
from ruleengine.apimachinery.custom_languages import NO_LANGUAGES
from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.durations import (
    format_duration,
    parse_argo_duration,
    parse_duration,
)
from ruleengine.apimachinery.field_selectors import parse_field_selector
from ruleengine.apimachinery.int_or_string import scaled
from ruleengine.apimachinery.kinds import KindTable
from ruleengine.apimachinery.patches import json_patch, make_merge_patch, merge_patch
from ruleengine.apimachinery.protobuf import decode_request
from ruleengine.apimachinery.pruning import prune
from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.apimachinery.schema import schema_for, schema_from_openapi
from ruleengine.apimachinery.selectors import label_selector_from_object, parse_label_selector
from ruleengine.apimachinery.strategic_diff import make_three_way_patch
from ruleengine.apimachinery.strategic_merge import strategic_merge
from ruleengine.apimachinery.structured_merge import apply, update
from ruleengine.apimachinery.validating import validate
from ruleengine.formats import json_text
from tools.fuzz.targets import Target, text_of, value_of

STAMP: Final = "2026-01-02T03:04:05Z"

DEPLOYMENT: Final[dict[str, Any]] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "n", "labels": {"a": "b"}, "finalizers": ["x.io/y"]},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "name": "c",
                        "image": "i",
                        "ports": [{"containerPort": 80}],
                        "env": [{"name": "A", "value": "1"}],
                        "resources": {"limits": {"cpu": "100m"}},
                    }
                ]
            },
        },
    },
}


def _reader(read: Callable[[bytes], Any]) -> Callable[[bytes], None]:
    """Return how a reader is tried: what is wrong is told by ``ValueError``."""

    def run(data: bytes) -> None:
        with contextlib.suppress(ValueError):
            read(data)

    return run


def _quantity(data: bytes) -> None:
    quantity = parse_quantity(text_of(data))
    if parse_quantity(str(quantity)) != quantity:
        raise AssertionError("a quantity that changes by being written")


def _duration(data: bytes) -> None:
    text = text_of(data)
    with contextlib.suppress(ValueError):
        parse_argo_duration(text)
    duration = parse_duration(text)
    if abs(parse_duration(format_duration(duration)) - duration) > timedelta(0):
        raise AssertionError("a duration that changes by being written")


def _selector(data: bytes) -> None:
    text = text_of(data)
    with contextlib.suppress(ValueError):
        parse_field_selector(text)
    with contextlib.suppress(ValueError):
        label_selector_from_object(value_of(text, {}))
    parse_label_selector(text).matches({"a": "b"})


def _name(data: bytes) -> None:
    for name, check in vars(naming).items():
        if name.startswith("check_"):
            check(text_of(data))


def _json_patch(data: bytes) -> None:
    operations = value_of(text_of(data), [])
    json_patch(DEPLOYMENT, operations if isinstance(operations, list) else [operations])


_SCHEMA: Final = schema_for("apps/v1", "Deployment")


def _object(data: bytes) -> dict[str, Any]:
    """Return a Deployment with parts that were read; ValueError where they are none."""
    value = json_text.loads(text_of(data))
    return {**DEPLOYMENT, **value} if isinstance(value, dict) else {**DEPLOYMENT, "spec": value}


def _merge_patch(data: bytes) -> None:
    other = _object(data)
    if merge_patch(DEPLOYMENT, make_merge_patch(DEPLOYMENT, other)) is None:
        raise AssertionError("a patch that leaves nothing")


def _strategic_merge(data: bytes) -> None:
    other = _object(data)
    with contextlib.suppress(ValueError):
        strategic_merge(DEPLOYMENT, other, _SCHEMA)
    strategic_merge(DEPLOYMENT, make_three_way_patch(other, DEPLOYMENT, other, _SCHEMA), _SCHEMA)


def _structured_merge(data: bytes) -> None:
    other = _object(data)
    first = apply(None, DEPLOYMENT, manager="me", schema=_SCHEMA, now=STAMP).object
    written = update(first, other, manager="you", schema=_SCHEMA, now=STAMP)
    for live, wanted in ((first, other), (written, DEPLOYMENT), (other, first), (other, other)):
        with contextlib.suppress(ValueError):
            apply(live, wanted, manager="me", schema=_SCHEMA, now=STAMP, force=True)
        with contextlib.suppress(ValueError):
            foreseen(live, wanted, manager="me", schema=_SCHEMA)


def _built_in(data: bytes) -> None:
    value = json_text.loads(text_of(data))
    if not isinstance(value, dict):
        return
    kind = KindTable.built_in().find(str(value.get("apiVersion")), str(value.get("kind")))
    if kind is None:
        return
    schema = schema_for(kind.api_version, kind.kind)
    pruned, _ = prune(value, schema)
    stored = stored_form(pruned, schema)
    if default(stored) is not stored:
        raise AssertionError("an object that is never complete")
    validate(stored, kind, schema)
    validate(stored, kind, schema, stored)


def _custom(data: bytes) -> None:
    schema, _, rest = text_of(data).partition("\0")
    openapi = json_text.loads(schema)
    if not isinstance(openapi, dict):
        return
    causes = list(custom_structural.check_structural(openapi, (), NO_LANGUAGES))
    value = {"spec": value_of(rest, {})}
    stored_form(value, schema_from_openapi(openapi))
    if not causes:
        list(custom_validating.check_values(value, openapi, NO_LANGUAGES))


MACHINERY: Final[dict[str, Target]] = {
    "quantities": Target(
        _reader(_quantity), ("1.5Gi", "-100m", "2e3", "0.1n", "9223372036854775807Ki")
    ),
    "durations": Target(_reader(_duration), ("1h30m", "-1.5s", "300ms", "1d", ".5us")),
    "selectors": Target(
        _reader(_selector),
        (
            "a in (b, c),!d,e!=f",
            r"metadata.name=a\,b,spec.nodeName!=c",
            '{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}',
        ),
    ),
    "names": Target(_reader(_name), ("a-b.c", "example.com/x_y", "X-Header")),
    "percentages": Target(_reader(lambda data: scaled(text_of(data), 7, round_up=True)), ("25%",)),
    "json-patch": Target(
        _reader(_json_patch),
        (
            '[{"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "x"}}]',
            '[{"op": "move", "from": "/metadata/labels", "path": "/metadata/a~1b"}]',
        ),
    ),
    "merge-patch": Target(_reader(_merge_patch), ('{"spec": {"replicas": null, "paused": true}}',)),
    "strategic-merge": Target(
        _reader(_strategic_merge),
        (
            (
                '{"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "c"}], '
                '"containers": [{"name": "c", "$patch": "delete"}]}}}}'
            ),
            (
                '{"metadata": {"$deleteFromPrimitiveList/finalizers": ["x.io/y"]}, '
                '"spec": {"strategy": {"$retainKeys": ["type"]}}}'
            ),
        ),
    ),
    "structured-merge": Target(
        _reader(_structured_merge),
        (
            '{"spec": {"template": {"spec": {"containers": [{"name": "c", "env": []}, null]}}}}',
            (
                '{"metadata": {"managedFields": [{"manager": "me", "operation": "Apply", '
                '"fieldsV1": {"f:spec": {"k:{\\"name\\":1}": {".": {}}, "v:2": {}}}}]}}'
            ),
        ),
    ),
    "protobuf": Target(
        _reader(decode_request),
        (
            (
                "k8s\0\n\r\n\x02v1\x12\x07Service\x12\x1c\n\t\n\x03web\x1a\x04shop\x12\x0f\n\x0e"
                "\n\x04http\x12\x03TCP\x18P"
            ),
            "k8s\0\n\x11\n\x02v1\x12\x0bConfigMap",
        ),
    ),
    "built-in": Target(
        _reader(_built_in),
        (
            json_text.dumps(DEPLOYMENT),
            (
                '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, '
                '"spec": {"ports": [{"port": 80}], "type": "NodePort"}}'
            ),
            (
                '{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": '
                '{"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {}}}}}}'
            ),
        ),
    ),
    "custom": Target(
        _reader(_custom),
        (
            (
                '{"type": "object", "properties": {"spec": {"type": "object", "required": ["a"], '
                '"properties": {"a": {"type": "integer", "maximum": 3}, "b": {"type": "array", '
                '"x-kubernetes-list-type": "set", "items": {"type": "string", "pattern": "^x"}}}}}}'
                '\0{"a": 4, "b": ["x", "x"]}'
            ),
        ),
    ),
}
"""What the API machinery reads."""
