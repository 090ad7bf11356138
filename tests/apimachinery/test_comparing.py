"""What an apply would make of an object is foreseen: the same as when it is done."""

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import example, given, settings

from ruleengine.apimachinery.comparing import foreseen, stored_form
from ruleengine.apimachinery.managed_fields import without_managed_fields
from ruleengine.apimachinery.schema import Schema, schema_for, schema_from_openapi
from ruleengine.apimachinery.structured_merge import apply, update
from tests.apimachinery.good_objects import GOOD, TEMPLATE, whole
from tests.apimachinery.objects import DEPLOYMENT, NOW, THING, THINGS
from tests.apimachinery.test_malformed import mutated
from tests.apimachinery.test_strategic_diff import DEPLOYMENTS

Object = dict[str, Any]


def settled(live: Object, desired: Object, schema: Schema = DEPLOYMENT) -> bool:
    """Ask about an object in the name of the one who applied."""
    before, after = foreseen(live, desired, manager="me", schema=schema)
    assert (before is live) or before != after
    return before is after


def applied(live: Object | None, desired: Object, schema: Schema = DEPLOYMENT) -> Object:
    """Return what a server makes of an apply."""
    done = apply(live, desired, manager="me", schema=schema, now=NOW, force=True)
    return stored_form(done.object, schema)


def unowned(value: Object, schema: Schema = DEPLOYMENT) -> Object:
    """Return an object in the form of a server, without its books."""
    return without_managed_fields(stored_form(value, schema))


DESIRED: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "labels": {"a": "b"}},
    "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE, "replicas": 2},
}


def test_what_was_applied_is_settled() -> None:
    """Defaults, status and other writers' fields beside it do not matter."""
    live = applied(None, DESIRED)
    assert settled(live, DESIRED)
    live = {**live, "status": {"replicas": 2}, "spec": {**live["spec"], "paused": True}}
    assert settled(live, copy.deepcopy(DESIRED))
    assert settled(live, {**DESIRED, "status": {"replicas": 9}})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "replicas"), 3),
        (("spec", "minReadySeconds"), 5),
        (("metadata", "labels"), {"a": "c"}),
        (("metadata", "labels"), {}),
        (("metadata", "annotations"), {"x": "y"}),
        (("spec", "template", "spec", "containers", 0, "image"), "other"),
        (("spec", "template", "spec", "containers", 0, "env"), []),
        (("spec", "template", "spec", "containers", 0, "ports", 0, "protocol"), "UDP"),
        (("spec", "template", "spec", "tolerations"), [{"key": "a"}]),
    ],
)
def test_what_was_edited_or_is_wanted_otherwise_is_not(path: tuple[Any, ...], value: Any) -> None:
    """Scalars, maps, lists by key and lists as a whole; fields that are given up."""
    live = applied(None, DESIRED)
    wanted = copy.deepcopy(DESIRED)
    inner: Any = wanted
    for step in path[:-1]:
        inner = inner[step] if isinstance(step, int) else inner.setdefault(step, {})
    inner[path[-1]] = value
    assert not settled(live, wanted)


def test_another_spelling_of_an_amount_and_zeros_are_no_drift() -> None:
    """Neither is a null that claims nothing."""
    live = applied(None, DESIRED)
    wanted = copy.deepcopy(DESIRED)
    container = wanted["spec"]["template"]["spec"]["containers"][0]
    container["resources"]["limits"]["cpu"] = "1000m"
    container["args"] = []
    wanted["spec"]["template"]["spec"]["hostNetwork"] = False
    wanted["spec"]["paused"] = None
    assert settled(live, wanted)


@pytest.mark.parametrize("spelt", ['k:{"name":"a"}', 'k:{"name": "a"}', 'k:{"\\u006eame":"a"}'])
def test_what_others_claim_as_well_stays(spelt: str) -> None:
    """However their books spell it; what nobody else claims goes."""
    wanted = copy.deepcopy(DESIRED)
    container = wanted["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "a", "value": "1"}, {"name": "b", "value": "1"}]
    live = applied(None, wanted)
    fewer = copy.deepcopy(wanted)
    del fewer["spec"]["template"]["spec"]["containers"][0]["env"][0]
    assert not settled(live, fewer)
    name = container["name"]
    claimed: Object = {"f:env": {spelt: {".": {}, "f:name": {}, "f:value": {}}}}
    fields = {"f:containers": {f'k:{{"name":"{name}"}}': claimed}}
    other = {
        "manager": "other",
        "operation": "Apply",
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:template": {"f:spec": fields}}},
    }
    live["metadata"]["managedFields"].append(other)
    assert settled(live, fewer)


def test_books_in_doubt_are_looked_at_closely() -> None:
    """An entry of others that cannot be read makes all count as none, as it does in an apply."""
    live = applied(None, DESIRED)
    wanted = {**DESIRED, "metadata": {"name": "d"}}
    assert not settled(live, wanted)
    odd = {"manager": "other", "operation": "Apply", "fieldsV1": {"x": {}}}
    live["metadata"]["managedFields"].append(odd)
    assert settled(live, wanted)
    assert unowned(applied(live, wanted)) == unowned(live)


@pytest.mark.parametrize(
    "fields",
    [
        "x",
        {"f:spec": "x"},
        {"f:spec": ["x"]},
        {"f:spec": 5},
        {"f:spec": {"f:template": {"f:spec": {"f:containers": "x"}}}},
        {"f:spec": {"f:template": {"f:spec": {"f:containers": {"x": {}}}}}},
        {"f:spec": {"f:replicas": "x"}, "f:metadata": {"f:labels": {"f:a": {}}}},
    ],
)
def test_own_books_that_cannot_be_read_count_as_none(fields: Any) -> None:
    """As they do for an apply, so nothing is given up."""
    live = applied(None, DESIRED)
    live["metadata"]["managedFields"][0]["fieldsV1"] = fields
    assert settled(live, DESIRED)
    assert settled(live, {**DESIRED, "metadata": {"name": "d"}})


def deployed(**spec: Any) -> Object:
    """Return a Deployment of which little is stated."""
    identity = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}
    return {**identity, "spec": spec}


def pods(**spec: Any) -> Object:
    """Return a template of pods."""
    return {"spec": spec}


@given(DEPLOYMENTS, DEPLOYMENTS, DEPLOYMENTS)
@example(  # what was owned is given up where nothing is claimed any more, but by somebody else
    deployed(replicas=0, strategy={}, template=pods(containers=[], tolerations=[])),
    deployed(template=pods(nodeSelector={})),
    deployed(replicas=0, template=pods(containers=[])),
)
@settings(max_examples=200)
def test_what_is_foreseen_is_what_an_apply_does(
    first: Object, other: Object, desired: Object
) -> None:
    """Whatever was applied and written before; the object itself where nothing changes."""
    live = applied(None, first)
    edited = {**other, "metadata": {**other["metadata"], "uid": "u"}}
    written = update(live, edited, manager="editor", schema=DEPLOYMENT, now=NOW)
    for one, wanted in ((live, first), (live, desired), (written, desired)):
        before, after = foreseen(one, wanted, manager="me", schema=DEPLOYMENT)
        assert unowned(before) == unowned(one)
        assert unowned(after) == unowned(applied(one, wanted))
        assert (before is one and after is one) or unowned(before) != unowned(after)


_NAMES = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
_PARTS = {"type": "object", "properties": {"a": _NAMES, "b": _NAMES}}
_SPEC = {"type": "object", "properties": {"a": _NAMES, "b": _NAMES, "c": _PARTS}}


@pytest.mark.parametrize(
    ("first", "wanted"),
    [
        ({"a": [], "b": ["x"]}, {}),
        ({"b": ["x"]}, {"a": []}),
        ({"b": ["x"]}, {"b": []}),
        ({"b": ["x"]}, {"b": None}),
        ({"b": ["x", "y"]}, {"b": ["y"]}),
        ({"b": ["x"], "c": {"a": [], "b": ["x"]}}, {"b": ["x"], "c": {"a": []}}),
        ({"b": ["x"], "c": {"a": ["z"], "b": ["x"]}}, {"b": ["x"], "c": {"a": ["z"]}}),
        ({"b": ["x"], "c": {"b": ["x"]}}, {"b": ["x"], "c": {}}),
        ({"b": ["x"], "c": {"b": ["x"]}}, {"b": ["x"]}),
    ],
)
def test_what_is_emptied_by_giving_up_is_foreseen(first: Object, wanted: Object) -> None:
    """What nothing is claimed of any more goes with what was in it."""
    schema = schema_from_openapi({"type": "object", "properties": {"spec": _SPEC}})
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}}
    live = applied(None, {**thing, "spec": first}, schema)
    after = foreseen(live, {**thing, "spec": wanted}, manager="me", schema=schema)[1]
    done = applied(live, {**thing, "spec": wanted}, schema)
    assert unowned(after, schema) == unowned(done, schema)


@given(THINGS, THINGS)
def test_a_custom_object_is_settled_as_others_are(live: Object, desired: Object) -> None:
    """After an apply, and where one thing includes another."""
    done = apply(live, desired, manager="me", schema=THING, now=NOW, force=True).object
    assert settled(done, json.loads(json.dumps(desired)), THING)


@pytest.mark.parametrize("kind", GOOD)
def test_every_kind_has_one_stored_form(kind: str) -> None:
    """Bringing it into that form twice changes nothing."""
    value = whole(kind)
    schema = schema_for(value["apiVersion"], value["kind"])
    stored = stored_form(value, schema)
    assert stored_form(stored, schema) is stored
    assert settled(stored, value, schema)


def test_what_somebody_else_scales_is_no_drift() -> None:
    """Defaults count only where nobody says otherwise."""
    wanted = copy.deepcopy(DESIRED)
    del wanted["spec"]["replicas"]
    live = applied(None, wanted)
    assert settled({**live, "spec": {**live["spec"], "replicas": 5}}, wanted)


def test_a_list_that_has_an_item_twice_cannot_be_foreseen() -> None:
    """No server takes it."""
    wanted = copy.deepcopy(DESIRED)
    wanted["spec"]["template"]["spec"]["containers"] *= 2
    with pytest.raises(ValueError, match="twice"):
        foreseen(applied(None, DESIRED), wanted, manager="me", schema=DEPLOYMENT)


@given(mutated(), mutated())
@settings(max_examples=100)
def test_malformed_objects_are_compared_without_failing(one: Object, other: Object) -> None:
    """Whatever was written by hand; only an item that is there twice is refused."""
    schema = schema_for(str(one["apiVersion"]), str(one["kind"]))
    stored_form(one, schema)
    with contextlib.suppress(ValueError):
        foreseen(one, other, manager="me", schema=schema)
    with contextlib.suppress(ValueError):
        assert foreseen(one, one, manager="nobody", schema=schema) == (one, one)
