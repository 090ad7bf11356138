"""What nodes and workflows say of what went wrong: in Argo's words, at Argo's places."""

from typing import Any

import pytest

from ruleengine.model.decisions import Refusal
from tests.pipelines.worlds import End, MemoryWorld, documents, run, world_of

MISSING = """
- name: missing
  inputs: {parameters: [{name: p}]}
  container: {image: alpine, command: [say]}
- {name: say, container: {image: alpine, command: [say]}}
"""
TOLD = "inputs.parameters.p was not supplied"


def ran(entry: str, script: Any = lambda *_: End(), more: str = "") -> MemoryWorld:
    """Return the world of a workflow after its end, whose entrypoint holds this."""
    return run(f"entrypoint: main\n{more}\ntemplates:\n- {{name: main, {entry}}}{MISSING}", script)


def of(world: MemoryWorld, name: str) -> tuple[str, str]:
    """Return phase and message of a node by its full name."""
    (node,) = [one for one in world.nodes() if one["name"] == name]
    return node["phase"], node.get("message", "")


def test_a_group_of_which_a_step_could_not_begin_is_in_error_and_says_why() -> None:
    """The steps around it have failed, and what calls these says that they did."""
    world = ran("steps: [[{name: a, template: say}, {name: b, template: missing}]]")
    told = f"step group deemed errored due to child wf[0].b error: {TOLD}"
    assert of(world, "wf[0].b") == ("Error", TOLD)
    assert of(world, "wf[0]") == ("Error", told)
    assert of(world, "wf") == ("Failed", told)
    assert (world.status("phase"), world.status("message")) == ("Failed", told)


def test_a_step_that_is_in_error_by_its_pod_has_failed_its_group() -> None:
    """Its pod says why."""
    world = ran("steps: [[{name: a, template: say}]]", lambda *_: End(code=64))
    assert of(world, "wf[0].a")[0] == "Error"
    assert of(world, "wf[0]") == ("Failed", f"child '{world.node('a')['id']}' failed")


REFUSED = "pod refused: no such field"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "steps: [[{name: a, template: say}]]",
            f"step group deemed errored due to child wf[0].a error: {REFUSED}",
        ),
        ("dag: {tasks: [{name: a, template: say}]}", None),
        ("container: {image: a, command: [say]}", f"error in entry template execution: {REFUSED}"),
    ],
    ids=["steps", "dag", "root"],
)
def test_a_pod_that_could_not_be_made_breaks_what_is_around_it(
    entry: str, told: str | None
) -> None:
    """As a template that could not begin; a pod that was there speaks for itself."""
    world = refused(entry)
    assert world.status("message") == told
    assert world.status("phase") == ("Failed" if "steps" in entry else "Error")


def test_a_task_whose_pod_could_not_be_made_says_of_what_task_it_is() -> None:
    """As one that could not begin for another reason."""
    world = refused("dag: {tasks: [{name: a, template: say}]}")
    assert of(world, "wf.a") == ("Error", f"task 'wf.a' errored: {REFUSED}")


def refused(entry: str) -> MemoryWorld:
    """Return the world of a workflow after its end, the first pod of which the server refused."""
    world = world_of(f"entrypoint: main\ntemplates:\n- {{name: main, {entry}}}{MISSING}")
    pods = [one.target for one in world.decide().actions if one.target.kind == "Pod"]
    world.refusals[pods[0]] = Refusal("no such field", final=True)
    world.settle()
    return world


def test_a_suspended_node_that_lacks_an_output_breaks_what_is_around_it() -> None:
    """It goes on by itself, and nobody said what it was to give."""
    outputs = "outputs: {parameters: [{name: o, valueFrom: {supplied: {}}}]}"
    ask = f"suspend: {{duration: 1}}, {outputs}"
    assert "has not been set" in told_by_what_breaks_its_group(ask)


def test_a_node_that_is_in_error_by_its_template_ends_its_pod() -> None:
    """The template may be gone while the pod runs."""
    world = without_its_template("container: {image: alpine, command: [say]}")
    assert world.node("a")["phase"] == "Error"
    (pod,) = world.pods()
    assert pod["spec"]["activeDeadlineSeconds"] == 1


def test_a_node_that_is_in_error_by_its_template_ends_those_of_its_containers() -> None:
    """Nobody would look at them again."""
    members = "{name: main, image: a, command: [a]}, {name: b, image: a, command: [b]}"
    world = without_its_template(f"containerSet: {{containers: [{members}]}}")
    told = (world.node("a")["phase"], world.node("a")["message"])
    assert [of(world, f"wf[0].a.{name}") for name in ("main", "b")] == [told, told]
    assert told[0] == "Error"


def without_its_template(body: str) -> MemoryWorld:
    """Return the world of a workflow after its end, whose template went while its pod ran."""
    other = f"""
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {{name: others, namespace: pipelines}}
spec: {{templates: [{{name: say, {body}}}]}}
"""
    step = "{name: a, templateRef: {name: others, template: say}}"
    spec = f"entrypoint: main\ntemplates: [{{name: main, steps: [[{step}]]}}]"
    world = world_of(spec, lambda *_: None, *documents(other))
    world.turn()
    world.run_pods()
    stored = dict.fromkeys(world.status("storedTemplates"))
    world.change({"status": {"storedTemplates": stored}})
    world.objects = {key: one for key, one in world.objects.items() if key.name != "others"}
    world.settle()
    return world


def test_steps_whose_outputs_cannot_be_put_together_break_the_group_around_them() -> None:
    """As a step that could not begin."""
    outputs = "outputs: {parameters: [{name: o, valueFrom: {parameter: x}}]}"
    assert told_by_what_breaks_its_group(f"{outputs}, steps: [[]]")


def told_by_what_breaks_its_group(inner: str) -> str:
    """Run a step of a template; return the message with which its group is in error, too."""
    world = run(f"""
entrypoint: main
templates:
- {{name: main, steps: [[{{name: a, template: inner}}]]}}
- {{name: inner, {inner}}}
""")
    phase, message = of(world, "wf[0].a")
    assert phase == "Error"
    told = f"step group deemed errored due to child wf[0].a error: {message}"
    assert of(world, "wf[0]") == ("Error", told)
    return message


def test_an_item_of_a_task_that_could_not_begin_says_once_of_which_task_it_is() -> None:
    """However often it is looked at until its exit handler is over."""
    world = ran(
        "dag: {tasks: [{name: a, template: missing, withItems: [x], onExit: say}]}",
        lambda *_: End(seconds=5),
    )
    assert of(world, "wf.a(0:x)") == ("Error", f"task 'wf.a(0:x)' errored: {TOLD}")


def test_a_workflow_whose_entrypoint_could_not_begin_says_so() -> None:
    """Its root says only why."""
    world = ran("inputs: {parameters: [{name: p}]}, container: {image: a}")
    assert of(world, "wf") == ("Error", TOLD)
    told = f"error in entry template execution: {TOLD}"
    assert (world.status("phase"), world.status("message")) == ("Error", told)


def test_a_workflow_that_is_in_error_by_a_pod_says_what_its_root_says() -> None:
    """Nothing before it."""
    world = ran("container: {image: a, command: [say]}", lambda *_: End(code=64))
    assert world.status("phase") == "Error"
    assert world.status("message") == "main: Error (exit code 64)"


@pytest.mark.parametrize("code", [0, 1])
def test_a_workflow_whose_exit_handler_could_not_begin_is_in_error(code: int) -> None:
    """Whatever its end was before."""
    entry = "container: {image: a, command: [say]}"
    world = ran(entry, lambda *_: End(code=code), "onExit: missing")
    told = f"error in exit template execution : {TOLD}"
    assert (world.status("phase"), world.status("message")) == ("Error", told)


def test_a_container_of_a_set_says_what_it_said_behind_its_exit_code() -> None:
    """Also where that is nothing; the pod speaks of the first of them by name."""
    members = "{name: main, image: a, command: [x]}, {name: b, image: a, command: [x]}"
    entry = f"containerSet: {{containers: [{members}]}}"
    world = ran(entry, lambda *_: End(code=1))
    assert of(world, "wf.b") == ("Failed", "b: Error (exit code 1): ")
    assert of(world, "wf") == ("Failed", "b: Error (exit code 1)")


@pytest.mark.parametrize("strategy", ["Stop", "Terminate"])
def test_who_waits_for_a_person_is_stopped_in_words_of_its_own(strategy: str) -> None:
    """A pod is told to shut down."""
    world = world_of(f"entrypoint: main\ntemplates:\n- {{name: main, suspend: {{}}}}{MISSING}")
    world.turn()
    world.change({"spec": {"shutdown": strategy}})
    world.settle()
    assert of(world, "wf") == ("Failed", f"Stopped with strategy '{strategy}'")


def test_what_is_not_tried_again_for_lack_of_time_says_until_when_it_had() -> None:
    """In the time of Greenwich."""
    entry = "retryStrategy: {limit: 5}, container: {image: a, command: [x]}"
    world = ran(entry, lambda *_: End(seconds=60), "activeDeadlineSeconds: 5")
    assert of(world, "wf") == (
        "Failed",
        "retry exceeded workflow deadline 2026-01-02 03:04:10 +0000 UTC",
    )


def test_a_pause_without_a_limit_ends_what_would_be_too_late_after_it() -> None:
    """Though it is not waited for, as in Argo."""
    backoff = "{duration: 3s, factor: 2, maxDuration: 20s}"
    entry = f"retryStrategy: {{backoff: {backoff}}}, container: {{image: a, command: [x]}}"
    world = ran(entry, lambda *_: End(code=1))
    assert of(world, "wf") == ("Failed", "Backoff would exceed max duration limit")
    assert len(world.began) == 4


def test_no_pause_is_made_after_the_last_attempt() -> None:
    """It has failed at once."""
    entry = (
        "retryStrategy: {limit: 1, backoff: {duration: 100s}}, container: {image: a, command: [x]}"
    )
    world = world_of(f"entrypoint: main\ntemplates:\n- {{name: main, {entry}}}{MISSING}")
    world.script = lambda *_: End(code=1)
    began = world.now
    world.settle()
    assert of(world, "wf") == ("Failed", "No more retries left")
    assert 100 < (world.now - began).total_seconds() < 120


def test_what_follows_attempts_is_drawn_after_the_last_of_them() -> None:
    """Not after what that is made of."""
    world = run(f"""
entrypoint: main
templates:
- {{name: main, steps: [[{{name: a, template: tried}}], [{{name: b, template: say}}]]}}
- {{name: tried, retryStrategy: {{limit: 1}}, steps: [[{{name: c, template: say}}]]}}
{MISSING}
""")
    (group,) = [one for one in world.nodes() if one["name"] == "wf[1]"]
    assert group["id"] in world.node("a(0)")["children"]
    assert group["id"] not in world.node("c").get("children", ())


@pytest.mark.parametrize(("field", "value"), [("shutdown", "Stop"), ("activeDeadlineSeconds", 2)])
def test_a_dag_that_ends_early_says_nothing_and_omits_what_depends_on_what_was_ended(
    field: str, value: str | int
) -> None:
    """A workflow that was stopped says so itself; one that is out of time says nothing either."""
    tasks = "{name: a, template: say}, {name: b, template: say, depends: a}"
    entry = f"dag: {{tasks: [{tasks}, {{name: c, template: asked}}]}}"
    spec = f"entrypoint: main\ntemplates:\n- {{name: main, {entry}}}{MISSING}"
    world = world_of(f"{spec}- {{name: asked, suspend: {{}}}}\n", lambda *_: End(seconds=60))
    world.turn()
    world.change({"spec": {field: value}})
    world.settle()
    assert of(world, "wf") == ("Failed", "")
    assert of(world, "wf.b") == ("Omitted", "omitted: depends condition not met")
    told = "Stopped with strategy 'Stop'" if field == "shutdown" else None
    assert (world.status("phase"), world.status("message")) == ("Failed", told)


def test_a_stopped_dag_says_nothing_of_its_own() -> None:
    """All that ran went well, and there was no time for the rest."""
    entry = "dag: {tasks: [{name: a, template: say}, {name: b, template: say, depends: a}]}"
    world = world_of(f"entrypoint: main\ntemplates:\n- {{name: main, {entry}}}{MISSING}")
    world.turn()
    world.change({"spec": {"suspend": True}})
    world.settle()
    world.change({"spec": {"suspend": None, "shutdown": "Stop"}})
    world.settle()
    assert world.phases() == {".a": "Succeeded", ".b": "Failed"}
    assert of(world, "wf") == ("Failed", "")
    assert world.status("message") == "Stopped with strategy 'Stop'"


GAVE_UP = "template has failed or errored children and failFast enabled"


@pytest.mark.parametrize(
    "inside",
    [
        "steps: [[{name: a, template: say}]]",
        "steps: [[{name: a, template: say}, {name: b, template: say}]]",
        "dag: {tasks: [{name: a, template: say}]}",
        "dag: {tasks: [{name: a, template: say}, {name: b, template: say, depends: a.Failed}]}",
        "dag: {tasks: [{name: a, template: say, withItems: [1, 2]}]}, parallelism: 1",
    ],
    ids=["a step", "two steps", "a task", "a task that others look at", "a loop"],
)
def test_a_template_that_fails_fast_says_so_wherever_the_failure_is(inside: str) -> None:
    """Be it the last that ran, and nothing is drawn after what gave up."""
    world = ran(f"failFast: true, {inside}", lambda *_: End(code=1))
    assert of(world, "wf") == ("Failed", GAVE_UP)
    assert "outboundNodes" not in world.node("wf")
    assert (world.status("phase"), world.status("message")) == ("Failed", GAVE_UP)


@pytest.mark.parametrize("beside", ["", "{name: a, template: say}, "], ids=["alone", "beside"])
def test_a_step_that_could_not_begin_breaks_a_group_that_fails_fast_too(beside: str) -> None:
    """Also where another of the group comes to its end later."""
    entry = f"failFast: true, steps: [[{beside}{{name: b, template: missing}}]]"
    world = ran(entry, lambda *_: End(seconds=5))
    told = f"step group deemed errored due to child wf[0].b error: {TOLD}"
    assert of(world, "wf[0]") == ("Error", told)
