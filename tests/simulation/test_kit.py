"""The kit itself: schedules are repeatable, faults strike where they say, failures shrink."""

import pytest

from tests.simulation.broken import IgnoresDeletion, StatusRunsAhead
from tests.simulation.faults import (
    CHANNELS,
    Channel,
    Fault,
    FaultKind,
    Injector,
    Schedule,
    make_schedule,
)
from tests.simulation.gate import demand, expected_of, explain, first_failure, pass_through
from tests.simulation.running import faultless, run
from tests.simulation.scenarios.counters import Counters
from tests.simulation.shrinking import AT_REST, shrink


def test_a_seed_gives_the_same_schedule_and_the_same_run() -> None:
    """So a failure can be repeated."""
    assert make_schedule(7, acts=2) == make_schedule(7, acts=2)
    assert make_schedule(7) != make_schedule(8)
    first = run(Counters(), make_schedule(7, acts=2))
    second = run(Counters(), make_schedule(7, acts=2))
    assert (first.state, first.counts, first.injected, first.decisions) == (
        second.state,
        second.counts,
        second.injected,
        second.decisions,
    )


@pytest.mark.parametrize("kind", FaultKind, ids=lambda one: one.name)
def test_every_kind_of_fault_can_strike_and_be_survived(kind: FaultKind) -> None:
    """At the first, second and third opportunity of its channel."""
    scenario = Counters()
    expected = expected_of(scenario)
    for at in range(3):
        fault = Fault(kind=kind, at=at, amount=2)
        acts = (2, 12) if CHANNELS[kind] is Channel.EVENT else (AT_REST, AT_REST)
        report = run(scenario, Schedule(faults=(fault,), acts=acts), expected)
        assert report.problem == ""
        if at == 0:
            assert report.injected[kind] > 0


def test_a_burst_strikes_as_often_as_it_says() -> None:
    """And then no more."""
    fault = Fault(kind=FaultKind.ERROR_BEFORE, at=1, amount=2)
    injector = Injector(Schedule(faults=(fault,)))
    struck = [injector.next(Channel.WRITE) is not None for _ in range(5)]
    assert struck == [False, True, True, False, False]
    assert injector.injected == {FaultKind.ERROR_BEFORE: 2}


def test_a_gate_through_which_a_kind_of_fault_never_came_is_not_passed() -> None:
    """Few seeds prove little."""
    scenario = Counters()
    expected = expected_of(scenario)
    problem = demand(scenario, pass_through(scenario, range(1), expected), expected)
    assert problem.startswith("never injected: ")
    assert FaultKind.EVENT_LOST.value in problem


def test_shrinking_leaves_only_what_is_needed() -> None:
    """Of eight faults the one that matters, as small and early as can be."""
    faults = tuple(Fault(kind=kind, at=9, amount=5) for kind in list(FaultKind)[:8])

    def fails(schedule: Schedule) -> bool:
        busy = [one for one in schedule.faults if one.kind is FaultKind.BUSY_AFTER]
        return any(one.at >= 3 and one.amount >= 2 for one in busy)

    smallest = shrink(Schedule(faults=faults, acts=(4, 5)), fails)
    assert smallest.faults == (Fault(kind=FaultKind.BUSY_AFTER, at=3, amount=2),)
    assert smallest.acts == (AT_REST, AT_REST)


def test_a_failure_is_printed_as_a_test_that_fails_in_the_same_way() -> None:
    """It can be pasted into a file and run; what had no part in the failure is not in it."""
    scenario = Counters(make=StatusRunsAhead)
    cause = Fault(kind=FaultKind.ERROR_BEFORE, at=9, amount=3)
    noise = Fault(kind=FaultKind.READ_BUSY, at=3, amount=2)
    failure = run(scenario, Schedule(faults=(noise, cause), acts=(30, 40)))
    assert "the status counts" in failure.problem
    text = explain(scenario, failure, None)
    assert "ERROR_BEFORE" in text
    assert "READ_BUSY" not in text
    names: dict = {}
    exec(text, names)
    with pytest.raises(AssertionError):
        names["test_a_schedule_that_once_failed"]()


def test_a_mistake_without_faults_shrinks_to_no_faults() -> None:
    """The smallest schedule is the empty one."""
    scenario = Counters(make=IgnoresDeletion)
    expected = expected_of(Counters())
    failure = first_failure(scenario, [0], expected)
    assert failure is not None
    text = explain(scenario, failure, expected)
    assert "Fault(kind" not in text
    assert "left over" in text


def test_the_end_state_tells_missing_left_over_and_different_objects() -> None:
    """Comparing finds each of them."""
    scenario = Counters()
    state = dict(faultless(scenario).state)
    one = "Counter/shop/one"
    assert (
        run(scenario, Schedule(), {**state, "Extra": {}}).problem == "at the end Extra is missing"
    )
    without = {name: value for name, value in state.items() if name != one}
    assert run(scenario, Schedule(), without).problem == f"at the end {one} is left over"
    other = {**state, one: replace_count(state[one])}
    assert run(scenario, Schedule(), other).problem.startswith(f"at the end {one} is {{")


def replace_count(value: dict) -> dict:
    """Return an object that differs."""
    return {**value, "spec": {"count": 99}}
