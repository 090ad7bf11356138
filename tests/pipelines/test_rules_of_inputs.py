"""What a template of steps or tasks was given, where its steps and its outputs use it.

(Reference, Workflows 5 and 14.)
"""

from typing import Final

import pytest

from ruleengine.model.values import lookup
from tests.pipelines.worlds import MemoryWorld, plan_of, run

KINDS: Final = pytest.mark.parametrize("kind", ["steps", "dag"])


def given(kind: str, task: str, *, value: str = "''", more: str = "", outputs: str = "") -> str:
    """Return a workflow whose template has an input ``p``, and one step or task that uses it."""
    steps = {"steps": f"steps: [[{{{task}}}]]", "dag": f"dag: {{tasks: [{{{task}}}]}}"}
    return f"""
entrypoint: main
templates:
- name: main
  inputs:
    parameters: [{{name: p, value: {value}}}{more}]
    artifacts: [{{name: a, optional: true}}]
  {steps[kind]}
  {outputs}
- name: tell
  inputs: {{parameters: [{{name: x}}]}}
  container: {{image: alpine, command: [tell, "{{{{inputs.parameters.x}}}}"]}}
- name: take
  inputs: {{artifacts: [{{name: b, path: /b, optional: true}}]}}
  container: {{image: alpine, command: [take]}}
- name: need
  inputs: {{artifacts: [{{name: b, path: /b}}]}}
  container: {{image: alpine, command: [need]}}
"""


def commands(world: MemoryWorld) -> list[list[str]]:
    """Return what the pods ran."""
    return sorted(one["spec"]["containers"][0]["command"] for one in world.pods())


def telling(text: str) -> str:
    """Return arguments for the template ``tell``."""
    return f'arguments: {{parameters: [{{name: x, value: "{text}"}}]}}'


ID: Final = telling("{{= jsonpath(inputs.parameters.p, '$.id') }}")


@KINDS
def test_an_expression_that_fails_harms_no_step_that_is_skipped(kind: str) -> None:
    """Its condition is looked at first."""
    when = "when: \"{{= inputs.parameters.p != '' }}\""
    task = f"name: a, template: tell, {when}, {ID}"
    world = run(given(kind, task))
    assert world.node("a")["phase"] == "Skipped"
    assert world.status("phase") == "Succeeded"
    assert commands(run(given(kind, task, value='\'{"id": "7"}\''))) == [["tell", "7"]]


@KINDS
def test_an_expression_that_fails_is_an_error_of_the_step_that_runs(kind: str) -> None:
    """It says what is wrong, and nothing runs."""
    world = run(given(kind, f"name: a, template: tell, {ID}"))
    assert world.status("phase") in ("Failed", "Error")
    assert any("no JSON" in one.get("message", "") for one in world.nodes())
    assert commands(world) == []


@KINDS
def test_an_input_may_be_computed_from_another_one(kind: str) -> None:
    """Steps see what came out."""
    more = ", {name: q, value: \"{{= toJSON([inputs.parameters.p, 'b']) }}\"}"
    text = "{{= inputs.parameters.q | fromJSON() | join('+') }}"
    task = f"name: a, template: tell, {telling(text)}"
    assert commands(run(given(kind, task, value="a", more=more))) == [["tell", "a+b"]]


@KINDS
def test_an_output_may_be_computed_from_an_input(kind: str) -> None:
    """An expression has the names of the inputs."""
    source = "{expression: \"inputs.parameters.p + '!'\"}"
    out = f"outputs: {{parameters: [{{name: o, valueFrom: {source}}}]}}"
    world = run(given(kind, "name: a, template: take", value="known", outputs=out))
    assert lookup(world.node("wf"), "outputs", "parameters") == [{"name": "o", "value": "known!"}]


@KINDS
@pytest.mark.parametrize(
    ("template", "phase", "ran"), [("take", "Succeeded", [["take"]]), ("need", "Error", [])]
)
def test_an_artifact_that_nobody_passed_may_be_passed_on(
    kind: str, template: str, phase: str, ran: list[list[str]]
) -> None:
    """Whoever gets it has none: that is an error where it is needed."""
    passing = "arguments: {artifacts: [{name: b, from: '{{inputs.artifacts.a}}'}]}"
    world = run(given(kind, f"name: a, template: {template}, {passing}"))
    assert world.node("a")["phase"] == phase
    assert commands(world) == ran


def test_an_input_may_say_what_the_workflow_knows() -> None:
    """Which is put into it before it is put in itself."""
    world = run("""
entrypoint: main
templates:
- name: main
  inputs: {parameters: [{name: p, value: 'of {{workflow.name}}'}]}
  container: {image: alpine, command: [tell, '{{inputs.parameters.p}}']}
""")
    assert commands(world) == [["tell", "of wf"]]


def test_an_output_may_be_stated_as_it_is() -> None:
    """The step need not write it."""
    world = run("""
entrypoint: main
templates:
- name: main
  container: {image: alpine, command: [tell]}
  outputs: {parameters: [{name: o, value: '{{workflow.name}}'}]}
""")
    (pod,) = world.pods()
    assert plan_of(pod, "wait")["parameters"] == [{"name": "o", "default": "wf"}]
