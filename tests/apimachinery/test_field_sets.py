"""Field sets name the fields of objects, survive their JSON form, and compare."""

import json
from typing import Any

import pytest
from hypothesis import given

from ruleengine.apimachinery import tries
from ruleengine.apimachinery.field_sets import FieldSet, compare
from tests.apimachinery.objects import DEPLOYMENT, THING, THINGS, thing


def spec_fields(spec: dict[str, Any]) -> Any:
    """Return the FieldsV1 of the spec of an object of the custom kind."""
    return FieldSet.of(thing(spec), THING).to_fields_v1().get("f:spec")


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"number": 1}, {"f:number": {}}),
        ({"text": None}, {"f:text": {}}),
        ({"names": ["a", "b"]}, {"f:names": {'v:"a"': {}, 'v:"b"': {}}}),
        ({"names": ["a", "a"]}, {"f:names": {'v:"a"': {}}}),
        ({"names": [], "text": ""}, {"f:text": {}}),
        ({"whole": ["a"]}, {"f:whole": {}}),
        ({"labels": {"x": "y"}}, {"f:labels": {"f:x": {}}}),
        ({"labels": {}}, {"f:labels": {}}),
        ({"fixed": {"a": "x"}}, {"f:fixed": {}}),
        ({"free": {"x": {"y": [1]}}}, {"f:free": {"f:x": {".": {}, "f:y": {}}}}),
        (
            {"parts": [{"name": "a", "size": 1}]},
            {"f:parts": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:size": {}}}},
        ),
        (
            {"parts": [{"name": "a", "size": 1}, {"name": "a"}]},
            {"f:parts": {'k:{"name":"a"}': {}}},
        ),
    ],
)
def test_a_value_has_the_fields_of_the_algorithm(
    spec: dict[str, Any], fields: dict[str, Any]
) -> None:
    """Scalars, atomics, sets, maps, duplicates, null and empty values."""
    assert spec_fields(spec) == fields


def test_a_key_that_is_left_out_takes_its_default() -> None:
    """The protocol of a container port is TCP unless said otherwise."""
    pod = {
        "spec": {
            "template": {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}}
        }
    }
    text = json.dumps(FieldSet.of(pod, DEPLOYMENT).to_fields_v1())
    assert json.dumps('k:{"containerPort":80,"protocol":"TCP"}') in text


@given(THINGS, THINGS)
def test_set_algebra_holds(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Union, intersection and difference behave as on sets of paths."""
    left, right = FieldSet.of(one, THING), FieldSet.of(other, THING)
    mine, theirs = set(left.paths()), set(right.paths())
    assert set(left.union(right).paths()) == mine | theirs
    assert set(left.intersection(right).paths()) == mine & theirs
    assert set(left.difference(right).paths()) == mine - theirs
    assert all(left.contains(path) for path in mine)
    assert not any(left.contains(path) for path in theirs - mine)


@given(THINGS)
def test_a_set_survives_its_json_form(value: dict[str, Any]) -> None:
    """FieldsV1 written and read again is the same set."""
    fields = FieldSet.of(value, THING)
    text = json.dumps(fields.to_fields_v1())
    assert set(FieldSet.from_fields_v1(json.loads(text)).paths()) == set(fields.paths())


def test_a_member_with_nothing_below_reads_as_a_leaf() -> None:
    """Both spellings of one set are one set."""
    assert FieldSet.from_fields_v1({"f:a": {".": {}}}) == FieldSet.from_fields_v1({"f:a": {}})
    assert not FieldSet.from_fields_v1(None)


@given(THINGS, THINGS)
def test_a_comparison_mirrors_its_reverse(one: dict[str, Any], other: dict[str, Any]) -> None:
    """What is added one way is removed the other way; equal objects do not differ."""
    there, back = compare(one, other, THING), compare(other, one, THING)
    assert set(tries.paths(there.added)) == set(tries.paths(back.removed))
    assert set(tries.paths(there.modified)) == set(tries.paths(back.modified))
    assert not compare(one, json.loads(json.dumps(one)), THING)
    assert bool(there) is (one != other and _order_free(one) != _order_free(other))


def _order_free(value: dict[str, Any]) -> Any:
    """Return the object with its granular lists sorted: their order is nobody's."""
    spec = dict(value.get("spec", {}))
    for field in ("names", "parts"):
        if field in spec:
            spec[field] = sorted(spec[field], key=json.dumps)
    return {**value, "spec": spec}


@pytest.mark.parametrize(
    ("old", "new", "sort", "paths"),
    [
        ({"number": 1}, {"number": 2}, "modified", ".spec.number"),
        ({"number": 1}, {"number": True}, "modified", ".spec.number"),
        ({"text": "x"}, {"text": "x", "number": 0}, "added", ".spec.number"),
        ({"whole": ["a"]}, {"whole": ["a", "b"]}, "modified", ".spec.whole"),
        ({"names": ["a"]}, {"names": ["b", "a"]}, "added", '.spec.names[="b"]'),
        (
            {"parts": [{"name": "a", "size": 1}]},
            {"parts": [{"name": "a", "size": 2}]},
            "modified",
            '.spec.parts[name="a"].size',
        ),
        (
            {"text": "x", "labels": {"x": "y"}},
            {"text": "x"},
            "removed",
            ".spec.labels, .spec.labels.x",
        ),
        (
            {"parts": [{"name": "a"}, {"name": "a"}]},
            {"parts": [{"name": "a"}, {"name": "a", "size": 1}]},
            "modified",
            '.spec.parts[name="a"]',
        ),
        (
            {"parts": [{"name": "a"}, {"name": "a"}]},
            {"parts": [{"name": "a"}]},
            "added",
            '.spec.parts[name="a"], .spec.parts[name="a"].name',
        ),
        (
            {"parts": [{"name": "a"}]},
            {"parts": [{"name": "a"}, {"name": "a"}]},
            "removed",
            '.spec.parts[name="a"], .spec.parts[name="a"].name',
        ),
        (
            {"parts": [{"name": "a"}]},
            {"parts": None},
            "removed",
            '.spec.parts[name="a"], .spec.parts[name="a"].name',
        ),
        ({"labels": {"a": "b"}}, {"labels": None}, "removed", ".spec.labels.a"),
        ({"labels": {}}, {"labels": None}, "modified", ".spec.labels"),
        ({"free": {"x": {"y": 1}}}, {"free": {"x": 1}}, "modified", ".spec.free.x"),
    ],
)
def test_a_comparison_is_made_leaf_by_leaf(
    old: dict[str, Any], new: dict[str, Any], sort: str, paths: str
) -> None:
    """Each kind of field, with containers that vanish, duplicates and changed types."""
    assert str(FieldSet(getattr(compare(thing(old), thing(new), THING), sort))) == paths


def test_a_prefix_takes_everything_below_it_away() -> None:
    """Members above and beside it stay."""
    fields = {"f:a": {".": {}, "f:b": {"f:c": {}, "f:d": {}}, "f:e": {}}, "f:x": {}}
    assert tries.without(fields, {"f:a": {"f:b": {}}}) == {
        "f:a": {".": {}, "f:e": {}},
        "f:x": {},
    }
    assert tries.without({"f:a": {"f:b": {}}}, {"f:a": {"f:b": {}}}) == {}
