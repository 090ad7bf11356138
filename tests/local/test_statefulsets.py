"""What the controller of StatefulSets promises, in virtual time."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.local.control_plane import in_memory_plane
from ruleengine.model.names import FAULT
from tests.local.planes import MERGE, Caller, cells_of, deployment

PODS = "/api/v1/namespaces/default/pods"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
SETS = "/apis/apps/v1/namespaces/default/statefulsets"
REVISIONS = "/apis/apps/v1/namespaces/default/controllerrevisions"
DB = f"{SETS}/db"
TEMPLATE = {"spec": {"template": {"metadata": {"annotations": {"v": "2"}}}}}


def stateful_set(replicas: int = 3, fault: str = "", **spec: Any) -> Any:
    """Return a StatefulSet of one container."""
    body = deployment("db", replicas)
    body["kind"] = "StatefulSet"
    body["spec"] |= {"serviceName": "db", **spec}
    if fault:
        body["spec"]["template"]["metadata"]["annotations"] = {FAULT: fault}
    return body


def claimed(**spec: Any) -> Any:
    """Return a StatefulSet whose pods have a claim each."""
    storage = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    template = {"metadata": {"name": "data"}, "spec": storage}
    return stateful_set(2, volumeClaimTemplates=[template], **spec)


def make(call: Caller, body: Any) -> None:
    """Create a StatefulSet."""
    status, made = call("POST", SETS, body)
    assert status == 201, made
    call.plane.settle()


def names(call: Caller, path: str = PODS) -> list[str]:
    """Return the names of the objects that are there and stay."""
    found = call("GET", path)[1]["items"]
    return [one["metadata"]["name"] for one in found if "deletionTimestamp" not in one["metadata"]]


def status(call: Caller) -> Any:
    """Return the status of the set."""
    return call("GET", DB)[1]["status"]


def versions(call: Caller) -> list[str]:
    """Return the version of each pod by its annotation, by name."""
    found = call("GET", PODS)[1]["items"]
    return [(one["metadata"].get("annotations") or {}).get("v", "1") for one in found]


def test_pods_come_in_order(call: Caller) -> None:
    """Each waits for the one before it to be ready; the status counts them."""
    make(call, stateful_set())
    seen = [names(call)]
    for _ in range(3):
        call.plane.advance(1)
        seen.append(names(call))
    assert seen == [["db-0"], ["db-0", "db-1"], ["db-0", "db-1", "db-2"], ["db-0", "db-1", "db-2"]]
    found = status(call)
    assert found["currentRevision"] == found["updateRevision"]
    counts = ("replicas", "readyReplicas", "availableReplicas", "currentReplicas")
    assert [found[name] for name in counts] == [3, 3, 3, 3]
    assert found["updatedReplicas"] == 3


def test_a_pod_has_a_lasting_identity(call: Caller) -> None:
    """Name, host name, subdomain and labels say which it is; made anew it is the same."""
    make(call, stateful_set(2, ordinals={"start": 5}))
    call.plane.advance(3)
    assert names(call) == ["db-5", "db-6"]
    call("DELETE", f"{PODS}/db-5")
    call.plane.advance(5)
    pod = call("GET", f"{PODS}/db-5")[1]
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-5", "db")
    labels = pod["metadata"]["labels"]
    assert labels["statefulset.kubernetes.io/pod-name"] == "db-5"
    assert labels["apps.kubernetes.io/pod-index"] == "5"
    assert labels["controller-revision-hash"] == status(call)["currentRevision"]


def test_parallel_sets_do_not_wait(call: Caller) -> None:
    """All come at once, and all that are too many go at once."""
    make(call, stateful_set(podManagementPolicy="Parallel"))
    assert len(names(call)) == 3
    call.plane.advance(2)
    call("PATCH", DB, {"spec": {"replicas": 1}}, MERGE)
    call.plane.settle()
    assert names(call) == ["db-0"]


def test_the_highest_goes_first_one_at_a_time(call: Caller) -> None:
    """A set that is scaled down never ends two at once."""
    make(call, stateful_set())
    call.plane.advance(5)
    call("PATCH", DB, {"spec": {"replicas": 1}}, MERGE)
    call.plane.settle()
    assert names(call) == ["db-0", "db-1"]
    call.plane.advance(5)
    assert names(call) == ["db-0"]
    assert status(call)["replicas"] == 1


def test_an_update_goes_from_the_highest_down(call: Caller) -> None:
    """One at a time, each ready before the next; then the new revision is the current one."""
    make(call, stateful_set())
    call.plane.advance(5)
    call("PATCH", DB, TEMPLATE, MERGE)
    seen = []
    for _ in range(16):
        call.plane.advance(0.5)
        assert len(names(call)) >= 2
        found = "".join(versions(call))
        if len(found) == 3 and found not in seen:
            seen.append(found)
    assert seen == ["111", "112", "122", "222"]
    assert status(call)["currentRevision"] == status(call)["updateRevision"]
    assert len(names(call, REVISIONS)) == 2


@pytest.mark.parametrize(("most", "fewest"), [(2, 2), ("50%", 2), (3, 1)])
def test_more_than_one_may_lack_where_that_is_stated(
    call: Caller, most: int | str, fewest: int
) -> None:
    """Never more at a time, and in the end all are new."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": most}}
    body = stateful_set(4, podManagementPolicy="Parallel", updateStrategy=strategy)
    make(call, body)
    call.plane.advance(5)
    call("PATCH", DB, TEMPLATE, MERGE)
    ready = []
    for _ in range(60):
        call.plane.advance(0.25)
        ready.append(status(call).get("readyReplicas", 0))
    assert min(ready) == fewest
    assert versions(call) == ["2"] * 4


def test_a_partition_keeps_the_lower_ones(call: Caller) -> None:
    """Also when one of them is made anew: it comes from the revision that it had."""
    make(call, stateful_set(updateStrategy={"rollingUpdate": {"partition": 2}}))
    call.plane.advance(5)
    call("PATCH", DB, TEMPLATE, MERGE)
    call.plane.advance(10)
    assert versions(call) == ["1", "1", "2"]
    call("DELETE", f"{PODS}/db-0")
    call.plane.advance(5)
    assert versions(call) == ["1", "1", "2"]
    found = status(call)
    assert (found["currentReplicas"], found["updatedReplicas"]) == (2, 1)
    assert found["currentRevision"] != found["updateRevision"]


def test_on_delete_waits_for_the_user(call: Caller) -> None:
    """Only a pod that is deleted becomes a new one."""
    make(call, stateful_set(updateStrategy={"type": "OnDelete"}))
    call.plane.advance(5)
    call("PATCH", DB, TEMPLATE, MERGE)
    call.plane.advance(10)
    assert versions(call) == ["1", "1", "1"]
    call("DELETE", f"{PODS}/db-1")
    call.plane.advance(5)
    assert versions(call) == ["1", "2", "1"]


def test_a_template_of_old_becomes_the_newest_revision(call: Caller) -> None:
    """As after ``kubectl rollout undo``; no revision is made twice."""
    make(call, stateful_set(1))
    call.plane.advance(3)
    call("PATCH", DB, TEMPLATE, MERGE)
    call.plane.advance(5)
    old = {"spec": {"template": {"metadata": {"annotations": None}}}}
    call("PATCH", DB, old, MERGE)
    call.plane.advance(5)
    found = call("GET", REVISIONS)[1]["items"]
    assert sorted(one["revision"] for one in found) == [2, 3]
    newest = next(one for one in found if one["revision"] == 3)
    assert newest["metadata"]["name"] == status(call)["updateRevision"]
    assert newest["data"]["spec"]["template"]["$patch"] == "replace"
    rows = cells_of(call, REVISIONS)
    assert {one["Controller"] for one in rows} == {"statefulset.apps/db"}
    assert sorted(one["Revision"] for one in rows) == [2, 3]


def test_history_is_kept_within_its_limit(call: Caller) -> None:
    """Revisions in use stay, of the others as many as the limit says."""
    make(call, stateful_set(1, revisionHistoryLimit=1))
    for version in "2345":
        patch = {"spec": {"template": {"metadata": {"annotations": {"v": version}}}}}
        call("PATCH", DB, patch, MERGE)
        call.plane.advance(6)
    found = call("GET", REVISIONS)[1]["items"]
    assert sorted(one["revision"] for one in found) == [4, 5]


def test_claims_outlive_their_pods(call: Caller) -> None:
    """A pod that is made anew finds the claim of its name."""
    make(call, claimed())
    call.plane.advance(3)
    assert names(call, CLAIMS) == ["data-db-0", "data-db-1"]
    pod = call("GET", f"{PODS}/db-1")[1]
    assert pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == "data-db-1"
    call("PATCH", DB, {"spec": {"replicas": 1}}, MERGE)
    call.plane.advance(5)
    call("DELETE", DB)
    call.plane.advance(5)
    assert (names(call), names(call, CLAIMS)) == ([], ["data-db-0", "data-db-1"])


@pytest.mark.parametrize(
    ("policy", "scaled", "deleted"),
    [
        ({"whenScaled": "Delete"}, ["data-db-0"], ["data-db-0"]),
        ({"whenDeleted": "Delete"}, ["data-db-0", "data-db-1"], []),
    ],
)
def test_claims_go_as_the_policy_says(
    call: Caller, policy: Any, scaled: list[str], deleted: list[str]
) -> None:
    """With the pod that is scaled away, or with the set."""
    make(call, claimed(persistentVolumeClaimRetentionPolicy=policy))
    call.plane.advance(3)
    call("PATCH", DB, {"spec": {"replicas": 1}}, MERGE)
    call.plane.advance(5)
    assert names(call, CLAIMS) == scaled
    if "whenDeleted" in policy:
        call("PATCH", DB, {"spec": {"replicas": 2}}, MERGE)
        call.plane.advance(5)
    call("DELETE", DB)
    call.plane.advance(5)
    assert names(call, CLAIMS) == deleted


def test_a_pod_that_ended_is_made_anew(call: Caller) -> None:
    """After a while, so that one that always ends does not keep everybody busy."""
    make(call, stateful_set(1))
    call.plane.advance(2)
    call("PATCH", f"{PODS}/db-0/status", {"status": {"phase": "Failed"}}, MERGE)
    call.plane.settle()
    uid = call("GET", f"{PODS}/db-0")[1]["metadata"]["uid"]
    call.plane.advance(15)
    found = call("GET", f"{PODS}/db-0")[1]
    assert found["metadata"]["uid"] != uid
    assert found["status"]["phase"] == "Running"


def test_a_pod_that_never_gets_ready_holds_up_those_after_it(call: Caller) -> None:
    """An ordered set waits."""
    make(call, stateful_set(fault="never-ready"))
    call.plane.advance(60)
    assert names(call) == ["db-0"]


def test_a_settled_set_writes_nothing_more(call: Caller) -> None:
    """Looking again changes nothing."""
    make(call, claimed())
    call.plane.advance(10)
    before = call.plane.store.revision
    call("PATCH", DB, {"metadata": {"labels": {"a": "b"}}}, MERGE)
    call.plane.settle()
    assert call.plane.store.revision == before + 1


CHANGE = st.one_of(
    st.builds(lambda n: {"spec": {"replicas": n}}, st.integers(0, 4)),
    st.builds(
        lambda v: {"spec": {"template": {"metadata": {"annotations": {"v": v}}}}},
        st.sampled_from("123"),
    ),
)


@settings(max_examples=20)
@given(st.lists(st.tuples(CHANGE, st.integers(0, 4)), max_size=5), st.booleans())
def test_whatever_is_asked_for_comes_about(changes: list[tuple[Any, int]], parallel: bool) -> None:
    """Scaled and updated in any order at any moment, the set ends as it was asked last."""
    call = Caller(in_memory_plane())
    policy = "Parallel" if parallel else "OrderedReady"
    make(call, stateful_set(2, podManagementPolicy=policy))
    for patch, seconds in changes:
        call("PATCH", DB, patch, MERGE)
        call.plane.advance(seconds)
    call.plane.advance(60)
    live = call("GET", DB)[1]
    count = live["spec"]["replicas"]
    version = (live["spec"]["template"]["metadata"].get("annotations") or {}).get("v", "1")
    assert names(call) == [f"db-{number}" for number in range(count)]
    assert versions(call) == [version] * count
    assert live["status"]["currentRevision"] == live["status"]["updateRevision"]
