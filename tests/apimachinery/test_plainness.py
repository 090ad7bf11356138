"""Where a value is called plain, no other walk finds anything, so none has to be made."""

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given

from ruleengine.apimachinery.declared import check_declared
from ruleengine.apimachinery.merging import settle
from ruleengine.apimachinery.normalising import normalise
from ruleengine.apimachinery.plainness import is_plain
from ruleengine.apimachinery.pruning import prune
from ruleengine.apimachinery.schema import Schema, deduced_object, schema_for
from ruleengine.apimachinery.type_validating import check_types
from tests.apimachinery.good_objects import GOOD, whole
from tests.apimachinery.objects import THING, THINGS, thing

JUNK: tuple[Any, ...] = (
    None, 0, 1, -1, 2**31, 2**64, 1.0, 0.5, "", "x", "1Gi", "1024Mi", "0.5", "50%", [], {}, True,
    False, [None], ["x", "x"], [{}], {"name": "a"}, {"a": None}, "2026-01-01T00:00:00Z", "Always",
)  # fmt: skip


def assert_nothing_is_found(value: Any, schema: Schema) -> None:
    """Make every walk that a plain value is spared."""
    check_declared(value, schema)
    assert check_types(value, schema) == []
    assert check_types(value, deduced_object()) == []
    assert settle(value, None, schema) is value
    assert prune(value, schema) == (value, ())
    assert prune(value, schema)[0] is value
    assert normalise(value, schema) is value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything inside of a value."""
    if isinstance(value, dict | list):
        for step, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, step)
            yield from places(one, (*path, step))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy of a value with something else at a path; lists get a second item."""
    changed = copy.deepcopy(value)
    place = changed
    for step in path[:-1]:
        place = place[step]
    if isinstance(place, list):
        place.append(new)
    else:
        place[path[-1]] = new
    return changed


@pytest.mark.parametrize("kind", GOOD)
def test_what_a_server_accepts_and_stores_as_it_is_is_plain(kind: str) -> None:
    """Objects of each main kind with their defaults, in canonical form."""
    value = whole(kind)
    schema = schema_for(value["apiVersion"], value["kind"])
    value = normalise(value, schema)
    assert is_plain(value, schema)
    assert_nothing_is_found(value, schema)


@pytest.mark.parametrize("kind", GOOD)
def test_nothing_is_found_in_what_is_plain_whatever_is_put_into_it(kind: str) -> None:
    """Each of many wrong, empty, doubled or oddly spelt values in many places."""
    value = whole(kind)
    schema = schema_for(value["apiVersion"], value["kind"])
    random = Random(kind)
    plain = 0
    for path in places(value):
        for junk in random.sample(JUNK, 3):
            spoilt = replaced(value, path, junk)
            if is_plain(spoilt, schema):
                plain += 1
                assert_nothing_is_found(spoilt, schema)
    assert plain


@given(THINGS)
def test_nothing_is_found_in_a_plain_object_of_a_custom_kind(value: dict[str, Any]) -> None:
    """Sets, maps and lists of a definition."""
    assert is_plain(value, THING)
    assert_nothing_is_found(value, THING)


@pytest.mark.parametrize(
    "spec",
    [
        {"unknown": 1},
        {"number": "1"},
        {"number": 1.0},
        {"number": True},
        {"number": 2**63},
        {"text": None},
        {"text": 1},
        {"names": ["a", "a"]},
        {"names": [None]},
        {"names": "a"},
        {"parts": [{"name": "a"}, {"name": "a"}]},
        {"parts": [{"size": 1}]},
        {"parts": [{"name": "a", "unknown": 1}]},
        {"parts": {"name": "a"}},
        {"labels": {"a": None}},
        {"labels": {"a": 1}},
        {"labels": []},
        {"fixed": {"c": "x"}},
    ],
)
def test_what_has_to_be_looked_at_is_not_plain(spec: dict[str, Any]) -> None:
    """Undeclared fields, wrong types, nulls and items that come twice."""
    assert not is_plain(thing(spec), THING)


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": "1"},
        {"paused": False},
        {"strategy": {}},
        {"selector": {"matchLabels": {}}},
        {"template": {"spec": {"containers": [{"name": "c", "imagePullPolicy": "Often"}]}}},
        {
            "template": {
                "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "0.5"}}}]}
            }
        },
    ],
)
def test_what_a_server_would_leave_out_or_write_otherwise_is_not_plain(
    spec: dict[str, Any],
) -> None:
    """Zeros, empty values, another spelling of an amount, a word outside a closed set."""
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": {}, **spec}
    value = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}
    assert not is_plain(value, schema_for("apps/v1", "Deployment"))
