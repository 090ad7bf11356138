"""Wrong objects are refused with the fields and reasons of the API; right ones are not."""

import copy
from typing import Any

import pytest

from ruleengine.apimachinery.causes import invalid_message, status_causes
from ruleengine.apimachinery.kinds import KindTable
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.validating import validate
from tests.apimachinery.good_objects import GOOD, whole
from tests.apimachinery.wrong_objects import CHANGED, WRONG

Object = dict[str, Any]


def problems(value: Object, old: Object | None = None) -> dict[str, str]:
    """Return field and reason of every cause."""
    info = KindTable.built_in().find(value["apiVersion"], value["kind"])
    assert info is not None
    schema = schema_for(value["apiVersion"], value["kind"])
    return {one.field: one.reason for one in validate(value, info, schema, old)}


def put(value: Object, path: str, new: Any) -> Object:
    """Return a copy with the value at a dotted path replaced; ``...`` removes it."""
    value = copy.deepcopy(value)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner: Any = value
    for step in steps:
        inner = inner[step] if isinstance(step, int) else inner.setdefault(step, {})
    if new is ...:
        del inner[last]
    else:
        inner[last] = new
    return value


@pytest.mark.parametrize("kind", GOOD)
def test_a_right_object_is_accepted(kind: str) -> None:
    """Created, and updated to itself."""
    value = whole(kind)
    assert problems(value) == {}
    assert problems(value, copy.deepcopy(value)) == {}


@pytest.mark.parametrize(("kind", "path", "new", "field", "reason"), WRONG)
def test_a_wrong_object_is_refused(kind: str, path: str, new: Any, field: str, reason: str) -> None:
    """One thing is wrong, and that field is named with its reason."""
    assert problems(put(whole(kind), path, new)).get(field) == reason


@pytest.mark.parametrize(("kind", "path", "new", "field"), CHANGED)
def test_what_must_not_change_is_refused(kind: str, path: str, new: Any, field: str) -> None:
    """Selectors, templates of jobs, identities."""
    old = whole(kind)
    assert field in problems(put(old, path, new), old)


@pytest.mark.parametrize(
    ("kind", "path", "new"),
    [
        ("apps/v1 Deployment", "spec.template.spec.containers.0.image", "j"),
        ("apps/v1 StatefulSet", "spec.replicas", 3),
        ("v1 Pod", "spec.containers.0.image", "j"),
        ("batch/v1 Job", "spec.suspend", True),
        ("v1 Service", "spec.clusterIP", "10.0.0.1"),
    ],
)
def test_what_may_change_is_accepted(kind: str, path: str, new: Any) -> None:
    """Images, numbers of replicas, and values that were not set before."""
    old = whole(kind)
    assert problems(put(old, path, new), old) == {}


@pytest.mark.parametrize(
    ("path", "least", "most"),
    [
        ("spec.replicas", 0, 2**31 - 1),
        ("spec.template.spec.terminationGracePeriodSeconds", -(2**63), 2**63 - 1),
        ("spec.strategy", 0, 2**31 - 1),
    ],
)
def test_numbers_keep_within_their_types(path: str, least: int, most: int) -> None:
    """Those of 32 bits, of 64, and the numbers that may be percentages instead."""

    def found(number: float) -> dict[str, str]:
        new: Any = number
        if path == "spec.strategy":
            new = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": number}}
        return problems(put(whole("apps/v1 Deployment"), path, new))

    assert found(least) == found(most) == {}
    for number in (most + 1, -(most + 2), float(most + 1), 0.5):
        assert set(found(number).values()) == {"FieldValueTypeInvalid"}, number


def test_immutable_data_stays_and_a_cluster_ip_too() -> None:
    """Once they are set."""
    old = put(whole("v1 ConfigMap"), "immutable", True)
    assert problems(put(old, "data.more", "x"), old) == {"data": "FieldValueForbidden"}
    assert "immutable" in problems(put(old, "immutable", False), old)
    old = put(whole("v1 Service"), "spec.clusterIP", "10.0.0.1")
    assert "spec.clusterIP" in problems(put(old, "spec.clusterIP", "10.0.0.2"), old)


def test_a_pod_may_tolerate_more_and_get_less_time() -> None:
    """Neither is taken back; how long something is tolerated may change."""
    seldom = {"key": "a", "operator": "Exists", "effect": "NoExecute"}
    old = put(put(whole("v1 Pod"), "spec.tolerations", [seldom]), "spec.activeDeadlineSeconds", 9)
    more = [{**seldom, "tolerationSeconds": 5}, {"key": "b", "operator": "Exists"}]
    assert problems(put(old, "spec.tolerations", more), old) == {}
    assert problems(put(old, "spec.tolerations", more[1:]), old) == {
        "spec.tolerations": "FieldValueForbidden"
    }
    assert problems(put(old, "spec.activeDeadlineSeconds", 8), old) == {}
    for later in (10, ...):
        assert problems(put(old, "spec.activeDeadlineSeconds", later), old) == {
            "spec.activeDeadlineSeconds": "FieldValueInvalid"
        }
    gated = put(old, "spec.schedulingGates", [{"name": "a.io/x"}])
    assert problems(put(gated, "spec.schedulingGates", []), gated) == {}
    hurried = put(old, "spec.terminationGracePeriodSeconds", -1)
    now = put(hurried, "spec.terminationGracePeriodSeconds", 1)
    assert "spec" not in problems(now, hurried)


def test_an_indexed_job_grows_with_its_parallelism() -> None:
    """Both are the same afterwards, or nothing changes."""
    old = put(whole("batch/v1 Job"), "spec.completionMode", "Indexed")
    old = put(put(old, "spec.completions", 2), "spec.parallelism", 2)
    both = put(put(old, "spec.completions", 3), "spec.parallelism", 3)
    assert problems(both, old) == {}
    assert problems(put(old, "spec.completions", 3), old) == {
        "spec.completions": "FieldValueInvalid"
    }


def test_a_job_that_waits_may_still_say_where_its_pods_run() -> None:
    """Until it started for the first time; what they run is said for good."""
    old = put(whole("batch/v1 Job"), "spec.suspend", True)
    moved = put(old, "spec.template.spec.nodeSelector", {"disk": "ssd"})
    assert problems(moved, old) == {}
    started = put(old, "status.startTime", "2026-01-01T00:00:00Z")
    assert "spec.template" in problems(moved, started)
    assert "spec.template" in problems(put(old, "spec.template.spec.containers.0.image", "j"), old)


def test_no_finalizer_joins_an_object_that_is_being_deleted() -> None:
    """Removing one is fine."""
    old = put(whole("v1 ConfigMap"), "metadata.deletionTimestamp", "2026-01-01T00:00:00Z")
    old = put(old, "metadata.finalizers", ["a.io/x"])
    more = put(old, "metadata.finalizers", ["a.io/x", "a.io/y"])
    assert problems(more, old) == {"metadata.finalizers": "FieldValueForbidden"}
    assert problems(put(old, "metadata.finalizers", []), old) == {}


def test_the_message_is_that_of_the_api() -> None:
    """One problem is written plainly, several in brackets."""
    value = put(whole("apps/v1 Deployment"), "spec.replicas", -1)
    info = KindTable.built_in().find("apps/v1", "Deployment")
    assert info is not None
    causes = validate(value, info, schema_for("apps/v1", "Deployment"))
    text = "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    assert invalid_message("apps", "Deployment", "one", causes) == (
        f'Deployment.apps "one" is invalid: {text}'
    )
    twice = invalid_message("", "Pod", "p", [*causes, *causes])
    assert twice == f'Pod "p" is invalid: [{text}, {text}]'
    assert status_causes(causes) == [
        {
            "reason": "FieldValueInvalid",
            "message": "Invalid value: -1: must be greater than or equal to 0",
            "field": "spec.replicas",
        }
    ]
