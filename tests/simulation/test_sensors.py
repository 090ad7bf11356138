"""The real reconciler of Sensors survives the same faults as the toy."""

from ruleengine.model.names import STARTED_BY
from tests.simulation.gate import demand, expected_of, first_failure, pass_through
from tests.simulation.sensors import Sensors
from tests.simulation.sensors_broken import RecordsFirst

SEEDS = range(60)


def test_sensors_end_as_without_faults_for_every_seed() -> None:
    """Whenever events arrive and processes end: each firing is there, once."""
    scenario = Sensors()
    expected = expected_of(scenario)
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
    passage = pass_through(scenario, SEEDS, expected)
    print(passage)
    assert demand(scenario, passage, expected) == ""


def test_a_place_that_is_recorded_too_early_loses_events() -> None:
    """The kit finds it: a crash in between is all it takes."""
    scenario = RecordsFirst()
    assert first_failure(scenario, SEEDS, expected_of(scenario)) is not None
