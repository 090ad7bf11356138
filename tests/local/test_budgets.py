"""What budgets count, and what is said of autoscalers, in virtual time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.controllers.budgets import budget_status
from ruleengine.model.times import parse_time
from tests.local.planes import MERGE, Caller, condition, deployment

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
PODS = "/api/v1/namespaces/default/pods"
NOW = parse_time("2026-01-02T03:04:05Z")


def budget(call: Caller, **spec: Any) -> Any:
    """Return the status of a budget for a Deployment of four pods."""
    call("POST", DEPLOYMENTS, deployment(replicas=4))
    selector = {"matchLabels": {"app": "web"}}
    body = {"metadata": {"name": "b"}, "spec": {"selector": selector, **spec}}
    status, made = call("POST", BUDGETS, body)
    assert status == 201, made
    call.plane.advance(3)
    return call("GET", f"{BUDGETS}/b")[1]["status"]


@pytest.mark.parametrize(
    ("spec", "desired", "allowed"),
    [
        ({"minAvailable": 3}, 3, 1),
        ({"minAvailable": "60%"}, 3, 1),
        ({"maxUnavailable": 1}, 3, 1),
        ({"maxUnavailable": "30%"}, 2, 2),
        ({"minAvailable": "100%"}, 4, 0),
    ],
)
def test_a_budget_says_how_many_may_go(call: Caller, spec: Any, desired: int, allowed: int) -> None:
    """By numbers and by percentages of what is asked for."""
    found = budget(call, **spec)
    names = ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")
    assert [found[name] for name in names] == [4, 4, desired, allowed]
    value = condition({"status": found}, "DisruptionAllowed")["status"]
    assert value == ("True" if allowed else "False")


def test_an_eviction_beyond_the_budget_is_refused(call: Caller) -> None:
    """Until a new pod is ready."""
    budget(call, maxUnavailable=1)
    names = [one["metadata"]["name"] for one in call("GET", PODS)[1]["items"]]

    def evict(name: str) -> int:
        body = {"kind": "Eviction", "apiVersion": "policy/v1", "metadata": {"name": name}}
        return call("POST", f"{PODS}/{name}/eviction", body)[0]

    assert evict(names[0]) == 201
    call.plane.settle()
    assert evict(names[1]) == 429
    call.plane.advance(5)
    assert evict(names[1]) == 201


def test_the_replicas_asked_for_count_not_those_that_are_left(call: Caller) -> None:
    """Half of the pods not ready are half of what there should be."""
    budget(call, maxUnavailable="50%")
    name = call("GET", PODS)[1]["items"][0]["metadata"]["name"]
    call("DELETE", f"{PODS}/{name}")
    call.plane.settle()
    found = call("GET", f"{BUDGETS}/b")[1]["status"]
    assert (found["expectedPods"], found["currentHealthy"]) == (4, 3)
    assert found["disruptionsAllowed"] == 1


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 12), st.booleans())
def test_what_may_go_leaves_enough(healthy: int, bound: int, expected: int, most: bool) -> None:
    """After all allowed disruptions as many are healthy as have to be."""
    spec = {"maxUnavailable": bound} if most else {"minAvailable": bound}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"}
    pods = [{"metadata": {}, "status": {"conditions": [ready]}} for _ in range(healthy)]
    found = budget_status({"metadata": {}, "spec": spec}, pods, expected, NOW)
    allowed = found["disruptionsAllowed"]
    assert 0 <= allowed <= healthy
    assert allowed == 0 or healthy - allowed >= found["desiredHealthy"]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_autoscaler_says_that_nothing_acts_on_it(call: Caller, version: str) -> None:
    """In a condition and in an event, whichever version it is made in; the replicas stay."""
    call("POST", DEPLOYMENTS, deployment(replicas=2))
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    body = {"metadata": {"name": "a"}, "spec": {"scaleTargetRef": target, "maxReplicas": 9}}
    path = f"/apis/autoscaling/{version}/namespaces/default/horizontalpodautoscalers"
    status, made = call("POST", path, body)
    assert status == 201, made
    call.plane.advance(5)
    found = call("GET", f"{path}/a")[1]
    assert condition(found, "ScalingActive")["status"] == "False"
    events = call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    about = [one for one in events if one["involvedObject"]["name"] == "a"]
    assert [one["reason"] for one in about] == ["NoMetrics"]
    assert call("GET", f"{DEPLOYMENTS}/web")[1]["spec"]["replicas"] == 2
    before = call.plane.store.revision
    call("PATCH", f"{path}/a", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    call.plane.settle()
    assert call.plane.store.revision == before + 1
