"""Running one scenario under one schedule: processes come and go, the API stays.

A run has two phases. While faults strike, processes are started, killed and started again,
and the user acts at the writes that the schedule names. Then the faults end: the next
processes must come to rest, and the last must find nothing left to write.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.cluster.retrying import Retrying
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.local.store import Key
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Answer, Decision, Reconciler, Request, World
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import Object
from ruleengine.reconcile.leases import AreaLease, Candidate
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.standing import News
from ruleengine.reconcile.surroundings import Surroundings
from tests.simulation.api import CrashError, Hooks, ProcessApi
from tests.simulation.faults import Channel, Fault, FaultKind, Injector, Schedule
from tests.simulation.feed import ScheduledFeed
from tests.simulation.invariants import ViolationError, Write
from tests.simulation.scenario import Process, Scenario
from tests.simulation.states import State, compare, state_of

_MOST_PROCESSES: Final = 12
_MOST_PAUSES: Final = 2000
_QUIET_PROCESSES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of one run; ``problem`` is empty where every invariant held."""

    schedule: Schedule
    problem: str
    injected: Counter[FaultKind]
    state: State = field(repr=False)
    decisions: int = 0
    writes: int = 0
    processes: int = 0
    counts: Counter[Channel] = field(default_factory=Counter)


def run(scenario: Scenario, schedule: Schedule, expected: State | None = None) -> Report:
    """Run a scenario under a schedule; ``expected`` is the end state of the run without faults."""
    return Simulation(scenario, schedule).run(expected)


def faultless(scenario: Scenario) -> Report:
    """Run a scenario without a fault; every act happens once all is at rest."""
    return run(scenario, Schedule())


@cache
def _prepared(scenario: Scenario) -> tuple[Sequence[tuple[Key, Object]], int]:
    """Return what is stored when a run of a scenario begins, and at which revision.

    It is made once, because values in a store are never changed in place.
    """
    plane = ControlPlane(
        MemoryStore(), VirtualClock(), randomness=Random(0), patience=0, strict=True
    )
    plane.settle()
    scenario.prepare(Client(plane, Retrying(attempts=1)))
    plane.settle()
    store = plane.store
    return [
        (Key(resource, one["metadata"].get("namespace", ""), one["metadata"]["name"]), one)
        for resource in store.resources()
        for one in store.list(resource).items
    ], store.revision


class Simulation:
    """One run; see the module."""

    def __init__(self, scenario: Scenario, schedule: Schedule) -> None:
        self._scenario = scenario
        self._injector = Injector(schedule)
        self.clock = VirtualClock()
        randomness = Random(schedule.seed)
        store = MemoryStore()
        objects, revision = _prepared(scenario)
        store.restore(objects, (), revision)
        self.plane = ControlPlane(store, self.clock, randomness=randomness, patience=0, strict=True)
        self.plane.settle()
        self._user = Client(self.plane, Retrying(attempts=1))
        self._monotonic = 0.0
        self._invariants = scenario.invariants()
        self._acts = list(zip((*schedule.acts, *_for_ever(scenario)), scenario.acts, strict=False))
        self._nested = False
        self._processes = self._pauses = 0
        self._dead: set[str] = set()
        self._hooks = Hooks(
            before_write=self._before_write,
            written=self._written,
            after_write=self._after_write,
            spend=self._spend,
            uptime=lambda: self._monotonic,
        )
        self._news = News()
        self._decisions = self._writes = 0

    def run(self, expected: State | None) -> Report:
        """Perform both phases and look at the end."""
        problem = ""
        try:
            self._chaos()
            self._injector.quiet = True
            self._come_to_rest()
            for one in self._invariants:
                one.finished(self.plane)
            if expected is not None:
                compare(expected, self._state())
        except ViolationError as violation:
            problem = str(violation)
        return Report(
            schedule=self._injector.schedule,
            problem=problem,
            injected=self._injector.injected,
            state=self._state(),
            decisions=self._decisions,
            writes=self._writes,
            processes=self._processes,
            counts=self._injector.counts,
        )

    def _state(self) -> State:
        return state_of(self.plane, self._scenario.normalise)

    def _chaos(self) -> None:
        """Run processes while something is to happen."""
        for _ in range(_MOST_PROCESSES):
            settled = self._process()
            if settled is None or settled.timed_out:
                self._expect_a_jump(settled)
                continue
            if not self._acts:
                return
            self._act()
        while self._acts:
            self._act()

    def _expect_a_jump(self, settled: Settled | None) -> None:
        """Raise for a process that waited to its end, though no clock brought that near.

        What it waited for has happened, and it has not heard of that.
        """
        jumped = FaultKind.CLOCK_FORWARD in self._injector.injected
        if settled is not None and not jumped:
            raise ViolationError(f"it waits for what has happened: {_open(settled)}")

    def _come_to_rest(self) -> None:
        """Run processes without faults until one writes nothing.

        Whoever was there before is known to be gone now, so no lease has to run out.
        """
        settled: Settled | None = None
        for _ in range(_QUIET_PROCESSES):
            settled = self._process()
            if settled is None:
                raise ViolationError("a process without faults failed")
            if settled.timed_out:
                raise ViolationError(f"it waits for what has happened: {_open(settled)}")
            if not settled.writes and not settled.unsettled and not settled.failed:
                break
        else:
            raise ViolationError(f"it does not come to rest: {_open(settled)}")
        if settled.findings:
            raise ViolationError("; ".join(one.message for one in settled.findings))

    def _process(self) -> Settled | None:
        """Start a process and let it settle; ``None`` where it ended otherwise.

        That a process crashed is known to the next one where the seed is odd, as on one
        machine; otherwise its lease has to run out.
        """
        self._processes += 1
        number = self._processes
        api = ProcessApi(self.plane, self._injector, number, self._hooks)
        try:
            return self._settle(number, api)
        except (CrashError, UnreachableError, ApiError):
            if self._injector.schedule.seed % 2:
                self._dead.add(_identity(number))
            self._pass_time(1)
            return None

    def _settle(self, number: int, api: ProcessApi) -> Settled:
        retrying = Retrying(attempts=3, sleep=self._pass_time, jitter=lambda: 0.0)
        client = Client(api, retrying)
        feed = ScheduledFeed(client, self._injector, self._pause)
        plain = Surroundings.of(client)
        process = Process(number=number, client=client, feed=feed, surroundings=plain)
        reconcilers = [_Asked(one, self) for one in self._scenario.reconcilers(process)]
        effects = self._scenario.effects()
        performers = {kind: self._performer(answer) for kind, answer in effects.items()}
        candidate = Candidate(
            identity=_identity(number),
            now=self.clock.now,
            monotonic=lambda: self._monotonic,
            gone=lambda holder: self._injector.quiet or holder in self._dead,
        )
        leases = {one.area: AreaLease(client, one.area, candidate) for one in reconcilers}
        standing = self._scenario.standing(self.plane)
        asked = {**self._scenario.reads(), **performers}
        settled = settle(
            replace(Surroundings.of(client, reconcilers, asked), standing=standing),
            Settling(
                now=self.clock.now,
                feed=feed,
                news=self._news,
                deadline=self.clock.now() + timedelta(seconds=self._scenario.patience),
                retrying=retrying,
                leases=leases,
                longest_wait=self._scenario.longest_wait,
            ),
        )
        for lease in leases.values():
            lease.release()
        self._writes += settled.writes
        return settled

    def decided(self) -> None:
        """Count a decision."""
        self._decisions += 1

    def _performer(self, answer: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
        def perform(request: Request) -> Answer:
            fault = self._injector.next(Channel.EFFECT)
            kind = fault.kind if fault is not None else None
            if kind is FaultKind.CRASH_BEFORE_EFFECT:
                raise CrashError
            if kind is FaultKind.EFFECT_FAILED_BEFORE:
                raise UnreachableError("no answer", "try again")
            for one in self._invariants:
                one.effect(request, self.plane)
            answered = answer(request)
            if kind is FaultKind.CRASH_AFTER_EFFECT:
                raise CrashError
            if kind is FaultKind.EFFECT_FAILED_AFTER:
                raise UnreachableError("no answer", "try again")
            return answered

        return perform

    def _before_write(self, fault: Fault | None) -> None:
        if self._injector.quiet or self._nested:
            return
        count = self._injector.counts[Channel.WRITE]
        while self._acts and self._acts[0][0] < count:
            self._act()
        if fault is not None and fault.kind is FaultKind.TAKEN_OVER:
            self._take_over(fault.amount)
        if fault is not None and fault.kind is FaultKind.LEASE_LOST:
            self._lose_leases("" if fault.amount % 2 else "stranger")

    def _after_write(self, fault: Fault | None) -> None:
        if fault is not None and fault.kind is FaultKind.TAKEN_OVER_LATE:
            self._take_over(fault.amount)

    def _take_over(self, amount: int) -> None:
        """Let another process run, here and now; the present one goes on afterwards.

        This is what losing a lease looks like to whoever has lost it. The only fault that
        strikes the other process is its crash.
        """
        before = self._injector
        crash = Fault(kind=FaultKind.CRASH_AFTER_WRITE, at=4 * amount)
        faults = (crash,) if amount > 1 else ()
        self._injector, self._nested = Injector(replace(before.schedule, faults=faults)), True
        try:
            self._process()
        finally:
            self._injector, self._nested = before, False

    def _lose_leases(self, holder: str) -> None:
        """Take the leases away from whoever has them, as a careless administrator does."""
        for lease in self.plane.store.list("leases.coordination.k8s.io").items:
            spec = {**lease["spec"], "holderIdentity": holder}
            self._user.replace({**lease, "spec": spec}, "user")

    def _written(self, write: Write) -> None:
        for one in self._invariants:
            one.written(write)

    def _act(self) -> None:
        _, act = self._acts.pop(0)
        act(self._user)
        for kind in self._scenario.standing(self.plane):
            self._news.tell(kind)
        self.plane.settle()

    def _pause(self, seconds: float) -> None:
        fault = self._injector.next(Channel.PAUSE)
        if fault is not None:
            back = fault.kind is FaultKind.CLOCK_BACK
            self.clock.move_by(-fault.amount if back else fault.amount)
        self._pass_time(seconds)
        self.plane.settle()

    def _pass_time(self, seconds: float) -> None:
        self._pauses += 1
        if self._pauses > _MOST_PAUSES:
            raise ViolationError(f"after {_MOST_PAUSES} pauses it has not come to rest")
        self._spend(seconds)

    def _spend(self, seconds: float) -> None:
        self._monotonic += seconds
        self.clock.move_by(seconds)


def _identity(number: int) -> str:
    return f"process-{number}"


class _Asked:
    """A reconciler whose every decision is counted, and taken twice.

    The second time without its memo: a decision is a function of what it reads, and nothing
    else.
    """

    def __init__(self, inner: Reconciler, simulation: Simulation) -> None:
        self._inner = inner
        self._simulation = simulation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Pass the question on. Raises ``ViolationError`` where two answers differ."""
        self._simulation.decided()
        decision = self._inner.decide(value, world, now, memo)
        if self._inner.decide(value, world, now, None) != decision:
            raise ViolationError(f"{Target.of(value)}: the same question had two answers")
        return decision


def _for_ever(scenario: Scenario) -> list[int]:
    """Return the moments of acts that a schedule does not name: when all is at rest."""
    return [10**9] * len(scenario.acts)


def _open(settled: Settled | None) -> str:
    if settled is None:
        return "it failed"
    told = [f"{one.target}: {one.message}" for one in (*settled.unsettled, *settled.failed)]
    return "; ".join(told) or f"{settled.writes} writes by a process that should have none"
