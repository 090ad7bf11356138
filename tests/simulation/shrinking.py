"""Making a failing schedule as small as can be, and printing it as a test.

Every step tries a smaller schedule and keeps it where the run still fails, with whatever
problem: one fault less, an act at rest, a smaller amount, an earlier number.
"""

import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from tests.simulation import scenarios
from tests.simulation.faults import Fault, Schedule

MOST_TRIALS: Final = 400
"""How many runs shrinking may cost."""

AT_REST: Final = 10**9
"""The moment of an act that waits until all is at rest."""


def shrink(schedule: Schedule, fails: Callable[[Schedule], bool]) -> Schedule:
    """Return a schedule that still fails and of which no part can be left out.

    ``fails`` runs a schedule; it must be deterministic.
    """
    trials = 0
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(schedule):
            trials += 1
            if trials > MOST_TRIALS:
                return schedule
            if fails(smaller):
                schedule, progress = smaller, True
                break
    return schedule


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    faults = schedule.faults
    half = len(faults) // 2
    if half > 1:
        yield replace(schedule, faults=faults[:half])
        yield replace(schedule, faults=faults[half:])
    for number in range(len(faults)):
        yield replace(schedule, faults=(*faults[:number], *faults[number + 1 :]))
    for number, act in enumerate(schedule.acts):
        if act != AT_REST:
            acts = (*schedule.acts[:number], *[AT_REST] * (len(schedule.acts) - number))
            yield replace(schedule, acts=acts)
    for number, fault in enumerate(faults):
        for less in _less(fault):
            yield replace(schedule, faults=(*faults[:number], less, *faults[number + 1 :]))


def _less(fault: Fault) -> Iterator[Fault]:
    if fault.amount > 1:
        yield replace(fault, amount=fault.amount // 2)
        yield replace(fault, amount=fault.amount - 1)
    if fault.at > 0:
        yield replace(fault, at=fault.at // 2)
        yield replace(fault, at=fault.at - 1)


def as_test(scenario: str, schedule: Schedule, problem: str) -> str:
    """Return a Python file that runs one schedule; ``scenario`` is an expression.

    It names a scenario by modules of this package and of its scenarios.
    """
    words = set(re.findall(r"(\w+)\.", scenario))
    there = words & {one.name for one in pkgutil.iter_modules(scenarios.__path__)}
    imports = "".join(
        f"from {home} import {', '.join(sorted(names))}\n"
        for home, names in (
            ("tests.simulation", words - there),
            ("tests.simulation.scenarios", there),
        )
        if names
    )
    faults = "".join(
        f"            Fault(kind=FaultKind.{one.kind.name}, at={one.at}, amount={one.amount}),\n"
        for one in schedule.faults
    )
    return f'''{imports}from tests.simulation.faults import Fault, FaultKind, Schedule
from tests.simulation.running import faultless, run


def test_a_schedule_that_once_failed() -> None:
    """{problem[:80]}."""
    scenario = {scenario}
    schedule = Schedule(
        faults=(
{faults}        ),
        acts={schedule.acts!r},
        seed={schedule.seed},
    )
    assert run(scenario, schedule, faultless(scenario).state).problem == ""
'''
