"""Sensors under faults: what a run leads to, and the mistake that is easily made."""

from ruleengine.model.names import STARTED_BY
from tests.simulation.gate import expected_of, first_failure
from tests.simulation.running import faultless
from tests.simulation.scenarios.sensors import Sensors
from tests.simulation.sensors_broken import RecordsFirst, StartsTwice

SEEDS = range(60)


def test_each_firing_is_there_once_at_the_end() -> None:
    """What all its runs are compared with is worth comparing with."""
    expected = expected_of(Sensors())
    started = sorted(
        one["annotations"][STARTED_BY]
        for key, one in expected.items()
        if key.startswith("Workflow/")
    )
    assert started == [
        '{"push":"p1","tag":"t1"}',
        '{"push":"p1"}',
        '{"push":"p2"}',
        '{"push":"p3","tag":"t2"}',
        '{"push":"p3"}',
    ]


def test_a_place_that_is_recorded_too_early_loses_events() -> None:
    """The kit finds it: a crash in between is all it takes."""
    scenario = RecordsFirst()
    assert first_failure(scenario, SEEDS, expected_of(scenario)) is not None


def test_a_firing_that_starts_twice_is_seen() -> None:
    """Without any fault."""
    assert "started twice" in faultless(StartsTwice()).problem
