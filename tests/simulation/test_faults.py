"""Each kind of fault does what its name says: a fault that does nothing would prove nothing."""

from collections.abc import Callable

import pytest

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.cluster.retrying import Retrying
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.store import Key
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Request
from ruleengine.model.errors import UnreachableError
from tests.reconcile.kit import config_map
from tests.simulation.api import CrashError, Hooks, ProcessApi
from tests.simulation.faults import CHANNELS, Channel, Fault, FaultKind, Injector, Schedule
from tests.simulation.feed import ScheduledFeed
from tests.simulation.gate import expected_of
from tests.simulation.invariants import Invariant, Write
from tests.simulation.running import Report, Simulation
from tests.simulation.scenarios.counters import NAMESPACE, Counters
from tests.simulation.shrinking import AT_REST

QUIET = Hooks(
    before_write=lambda _: None,
    written=lambda _: None,
    after_write=lambda _: None,
    spend=lambda _: None,
    uptime=lambda: 0.0,
)
CONFIG_MAP = ("v1", "ConfigMap")


def place(*faults: Fault, seed: int = 0) -> tuple[ControlPlane, Client, Injector]:
    """Return a control plane, and a client of it to whom faults happen."""
    injector = Injector(Schedule(faults=faults, seed=seed))
    plane = Simulation(Counters(), Schedule()).plane
    api = ProcessApi(plane, injector, 1, QUIET)
    return plane, Client(api, Retrying(attempts=1)), injector


def outcome(do: Callable[[], object]) -> object:
    """Return how a request ended: the code of an answer, or the error that stands for none."""
    try:
        do()
    except ApiError as error:
        return error.status
    except (UnreachableError, CrashError) as error:
        return type(error)
    return 200


@pytest.mark.parametrize(
    ("kind", "ended", "stored"),
    [
        (FaultKind.CRASH_BEFORE_WRITE, CrashError, False),
        (FaultKind.CRASH_AFTER_WRITE, CrashError, True),
        (FaultKind.CONFLICT_BEFORE, 409, False),
        (FaultKind.CONFLICT_AFTER, 409, True),
        (FaultKind.BUSY_BEFORE, 429, False),
        (FaultKind.BUSY_AFTER, 429, True),
        (FaultKind.ERROR_BEFORE, 500, False),
        (FaultKind.ERROR_AFTER, 500, True),
        (FaultKind.TIMEOUT_BEFORE, UnreachableError, False),
        (FaultKind.TIMEOUT_AFTER, UnreachableError, True),
        (FaultKind.TAKEN_OVER, 200, True),
        (FaultKind.TAKEN_OVER_LATE, 200, True),
        (FaultKind.LEASE_LOST, 200, True),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_a_write_fails_before_or_after_its_effect(
    kind: FaultKind, ended: object, *, stored: bool
) -> None:
    """And the next one does not."""
    plane, client, _ = place(Fault(kind=kind, at=0))
    assert outcome(lambda: client.create(config_map("one", NAMESPACE), "user")) == ended
    assert (plane.store.get(Key("configmaps", NAMESPACE, "one")) is not None) is stored
    assert outcome(lambda: client.create(config_map("two", NAMESPACE), "user")) == 200


@pytest.mark.parametrize(
    ("kind", "ended"),
    [
        (FaultKind.READ_BUSY, 429),
        (FaultKind.READ_ERROR, 500),
        (FaultKind.READ_TIMEOUT, UnreachableError),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_a_read_fails(kind: FaultKind, ended: object) -> None:
    """Once, where it is to fail once."""
    _, client, injector = place(Fault(kind=kind, at=1))
    injector.quiet = True
    client.discover()
    injector.quiet = False
    target = Target.of(config_map("bystander", NAMESPACE))
    assert [outcome(lambda: client.get(target)) for _ in range(3)] == [200, ended, 200]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (None, ["one two", "", "", ""]),
        (FaultKind.EVENT_LOST, ["two", "", "one", ""]),
        (FaultKind.EVENT_DUPLICATED, ["one two", "", "one", ""]),
        (FaultKind.EVENT_REORDERED, ["two one", "", "", ""]),
        (FaultKind.EVENT_LATE, ["two", "", "one", ""]),
        (FaultKind.WATCH_GONE, ["two", "one", "", ""]),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_a_watch_event_is_lost_late_told_twice_or_after_another(
    kind: FaultKind | None, told: list[str]
) -> None:
    """What is lost comes with the list that follows."""
    faults = [Fault(kind=kind, at=0, amount=2)] if kind else []
    _, client, injector = place(*faults)
    feed = ScheduledFeed(client, injector, lambda _: None)
    feed.list(*CONFIG_MAP)
    for name in ("one", "two"):
        client.create(config_map(name, NAMESPACE), "user")
    turns = [" ".join(one.target.name for one in feed.changes(0)) for _ in range(4)]
    assert turns == told


@pytest.mark.parametrize("quick", [False, True])
def test_a_quick_watch_shows_what_it_has_not_told_yet(*, quick: bool) -> None:
    """As a thread does that takes events in while decisions are taken."""
    _, client, injector = place(seed=2 * quick)
    feed = ScheduledFeed(client, injector, lambda _: None)
    feed.list(*CONFIG_MAP)
    client.create(config_map("one", NAMESPACE), "user")
    names = {one["metadata"]["name"] for one in feed.list(*CONFIG_MAP)}
    assert ("one" in names) is quick
    assert [one.target.name for one in feed.changes(0)] == ["one"]


def run_with(fault: Fault | None) -> tuple[Report, Simulation]:
    """Run the toy with one fault, or none."""
    faults = (fault,) if fault else ()
    simulation = Simulation(Counters(), Schedule(faults=faults, acts=(AT_REST, AT_REST)))
    return simulation.run(expected_of(Counters())), simulation


@pytest.mark.parametrize(
    ("kind", "seconds"), [(FaultKind.CLOCK_FORWARD, 40), (FaultKind.CLOCK_BACK, -40)]
)
def test_a_clock_jumps(kind: FaultKind, seconds: int) -> None:
    """The wall clock alone: what a lease goes by does not."""

    def gap(simulation: Simulation) -> float:
        return simulation.clock.now().timestamp() - simulation._monotonic

    usual, jumped = (run_with(one)[1] for one in (None, Fault(kind=kind, at=0, amount=40)))
    assert gap(jumped) - gap(usual) == pytest.approx(seconds)


@pytest.mark.parametrize("kind", [FaultKind.TAKEN_OVER, FaultKind.TAKEN_OVER_LATE])
def test_another_process_takes_over(kind: FaultKind) -> None:
    """It runs beside the one that is there."""
    usual, taken = (run_with(one)[0] for one in (None, Fault(kind=kind, at=3)))
    assert (taken.problem, taken.processes) == ("", usual.processes + 1)


@pytest.mark.parametrize(("amount", "holder"), [(1, ""), (2, "stranger")])
def test_a_lease_is_taken_from_its_holder(amount: int, holder: str) -> None:
    """By nobody, or by somebody who never acts."""
    holders: list[str] = []

    class Watching(Invariant):
        def written(self, write: Write) -> None:
            del write
            leases = simulation.plane.store.list("leases.coordination.k8s.io").items
            holders.extend(one["spec"]["holderIdentity"] for one in leases)

    fault = Fault(kind=FaultKind.LEASE_LOST, at=3, amount=amount)
    simulation = Simulation(Counters(), Schedule(faults=(fault,), acts=(AT_REST, AT_REST)))
    simulation._invariants = (*simulation._invariants, Watching())
    assert simulation.run(expected_of(Counters())).problem == ""
    assert holders.index(holder) > holders.index("process-1")


@pytest.mark.parametrize(
    ("kind", "performed", "processes"),
    [
        (None, 1, 0),
        (FaultKind.CRASH_BEFORE_EFFECT, 1, 1),
        (FaultKind.CRASH_AFTER_EFFECT, 2, 1),
        (FaultKind.EFFECT_FAILED_BEFORE, 1, 0),
        (FaultKind.EFFECT_FAILED_AFTER, 2, 0),
    ],
)
def test_an_effect_fails_before_or_after_it_happens(
    kind: FaultKind | None, performed: int, processes: int
) -> None:
    """Where it had happened it happens again, with its key."""
    counts: list[str] = []

    class Counting(Invariant):
        def effect(self, request: Request, plane: ControlPlane) -> None:
            del plane
            counts.append(request.payload["counter"])

    faults = (Fault(kind=kind, at=0),) if kind else ()
    simulation = Simulation(Counters(), Schedule(faults=faults, acts=(AT_REST, AT_REST)))
    simulation._invariants = (*simulation._invariants, Counting())
    report = simulation.run(expected_of(Counters()))
    assert report.problem == ""
    first = counts[0]
    assert counts.count(first) == performed
    assert report.processes == run_with(None)[0].processes + processes


def test_every_kind_of_fault_is_looked_at_here() -> None:
    """By its channel: writes, reads, events, pauses and effects."""
    writes = [kind for kind, channel in CHANNELS.items() if channel is Channel.WRITE]
    assert len(writes) == 13
    assert len(FaultKind) == 13 + 3 + 5 + 2 + 4
