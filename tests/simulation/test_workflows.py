"""Workflows under faults: what a run leads to, and the mistakes that are easily made."""

import pytest

from ruleengine.pipelines.phases import Phase
from tests.simulation.gate import expected_of, first_failure
from tests.simulation.scenarios.workflows import Workflows
from tests.simulation.workflows_broken import LooksAtNobody

SEEDS = range(60)
NODES = {
    "make": Phase.SUCCEEDED,
    "flaky": Phase.SUCCEEDED,
    "flaky(0)": Phase.FAILED,
    "flaky(1)": Phase.SUCCEEDED,
    "each": Phase.SUCCEEDED,
    "each(0:a)": Phase.SUCCEEDED,
    "each(1:b)": Phase.SUCCEEDED,
    "last": Phase.SUCCEEDED,
    "onExit": Phase.SUCCEEDED,
}


def test_every_task_of_every_workflow_has_run_at_the_end() -> None:
    """What all its runs are compared with is worth comparing with."""
    expected = expected_of(Workflows())
    for name in ("first", "second"):
        found = expected[f"Workflow/pipelines/{name}"]
        phases = {key: one["phase"] for key, one in found["nodes"].items()}
        wanted = {f"{name}.{key}": phase for key, phase in NODES.items()}
        assert phases == {name: Phase.SUCCEEDED, **wanted}
    for name in ("alone", "lonely"):
        assert expected[f"Workflow/pipelines/{name}"]["phase"] == Phase.SUCCEEDED
    for name in ("first", "second", "alone", "lonely"):
        assert expected[f"Workflow/pipelines/{name}"]["archived"] == "Archived"
    assert expected["ConfigMap/pipelines/cache"] == {"keys": ["first", "second"]}


@pytest.mark.parametrize("lock", ["Mutex/alone", "Mutex/flaky", "ConfigMap/limits/use"])
def test_a_lock_that_is_taken_whoever_has_it_is_seen(lock: str) -> None:
    """Of a workflow, of a task with attempts, and of a pod: each has more than one holder."""
    failure = first_failure(LooksAtNobody(lock), SEEDS, expected_of(Workflows()))
    assert failure is not None
    assert failure.problem.startswith("held more than once")
