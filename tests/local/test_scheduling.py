"""Which nodes a pod wants, and what it puts up with."""

from typing import Any

import pytest

from ruleengine.local.affinity import wants_node
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.controllers.lines import Line
from ruleengine.local.memory_store import MemoryStore
from ruleengine.local.scheduling import untolerated
from ruleengine.local.store import Key
from ruleengine.model.names import ARGO_WORKFLOW
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


@pytest.fixture
def narrow() -> Caller:
    """Return calls on a control plane of which two pods at a time run as processes."""
    plane = ControlPlane(
        MemoryStore(), VirtualClock(), patience=0, most_pods=lambda: 2, leaves_processes=True
    )
    plane.settle()
    return Caller(plane)


def running(name: str, **fields: Any) -> Object:
    """Return a pod of a workflow, which runs as a process."""
    pod = asking(name)
    metadata = {"name": name, "labels": {ARGO_WORKFLOW: "w"}, **fields.pop("metadata", {})}
    return {"metadata": metadata, "spec": {**pod["spec"], **fields}}


def placed(call: Caller) -> str:
    """Return the names of the pods that have a place."""
    pods = call("GET", PODS)[1]["items"]
    return "".join(one["metadata"]["name"] for one in pods if one["spec"].get("nodeName"))


def test_pods_beyond_what_the_node_runs_at_a_time_begin_in_order(narrow: Caller) -> None:
    """They say why they wait; each that ends, or goes, makes room for one."""
    for name in "feabdc":
        narrow("POST", PODS, running(name))
    narrow("POST", PODS, asking("x"))
    narrow.plane.advance(60)
    assert placed(narrow) == "efx"  # what is simulated takes no room
    assert reason_of(narrow, "a") == "0/1 nodes are available: 1 Too many pods."
    narrow("PATCH", f"{PODS}/f/status", {"status": {"phase": "Succeeded"}}, MERGE)
    narrow.plane.settle()
    assert placed(narrow) == "aefx"
    narrow("DELETE", f"{PODS}/a", gracePeriodSeconds="0")
    narrow("DELETE", f"{PODS}/b")
    narrow.plane.settle()
    assert placed(narrow) == "defx"


def test_a_node_that_takes_more_pods_than_before_takes_those_in_line() -> None:
    """Although nothing becomes of the others: the settings may change at any time."""
    most = [1]
    plane = ControlPlane(
        MemoryStore(), VirtualClock(), patience=0, most_pods=lambda: most[0], leaves_processes=True
    )
    plane.settle()
    call = Caller(plane)
    for name in "abcd":
        call("POST", PODS, running(name))
    plane.advance(60)
    assert placed(call) == "a"
    most[0] = 3
    plane.advance(10)
    assert placed(call) == "abc"


def test_a_pod_of_more_priority_begins_before_others_in_line(narrow: Caller) -> None:
    """Whoever came first goes first among equals."""
    urgent = "/apis/scheduling.k8s.io/v1/priorityclasses"
    narrow("POST", urgent, {"metadata": {"name": "urgent"}, "value": 1000})
    for name in "abcd":
        narrow("POST", PODS, running(name))
    narrow("POST", PODS, running("e", priorityClassName="urgent"))
    narrow.plane.advance(60)
    narrow("PATCH", f"{PODS}/a/status", {"status": {"phase": "Succeeded"}}, MERGE)
    narrow.plane.settle()
    assert placed(narrow) == "abe"


def test_a_pod_in_line_that_can_have_no_place_holds_up_nobody(narrow: Caller) -> None:
    """Neither one that goes, nor one that asks for a port that is taken now."""
    ports = {"annotations": {PORTS_ALONE: "81"}}
    for name, metadata in (("a", {}), ("b", {}), ("c", ports), ("d", {})):
        narrow("POST", PODS, running(name, metadata=metadata))
    narrow("POST", PODS, running("e", metadata={"finalizers": ["example.com/hold"]}))
    narrow("POST", PODS, running("f"))
    narrow.plane.advance(60)
    listens = {"metadata": {"name": "x", **ports}}
    narrow("POST", PODS, {**asking("x"), **listens})
    narrow("DELETE", f"{PODS}/e")
    narrow.plane.settle()
    assert placed(narrow) == "abx"
    for name in "ab":
        narrow("PATCH", f"{PODS}/{name}/status", {"status": {"phase": "Succeeded"}}, MERGE)
    narrow.plane.settle()
    assert placed(narrow) == "abdfx"


def test_who_joins_a_line_twice_stands_in_it_once() -> None:
    """At the place that it had; and who has left is in it no more."""
    line, keys = Line(), [Key("pods", "default", name) for name in "abc"]
    for key in (*keys, keys[0]):
        created = {"creationTimestamp": "2026-01-02T03:04:05Z"}
        line.join(key, {"metadata": created, "spec": {}})
    assert (line.first(9), keys[0] in line) == (keys, True)
    line.leave(keys[0])
    assert (line.first(9), keys[0] in line) == (keys[1:], False)
