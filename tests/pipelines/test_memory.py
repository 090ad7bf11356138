"""What is remembered from one decision to the next, and what never is."""

import pytest

from ruleengine.pipelines.memory import Memory


@pytest.mark.parametrize(
    ("tag", "times"),
    [
        ("{{workflow.parameters.status}}", 1),
        ("{{workflow.status}}", 2),
        ("{{=workflow.duration + 1}}", 2),
        ("{{=workflow['outputs'].parameters}}", 2),
        ('{{=workflow["failures"]}}', 2),
        ("{{=workflow?.status}}", 2),
        ("{{=now ()}}", 2),
        ("{{=sprig?.uuidv4()}}", 2),
    ],
)
def test_what_changes_while_a_workflow_runs_is_made_anew(tag: str, times: int) -> None:
    """However an expression gets there; all else is made once."""
    kept: dict[str, object] = {}
    made = []
    for _ in range(2):
        Memory(kept).remember("prepared", "wf", {"args": [tag]}, lambda: made.append(tag))
    assert len(made) == times
