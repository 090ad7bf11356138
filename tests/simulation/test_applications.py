"""The real reconciler of Applications survives the same faults as the toy."""

from tests.simulation.applications import Applications
from tests.simulation.gate import demand, expected_of, pass_through

SEEDS = range(100)


def test_applications_end_as_without_faults_for_every_seed() -> None:
    """Waves are kept, what was dropped is pruned, and the second sync changes nothing."""
    scenario = Applications()
    expected = expected_of(scenario)
    assert expected["Application/ruleengine/web-staging"]["sync"] == "Synced"
    assert "ConfigMap/staging/last" in expected
    assert "ConfigMap/staging/old" not in expected
    passage = pass_through(scenario, SEEDS, expected)
    print(passage)
    assert demand(scenario, passage, expected) == ""
