"""The gate: every scenario survives its seeds, and every kind of fault strikes."""

import pytest

from tests.simulation.gate import demand, expected_of, pass_through
from tests.simulation.scenario import find_scenarios
from tests.simulation.scenarios.applications import Applications
from tests.simulation.scenarios.counters import Counters
from tests.simulation.scenarios.rollouts import REPLICAS, Rollouts

SCENARIOS = find_scenarios()
SLICE = 100
SLICES = [
    pytest.param(name, first, id=f"{name}-{first}")
    for name, scenario in SCENARIOS.items()
    for first in range(0, scenario.seeds, SLICE)
]
"""The seeds of every scenario in parts, so that several processes can share them."""


@pytest.mark.parametrize(("name", "first"), SLICES)
def test_every_scenario_survives_every_seed(name: str, first: int) -> None:
    """Same end state, all invariants, nothing written at rest; else the smallest schedule."""
    scenario = SCENARIOS[name]
    expected = expected_of(scenario)
    seeds = range(first, min(first + SLICE, scenario.seeds))
    passage = pass_through(scenario, seeds, expected)
    print(passage)
    assert demand(scenario, passage, expected) == ""
    assert passage.decisions > len(seeds)
    assert passage.writes > len(seeds)


def test_counters_and_workflows_have_three_hundred_seeds() -> None:
    """As many as the toy of the gate and the largest reconciler are promised to survive here."""
    assert {SCENARIOS[name].seeds for name in ("counters", "workflows")} == {300}


def test_a_synced_application_ends_as_its_second_revision_says() -> None:
    """What all its runs are compared with is worth comparing with: synced, and pruned."""
    expected = expected_of(Applications())
    assert expected["Application/ruleengine/web-staging"]["sync"] == "Synced"
    assert "ConfigMap/staging/last" in expected
    assert "ConfigMap/staging/old" not in expected


def test_a_released_rollout_ends_with_its_third_version_alone() -> None:
    """With all its pods, after every step."""
    expected = expected_of(Rollouts())
    found = expected["Rollout/production/web"]
    assert (found["phase"], found["currentStepIndex"]) == ("Healthy", 3)
    (alone,) = (one for key, one in expected.items() if key.startswith("ReplicaSet/"))
    assert alone == {
        "wanted": REPLICAS,
        "there": REPLICAS,
        "available": REPLICAS,
        "image": "example.com/web:3",
    }


def test_a_counter_ends_with_its_children_in_order_and_one_that_is_deleted_with_none() -> None:
    """And its effect is done."""
    expected = expected_of(Counters())
    assert expected["Counter/shop/one"]["status"]["phase"] == "Succeeded"
    assert "Counter/shop/two" not in expected
    children = [one["data"] for key, one in expected.items() if "-child-" in key]
    assert sorted(children, key=str) == [{"index": "0"}, {"index": "1"}]
