"""The gate: every scenario survives its seeds, and every kind of fault strikes."""

import pytest

from tests.simulation.gate import demand, expected_of, pass_through
from tests.simulation.scenario import find_scenarios
from tests.simulation.scenarios.applications import Applications

SCENARIOS = find_scenarios()


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_survives_every_seed(name: str) -> None:
    """Same end state, all invariants, nothing written at rest; else the smallest schedule."""
    scenario = SCENARIOS[name]
    expected = expected_of(scenario)
    passage = pass_through(scenario, range(scenario.seeds), expected)
    print(passage)
    assert demand(scenario, passage, expected) == ""


def test_a_synced_application_ends_as_its_second_revision_says() -> None:
    """What all its runs are compared with is worth comparing with: synced, and pruned."""
    expected = expected_of(Applications())
    assert expected["Application/ruleengine/web-staging"]["sync"] == "Synced"
    assert "ConfigMap/staging/last" in expected
    assert "ConfigMap/staging/old" not in expected
