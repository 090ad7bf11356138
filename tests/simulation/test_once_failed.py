"""Schedules that once failed: each was the smallest of its kind, and is kept."""

import pytest

from tests.simulation.faults import Fault, FaultKind, Schedule
from tests.simulation.gate import expected_of
from tests.simulation.running import run
from tests.simulation.scenarios.counters import Counters
from tests.simulation.scenarios.rollouts import Rollouts
from tests.simulation.scenarios.schedules import Schedules
from tests.simulation.scenarios.workflows import Workflows
from tests.simulation.shrinking import AT_REST

TAKEN_OVER = Fault(kind=FaultKind.TAKEN_OVER, at=19)
UNACKNOWLEDGED = (
    Fault(kind=FaultKind.CONFLICT_AFTER, at=20, amount=4),
    Fault(kind=FaultKind.TIMEOUT_AFTER, at=7, amount=5),
)


UNKNOWN = (
    Fault(kind=FaultKind.BUSY_BEFORE, at=12, amount=2),
    Fault(kind=FaultKind.ERROR_AFTER, at=11),
    Fault(kind=FaultKind.TIMEOUT_BEFORE, at=1, amount=3),
    Fault(kind=FaultKind.EVENT_LOST, at=8),
)
LATE = Fault(kind=FaultKind.TAKEN_OVER, at=15)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(faults=(TAKEN_OVER,), acts=(19, AT_REST), seed=4119),
        Schedule(faults=UNACKNOWLEDGED, acts=(8, 21), seed=4396),
        Schedule(faults=UNKNOWN, acts=(12, 14), seed=337),
        Schedule(faults=(LATE,), acts=(14, AT_REST), seed=114),
    ],
    ids=[
        "a lease lost and taken again",
        "a write that nobody acknowledged, then a deletion",
        "a write that failed after the effect, and an event that never came",
        "a write that was under way when another process took over",
    ],
)
def test_schedules_that_once_failed_do_so_no_more(schedule: Schedule) -> None:
    """Decision 0004; without terms, fences and second looks each ends in another state."""
    scenario = Counters()
    assert run(scenario, schedule, expected_of(scenario)).problem == ""


def test_a_pause_is_over_where_the_clock_jumps_back_after_it() -> None:
    """Another process takes over late, and the clock jumps between two of its writes."""
    faults = (
        Fault(kind=FaultKind.TAKEN_OVER_LATE, at=10, amount=2),
        Fault(kind=FaultKind.CLOCK_BACK, at=3, amount=4),
    )
    schedule = Schedule(faults=faults, acts=(AT_REST, AT_REST), seed=5087)
    assert run(Rollouts(), schedule, expected_of(Rollouts())).problem == ""


def test_a_lease_taken_from_its_holder_leaves_no_lock_with_two_holders() -> None:
    """Somebody wipes a lease; another process comes before the holder has seen that."""
    faults = (
        Fault(kind=FaultKind.TAKEN_OVER, at=11, amount=5),
        Fault(kind=FaultKind.LEASE_LOST, at=9, amount=5),
    )
    schedule = Schedule(faults=faults, acts=(AT_REST,), seed=4899)
    assert run(Workflows(), schedule, expected_of(Workflows())).problem == ""


def test_five_conflicts_in_a_row_are_told_and_change_no_end() -> None:
    """The workflow is put aside for a while, and the Event that warns of it is its reconciler's."""
    fault = Fault(kind=FaultKind.CONFLICT_BEFORE, at=72, amount=5)
    schedule = Schedule(faults=(fault,), acts=(AT_REST,), seed=1988)
    assert run(Workflows(), schedule, expected_of(Workflows())).problem == ""


def test_what_was_seen_before_a_failed_look_at_the_world_is_not_lost() -> None:
    """Another process drove in between; what it made is decided although reading it broke off."""
    faults = (
        Fault(kind=FaultKind.READ_BUSY, at=20, amount=1),
        Fault(kind=FaultKind.READ_BUSY, at=21, amount=2),
        Fault(kind=FaultKind.READ_ERROR, at=2, amount=3),
        Fault(kind=FaultKind.TAKEN_OVER_LATE, at=21, amount=4),
    )
    schedule = Schedule(faults=faults, acts=(AT_REST,), seed=669)
    assert run(Schedules(), schedule, expected_of(Schedules())).problem == ""
