"""Conditions of steps and tasks."""

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
        assert world.node("maybe")["message"].endswith("evaluated false")


@pytest.mark.parametrize("condition", ["a b", "1 + 1", "{{workflow.parameters.env}} =="])
def test_a_condition_that_is_none_is_an_error_of_its_group(condition: str) -> None:
    """It says what cannot be read."""
    world = run(conditional(condition))
    assert world.status("phase") == "Failed"
    assert world.node("[0]")["phase"] == "Error"
    assert "invalid 'when' expression" in world.node("[0]")["message"]
