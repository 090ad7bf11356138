"""The gate: the toy survives 300 seeds of faults, and every kind of fault strikes."""

from tests.simulation.counter import Counters
from tests.simulation.gate import demand, expected_of, pass_through

SEEDS = range(300)


def test_the_counters_survive_every_seed() -> None:
    """Same end state, all invariants, nothing written at rest; else the smallest schedule."""
    scenario = Counters()
    expected = expected_of(scenario)
    passage = pass_through(scenario, SEEDS, expected)
    print(passage)
    assert demand(scenario, passage, expected) == ""
    assert passage.runs == len(SEEDS)
