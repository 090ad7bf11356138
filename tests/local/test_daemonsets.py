"""What the controller of DaemonSets promises, in virtual time."""

from typing import Any

import pytest

from ruleengine.local.affinity import wants_node
from tests.local.planes import MERGE, Caller, condition, deployment

PODS = "/api/v1/namespaces/default/pods"
SETS = "/apis/apps/v1/namespaces/default/daemonsets"
AGENT = f"{SETS}/agent"
NODE = "/api/v1/nodes/local"
TEMPLATE = {"spec": {"template": {"metadata": {"annotations": {"v": "2"}}}}}


def make(call: Caller, selector: Any = None, **spec: Any) -> None:
    """Create a DaemonSet of one container, for the nodes that a selector selects."""
    body = deployment("agent")
    body["kind"] = "DaemonSet"
    del body["spec"]["replicas"]
    body["spec"] |= spec
    if selector:
        body["spec"]["template"]["spec"]["nodeSelector"] = selector
    status, made = call("POST", SETS, body)
    assert status == 201, made
    call.plane.settle()


def pods(call: Caller) -> list[Any]:
    """Return the pods that are there."""
    found: list[Any] = call("GET", PODS)[1]["items"]
    return found


def status(call: Caller) -> Any:
    """Return the status of the set."""
    return call("GET", AGENT)[1]["status"]


def test_every_node_gets_a_pod(call: Caller) -> None:
    """Made for that node and placed there; the status counts nodes."""
    make(call)
    call.plane.advance(2)
    (pod,) = pods(call)
    assert pod["spec"]["nodeName"] == "local"
    tolerated = {one["key"] for one in pod["spec"]["tolerations"]}
    assert "node.kubernetes.io/unschedulable" in tolerated
    found = status(call)
    names = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable")
    assert [found[name] for name in names] == [1, 1, 1, 1]
    assert (found["updatedNumberScheduled"], found["numberMisscheduled"]) == (1, 0)


def test_a_node_that_does_not_match_gets_none(call: Caller) -> None:
    """Until it is labelled; unlabelled it loses its pod."""
    make(call, {"disk": "fast"})
    call.plane.advance(2)
    assert (pods(call), status(call)["desiredNumberScheduled"]) == ([], 0)
    call("PATCH", NODE, {"metadata": {"labels": {"disk": "fast"}}}, MERGE)
    call.plane.advance(2)
    assert status(call)["numberReady"] == 1
    call("PATCH", NODE, {"metadata": {"labels": {"disk": None}}}, MERGE)
    call.plane.advance(3)
    assert pods(call) == []


def test_a_tainted_node_gets_none(call: Caller) -> None:
    """A node that is only closed for new pods does."""
    call("PATCH", NODE, {"spec": {"unschedulable": True}}, MERGE)
    make(call)
    call.plane.advance(2)
    assert status(call)["numberReady"] == 1
    taint = {"key": "only", "value": "gpu", "effect": "NoSchedule"}
    call("PATCH", NODE, {"spec": {"taints": [taint]}}, MERGE)
    call.plane.advance(3)
    assert status(call)["desiredNumberScheduled"] == 0


def test_an_update_replaces_the_pod(call: Caller) -> None:
    """The old one goes, then the new one comes; the history knows both templates."""
    make(call)
    call.plane.advance(2)
    before = pods(call)[0]["metadata"]["labels"]["controller-revision-hash"]
    call("PATCH", AGENT, TEMPLATE, MERGE)
    call.plane.settle()
    assert ["deletionTimestamp" in one["metadata"] for one in pods(call)] == [True]
    call.plane.advance(4)
    (pod,) = pods(call)
    assert pod["metadata"]["labels"]["controller-revision-hash"] != before
    assert status(call)["updatedNumberScheduled"] == 1
    revisions = "/apis/apps/v1/namespaces/default/controllerrevisions"
    assert len(call("GET", revisions)[1]["items"]) == 2


def test_with_a_surge_the_new_pod_comes_first(call: Caller) -> None:
    """Somebody is always available."""
    make(call, updateStrategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    call.plane.advance(2)
    call("PATCH", AGENT, TEMPLATE, MERGE)
    for _ in range(12):
        call.plane.advance(0.5)
        assert status(call)["numberAvailable"] == 1
    (pod,) = pods(call)
    assert pod["metadata"]["annotations"]["v"] == "2"


def test_on_delete_waits_for_the_user(call: Caller) -> None:
    """Only a pod that is deleted becomes a new one."""
    make(call, updateStrategy={"type": "OnDelete"})
    call.plane.advance(2)
    call("PATCH", AGENT, TEMPLATE, MERGE)
    call.plane.advance(5)
    assert "v" not in pods(call)[0]["metadata"]["annotations"]
    call("DELETE", f"{PODS}/{pods(call)[0]['metadata']['name']}")
    call.plane.advance(5)
    assert pods(call)[0]["metadata"]["annotations"]["v"] == "2"


def test_a_pod_that_ended_is_made_anew(call: Caller) -> None:
    """After a while."""
    make(call)
    call.plane.advance(2)
    name = pods(call)[0]["metadata"]["name"]
    call("PATCH", f"{PODS}/{name}/status", {"status": {"phase": "Failed"}}, MERGE)
    call.plane.advance(15)
    assert [one["status"]["phase"] for one in pods(call)] == ["Running"]
    assert pods(call)[0]["metadata"]["name"] != name


def test_a_settled_set_writes_nothing_more(call: Caller) -> None:
    """Looking again changes nothing."""
    make(call)
    call.plane.advance(5)
    before = call.plane.store.revision
    call("PATCH", AGENT, {"metadata": {"labels": {"a": "b"}}}, MERGE)
    call.plane.settle()
    assert call.plane.store.revision == before + 1


def test_a_pod_with_an_affinity_waits_for_its_node(call: Caller) -> None:
    """The scheduler reads the required terms."""
    key = "requiredDuringSchedulingIgnoredDuringExecution"
    term = {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}
    affinity = {"nodeAffinity": {key: {"nodeSelectorTerms": [term]}}}
    spec = {"affinity": affinity, "containers": [{"name": "c", "image": "i"}]}
    call("POST", PODS, {"metadata": {"name": "p"}, "spec": spec})
    call.plane.advance(2)
    found = call("GET", f"{PODS}/p")[1]
    assert condition(found, "PodScheduled")["reason"] == "Unschedulable"
    call("PATCH", NODE, {"metadata": {"labels": {"disk": "any"}}}, MERGE)
    call.plane.advance(40)
    assert call("GET", f"{PODS}/p")[1]["spec"]["nodeName"] == "local"


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("In", ["4", "8"], True),
        ("NotIn", ["4"], True),
        ("Gt", ["7"], True),
        ("Lt", ["8"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ],
)
def test_affinity_compares_labels(operator: str, values: list[str], expected: bool) -> None:
    """With the operators of node selectors."""
    node = {"metadata": {"name": "n", "labels": {"cores": "8"}}}
    one: Any = {"key": "cores", "operator": operator, "values": values}
    key = "requiredDuringSchedulingIgnoredDuringExecution"
    terms = {"nodeSelectorTerms": [{}, {"matchExpressions": [one]}]}
    assert wants_node({"affinity": {"nodeAffinity": {key: terms}}}, node) is expected
