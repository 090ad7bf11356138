"""Schedules under faults: what they come to, and the mistakes that are easily made."""

import pytest

from ruleengine.pipelines.phases import Phase
from tests.simulation import schedules_broken
from tests.simulation.faults import Fault, FaultKind, Schedule
from tests.simulation.gate import expected_of, first_failure
from tests.simulation.running import run
from tests.simulation.scenarios.schedules import SCHEDULES, Schedules
from tests.simulation.shrinking import AT_REST

SEEDS = range(60)


def test_every_schedule_has_stopped_at_the_end() -> None:
    """What all its runs are compared with is worth comparing with."""
    expected = expected_of(Schedules())
    for one in SCHEDULES:
        found = expected[f"CronWorkflow/pipelines/{one['metadata']['name']}"]
        assert (found["phase"], found["completed"]) == ("Stopped", "true")
    assert expected["CronWorkflow/pipelines/careful"]["succeeded"] == 2
    assert expected["Workflow/pipelines/late-1767323220"] == {"phase": Phase.SUCCEEDED}


@pytest.mark.parametrize("by", schedules_broken.PROBLEMS, ids=lambda one: one.__name__)
def test_a_schedule_that_is_kept_badly_is_caught(by: schedules_broken.Decide) -> None:
    """Each by the invariant that it breaks; some only under faults."""
    failure = first_failure(schedules_broken.Broken(by), SEEDS, expected_of(Schedules()))
    assert failure is not None
    assert schedules_broken.PROBLEMS[by] in failure.problem


@pytest.mark.parametrize(
    ("faults", "act"),
    [
        ((), 19),
        ((Fault(kind=FaultKind.CONFLICT_BEFORE, at=32, amount=5),), AT_REST),
        (
            (
                Fault(kind=FaultKind.TAKEN_OVER, at=0, amount=2),
                Fault(kind=FaultKind.CLOCK_BACK, at=0, amount=39),
            ),
            AT_REST,
        ),
    ],
    ids=[
        "a run was deleted before the status that counts it was stored",
        "after five conflicts it was never tried again",
        "a run was over before it was noted, and the clock went back behind its time",
    ],
)
def test_schedules_that_once_failed_do_so_no_more(faults: tuple[Fault, ...], act: int) -> None:
    """Each was found by a seed, and is the smallest of its kind."""
    schedule = Schedule(faults=faults, acts=(act,), seed=366)
    assert run(Schedules(), schedule, expected_of(Schedules())).problem == ""
