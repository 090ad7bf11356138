"""Objects that have not drifted are recognised at once, and only they."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings

from ruleengine.apimachinery.comparing import is_settled, stored_form
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.structured_merge import apply, update
from tests.apimachinery.good_objects import GOOD, TEMPLATE, whole
from tests.apimachinery.objects import DEPLOYMENT, NOW, THING, THINGS
from tests.apimachinery.test_malformed import mutated
from tests.apimachinery.test_strategic_diff import DEPLOYMENTS

Object = dict[str, Any]


def settled(live: Object, desired: Object) -> bool:
    """Ask about a Deployment in the name of the one who applied."""
    return is_settled(live, desired, manager="me", schema=DEPLOYMENT)


def applied(live: Object | None, desired: Object) -> Object:
    """Return what a server makes of an apply."""
    done = apply(live, desired, manager="me", schema=DEPLOYMENT, now=NOW, force=True)
    return stored_form(done.object, DEPLOYMENT)


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


@given(DEPLOYMENTS, DEPLOYMENTS, DEPLOYMENTS)
@settings(max_examples=200)
def test_a_settled_object_is_one_that_an_apply_does_not_change(
    first: Object, other: Object, desired: Object
) -> None:
    """Whatever was applied and written before."""
    live = applied(None, first)
    edited = {**other, "metadata": {**other["metadata"], "uid": "u"}}
    written = update(live, edited, manager="editor", schema=DEPLOYMENT, now=NOW)
    for one, wanted in ((live, first), (live, desired), (written, desired)):
        before, after = stored_form(one, DEPLOYMENT), applied(one, wanted)
        for value in (before, after):
            value["metadata"] = {**value["metadata"], "managedFields": None}
        if settled(one, wanted):
            assert before == after


@given(THINGS, THINGS)
def test_a_custom_object_is_settled_as_others_are(live: Object, desired: Object) -> None:
    """After an apply, and where one thing includes another."""
    done = apply(live, desired, manager="me", schema=THING, now=NOW, force=True).object
    assert is_settled(done, json.loads(json.dumps(desired)), manager="me", schema=THING)


@pytest.mark.parametrize("kind", GOOD)
def test_every_kind_has_one_stored_form(kind: str) -> None:
    """Bringing it into that form twice changes nothing."""
    value = whole(kind)
    schema = schema_for(value["apiVersion"], value["kind"])
    stored = stored_form(value, schema)
    assert stored_form(stored, schema) is stored
    assert is_settled(stored, value, manager="me", schema=schema)


@given(mutated(), mutated())
@settings(max_examples=100)
def test_malformed_objects_are_compared_without_failing(one: Object, other: Object) -> None:
    """Whatever was written by hand."""
    schema = schema_for(str(one["apiVersion"]), str(one["kind"]))
    stored_form(one, schema)
    is_settled(one, other, manager="me", schema=schema)
    assert is_settled(one, one, manager="nobody", schema=schema) in (True, False)
