"""Resubmit: a new workflow like one that ran, with what succeeded taken over on request."""

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.names import RETRIES
from ruleengine.model.times import format_time
from ruleengine.pipelines.naming import node_id
from ruleengine.pipelines.verbs.resubmitting import resubmit
from tests.pipelines.test_retrying_workflows import CASES, ended
from tests.pipelines.worlds import NAMESPACE, START, End, MemoryWorld, world_of

NEW = Target("argoproj.io/v1alpha1", "Workflow", NAMESPACE, "wf-again")


def test_a_resubmitted_workflow_is_new_and_says_of_which() -> None:
    """Labels of its run, retries and shutdown are not copied; parameters may be others."""
    world = world_of(
        "entrypoint: say\narguments: {parameters: [{name: x, value: '1'}]}\n"
        "templates:\n- name: say\n  container: {image: alpine, command: [echo]}\n"
    )
    world.settle()
    world.change(
        {
            "metadata": {"labels": {"mine": "yes"}, "annotations": {RETRIES: "1", "a": "b"}},
            "spec": {"shutdown": "Stop", "suspend": True},
        }
    )
    made = resubmit(world.workflow(), START, "again", {"x": "2"})
    assert made["metadata"] == {
        "name": "wf-again",
        "generateName": "wf-",
        "namespace": NAMESPACE,
        "labels": {"mine": "yes", "workflows.argoproj.io/resubmitted-from-workflow": "wf"},
        "annotations": {"a": "b"},
    }
    assert made["spec"]["arguments"] == {"parameters": [{"name": "x", "value": "2"}]}
    assert not {"shutdown", "suspend"} & made["spec"].keys()
    assert "status" not in made
    again = resubmit({**made, "status": {}}, START, "third")
    assert again["metadata"]["name"] == "wf-third"
    with pytest.raises(UsageError):
        resubmit(world.workflow(), START, "again", {"y": "2"})


def memoized(name: str) -> tuple[MemoryWorld, list[str]]:
    """Return the world of a memoized workflow that is over, and what the first one began."""
    case = CASES[name]
    world = ended(case.spec, case.failing)
    began = list(world.began)
    made = resubmit(world.workflow(), world.now, "again", memoized=True)
    other = MemoryWorld(script=lambda *_: End(), now=world.now)
    metadata = {**made["metadata"], "uid": "u2", "generation": 1}
    other.put({**made, "metadata": metadata})
    other.target = NEW
    other.settle()
    return other, began


@pytest.mark.parametrize("name", [name for name in CASES if "lost" not in CASES[name].spec])
def test_a_memoized_one_runs_only_what_did_not_succeed(name: str) -> None:
    """It succeeds, and what succeeded before is skipped and says which pod it was."""
    other, began = memoized(name)
    assert other.status("phase") == "Succeeded", other.phases()
    case = CASES[name]
    kept = {one for one in began if one not in case.gone} - {""}
    chosen = bool(case.asked.selector)
    assert chosen or not kept & set(other.began)
    skipped = [one for one in other.nodes() if str(one.get("message")).startswith("original pod")]
    assert {one["type"] for one in skipped} <= {"Skipped"}
    assert all(one["name"].startswith("wf-again") for one in other.nodes())
    known = set(other.status("nodes"))
    for one in other.nodes():
        assert {*one.get("children", ()), *one.get("outboundNodes", ())} <= known


@pytest.mark.parametrize("name", [name for name in CASES if "lost" not in CASES[name].spec])
def test_nodes_that_are_taken_over_are_those_of_the_new_workflow(name: str) -> None:
    """By name, id, boundary and scope; what is to run has not begun, all else has just ended."""
    case = CASES[name]
    world = ended(case.spec, case.failing)
    made = resubmit(world.workflow(), world.now, "again", memoized=True)
    old = {one["name"].removeprefix("wf"): one for one in world.nodes()}
    now = format_time(world.now)
    for key, node in made["status"]["nodes"].items():
        before = old[node["name"].removeprefix("wf-again")]
        assert key == node["id"] == node_id("wf-again", node["name"])
        assert node["templateScope"] == "local/wf-again"
        around = before.get("boundaryID")
        assert ("boundaryID" in node) is (around is not None)
        if around is not None:
            name_around = world.status("nodes", around, "name").removeprefix("wf")
            assert node["boundaryID"] == node_id("wf-again", f"wf-again{name_around}")
        shown = "wf-again" if before["name"] == "wf" else before["displayName"]
        assert node["displayName"] == shown
        assert node["startedAt"] == now
        assert not {"hostNodeName", "resourcesDuration"} & node.keys()
        if node["phase"] in ("Running", "Pending"):
            holds = node["type"] != "Pod" or before["name"] == "wf"
            assert node["phase"] == ("Running" if holds else "Pending")
            assert not {"finishedAt", "message", "outputs"} & node.keys()
        else:
            assert node["finishedAt"] == now
            assert (node["type"] == "Skipped") is (before["type"] in ("Pod", "Skipped"))
    assert not [one for one in made["status"]["nodes"].values() if ".onExit[" in one["name"]]


def test_an_exit_handler_is_never_taken_over() -> None:
    """It tells of the end of the new workflow; hooks of steps that succeeded are."""
    spec = """
entrypoint: main
onExit: say
templates:
- name: main
  steps: [[{name: good, template: say, onExit: say}], [{name: bad, template: say}]]
- {name: say, container: {image: alpine, command: [say]}}
"""
    world = world_of(spec, lambda name, _: End(code=int("bad" in name)))
    world.settle()
    made = resubmit(world.workflow(), world.now, "again", memoized=True)
    taken = {one["name"].removeprefix("wf-again") for one in made["status"]["nodes"].values()}
    assert ".onExit" not in taken
    assert "[0].good.onExit" in taken


def test_other_parameters_are_those_of_the_template_it_was_made_from() -> None:
    """Artifacts that were given stay."""
    stored = {"arguments": {"parameters": [{"name": "x", "value": "1"}]}}
    value = {
        "metadata": {"name": "wf"},
        "spec": {"arguments": {"artifacts": [{"name": "a"}]}},
        "status": {"storedWorkflowTemplateSpec": stored},
    }
    made = resubmit(value, START, "again", {"x": "2"})
    parameters = [{"name": "x", "value": "2"}]
    assert made["spec"]["arguments"] == {"artifacts": [{"name": "a"}], "parameters": parameters}


def test_outputs_of_what_was_taken_over_are_there() -> None:
    """Later steps read them as if the step had run."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: make, template: make}
  - - name: bad
      template: use
      arguments: {parameters: [{name: x, value: "{{steps.make.outputs.parameters.x}}"}]}
  - - name: after
      template: use
      arguments: {parameters: [{name: x, value: "{{steps.make.outputs.parameters.x}}"}]}
- name: make
  script: {image: alpine, command: [sh], source: make}
  outputs: {parameters: [{name: x, valueFrom: {path: /x}}]}
- name: use
  inputs: {parameters: [{name: x}]}
  container: {image: alpine, command: [echo, "{{inputs.parameters.x}}"]}
"""
    world = world_of(spec, lambda name, _: End(code=int("bad" in name), parameters={"x": "41"}))
    world.settle()
    made = resubmit(world.workflow(), world.now, "again", memoized=True)
    other = MemoryWorld(script=lambda *_: End(), now=world.now)
    other.put({**made, "metadata": {**made["metadata"], "uid": "u2", "generation": 1}})
    other.target = NEW
    other.settle()
    commands = [one["spec"]["containers"][0]["command"] for one in other.pods()]
    assert commands == [["echo", "41"]] * 2


def test_a_workflow_whose_root_is_taken_over_succeeds() -> None:
    """A root that is skipped is no failure: only the exit handler had gone wrong."""
    spec = """
entrypoint: main
onExit: tell
templates:
- {name: main, container: {image: alpine, command: [work]}}
- {name: tell, container: {image: alpine, command: [tell]}}
"""
    world = world_of(spec, lambda name, _: End(code=int("onExit" in name)))
    world.settle()
    assert world.status("phase") == "Failed"
    made = resubmit(world.workflow(), world.now, "again", memoized=True)
    assert [one["name"] for one in made["status"]["nodes"].values()] == ["wf-again"]
    other = MemoryWorld(now=world.now)
    other.put({**made, "metadata": {**made["metadata"], "uid": "u2", "generation": 1}})
    other.target = NEW
    other.settle()
    assert other.began == [".onExit"]
    assert other.status("phase") == "Succeeded"


def test_only_a_failed_workflow_is_memoized() -> None:
    """There is nothing to take over else."""
    value = {"metadata": {"name": "wf"}, "spec": {}, "status": {"phase": "Succeeded"}}
    with pytest.raises(FailedError, match="did not fail"):
        resubmit(value, START, "x", memoized=True)
