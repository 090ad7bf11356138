"""``simulate``: a config repo on a control plane in memory, in virtual time.

The flow is that of an apply: checked, planned, performed, settled; only that the control
plane is in this process, its clock moves when there is nothing else to do, and nothing
reaches the outside: pods are simulated, and effects have the answers that the caller gives.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from ruleengine.app.checking import check
from ruleengine.app.clusters import Connected
from ruleengine.app.declaring import Declared, declare
from ruleengine.app.planning import Engagement, engage, plan_now
from ruleengine.app.pod_faults import PodFault, PodFaults
from ruleengine.app.pod_outcomes import PodOutcome, PodOutcomes
from ruleengine.app.pod_turns import PodTurns
from ruleengine.app.simulated_events import SimulatedBus
from ruleengine.app.timeline import Moment, TimeLine, What, family
from ruleengine.app.user_acts import UserAct, find_object, find_target, perform_act
from ruleengine.app.virtual_feed import VirtualFeed
from ruleengine.app.workspace import Workspace, config_repo
from ruleengine.cluster.client import Client
from ruleengine.cluster.retrying import Retrying
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.actions import Target
from ruleengine.model.configuration import Engine
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.findings import Finding, has_errors, order_findings
from ruleengine.model.values import Value
from ruleengine.pipelines import entrypoints
from ruleengine.pipelines.pod_turns import POD_TURN
from ruleengine.reconcile.executor import Execution, perform
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.steps import Told

_SAFE = frozenset({"render", entrypoints.REQUEST})
"""Requests that only look at the repo and its settings: they are performed as ever."""

_FOLLOWED = 1_000_000
"""How many writes a simulation remembers; what is not yet looked at must not be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """How to simulate.

    It begins at ``start``, on the state that ``since`` (a revision) leads to, or on nothing.
    It ends when all acts are done and everything has settled, at ``length`` at the latest;
    not before that with ``whole``. ``outcomes`` are those of pods that would have to run,
    ``answers`` those to requests by their kind.
    """

    start: datetime
    length: timedelta = timedelta(hours=1)
    whole: bool = False
    since: str = ""
    seed: int = 1
    about: str = ""
    acts: tuple[UserAct, ...] = ()
    faults: tuple[PodFault, ...] = ()
    outcomes: tuple[PodOutcome, ...] = ()
    answers: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What would happen, and how it ends: ``bad`` objects stand so that somebody has to look.

    Where nothing was ``settled`` the ``findings`` say why nothing was simulated.
    """

    start: datetime
    seed: int
    moments: tuple[Moment, ...] = ()
    end: timedelta = timedelta()
    settled: Settled | None = None
    bad: tuple[Told, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it came to another end than one wants."""
        if self.settled is None or has_errors(self.findings):
            return True
        return bool(self.settled.failed or self.bad) or not self.at_rest

    @property
    def at_rest(self) -> bool:
        """Whether everything had settled in the end."""
        return self.settled is not None and not self.settled.unsettled


def simulate(directory: Path, asked: Simulated) -> Simulation:
    """Simulate what an apply of a config repo leads to.

    Raises ``UsageError`` where there is no config repo, Argo's controllers would act, or an act
    comes after the end; ``FailedError`` where the object asked about never comes to be.
    """
    for act in asked.acts:
        if act.at > asked.length:
            raise UsageError(f"{str(act)!r} comes after the end", "give it more time with --for")
    findings = check(directory)
    if has_errors(findings):
        return Simulation(start=asked.start, seed=asked.seed, findings=findings)
    workspace = config_repo(directory)
    declared = declare(workspace)
    if declared.configuration.engine is Engine.HANDOVER:
        raise UsageError(
            "Argo's controllers act on this repo: what they do cannot be simulated here",
            "see what is handed over: ruleengine plan",
        )
    with TemporaryDirectory(prefix="ruleengine-") as folder:
        stage = _Stage(workspace, asked, Path(folder))
        with stage.simulated_events():
            if asked.since:
                stage.apply(declare(workspace, asked.since))
                stage.settle(stage.clock.now() + asked.length)
            stage.line.begin()
            stage.apply(declared)
            settled = stage.play()
    simulation = Simulation(
        start=asked.start,
        seed=asked.seed,
        moments=tuple(stage.line.moments),
        end=stage.line.passed,
        settled=settled,
        bad=tuple(Told(target, text) for target, text in sorted(stage.line.bad.items())),
        findings=order_findings((*findings, *stage.findings, *settled.findings)),
    )
    return _about(simulation, stage.find(asked.about)) if asked.about else simulation


def _about(simulation: Simulation, target: Target) -> Simulation:
    """Return what of a simulation is about one object: it, what came of it, what people did."""
    ours, settled = family(simulation.moments, target), simulation.settled
    moments = (one for one in simulation.moments if one.what is What.PERSON or one.target in ours)
    if settled is not None:
        settled = replace(
            settled,
            waiting=tuple(one for one in settled.waiting if one.target in ours),
            unsettled=tuple(one for one in settled.unsettled if one.target in ours),
            failed=tuple(one for one in settled.failed if one.target in ours),
        )
    bad = tuple(one for one in simulation.bad if one.target in ours)
    return replace(simulation, moments=tuple(moments), settled=settled, bad=bad)


class _Stage:
    """A control plane in memory, and the time line of what happens on it."""

    def __init__(self, workspace: Workspace, asked: Simulated, folder: Path) -> None:
        self._workspace = workspace
        self._asked = asked
        self.clock = VirtualClock(asked.start)
        plane = ControlPlane(
            MemoryStore(most_events=_FOLLOWED),
            self.clock,
            randomness=Random(asked.seed),  # noqa: S311 - repeatable names are the point
            patience=0,
            leaves_processes=True,
            strict=True,
        )
        plane.settle()
        self.line = TimeLine(self.clock.now, silent=True)
        self._retrying = Retrying(sleep=plane.advance, jitter=lambda: 1.0)
        self._client = Client(plane, self._retrying)
        self._faults = PodFaults(self._client, asked.faults)
        self._outcomes = PodOutcomes(self._client, self.line, asked.outcomes)
        onlookers = (self._faults, self._outcomes)
        self._feed = VirtualFeed(plane, self.clock, self._client, onlookers)
        self._bus = SimulatedBus(folder, self._client, self.clock.now)
        self._turns = PodTurns(self.clock.now, self._bus.news)
        self._engagement: Engagement | None = None
        self._answered: set[str] = set()
        self.findings: tuple[Finding, ...] = ()

    @contextmanager
    def simulated_events(self) -> Iterator[None]:
        """Keep the bus of the simulation open."""
        try:
            yield
        finally:
            self._bus.close()

    def apply(self, declared: Declared) -> None:
        """Plan and perform what a state of the repo declares; nothing of it is archived."""
        settings = replace(declared.configuration, archive=None)
        declared = replace(declared, configuration=settings)
        cluster = Connected(client=self._client, local=True, name="a simulated cluster")
        engagement = engage(self._workspace, declared, cluster, self._workspace.state_folder)
        plan = plan_now(engagement, self.clock.now(), floor=False)
        self.line.declared()
        execution = Execution(workers=1, progress=self.line.outcome, retrying=self._retrying)
        perform(plan, self._client, engagement.store, execution)
        self._engagement = engagement
        self.findings = plan.findings

    def settle(self, deadline: datetime, *, whole: bool = False) -> Settled:
        """Let the reconcilers act until everything has settled, or a moment has come.

        With ``whole`` not before that moment.
        """
        engagement = self._engagement
        if engagement is None:
            raise AssertionError("nothing was applied yet")
        surroundings = engagement.surroundings
        surroundings = replace(
            surroundings,
            reconcilers=self.line.watch(surroundings.reconcilers),
            performers=self._performers(surroundings.performers),
            standing={**self._bus.performers, POD_TURN: self._turns},
        )
        end = threading.Event()
        self._feed.stop_at(deadline, end)
        settling = Settling(
            now=self.clock.now,
            cancel=end if whole else threading.Event(),
            feed=self._feed,
            news=self._bus.news,
            deadline=None if whole else deadline,
            progress=self.line.outcome,
            retrying=self._retrying,
            seed=self._asked.seed,
            longest_wait=self._asked.length / timedelta(seconds=1),
        )
        settled = settle(surroundings, settling)
        self.line.declared()
        return settled

    def play(self) -> Settled:
        """Let everything happen: the acts at their times, and what follows from them."""
        begin, asked = self.clock.now(), self._asked
        for act in sorted(asked.acts, key=lambda one: one.at):
            self.settle(begin + act.at, whole=True)
            self._act(act)
        settled = self.settle(begin + asked.length, whole=asked.whole)
        for option, names in (("fault", self._faults.idle), ("outcome", self._outcomes.idle)):
            for name in names:
                self.line.person(f"--{option} {name}: no pod was of that name or image")
        for kind in sorted(asked.answers.keys() - self._answered):
            self.line.person(f"--answer {kind}: nothing asked for it")
        return settled

    def find(self, name: str) -> Target:
        """Return the object that is asked about, gone or not. Raises ``FailedError``."""
        told = (one.target for one in self.line.moments if one.target is not None)
        target = find_object(self._client, name) or find_target(self._client, name, told)
        if target is None:
            raise FailedError(
                f"{name} does not come to be in this simulation",
                "leave the name out to see everything that does",
            )
        return target

    def _act(self, act: UserAct) -> None:
        match act.verb:
            case "apply":
                self.line.person(str(act))
                self.apply(declare(self._workspace, act.subject))
            case "event":
                why = self._bus.send(act.subject, act.data or {})
                self.line.person(f"{act}: {why}" if why else str(act))
            case _:
                target, why = perform_act(self._client, act)
                self.line.person(f"{act.verb}: {why}" if why else act.verb, target)

    def _performers(
        self, real: Mapping[str, Callable[[Request], Answer]]
    ) -> Mapping[str, Callable[[Request], Answer]]:
        """Return who answers requests: who only looks at the repo, and the answers given."""
        safe = {kind: one for kind, one in real.items() if kind in _SAFE}
        others = dict.fromkeys(real.keys() - safe.keys(), _unanswered)
        given = {kind: self._given(kind) for kind in self._asked.answers}
        return {**others, **safe, **given}

    def _given(self, kind: str) -> Callable[[Request], Answer]:
        def answer(_: Request) -> Answer:
            self._answered.add(kind)
            return Answer(value=self._asked.answers[kind])

        return answer


def _unanswered(request: Request) -> Answer:
    return Answer(
        error=f"nothing outside is asked in a simulation, and {request.kind} has no answer",
        remedy=f"give one: --answer '{request.kind}=JSON'",
    )
