"""What controllers tell of what they did, as events, in virtual time."""

from typing import Any

from tests.local.planes import MERGE, Caller, deployment

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"


def events(call: Caller, kind: str) -> list[Any]:
    """Return the events about objects of a kind."""
    query = {"fieldSelector": f"involvedObject.kind={kind}"}
    found: list[Any] = call("GET", "/api/v1/namespaces/default/events", **query)[1]["items"]
    return found


def pod(**spec: Any) -> Any:
    """Return a pod."""
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}], **spec},
    }


def test_a_rollout_is_told_step_by_step(call: Caller) -> None:
    """By the Deployment, its ReplicaSets and the scheduler."""
    call("POST", DEPLOYMENTS, deployment(replicas=2))
    call.plane.advance(3)
    (scaled,) = events(call, "Deployment")
    assert scaled["reason"] == "ScalingReplicaSet"
    assert scaled["message"].endswith(" from 0 to 2")
    assert scaled["source"]["component"] == "deployment-controller"
    created = events(call, "ReplicaSet")
    names = {one["metadata"]["name"] for one in call("GET", PODS)[1]["items"]}
    assert {one["message"] for one in created} == {f"Created pod: {name}" for name in names}
    assert [one["reason"] for one in events(call, "Pod")] == ["Scheduled", "Scheduled"]
    call("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 1}}, MERGE)
    call.plane.advance(3)
    reasons = {one["reason"] for one in events(call, "ReplicaSet")}
    assert reasons == {"SuccessfulCreate", "SuccessfulDelete"}


def test_what_is_told_again_is_counted(call: Caller) -> None:
    """One event, with the first and the last time."""
    for _ in range(3):
        call("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 0}}, MERGE)
        call("POST", DEPLOYMENTS, deployment(replicas=0))
        call.plane.advance(5)
        call("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}}, MERGE)
        call.plane.advance(5)
    found = {one["message"].partition(" from ")[2]: one for one in events(call, "Deployment")}
    assert found["0 to 2"]["count"] == 3
    assert found["0 to 2"]["firstTimestamp"] < found["0 to 2"]["lastTimestamp"]
    assert found["2 to 0"]["count"] == 2


def test_a_pod_that_cannot_be_placed_says_why(call: Caller) -> None:
    """As a warning."""
    call("POST", PODS, pod(nodeSelector={"disk": "fast"}))
    call.plane.advance(2)
    (told,) = events(call, "Pod")
    assert (told["type"], told["reason"]) == ("Warning", "FailedScheduling")
    assert "node affinity/selector" in told["message"]


def test_a_pod_that_is_ended_says_so(call: Caller) -> None:
    """Once."""
    call("POST", PODS, pod())
    call.plane.advance(2)
    call("DELETE", f"{PODS}/p")
    call.plane.advance(5)
    killing = [one for one in events(call, "Pod") if one["reason"] == "Killing"]
    assert [(one["message"], one["count"]) for one in killing] == [("Stopping container c", 1)]


def test_an_event_lives_an_hour_from_when_it_was_last_told(call: Caller) -> None:
    """What goes on happening is not forgotten in between."""
    call("POST", DEPLOYMENTS, deployment(replicas=0))
    for _ in range(3):
        call("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 1}}, MERGE)
        call.plane.advance(1000)
        call("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 0}}, MERGE)
        call.plane.advance(1000)
    assert {one["count"] for one in events(call, "Deployment")} == {3}
    call.plane.advance(3600)
    assert events(call, "Deployment") == []


def test_events_in_a_namespace_that_goes_hold_nothing_up(call: Caller) -> None:
    """Nothing new is admitted there, and what is told is lost."""
    call("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    call.plane.settle()
    call("POST", "/apis/apps/v1/namespaces/shop/deployments", deployment())
    call.plane.advance(3)
    call("DELETE", "/api/v1/namespaces/shop")
    call.plane.advance(10)
    assert call("GET", "/api/v1/namespaces/shop")[0] == 404


def test_the_node_carries_the_labels_of_a_kubelet(call: Caller) -> None:
    """The old names too, since charts still ask for them; one that is taken off comes back."""
    call(
        "PATCH", "/api/v1/nodes/local", {"metadata": {"labels": {"kubernetes.io/os": None}}}, MERGE
    )
    call.plane.settle()
    labels = call("GET", "/api/v1/nodes/local")[1]["metadata"]["labels"]
    for domain in ("kubernetes.io", "beta.kubernetes.io"):
        assert labels[f"{domain}/os"] == "linux"
        assert labels[f"{domain}/arch"] in ("amd64", "arm64")
    assert labels["kubernetes.io/hostname"] == "local"
