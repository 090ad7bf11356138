"""Which nodes a pod wants, and what it puts up with."""

from typing import Any

import pytest

from ruleengine.local.affinity import wants_node
from ruleengine.local.memory_store import MemoryStore
from ruleengine.local.scheduling import untolerated
from ruleengine.model.values import Object
from tests.local.planes import MERGE, Caller

PODS = "/api/v1/namespaces/default/pods"
PORTS_ALONE = "local.ruleengine.dev/ports"

NODE: Object = {
    "metadata": {"name": "local", "labels": {"os": "linux", "cores": "64"}},
    "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]},
}


def affine(*terms: Object) -> Object:
    """Return a pod that asks for nodes by required affinity."""
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [*terms]}}
    return {"spec": {"affinity": {"nodeAffinity": required}}}


def needs(key: str, operator: str, *values: str) -> Object:
    """Return a term of one requirement."""
    return {"matchExpressions": [{"key": key, "operator": operator, "values": [*values]}]}


@pytest.mark.parametrize(
    ("pod", "wanted"),
    [
        ({"spec": {}}, True),
        ({"spec": {"nodeSelector": {"os": "linux"}}}, True),
        ({"spec": {"nodeSelector": {"os": "plan9"}}}, False),
        (affine(needs("os", "In", "linux", "bsd")), True),
        (affine(needs("os", "NotIn", "linux")), False),
        (affine(needs("os", "Exists")), True),
        (affine(needs("os", "DoesNotExist")), False),
        (affine(needs("cores", "Gt", "32")), True),
        (affine(needs("cores", "Lt", "32")), False),
        (affine(needs("os", "Gt", "32")), False),
        (affine(needs("none", "Gt", "32")), False),
        (affine(needs("os", "In", "bsd"), needs("os", "In", "linux")), True),
        (affine({}), False),
        (
            affine({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["x"]}]}),
            False,
        ),
    ],
)
def test_a_node_is_wanted_by_labels_and_required_affinity(pod: Object, *, wanted: bool) -> None:
    """One term has to hold, with all of its requirements."""
    assert wants_node(pod["spec"], NODE) is wanted


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({}, False),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"operator": "Exists"}, True),
    ],
)
def test_a_taint_is_put_up_with_by_key_value_and_effect(
    toleration: dict[str, Any], *, tolerated: bool
) -> None:
    """An effect that does not shut a node counts for nothing."""
    pod = {"spec": {"tolerations": [toleration]}}
    assert (untolerated(pod, NODE, ("NoSchedule",)) is None) is tolerated
    assert untolerated(pod, NODE, ("NoExecute",)) is None


def asking(name: str, **requests: str) -> Object:
    """Return a pod that asks for resources."""
    resources = {"requests": requests, "limits": requests}
    container = {"name": "c", "image": "shop:1", "resources": resources}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


def reason_of(call: Caller, name: str) -> str:
    """Return why a pod has no place; empty where it has one."""
    found = call("GET", f"{PODS}/{name}")[1]
    if found["spec"].get("nodeName"):
        return ""
    text: str = found["status"]["conditions"][0]["message"]
    return text


def test_a_pod_waits_until_there_is_enough_for_it(call: Caller) -> None:
    """Of everything that it asks for; what is over takes nothing any more."""
    call("POST", PODS, asking("large", cpu="60", memory="200Gi"))
    call("POST", PODS, asking("waits", cpu="5", memory="100Gi"))
    call("POST", PODS, asking("small", cpu="4"))
    call("POST", PODS, asking("other", **{"nvidia.com/gpu": "1"}))
    call.plane.advance(3)
    assert reason_of(call, "small") == ""
    assert reason_of(call, "waits") == (
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory."
    )
    assert "1 Insufficient nvidia.com/gpu" in reason_of(call, "other")
    call("PATCH", f"{PODS}/large/status", {"status": {"phase": "Succeeded"}}, MERGE)
    call.plane.advance(31)
    assert reason_of(call, "waits") == ""
    call("DELETE", f"{PODS}/small")
    call.plane.advance(3)
    call("POST", PODS, asking("next", cpu="59"))
    call.plane.advance(3)
    assert reason_of(call, "next") == ""


def test_a_pod_whose_end_nobody_saw_takes_nothing_any_more(call: Caller) -> None:
    """Its event was forgotten before the scheduler came to it."""
    call("POST", PODS, asking("large", cpu="60"))
    call.plane.advance(3)
    call("DELETE", f"{PODS}/large", gracePeriodSeconds="0")
    assert isinstance(call.plane.store, MemoryStore)
    call.plane.store.compact()
    call("POST", PODS, asking("next", cpu="59"))
    call.plane.advance(3)
    assert reason_of(call, "next") == ""


def test_pods_that_want_a_port_to_themselves_take_turns(call: Caller) -> None:
    """Whoever came first goes first, and the next at once when it is over."""

    def listening(name: str, ports: str) -> Object:
        pod = asking(name)
        return {**pod, "metadata": {"name": name, "annotations": {PORTS_ALONE: ports}}}

    taken = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    for name, ports in (("a", "81"), ("b", "82, 81"), ("c", "81"), ("d", "83")):
        call("POST", PODS, listening(name, ports))
    call.plane.advance(3)
    waits = [reason_of(call, name) for name in "abcd"]
    assert waits == ["", taken, taken, ""]
    call("PATCH", f"{PODS}/a/status", {"status": {"phase": "Succeeded"}}, MERGE)
    call.plane.advance(3)
    assert [reason_of(call, name) for name in "bc"] == ["", taken]
    call("DELETE", f"{PODS}/b")
    call.plane.advance(5)
    assert reason_of(call, "c") == ""
