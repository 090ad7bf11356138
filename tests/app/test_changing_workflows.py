"""What commands write of workflows, on a control plane of which nothing else is asked."""

from pathlib import Path

import pytest

from ruleengine.app.packing import WorkflowPacking
from ruleengine.app.pipelines import changing, finding
from ruleengine.app.pipelines.places import Place
from ruleengine.model.actions import Target
from ruleengine.model.configuration import Engine, NodeStatusSettings
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.names import ENGINE
from ruleengine.model.values import Object, lookup
from tests.app.places import WORKFLOW, bare_place, empty_place, shared, stated

NODES = {f"wf-{one}": {"id": f"wf-{one}", "message": "m" * 99} for one in range(30)}
OVER: Object = {**WORKFLOW, "status": {"phase": "Failed", "nodes": NODES}}
TARGET = Target.of(WORKFLOW)
PACKED = NodeStatusSettings(largest=2000, offload=False)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place where workflows can be."""
    return empty_place(tmp_path)


def stored(place: Place) -> Object:
    """Return the workflow as it is stored."""
    found = place.client.get(TARGET)
    assert found is not None
    return found


def test_what_is_created_where_others_act_is_marked_as_ours(place: Place) -> None:
    """Not on the local control plane, and not for Argo's own controllers."""
    engines = []
    for one in (place, shared(place), stated(shared(place), engine=Engine.HANDOVER)):
        made = changing.create(one, WORKFLOW)
        engines.append(lookup(made, "metadata", "labels", ENGINE))
        assert changing.delete(one, [TARGET]) == []
    assert engines == [None, "native", None]


def test_a_name_that_is_taken_is_told(place: Place) -> None:
    """What is there stays as it is."""
    changing.create(place, WORKFLOW)
    other = {**WORKFLOW, "spec": {"entrypoint": "other"}}
    assert changing.create_new(place, other) is None
    with pytest.raises(UsageError, match="there is a Workflow wf already"):
        changing.create(place, other)
    assert stored(place)["spec"] == WORKFLOW["spec"]


def test_what_the_server_refuses_is_told(place: Place) -> None:
    """With its message."""
    with pytest.raises(FailedError, match="Bad_Name"):
        changing.create(place, {**WORKFLOW, "metadata": {"name": "Bad_Name", "namespace": "ci"}})


def test_a_cluster_without_workflows_is_told(tmp_path: Path) -> None:
    """With what lets it know them."""
    with pytest.raises(FailedError, match="does not know the kind Workflow"):
        changing.create(bare_place(tmp_path), WORKFLOW)


def test_a_workflow_with_many_nodes_is_created_packed(place: Place) -> None:
    """As one that goes on from an archive; it reads as if it were not."""
    small = stated(place, node_status=PACKED)
    changing.create(small, OVER)
    assert stored(small)["status"].keys() == {"phase", "compressedNodes"}
    assert finding.workflow(small, "wf")["status"] == OVER["status"]


def test_a_status_that_does_not_change_stays_as_it_is_stored(place: Place) -> None:
    """However others store it; one that changes is stored as it is said here."""
    theirs = WorkflowPacking("", place.state, limit=1, offload=False).pack(OVER, OVER["status"])
    place.client.create({**OVER, "status": theirs}, "tester")

    def suspend(live: Object) -> Object:
        assert live["status"] == OVER["status"]
        return {**live, "spec": {**live["spec"], "suspend": True}}

    changing.change(place, "wf", suspend)
    assert (stored(place)["status"], stored(place)["spec"]["suspend"]) == (theirs, True)
    ended = {**OVER["status"], "phase": "Error"}
    changing.change(place, "wf", lambda live: {**live, "status": ended})
    assert stored(place)["status"] == ended


def test_a_workflow_that_did_not_begin_is_changed_too(place: Place) -> None:
    """It has no status yet."""
    changing.create(place, WORKFLOW)
    changing.change(place, "wf", lambda live: {**live, "spec": {**live["spec"], "suspend": True}})
    assert stored(place)["spec"]["suspend"] is True
