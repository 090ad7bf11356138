"""Where templates come from, and what a workflow is made of (reference, Workflows 1 and 2)."""

from typing import Any

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.model.values import Object
from ruleengine.pipelines.reconciler import WorkflowReconciler
from tests.pipelines.worlds import NAMESPACE, End, MemoryWorld, run, succeed, world_of

MAIN: Object = {"name": "main", "container": {"image": "alpine", "command": ["work"]}}
SPEC: Object = {"entrypoint": "main", "templates": [MAIN]}


def template(*, cluster: bool = False, **spec: Any) -> Object:
    """Return a document with templates."""
    metadata = {"name": "shared"} if cluster else {"name": "shared", "namespace": NAMESPACE}
    kind = "ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"
    api_version = "argoproj.io/v1alpha1"
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": SPEC | spec}


def made_of(document: Object, **spec: Any) -> MemoryWorld:
    """Return a world with a workflow that is made of a template."""
    reference = {"workflowTemplateRef": {"name": "shared"}, **spec}
    return world_of(write(reference), lambda *_: None, document)


@pytest.mark.parametrize(("field", "value"), [("suspend", True), ("shutdown", "Stop")])
def test_only_the_workflow_itself_says_that_it_stops(field: str, value: object) -> None:
    """What its template says of that counts for nothing, and what it says counts at once."""
    world = made_of(template(**{field: value}))
    world.turn()
    assert len(world.pods()) == 1
    world = made_of(template(), **{field: value})
    world.turn()
    assert world.pods() == []
    world = made_of(template())
    world.turn()
    world.change({"spec": {field: value}})
    world.memo = None
    world.turn()
    expected = "Failed" if field == "shutdown" else "Running"
    assert world.status("phase") == expected
    stored = world.status("storedWorkflowTemplateSpec")
    assert "workflowTemplateRef" not in stored


def test_a_strategy_of_its_own_wins_over_that_of_the_workflow() -> None:
    """Which counts for every template that has none."""
    spec: Object = {**SPEC, "retryStrategy": {"limit": 2}}
    assert len(run(write(spec), lambda *_: End(code=1)).began) == 3
    own = {**MAIN, "retryStrategy": {"limit": 1}}
    assert len(run(write({**spec, "templates": [own]}), lambda *_: End(code=1)).began) == 2
    spec = {**SPEC, "templateDefaults": {"retryStrategy": {"limit": 0}}, "retryStrategy": {}}
    assert len(run(write(spec), lambda *_: End(code=1)).began) == 1


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"template": "none"}, "template 'none' not found in the workflow"),
        ({"template": "false"}, "template 'false' not found in the workflow"),
        (
            {"templateRef": {"name": "none", "template": "main"}},
            "WorkflowTemplate 'none' not found",
        ),
        (
            {"templateRef": {"name": "none", "template": "main", "clusterScope": True}},
            "ClusterWorkflowTemplate 'none' not found",
        ),
        ({"templateRef": {"name": "shared", "template": "x"}}, "template 'x' not found in shared"),
    ],
)
def test_a_template_that_is_not_there_is_named(step: Object, told: str) -> None:
    """With the document that it is looked for in."""
    calls = {"name": "calls", "steps": [[{"name": "a", **step}]]}
    spec = write({"entrypoint": "calls", "templates": [calls]})
    world = run(spec, succeed, template())
    assert world.node("a")["message"] == told


@pytest.mark.parametrize("cluster", [False, True])
def test_a_workflow_made_of_nothing_says_of_what(*, cluster: bool) -> None:
    """By the kind that it asked for."""
    reference = {"name": "none", "clusterScope": cluster}
    world = run(write({"workflowTemplateRef": reference}), succeed, template(cluster=cluster))
    kind = "ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"
    assert world.status("message") == f"{kind} 'none' not found"
    assert world.workflow()["metadata"]["labels"] == {
        "workflows.argoproj.io/phase": "Error",
        "workflows.argoproj.io/completed": "true",
    }


def test_a_workflow_made_of_a_template_has_no_name_in_its_scope() -> None:
    """As in Argo; one with templates of its own has."""
    world = run(write({"workflowTemplateRef": {"name": "shared"}}), succeed, template())
    assert {one["templateScope"] for one in world.nodes()} == {"local/"}
    main = {"name": "main", "container": {"image": "alpine", "command": ["work"]}}
    world = run(write({"entrypoint": "main", "templates": [main]}))
    assert world.node("wf")["templateScope"] == "local/wf"


def test_what_is_fetched_brings_nothing_of_its_document_along() -> None:
    """Neither volumes nor arguments, nor defaults."""
    document = template(
        templateDefaults={"container": {"image": "other"}},
        retryStrategy={"limit": 5},
        nodeSelector={"a": "b"},
    )
    step = {
        "name": "a",
        "templateRef": {"name": "shared", "template": "main", "clusterScope": False},
    }
    spec = {"entrypoint": "calls", "templates": [{"name": "calls", "steps": [[step]]}]}
    world = run(write(spec), succeed, document)
    (pod,) = world.pods()
    assert pod["spec"]["containers"][0]["image"] == "alpine"
    assert "nodeSelector" not in pod["spec"]
    assert world.node("a")["type"] == "Pod"
    assert world.node("a")["templateRef"] == {"name": "shared", "template": "main"}


def test_what_was_fetched_once_is_not_looked_for_again() -> None:
    """It is kept in the status, whatever becomes of its document."""
    step = {"name": "a", "templateRef": {"name": "shared", "template": "main"}}
    again = {**step, "name": "b"}
    spec = {"entrypoint": "calls", "templates": [{"name": "calls", "steps": [[step], [again]]}]}
    world = world_of(write(spec), succeed, template())
    world.turn()
    changed = {**MAIN, "container": {"image": "other", "command": ["x"]}}
    world.put(template(templates=[changed]))
    world.settle()
    images = {one["spec"]["containers"][0]["image"] for one in world.pods()}
    assert (len(world.pods()), images) == (2, {"alpine"})


def test_templates_beside_a_reference_are_against_the_rules() -> None:
    """The workflow has failed before it began."""
    world = made_of(template(), templates=[MAIN])
    world.turn()
    assert (world.status("phase"), world.pods()) == ("Failed", [])
    assert str(world.status("message")).startswith("invalid spec: 'templates' may not stand")


def test_a_workflow_is_held_to_the_rules_once_with_what_its_template_says() -> None:
    """Before it begins; the check is that of whoever made the reconciler."""
    world, seen = made_of(template()), []

    def check(value: Object) -> str:
        seen.append(value["spec"]["templates"])
        return "spec.x: wrong" if len(seen) > 1 else ""

    reconciler = WorkflowReconciler(check=check)
    decision = reconciler.decide(world.workflow(), world, world.now, None)
    assert (decision.status or {})["phase"] == "Running"
    again = {**world.workflow(), "status": decision.status}
    assert (reconciler.decide(again, world, world.now, None).status or {})["phase"] == "Running"
    assert seen == [[MAIN]]
    refused = reconciler.decide(world.workflow(), world, world.now, None).status or {}
    assert (refused["phase"], refused["message"]) == ("Failed", "invalid spec: spec.x: wrong")
