"""Deployments and their history: sets that stay, come back, are adopted, and what is said."""

from typing import Any

import pytest

from ruleengine.model.names import FAULT
from tests.local.planes import MERGE, Caller, condition, deployment

APPS = "/apis/apps/v1/namespaces/default"
WEB = f"{APPS}/deployments/web"
REVISION = "deployment.kubernetes.io/revision"


def make(call: Caller, **spec: Any) -> None:
    """Create the Deployment and let it get ready."""
    call("POST", f"{APPS}/deployments", deployment(**spec))
    call.plane.advance(5)


def roll(call: Caller, image: str) -> None:
    """Change the image, and let the rollout come to its end."""
    container = {"name": "c", "image": image}
    call("PATCH", WEB, {"spec": {"template": {"spec": {"containers": [container]}}}}, MERGE)
    call.plane.advance(60)


def revisions(call: Caller) -> dict[str, str]:
    """Return the revision of each set by its image."""
    return {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: one["metadata"]["annotations"][
            REVISION
        ]
        for one in call("GET", f"{APPS}/replicasets")[1]["items"]
    }


def test_sets_beyond_the_history_go(call: Caller) -> None:
    """The oldest first; those that are kept can be gone back to."""
    make(call, revisionHistoryLimit=2)
    for number in range(2, 6):
        roll(call, f"shop:{number}")
    assert revisions(call) == {"shop:3": "3", "shop:4": "4", "shop:5": "5"}


def test_going_back_takes_the_set_that_was_there(call: Caller) -> None:
    """It becomes the newest revision, as `kubectl rollout undo` counts on."""
    make(call)
    roll(call, "shop:2")
    roll(call, "shop:1")
    assert revisions(call) == {"shop:1": "3", "shop:2": "2"}
    _, found = call("GET", WEB)
    assert found["metadata"]["annotations"][REVISION] == "3"
    assert found["status"]["updatedReplicas"] == 3


def test_a_set_that_matches_is_adopted(call: Caller) -> None:
    """One of the same template is rolled out by, and no other is made."""
    make(call)
    call("DELETE", WEB, {"propagationPolicy": "Orphan"})
    call.plane.advance(5)
    (left,) = call("GET", f"{APPS}/replicasets")[1]["items"]
    assert not left["metadata"].get("ownerReferences")
    make(call)
    (found,) = call("GET", f"{APPS}/replicasets")[1]["items"]
    (owner,) = found["metadata"]["ownerReferences"]
    assert (found["metadata"]["uid"], owner["kind"]) == (left["metadata"]["uid"], "Deployment")


def test_pods_count_once_they_are_ready_for_long_enough(call: Caller) -> None:
    """MinReadySeconds says how long that is."""
    make(call, minReadySeconds=20)
    _, found = call("GET", WEB)
    assert (found["status"]["readyReplicas"], found["status"].get("availableReplicas", 0)) == (3, 0)
    assert condition(found, "Available")["reason"] == "MinimumReplicasUnavailable"
    call.plane.advance(20)
    _, found = call("GET", WEB)
    assert found["status"]["availableReplicas"] == 3
    assert condition(found, "Available")["reason"] == "MinimumReplicasAvailable"


def test_a_rollout_tells_how_far_it_is(call: Caller) -> None:
    """By the reasons that `kubectl rollout status` reads, and for the specification it has seen."""
    call("POST", f"{APPS}/deployments", deployment(template=never_ready()))
    call.plane.advance(5)
    _, found = call("GET", WEB)
    assert condition(found, "Progressing")["reason"] == "ReplicaSetUpdated"
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
    call("PATCH", WEB, {"spec": {"template": {"metadata": {"annotations": None}}}}, MERGE)
    call.plane.advance(60)
    _, found = call("GET", WEB)
    assert condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"] == 2


def never_ready() -> Any:
    """Return a template whose pods do not get ready."""
    labels = {"app": "web"}
    return {
        "metadata": {"labels": labels, "annotations": {FAULT: "never-ready"}},
        "spec": {"containers": [{"name": "c", "image": "shop:1"}]},
    }


@pytest.mark.parametrize("resumed", [True, False])
def test_a_pause_is_told_and_its_end_too(call: Caller, resumed: bool) -> None:
    """No deadline is missed while it lasts, and the next one counts from its end."""
    body = deployment(template=never_ready(), progressDeadlineSeconds=20)
    call("POST", f"{APPS}/deployments", body)
    call.plane.advance(5)
    for paused in (True, False) if resumed else (True,):
        call("PATCH", WEB, {"spec": {"paused": paused}}, MERGE)
        call.plane.settle()
    reasons = []
    for _ in range(2):
        reasons.append(condition(call("GET", WEB)[1], "Progressing")["reason"])
        call.plane.advance(25)
    wanted = ["DeploymentResumed", "ProgressDeadlineExceeded"] if resumed else ["DeploymentPaused"]
    assert reasons == (wanted * 2)[:2]
