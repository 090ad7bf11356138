"""The gate: the toy survives 300 seeds of faults, and every kind of fault strikes."""

import pytest

from tests.simulation.counter import Counters
from tests.simulation.faults import Fault, FaultKind, Schedule
from tests.simulation.gate import demand, expected_of, pass_through
from tests.simulation.running import run
from tests.simulation.shrinking import AT_REST

SEEDS = range(300)


def test_the_counters_survive_every_seed() -> None:
    """Same end state, all invariants, nothing written at rest; else the smallest schedule."""
    scenario = Counters()
    expected = expected_of(scenario)
    passage = pass_through(scenario, SEEDS, expected)
    print(passage)
    assert demand(scenario, passage, expected) == ""
    assert passage.runs == len(SEEDS)


TAKEN_OVER = Fault(kind=FaultKind.TAKEN_OVER, at=19)
UNACKNOWLEDGED = (
    Fault(kind=FaultKind.CONFLICT_AFTER, at=20, amount=4),
    Fault(kind=FaultKind.TIMEOUT_AFTER, at=7, amount=5),
)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(faults=(TAKEN_OVER,), acts=(19, AT_REST), seed=4119),
        Schedule(faults=UNACKNOWLEDGED, acts=(8, 21), seed=4396),
    ],
    ids=["a lease lost and taken again", "a write that nobody acknowledged"],
)
def test_schedules_that_once_failed_do_so_no_more(schedule: Schedule) -> None:
    """Decision 0004: the first made a child out of order, in the second one outlived its owner."""
    scenario = Counters()
    assert run(scenario, schedule, expected_of(scenario)).problem == ""
