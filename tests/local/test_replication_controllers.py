"""ReplicationControllers: the older kind of ReplicaSets, with a map for a selector."""

from typing import Any

from tests.local.planes import MERGE, Caller

CONTROLLERS = "/api/v1/namespaces/default/replicationcontrollers"
PODS = "/api/v1/namespaces/default/pods"


def controller(replicas: int = 3) -> Any:
    """Return a ReplicationController that leaves its selector out."""
    spec = {"containers": [{"name": "c", "image": "shop:1"}]}
    template = {"metadata": {"labels": {"app": "old"}}, "spec": spec}
    return {"metadata": {"name": "old"}, "spec": {"replicas": replicas, "template": template}}


def test_it_keeps_as_many_pods_as_it_asks_for(call: Caller) -> None:
    """Also after one is gone, and when it is scaled."""
    status, made = call("POST", CONTROLLERS, controller())
    assert (status, made["spec"]["selector"]) == (201, {"app": "old"})
    call.plane.advance(3)
    pods = call("GET", PODS)[1]["items"]
    assert len(pods) == 3
    assert {one["metadata"]["ownerReferences"][0]["kind"] for one in pods} == {
        "ReplicationController"
    }
    call("DELETE", f"{PODS}/{pods[0]['metadata']['name']}")
    call.plane.advance(5)
    found = call("GET", f"{CONTROLLERS}/old")[1]["status"]
    assert (found["replicas"], found["readyReplicas"], found["observedGeneration"]) == (3, 3, 1)
    call("PATCH", f"{CONTROLLERS}/old/scale", {"spec": {"replicas": 1}}, MERGE)
    call.plane.advance(40)
    assert len(call("GET", PODS)[1]["items"]) == 1


def test_it_adopts_what_it_selects_and_lets_go_of_what_it_does_not(call: Caller) -> None:
    """A pod whose labels change is nobody's."""
    spec = {"containers": [{"name": "c", "image": "shop:1"}]}
    call("POST", PODS, {"metadata": {"name": "mine", "labels": {"app": "old"}}, "spec": spec})
    call("POST", CONTROLLERS, controller(1))
    call.plane.advance(3)
    assert [one["metadata"]["name"] for one in call("GET", PODS)[1]["items"]] == ["mine"]
    call("PATCH", f"{PODS}/mine", {"metadata": {"labels": {"app": "new"}}}, MERGE)
    call.plane.advance(3)
    assert not call("GET", f"{PODS}/mine")[1]["metadata"].get("ownerReferences")
    assert len(call("GET", PODS)[1]["items"]) == 2
