"""The gate by command: ``python -m tests.simulation --seeds 5000``."""

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from tests.simulation.gate import Passage, demand, expected_of, pass_through
from tests.simulation.scenario import find_scenarios

_SLICE: Final = 100
SCENARIOS: Final = find_scenarios()


def main() -> int:
    """Run many seeds, print the numbers, and the smallest failing schedule where one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds (300)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes work (2)")
    parser.add_argument("--scenario", choices=SCENARIOS, default="counters")
    asked = parser.parse_args()
    end = asked.first + asked.seeds
    slices = [(n, min(n + _SLICE, end)) for n in range(asked.first, end, _SLICE)]
    with ProcessPoolExecutor(asked.jobs) as pool:
        tasks = [pool.submit(_slice, asked.scenario, *one) for one in slices]
        passage = _add([task.result() for task in tasks])
    print(passage)
    scenario = SCENARIOS[asked.scenario]
    for one in passage.failures:
        print(f"seed {one.schedule.seed}: {one.problem[:200]}")
    problem = demand(scenario, passage, expected_of(scenario))
    print(problem or "the gate is passed")
    return 1 if problem else 0


def _slice(name: str, first: int, end: int) -> Passage:
    scenario = SCENARIOS[name]
    return pass_through(scenario, range(first, end), expected_of(scenario))


def _add(passages: list[Passage]) -> Passage:
    injected: Counter = Counter()
    for one in passages:
        injected.update(one.injected)
    return Passage(
        runs=sum(one.runs for one in passages),
        decisions=sum(one.decisions for one in passages),
        writes=sum(one.writes for one in passages),
        processes=sum(one.processes for one in passages),
        injected=dict(injected),
        failures=tuple(failure for one in passages for failure in one.failures),
    )


if __name__ == "__main__":
    sys.exit(main())
