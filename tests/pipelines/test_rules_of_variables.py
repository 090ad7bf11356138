"""The variables that tags and expressions see, one by one (reference, Workflows 5.1)."""

from datetime import timedelta
from typing import Any

import pytest

from ruleengine.model.values import Object
from ruleengine.pipelines.tree import Tree
from ruleengine.pipelines.variables import (
    exported_variables,
    global_variables,
    input_variables,
    looped_variables,
    node_variables,
    run_variables,
)
from tests.pipelines.worlds import START

WORKFLOW: Object = {
    "metadata": {
        "name": "wf",
        "namespace": "jobs",
        "uid": "u-1",
        "creationTimestamp": "2026-03-04T17:06:07Z",
        "labels": {"b": "2", "a": "1"},
        "annotations": {
            "note": "x",
            "workflows.argoproj.io/scheduled-time": "2026-03-04T17:00:00Z",
        },
    }
}
SPEC: Object = {"entrypoint": "main", "serviceAccountName": "runner", "priority": 3}
PARAMETERS: list[Object] = [{"name": "q", "value": "1"}, {"name": "p", "value": ""}]
OUTPUTS: Object = {
    "parameters": [{"name": "g", "value": "7"}],
    "artifacts": [{"name": "h", "raw": {"data": "x"}}],
}

GLOBALS: dict[str, Any] = {
    "workflow.name": "wf",
    "workflow.namespace": "jobs",
    "workflow.uid": "u-1",
    "workflow.serviceAccountName": "runner",
    "workflow.mainEntrypoint": "main",
    "workflow.priority": "3",
    "workflow.scheduledTime": "2026-03-04T17:00:00Z",
    "workflow.creationTimestamp": "2026-03-04T17:06:07Z",
    "workflow.creationTimestamp.RFC3339": "2026-03-04T17:06:07Z",
    "workflow.creationTimestamp.s": "1772643967",
    "workflow.creationTimestamp.B": "March",
    "workflow.creationTimestamp.b": "Mar",
    "workflow.creationTimestamp.m": "03",
    "workflow.creationTimestamp.A": "Wednesday",
    "workflow.creationTimestamp.a": "Wed",
    "workflow.creationTimestamp.d": "04",
    "workflow.creationTimestamp.H": "17",
    "workflow.creationTimestamp.I": "05",
    "workflow.creationTimestamp.M": "06",
    "workflow.creationTimestamp.S": "07",
    "workflow.creationTimestamp.Y": "2026",
    "workflow.creationTimestamp.y": "26",
    "workflow.creationTimestamp.p": "PM",
    "workflow.creationTimestamp.Z": "UTC",
    "workflow.creationTimestamp.z": "+0000",
    "workflow.creationTimestamp.L": "000",
    "workflow.parameters": '[{"name":"q","value":"1"},{"name":"p","value":""}]',
    "workflow.parameters.json": '[{"name":"q","value":"1"},{"name":"p","value":""}]',
    "workflow.parameters.q": "1",
    "workflow.parameters.p": "",
    "workflow.labels": '{"a":"1","b":"2"}',
    "workflow.labels.json": '{"a":"1","b":"2"}',
    "workflow.labels.a": "1",
    "workflow.labels.b": "2",
    "workflow.annotations.note": "x",
}
ANNOTATIONS = '{"note":"x","workflows.argoproj.io/scheduled-time":"2026-03-04T17:00:00Z"}'


def test_a_workflow_has_these_variables_and_no_others() -> None:
    """Those of parameters, labels and annotations by name and as a whole."""
    found = global_variables(WORKFLOW["metadata"], SPEC, PARAMETERS)
    scheduled = "workflow.annotations.workflows.argoproj.io/scheduled-time"
    assert found == {
        **GLOBALS,
        "workflow.annotations": ANNOTATIONS,
        "workflow.annotations.json": ANNOTATIONS,
        scheduled: "2026-03-04T17:00:00Z",
    }


def test_what_a_workflow_does_not_say_has_its_default_or_is_not_there() -> None:
    """A priority and a scheduled time are no variables then."""
    found = global_variables({"name": "wf"}, {}, [])
    assert found["workflow.serviceAccountName"] == "default"
    assert found["workflow.mainEntrypoint"] == ""
    assert found["workflow.parameters"] == "[]"
    assert "workflow.priority" not in found
    assert "workflow.scheduledTime" not in found
    assert "workflow.creationTimestamp" not in found


def test_what_nodes_made_for_all_to_see_has_names_of_its_own() -> None:
    """Parameters are texts, artifacts what describes them."""
    assert exported_variables(OUTPUTS) == {
        "workflow.outputs.parameters.g": "7",
        "workflow.outputs.artifacts.h": {"name": "h", "raw": {"data": "x"}},
    }


def test_a_run_tells_how_it_stands_and_since_when() -> None:
    """Seconds have six digits, as Go prints them."""
    assert run_variables("Running", START, START + timedelta(seconds=90)) == {
        "workflow.status": "Running",
        "workflow.duration": "90.000000",
    }


def test_a_template_knows_its_inputs_and_where_its_outputs_go() -> None:
    """Values by name and all of them as JSON; paths of artifacts and parameters."""
    inputs = {
        "parameters": [{"name": "p", "value": 1}, {"name": "none"}],
        "artifacts": [{"name": "a", "path": "/a"}, {"name": "bare"}],
    }
    outputs = {
        "parameters": [{"name": "o", "valueFrom": {"path": "/o"}}, {"name": "x", "valueFrom": {}}],
        "artifacts": [{"name": "b", "path": "/b"}, {"name": "bare"}],
    }
    assert input_variables(inputs, outputs) == {
        "inputs.parameters": '[{"name":"p","value":1},{"name":"none"}]',
        "inputs.parameters.p": "1",
        "inputs.artifacts.a": {"name": "a", "path": "/a"},
        "inputs.artifacts.a.path": "/a",
        "inputs.artifacts.bare": {"name": "bare"},
        "outputs.artifacts.b.path": "/b",
        "outputs.parameters.o.path": "/o",
    }


NODE: Object = {
    "id": "wf-1",
    "name": "wf.a",
    "type": "Pod",
    "phase": "Succeeded",
    "startedAt": "2026-03-04T17:06:07Z",
    "finishedAt": "2026-03-04T17:06:09Z",
    "podIP": "10.0.0.1",
    "hostNodeName": "node-1",
    "outputs": {
        "result": "r",
        "exitCode": "0",
        "parameters": [{"name": "p", "value": 1}, {"name": "unset"}],
        "artifacts": [{"name": "a", "path": "/a"}],
    },
}


def tree(*nodes: Object) -> Tree:
    """Return a tree of nodes."""
    return Tree("wf", {one["id"]: one for one in nodes})


def test_a_step_that_ran_tells_all_that_became_of_it() -> None:
    """Under its name, be it a step or a task."""
    assert node_variables("tasks.a", NODE, tree(NODE), {}) == {
        "tasks.a.id": "wf-1",
        "tasks.a.ip": "10.0.0.1",
        "tasks.a.status": "Succeeded",
        "tasks.a.exitCode": "0",
        "tasks.a.startedAt": "2026-03-04T17:06:07Z",
        "tasks.a.finishedAt": "2026-03-04T17:06:09Z",
        "tasks.a.hostNodeName": "node-1",
        "tasks.a.outputs.result": "r",
        "tasks.a.outputs.parameters.p": "1",
        "tasks.a.outputs.artifacts.a": {"name": "a", "path": "/a"},
    }


@pytest.mark.parametrize("phase", ["Skipped", "Omitted"])
def test_a_step_that_never_ran_has_its_defaults_or_nothing(phase: str) -> None:
    """What is nothing is known to be so (reference, Workflows 21)."""
    declared = {
        "parameters": [{"name": "p"}, {"name": "d", "valueFrom": {"default": 5}}],
        "artifacts": [{"name": "a"}],
    }
    node = {"id": "wf-1", "name": "wf.a", "type": "Skipped", "phase": phase}
    assert node_variables("steps.a", node, tree(node), declared) == {
        "steps.a.id": "wf-1",
        "steps.a.status": phase,
        "steps.a.outputs.result": None,
        "steps.a.outputs.parameters.p": None,
        "steps.a.outputs.parameters.d": "5",
        "steps.a.outputs.artifacts.a": None,
    }


ARTIFACT: Object = {"name": "a", "path": "/a"}
MADE: Object = {"result": "[1]", "artifacts": [ARTIFACT]}
CHILD: Object = {**NODE, "id": "wf-2", "name": "wf.a(0:x)", "outputs": MADE}
TOGETHER: Object = {"outputs.parameters": "[]", "outputs.result": "[[1]]"}


def test_a_loop_tells_what_its_items_made_together() -> None:
    """A looped step has the id and the phase of its group, a looped task is a group itself.

    Artifacts are not put together.
    """
    group = {"id": "wf-3", "name": "wf[0]", "type": "StepGroup", "phase": "Failed"}
    made = {f"steps.a.{name}": text for name, text in TOGETHER.items()}
    assert looped_variables("steps.a", group, [CHILD]) == {
        "steps.a.id": "wf-3",
        "steps.a.status": "Failed",
        **made,
    }
    task = {"id": "wf-1", "name": "wf.a", "type": "TaskGroup", "phase": "Error"}
    task["children"] = [CHILD["id"]]  # type: ignore[assignment]
    made = {f"tasks.a.{name}": text for name, text in TOGETHER.items()}
    assert node_variables("tasks.a", task, tree(task, CHILD), {}) == {
        "tasks.a.id": "wf-1",
        "tasks.a.status": "Error",
        **made,
    }


def test_parameters_of_a_loop_have_names_too() -> None:
    """Each is the list of what the items made under it."""
    child = {**CHILD, "outputs": {"parameters": [{"name": "p", "value": "1"}]}}
    group = {"id": "wf-3", "name": "wf[0]", "type": "StepGroup", "phase": "Succeeded"}
    found = looped_variables("steps.a", group, [child])
    assert found["steps.a.outputs.parameters.p"] == '["1"]'
    assert found["steps.a.outputs.parameters"] == '[{"p":"1"}]'
