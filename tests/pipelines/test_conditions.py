"""Conditions of steps and tasks (reference, Workflows 6)."""

import pytest

from tests.pipelines.worlds import run


def conditional(condition: str) -> str:
    """Return a workflow whose second step has a condition."""
    return f"""
entrypoint: main
arguments: {{parameters: [{{name: env, value: prod}}]}}
templates:
- name: main
  steps:
  - - name: maybe
      template: say
      when: "{condition}"
  - - {{name: after, template: say}}
- name: say
  container: {{image: alpine, command: [echo]}}
"""


@pytest.mark.parametrize(
    ("condition", "phase"),
    [
        ("{{workflow.parameters.env}} == prod", "Succeeded"),
        ("{{workflow.parameters.env}} == test", "Skipped"),
        ("{{=workflow.parameters.env == 'prod'}}", "Succeeded"),
        ("'{{workflow.parameters.env}}' in ('test', 'stage')", "Skipped"),
        ("{{workflow.parameters.env}} =~ '^p'", "Succeeded"),
    ],
)
def test_a_step_whose_condition_does_not_hold_is_skipped(condition: str, phase: str) -> None:
    """It counts as a success: what follows runs."""
    world = run(conditional(condition))
    assert world.phases()["[0].maybe"] == phase
    assert world.status("phase") == "Succeeded"
    if phase == "Skipped":
        node = world.node("maybe")
        told = {
            "{{workflow.parameters.env}} == test": "prod == test",
            "'{{workflow.parameters.env}}' in ('test', 'stage')": "'prod' in ('test', 'stage')",
        }
        assert node["message"] == f"when '{told[condition]}' evaluated false"
        assert node["type"] == "Skipped"


@pytest.mark.parametrize(
    "more",
    [
        "withParam: no list",
        'withParam: "{{steps.never.outputs.result}}"',
        "withSequence: {count: many}",
        'arguments: {parameters: [{name: x, value: "a {{steps.never.outputs.result}}"}]}',
    ],
)
@pytest.mark.parametrize("kind", ["steps", "dag"])
def test_what_is_skipped_is_not_looked_at_any_further(kind: str, more: str) -> None:
    """It is one node with its own name, whatever its items or arguments would be."""
    step = f'name: maybe, template: say, when: "a == b", {more}'
    never = 'name: never, template: say, when: "a == b"'
    whole = {
        "steps": f"steps: [[{{{never}}}], [{{{step}}}]]",
        "dag": f"dag: {{tasks: [{{{never}}}, {{{step}, dependencies: [never]}}]}}",
    }
    spec = f"""
entrypoint: main
templates:
- name: main
  {whole[kind]}
- {{name: say, container: {{image: alpine, command: [say]}}}}
"""
    world = run(spec.replace("steps.never", f"{'tasks' if kind == 'dag' else 'steps'}.never"))
    assert world.status("phase") == "Succeeded"
    maybe = [one for one in world.nodes() if "maybe" in one["name"]]
    assert [(one["displayName"], one["phase"]) for one in maybe] == [("maybe", "Skipped")]


@pytest.mark.parametrize("condition", ["a b", "1 + 1", "{{workflow.parameters.env}} =="])
def test_a_condition_that_is_none_is_an_error_of_its_group(condition: str) -> None:
    """It says what cannot be read."""
    world = run(conditional(condition))
    assert world.status("phase") == "Failed"
    assert world.node("[0]")["phase"] == "Error"
    assert "invalid 'when' expression" in world.node("[0]")["message"]


def test_a_condition_that_is_none_is_an_error_of_its_task() -> None:
    """What does not depend on it goes on."""
    spec = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: maybe, template: say, when: "a b"}
    - {name: other, template: say}
- {name: say, container: {image: alpine, command: [say]}}
"""
    world = run(spec)
    assert world.phases() == {".maybe": "Error", ".other": "Succeeded"}
    assert "invalid 'when' expression" in world.node("maybe")["message"]
    assert world.status("phase") == "Error"
