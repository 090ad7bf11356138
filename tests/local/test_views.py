"""Kinds that are served in two forms: what is written in one is read in the other."""

from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.api.views import shown_as, to_store
from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.values import Object
from tests.local.planes import APPLY, MERGE, Caller

EVENTS = "/api/v1/namespaces/default/events"
NEW_EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events"
SCALERS = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"


def event() -> Object:
    """Return an event of the core group."""
    return {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "message": "it happened",
        "reason": "Happened",
        "type": "Normal",
        "reportingComponent": "tester",
        "count": 2,
    }


def test_an_event_of_one_group_is_one_of_the_other(call: Caller) -> None:
    """With its fields under their names there; a change in one shows in both."""
    assert call("POST", EVENTS, event())[0] == 201
    _, found = call("GET", f"{NEW_EVENTS}/e")
    assert (found["apiVersion"], found["note"]) == ("events.k8s.io/v1", "it happened")
    assert found["regarding"]["name"] == "p"
    assert found["deprecatedCount"] == 2
    call("PATCH", f"{NEW_EVENTS}/e", {"note": "again"}, MERGE)
    assert call("GET", f"{EVENTS}/e")[1]["message"] == "again"
    _, listed = call("GET", NEW_EVENTS, fieldSelector="regarding.name=p,reason=Happened")
    assert [one["note"] for one in listed["items"]] == ["again"]
    call("DELETE", f"{NEW_EVENTS}/e")
    assert call("GET", f"{EVENTS}/e")[0] == 404


def test_a_watch_of_one_group_sees_events_of_the_other(call: Caller) -> None:
    """In the form that it asked for."""
    _, before = call("GET", NEW_EVENTS)
    call("POST", EVENTS, event())
    version = before["metadata"]["resourceVersion"]
    _, seen = call("GET", NEW_EVENTS, watch="true", resourceVersion=version)
    assert [one["object"]["note"] for one in seen] == ["it happened"]


def test_a_scaler_of_the_old_version_is_one_of_the_new(call: Caller) -> None:
    """The percentage of CPU is a metric; what the old version lacks is kept over a change."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    old = {
        "metadata": {"name": "s"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 3, "targetCPUUtilizationPercentage": 70},
    }
    assert call("POST", SCALERS.format("v1"), old)[0] == 201
    _, new = call("GET", SCALERS.format("v2") + "/s")
    assert new["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 5}},
    }
    metrics = [*new["spec"]["metrics"], memory]
    call("PATCH", SCALERS.format("v2") + "/s", {"spec": {"metrics": metrics}}, MERGE)
    call("PATCH", SCALERS.format("v1") + "/s", {"spec": {"maxReplicas": 9}}, MERGE)
    _, new = call("GET", SCALERS.format("v2") + "/s")
    assert new["spec"]["maxReplicas"] == 9
    assert new["spec"]["metrics"] == metrics
    assert "annotations" not in new["metadata"]


def test_applying_in_another_version_changes_the_same_object(call: Caller) -> None:
    """And applying the same again writes nothing."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    body = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "s"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 3},
    }
    path = SCALERS.format("v1") + "/s"
    _, first = call("PATCH", path, body, APPLY, fieldManager="m")
    assert call("PATCH", path, body, APPLY, fieldManager="m") == (200, first)
    assert call("GET", path) == (200, first)


def test_what_leaves_a_selection_is_told_as_it_was(plane: ControlPlane, call: Caller) -> None:
    """A watch with a selector gets the object that it knew, at the new revision."""
    maps = "/api/v1/namespaces/default/configmaps"
    _, made = call("POST", maps, {"metadata": {"name": "a", "labels": {"tier": "front"}}})
    _, after = call("PATCH", f"{maps}/a", {"metadata": {"labels": {"tier": "back"}}}, MERGE)
    version = made["metadata"]["resourceVersion"]
    _, seen = call("GET", maps, watch="true", resourceVersion=version, labelSelector="tier=front")
    assert [one["type"] for one in seen] == ["DELETED"]
    assert seen[0]["object"]["metadata"]["labels"] == {"tier": "front"}
    newer = after["metadata"]["resourceVersion"]
    assert seen[0]["object"]["metadata"]["resourceVersion"] == newer
    assert plane.store.revision == int(newer)


_METRICS = st.lists(
    st.builds(
        lambda name, kind, number: {
            "type": "Resource",
            "resource": {"name": name, "target": {"type": kind, "averageUtilization": number}},
        },
        st.sampled_from(["cpu", "memory"]),
        st.sampled_from(["Utilization", "Value"]),
        st.integers(1, 100),
    ),
    unique_by=lambda one: (one["resource"]["name"], one["resource"]["target"]["type"]),
)


@given(metrics=_METRICS)
def test_no_metric_is_lost_by_reading_and_writing_the_old_version(metrics: list[Object]) -> None:
    """Only the metric that the old version knows comes to the front."""
    spec = {"maxReplicas": 3, **({"metrics": metrics} if metrics else {})}
    value = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "s"},
        "spec": spec,
    }
    again = to_store(shown_as(value, "autoscaling/v1"))

    def sort(one: Object) -> str:
        return str(one)

    assert sorted(again["spec"].get("metrics", []), key=sort) == sorted(metrics, key=sort)
    assert {**again, "spec": None} == {**value, "spec": None}
