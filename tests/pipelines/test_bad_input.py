"""What no check before a run could find, or nobody checked: the node says what happened.

Artifacts that lead out of their folder are in ``tests/formats/test_archives.py``, answers of the
API server that refuse or fail, at every place, in ``tests/simulation``.
"""

import json
from datetime import timedelta

import pytest

from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from tests.pipelines.worlds import End, MemoryWorld, run, succeed, world_of

STEPS = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: work}
  - - BAD
- name: work
  inputs: {parameters: [{name: p, default: ""}]}
  container: {image: alpine, command: [work]}
- name: needs
  inputs: {parameters: [{name: p}]}
  container: {image: alpine, command: [work]}
"""


PASSING = "{name: b, template: work, arguments: {parameters: [{name: p, value: 'VALUE'}]}}"


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{name: b, template: none}", "none"),
        ("{name: b, templateRef: {name: none, template: x}}", "none"),
        ("{name: b, template: needs}", "inputs.parameters.p was not supplied"),
        ("{name: b, template: work, when: 'a b'}", "invalid 'when' expression"),
        ("{name: b, template: work, when: '1 + 1'}", "neither true nor false"),
        ("{name: b, template: work, withParam: nothing}", "could not be parsed as a JSON list"),
        (PASSING.replace("VALUE", "{{steps.none.outputs.result}}"), "steps.none.outputs.result"),
    ],
)
def test_what_cannot_be_run_is_an_error_where_it_stands(step: str, message: str) -> None:
    """The steps before it ran; the workflow ends, as Argo's does."""
    world = run(STEPS.replace("BAD", step))
    wrong = [one for one in world.nodes() if one["phase"] == "Error"]
    assert wrong
    assert any(message in one.get("message", "") for one in wrong), wrong
    assert world.node("a")["phase"] == "Succeeded"
    assert world.status("phase") in ("Failed", "Error")


def nested(levels: int) -> Object:
    """Return a template that holds a template, and so on."""
    template: Object = {"container": {"image": "a"}}
    for _ in range(levels):
        template = {"steps": [[{"name": "s", "inline": template}]]}
    return {"name": "main", **template}


@pytest.mark.parametrize(("levels", "phase"), [(24, "Succeeded"), (25, "Error"), (2000, "Error")])
def test_a_spec_that_is_too_deep_is_refused_before_it_begins(levels: int, phase: str) -> None:
    """It says what to do; a hundred levels are what a file of a repo may have."""
    world = MemoryWorld()
    spec = {"entrypoint": "main", "templates": [nested(levels)]}
    world.submit(
        {
            "apiVersion": ARGO_API_VERSION,
            "kind": "Workflow",
            "metadata": {"name": "wf"},
            "spec": spec,
        }
    )
    world.settle()
    assert world.status("phase") == phase
    told = "the spec is nested deeper than 100 levels: give templates that stand `inline` names"
    assert (told in (world.status("message") or "")) is (phase == "Error")


@pytest.mark.parametrize("value", ["[" * 3000 + "]" * 3000, '[{"a":' * 1500 + "1" + "}]" * 1500])
def test_a_list_that_is_too_deep_is_an_error_of_its_node(value: str) -> None:
    """No number of levels ends the decision about the workflow."""
    step = {"name": "b", "template": "work", "withParam": value}
    world = run(STEPS.replace("BAD", json.dumps(step)))
    message = "withParam value could not be parsed as a JSON list"
    assert message in str(world.status("message"))


@pytest.mark.parametrize(
    "step",
    [
        {"template": "work", "when": "(" * 3000 + "1" + ")" * 3000 + " == 1"},
        {"template": "work", "when": "{{=" + "(" * 3000 + "1" + ")" * 3000 + "}} == 1"},
    ],
)
def test_a_condition_that_is_too_deep_is_an_error_of_its_node(step: Object) -> None:
    """It says how deep it may be."""
    world = run(STEPS.replace("BAD", json.dumps({"name": "b", **step})))
    assert world.status("phase") in ("Failed", "Error")
    assert "nests deeper than 100" in str(world.status("message"))


def test_an_expression_that_cannot_be_read_is_an_error_of_the_template_that_holds_it() -> None:
    """Nothing of that template begins."""
    world = run(STEPS.replace("BAD", PASSING.replace("VALUE", "{{=1 +}}")))
    assert world.status("phase") == "Error"
    assert "{{=1 +}}" in world.status("message")
    assert world.began == []


CIRCLE = """
[{name: a, template: work, dependencies: [b]}, {name: b, template: work, dependencies: [a]}]
"""


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ("[{name: a, template: work, dependencies: [b]}]", "'b', which is not defined"),
        (CIRCLE, "tasks wait for each other"),
        ("[{name: a, template: work, depends: 'a &&'}]", "depends of task 'a'"),
    ],
)
def test_tasks_that_no_order_is_possible_for_are_an_error(tasks: str, message: str) -> None:
    """Of the node that is the DAG: none of them begins."""
    spec = f"""
entrypoint: main
templates:
- name: main
  dag: {{tasks: {tasks}}}
- {{name: work, container: {{image: alpine, command: [work]}}}}
"""
    world = run(spec)
    assert world.status("phase") == "Error"
    assert message in world.status("message")
    assert world.began == []


ONE = """
entrypoint: main
templates:
- name: main
  RETRY
  container: {image: alpine, command: [work]}
"""


def status_of_pod(world: MemoryWorld, status: Object) -> None:
    """Give the one pod a status, as a node does."""
    (pod,) = world.pods()
    world.put({**pod, "spec": {**pod["spec"], "nodeName": "n"}, "status": status})


def begun(retry: str = "") -> MemoryWorld:
    """Return a world whose one pod runs."""
    world = world_of(ONE.replace("RETRY", retry), lambda *_: None)
    world.turn()
    world.run_pods()
    world.turn()
    return world


def test_a_pod_that_was_deleted_under_us_is_an_error() -> None:
    """Once it ran: nobody knows what it did."""
    world = begun()
    (pod,) = world.pods()
    status_of_pod(world, pod["status"])
    world.turn()
    (pod,) = world.pods()
    world.objects = {key: one for key, one in world.objects.items() if one is not pod}
    world.settle()
    assert (world.status("phase"), world.status("message")) == ("Error", "pod deleted")


def test_a_pod_that_was_evicted_has_failed_and_may_be_tried_again() -> None:
    """In the node's own words; the usual policy makes another attempt."""
    evicted = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}
    world = begun()
    status_of_pod(world, evicted)
    world.settle()
    assert world.status("phase") == "Failed"
    assert world.status("message") == "The node was low on memory."
    world = begun("retryStrategy: {limit: 1}")
    status_of_pod(world, evicted)
    world.script = succeed
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert world.node("wf(0)")["message"] == "The node was low on memory."


def test_an_image_that_is_not_there_is_said_while_it_is_waited_for() -> None:
    """A pod goes on trying; a timeout ends that."""
    world = begun("pendingTimeout: 30s")
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "nothing"'}
    status = {
        "phase": "Pending",
        "containerStatuses": [{"name": "main", "state": {"waiting": waiting}}],
    }
    status_of_pod(world, status)
    world.turn()
    world.run_pods = lambda: False  # type: ignore[method-assign]
    node = world.node("wf")
    assert (node["phase"], node["message"]) == (
        "Pending",
        'ImagePullBackOff: Back-off pulling image "nothing"',
    )
    world.now += timedelta(seconds=60)
    world.turn()
    assert world.status("phase") == "Failed"
    assert world.status("message") == "Step exceeded its deadline"


def test_a_command_that_is_not_there_fails_its_step() -> None:
    """With the code that shells have for it, and what the container said."""
    end = End(code=127, message="exec: nothing: not found")
    world = run(ONE.replace("RETRY", ""), lambda *_: end)
    assert world.status("phase") == "Failed"
    assert world.status("message") == "main: Error (exit code 127): exec: nothing: not found"


def test_an_output_that_does_not_exist_is_an_error_of_its_step() -> None:
    """The executor says which; a step that needs it does not begin."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: make}
  - - name: b
      template: use
      arguments: {parameters: [{name: p, value: "{{steps.a.outputs.parameters.size}}"}]}
- name: make
  outputs: {parameters: [{name: size, valueFrom: {path: /none}}]}
  container: {image: alpine, command: [work]}
- name: use
  inputs: {parameters: [{name: p}]}
  container: {image: alpine, command: [work]}
"""
    gone = End(codes={"wait": 1, "main": 0})

    def script(name: str, pod: Object) -> End:
        del name, pod
        return gone

    world = world_of(spec, script)
    world.turn()
    world.run_pods()
    (pod,) = world.pods()
    ended = {"exitCode": 1, "reason": "Error", "message": "there is no file /none"}
    states = [
        {"name": "main", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
        {"name": "wait", "state": {"terminated": ended}},
    ]
    status = {**pod["status"], "phase": "Failed", "containerStatuses": states}
    status_of_pod(world, status)
    world.turn()
    node = world.node("a")
    assert node["phase"] == "Error"
    assert "there is no file /none" in node["message"]
    world.settle()
    assert world.status("phase") == "Failed"
    assert len(world.began) == 1


def test_a_giant_list_is_gone_through_as_the_limits_say() -> None:
    """Thousands of items are no more nodes at once than parallelism allows."""
    items = json.dumps([f"item {number} {'x' * 60}" for number in range(3000)])
    spec = """
entrypoint: main
parallelism: 20
templates:
- name: main
  steps: [[{name: a, template: work, withParam: '{{workflow.parameters.items}}'}]]
- {name: work, container: {image: alpine, command: [work]}}
"""
    world = world_of(spec, lambda *_: None)
    value = world.workflow()
    arguments = {"parameters": [{"name": "items", "value": items}]}
    world.put({**value, "spec": {**value["spec"], "arguments": arguments}})
    for _ in range(3):
        world.turn()
        world.run_pods()
    assert len(world.pods()) == 20
    assert len(world.nodes()) < 30


def test_a_deadline_that_a_tag_gave_and_that_is_none_is_an_error_of_its_node() -> None:
    """Nobody could know before."""
    world = run("""
entrypoint: main
arguments: {parameters: [{name: p, value: soon}]}
templates:
- name: main
  inputs: {parameters: [{name: p}]}
  activeDeadlineSeconds: "{{inputs.parameters.p}}"
  container: {image: alpine, command: [say]}
""")
    told = "activeDeadlineSeconds 'soon' is no whole number"
    assert (world.node("wf")["phase"], world.node("wf")["message"]) == ("Error", told)


@pytest.mark.parametrize("body", ["", ", steps: []"], ids=["nothing", "no steps"])
def test_a_template_that_the_schema_would_have_refused_says_what_it_lacks(body: str) -> None:
    """Applied by other means than ours, for instance."""
    world = run(f"entrypoint: main\ntemplates: [{{name: main{body}}}]\n")
    assert world.status("phase") == "Error"
    told = "error in entry template execution: Template 'main' missing specification"
    assert world.status("message") == told
