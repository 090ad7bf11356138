"""The gate: a scenario has to survive many seeds, and every kind of fault has to strike."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.simulation.faults import CHANNELS, Channel, FaultKind, Schedule, add_up, make_schedule
from tests.simulation.running import Report, faultless, run
from tests.simulation.scenario import Scenario
from tests.simulation.shrinking import as_test, shrink
from tests.simulation.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What became of many runs: how often each kind of fault struck, and what failed."""

    runs: int
    decisions: int
    writes: int
    processes: int
    injected: dict[FaultKind, int]
    failures: tuple[Report, ...] = field(repr=False)

    def __str__(self) -> str:
        """Return the numbers as text, one kind of fault a line."""
        lines = [f"{number:6} x {kind}" for kind, number in self.injected.items()]
        head = (
            f"{self.runs} runs, {self.processes} processes, {self.decisions} decisions, "
            f"{self.writes} writes, {len(self.failures)} failures"
        )
        return "\n".join([head, *lines])


def schedule_of(scenario: Scenario, seed: int) -> Schedule:
    """Return the schedule of a seed for a scenario."""
    return make_schedule(
        seed,
        acts=len(scenario.acts),
        kinds=kinds_of(scenario),
        writes=scenario.writes,
        pauses=scenario.pauses,
    )


def kinds_of(scenario: Scenario) -> tuple[FaultKind, ...]:
    """Return the kinds of faults that can strike in a scenario."""
    all_kinds = tuple(FaultKind)
    if scenario.effects():
        return all_kinds
    return tuple(kind for kind in all_kinds if CHANNELS[kind] is not Channel.EFFECT)


def pass_through(scenario: Scenario, seeds: Iterable[int], expected: State) -> Passage:
    """Run a scenario once per seed; ``expected`` is its end state without faults."""
    reports = [run(scenario, schedule_of(scenario, seed), expected) for seed in seeds]
    return Passage(
        runs=len(reports),
        decisions=sum(one.decisions for one in reports),
        writes=sum(one.writes for one in reports),
        processes=sum(one.processes for one in reports),
        injected=add_up(one.injected for one in reports),
        failures=tuple(one for one in reports if one.problem),
    )


def first_failure(
    scenario: Scenario, seeds: Iterable[int], expected: State | None
) -> Report | None:
    """Return the first run that fails, or ``None``."""
    for seed in seeds:
        report = run(scenario, schedule_of(scenario, seed), expected)
        if report.problem:
            return report
    return None


def explain(scenario: Scenario, failure: Report, expected: State | None) -> str:
    """Return a failure, made as small as can be, as a test that can be run."""

    def fails(schedule: Schedule) -> bool:
        return bool(run(scenario, schedule, expected).problem)

    smallest = shrink(failure.schedule, fails)
    problem = run(scenario, smallest, expected).problem
    head = f"# seed {failure.schedule.seed}: {failure.problem}\n# as small as can be: {problem}\n"
    return head + as_test(scenario.name, smallest, problem)


def demand(scenario: Scenario, passage: Passage, expected: State) -> str:
    """Return why a scenario has not passed the gate, or an empty text."""
    if passage.failures:
        return explain(scenario, passage.failures[0], expected)
    missing = [kind.value for kind in kinds_of(scenario) if not passage.injected[kind]]
    return f"never injected: {', '.join(missing)}" if missing else ""


def expected_of(scenario: Scenario) -> State:
    """Return the end state without faults. Raises ``AssertionError`` where that fails already."""
    report = faultless(scenario)
    if report.problem:
        raise AssertionError(f"{scenario.name} fails without any fault: {report.problem}")
    return report.state
