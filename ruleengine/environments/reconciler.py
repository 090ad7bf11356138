"""The reconciler of Argo CD's Application: one observation in, one decision out.

``decide`` is pure. It observes, goes on with the running sync or starts one where it should,
and writes down what it saw. Everything it must remember stands in the status.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from ruleengine.apimachinery.kinds import KindTable, argo_kinds
from ruleengine.environments.annotations import annotations
from ruleengine.environments.automation import Verdict, decide_automation, refuse_prune
from ruleengine.environments.comparison import Comparison, Merge, SyncStatus
from ruleengine.environments.deletion import approved_since, decide_deletion
from ruleengine.environments.health import HealthStatus
from ruleengine.environments.merging import make_merge
from ruleengine.environments.observing import (
    Observation,
    Surroundings,
    observe,
    tracked_objects,
)
from ruleengine.environments.operations import (
    OperationPhase,
    OperationState,
    begin,
    fail,
    finish,
    read_moment,
    retry_time,
    supersede,
    try_again,
)
from ruleengine.environments.problems import SHARED, Problem
from ruleengine.environments.specification import (
    Retry,
    Specification,
    operation_retry,
    read_specification,
)
from ruleengine.environments.status import View, make_status, unhealthy
from ruleengine.environments.synchronising import Step, Sync, step
from ruleengine.environments.tasks import make_tasks
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.configuration import Engine
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.names import (
    ARGO_API_VERSION,
    ARGO_SKIP,
    CONTROL_NAMESPACE,
    ENGINE,
    ENVIRONMENTS_MANAGER,
    PAUSED,
)
from ruleengine.model.values import Object, lookup

_AWAITED = (HealthStatus.PROGRESSING, HealthStatus.MISSING, HealthStatus.UNKNOWN)
_UNSUPPORTED_REQUESTS = ("manifests", "sources", "revisions")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """One observation of one application, and when it was made."""

    value: Object
    specification: Specification
    world: World
    now: datetime
    seen: Observation
    before: OperationState | None

    @property
    def target(self) -> Target:
        """The application itself."""
        return Target.of(self.value)

    @property
    def at_once(self) -> Next:
        """Ask to decide again right away: the status has to be written first."""
        return Next(stop=Stop.AT, time=self.now)


class ApplicationReconciler:
    """Decides for Applications whose source is a plain directory of a Git repository."""

    area = "environments"
    api_version = ARGO_API_VERSION
    kind = "Application"
    manager = ENVIRONMENTS_MANAGER

    def __init__(
        self,
        kinds: KindTable | None = None,
        merge: Merge | None = None,
        control_namespace: str = CONTROL_NAMESPACE,
        repository: str = "",
    ) -> None:
        self._surroundings = Surroundings(
            kinds=kinds or KindTable.built_in().with_kinds(argo_kinds()),
            merge=merge or make_merge(),
            control_namespace=control_namespace,
            repository=repository,
        )

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what to do about one application; ``memo`` is not needed."""
        del memo
        specification = read_specification(value)
        if lookup(value, "metadata", "deletionTimestamp"):
            tracked = tracked_objects(specification, world, self._surroundings)
            return decide_deletion(value, specification, tracked)
        paused = _paused_by(value)
        if paused:
            message = f"the annotation {paused} pauses it"
            return Decision(next=Next(stop=Stop.FOR, message=message))
        source = specification.source
        seen = observe(specification, world, self._surroundings, source, "")
        if seen.missing is not None:
            message = "waiting for its source to be rendered"
            return Decision(requests=(seen.missing,), next=Next(stop=Stop.ON, message=message))
        before = OperationState.of(_status(value))
        moment = _Moment(
            value=value,
            specification=specification,
            world=world,
            now=now,
            seen=seen,
            before=before,
        )
        if before is not None and before.running:
            return self._go_on(moment, before)
        requested = value.get("operation")
        if isinstance(requested, dict) and requested:
            return self._begin_requested(moment, requested)
        return self._decide_automation(moment)

    def _decide_automation(self, moment: _Moment) -> Decision:
        """Return the decision for an application with no sync under way."""
        comparison = moment.seen.comparison
        if comparison is None or moment.seen.blocked:
            return _rest(moment, Verdict(), _explain(moment.seen.problems))
        verdict = decide_automation(
            comparison, moment.specification, moment.seen.revision, moment.before, moment.now
        )
        if verdict.operation is None:
            return _rest(moment, verdict, verdict.human)
        state = begin(
            verdict.operation, moment.seen.revision, moment.specification.source, moment.now
        )
        return _decision(moment, state, following=moment.at_once)  # on record before it acts

    def _begin_requested(self, moment: _Moment, requested: Object) -> Decision:
        """Return the decision that writes down a sync that a human asked for."""
        revision = str(lookup(requested, "sync", "revision", default=""))
        source = lookup(requested, "sync", "source")
        source = source if isinstance(source, dict) else moment.specification.source
        state = begin(requested, revision, source, moment.now)
        return _decision(moment, state, following=moment.at_once)

    def _go_on(self, moment: _Moment, state: OperationState) -> Decision:
        """Return the next decision of a sync under way."""
        if moment.value.get("operation"):
            clear = _clear_request(moment)
            return _decision(moment, state, actions=(clear,), following=moment.at_once)
        retry = operation_retry(state.operation, moment.specification)
        if state.waits_for_retry:
            if _outdated(moment, state):
                given_up = supersede(state, moment.seen.revision, moment.now)
                return _decision(moment, given_up, following=moment.at_once)
            again = retry_time(state, retry)
            if moment.now < again:
                following = Next(stop=Stop.AT, time=again, message=state.message)
                return _decision(moment, state, following=following)
            state = _refreshed(try_again(state), retry)
        wanted = self._observe_operation(moment, state)
        if wanted.missing is not None:
            message = "waiting for the source of its sync to be rendered"
            following = Next(stop=Stop.ON, message=message)
            return Decision(requests=(wanted.missing,), next=following)
        return self._advance(moment, state, wanted)

    def _observe_operation(self, moment: _Moment, state: OperationState) -> Observation:
        """Return what the sync under way is to bring about: the revision it is pinned to."""
        pinned = str(state.sync.get("revision") or "")
        same_source = state.source == moment.specification.source
        current = not pinned or pinned == moment.seen.revision or _is_uncommitted(pinned)
        if same_source and current:
            return moment.seen
        return observe(moment.specification, moment.world, self._surroundings, state.source, pinned)

    def _advance(self, moment: _Moment, state: OperationState, wanted: Observation) -> Decision:
        """Return the decision that moves a sync by one step."""
        retry = operation_retry(state.operation, moment.specification)
        state = replace(state, revision=wanted.revision or state.revision)
        obstacle = _obstacle(state, wanted, moment.specification)
        if obstacle or wanted.comparison is None:
            reason = obstacle or _explain(wanted.problems)
            failed = fail(state, OperationPhase.ERROR, reason, retry, moment.now)
            return _decision(moment, failed, following=_after(moment, failed, retry))
        if state.sync.get("dryRun"):
            message = f"dry run: {len(wanted.comparison.out_of_sync)} resources would change"
            done = finish(state, OperationPhase.SUCCEEDED, message, moment.now)
            return _decision(moment, done, following=_after(moment, done, retry))
        following = self._step(moment, state, wanted.comparison, retry)
        return _decision(
            moment,
            following.state,
            actions=following.actions,
            following=_following(moment, following, retry),
        )

    def _step(
        self, moment: _Moment, state: OperationState, comparison: Comparison, retry: Retry
    ) -> Step:
        approved = approved_since(moment.value, read_moment(state.started_at))
        tasks = [
            replace(one, refusal=moment.world.refusal(one.target))
            for one in make_tasks(
                comparison, moment.specification, state, moment.world.get, approved=approved
            )
        ]
        sync = Sync(specification=moment.specification, retry=retry, now=moment.now)
        return step(state, tasks, sync)


def _status(value: Object) -> Object:
    """Return the status that an application has so far."""
    found = value.get("status")
    return found if isinstance(found, dict) else {}


def _paused_by(value: Object) -> str:
    """Return the annotation that pauses an application, or an empty text.

    On one of ours Argo CD's annotation keeps Argo CD away, and says nothing to us.
    """
    found = annotations(value)
    if found.get(PAUSED) == "true":
        return PAUSED
    ours = lookup(value, "metadata", "labels", ENGINE) == Engine.NATIVE
    return ARGO_SKIP if found.get(ARGO_SKIP) == "true" and not ours else ""


def _obstacle(state: OperationState, wanted: Observation, specification: Specification) -> str:
    """Return why a sync cannot go on at all, or an empty text."""
    if state.phase == OperationPhase.TERMINATING:
        return ""
    if wanted.blocked:
        return _explain(wanted.problems)
    for name in _UNSUPPORTED_REQUESTS:
        if state.sync.get(name):
            return (
                f"operation.sync.{name} comes with a later release [environment-field-unsupported]"
            )
    refusal = _refuse_prune(state, wanted, specification)
    if refusal:
        return refusal
    shared = [one for one in wanted.problems if one.type == SHARED]
    if shared and "FailOnSharedResource=true" in specification.options:
        return shared[0].text
    return ""


def _refuse_prune(state: OperationState, wanted: Observation, specification: Specification) -> str:
    """Return why an automated sync must not prune: its source may have changed under way."""
    if not state.automated or specification.automated is None or wanted.comparison is None:
        return ""
    problem = refuse_prune(wanted.comparison, specification.automated)
    return problem.text if problem else ""


def _refreshed(state: OperationState, retry: Retry) -> OperationState:
    """Return a retried sync, without its pinned revision where the policy says so."""
    if not retry.refresh:
        return state
    sync = {name: one for name, one in state.sync.items() if name != "revision"}
    return replace(state, operation={**state.operation, "sync": sync})


def _outdated(moment: _Moment, state: OperationState) -> bool:
    """Tell whether an automated sync that failed is no longer what is desired.

    A sync by hand keeps the revision that its human asked for.
    """
    current = moment.seen.revision
    other = state.revision != current or state.source != moment.specification.source
    return state.automated and bool(current) and other


def _is_uncommitted(revision: str) -> bool:
    """Tell whether a revision was made up for files without a commit: only they are there."""
    return "-dirty-" in revision or revision.startswith("uncommitted-")


def _decision(
    moment: _Moment,
    state: OperationState | None,
    *,
    actions: tuple[Action, ...] = (),
    following: Next = DONE,
    problems: tuple[Problem, ...] = (),
) -> Decision:
    """Return a decision with the status that belongs to it."""
    return Decision(
        actions=actions, status=make_status(_view(moment, state, problems)), next=following
    )


def _view(
    moment: _Moment, state: OperationState | None, problems: tuple[Problem, ...] = ()
) -> View:
    comparison = moment.seen.comparison
    return View(
        specification=moment.specification,
        previous=_status(moment.value),
        now=moment.now,
        status=comparison.status if comparison else SyncStatus.UNKNOWN,
        revision=moment.seen.revision,
        source_type=moment.seen.source_type,
        resources=comparison.resources if comparison else (),
        problems=(*moment.seen.problems, *problems),
        operation=state,
    )


def _rest(moment: _Moment, verdict: Verdict, human: str) -> Decision:
    """Return the decision for an application in which nothing is to be done now."""
    problems = (verdict.problem,) if verdict.problem else ()
    following = _resting(moment, human)
    if verdict.at is not None:
        following = Next(stop=Stop.AT, time=verdict.at, message="the next self-heal")
    return _decision(moment, moment.before, following=following, problems=problems)


def _resting(moment: _Moment, human: str) -> Next:
    """Return why an application rests: done, waiting for health, or for a human."""
    if human:
        return Next(stop=Stop.FOR, message=human)
    ill = unhealthy(_view(moment, None))
    awaited = tuple(one.target for one, verdict in ill if verdict.status in _AWAITED)
    if awaited:
        return Next(stop=Stop.ON, targets=awaited, message="waiting for its resources' health")
    if ill:
        one, verdict = ill[0]
        message = f"{one.target} is {verdict.status}: {verdict.message}"
        return Next(stop=Stop.FOR, message=message)
    return DONE


def _following(moment: _Moment, one: Step, retry: Retry) -> Next:
    """Return what a sync waits for after a step."""
    if one.human:
        return Next(stop=Stop.FOR, message=one.human)
    if not one.state.running or one.state.waits_for_retry:
        return _after(moment, one.state, retry)
    return Next(stop=Stop.ON, targets=one.waiting, message=one.state.message)


def _after(moment: _Moment, state: OperationState, retry: Retry) -> Next:
    """Return what follows the end of a sync, or of one try."""
    if state.waits_for_retry:
        return Next(stop=Stop.AT, time=retry_time(state, retry), message=state.message)
    return moment.at_once


def _clear_request(moment: _Moment) -> Action:
    """Return the action that takes the request away once its sync is written down."""
    return Action(
        verb=Verb.PATCH,
        target=moment.target,
        manager=ENVIRONMENTS_MANAGER,
        object={"operation": None},
        reason="the requested sync has started",
    )


def _explain(problems: tuple[Problem, ...]) -> str:
    """Return the first thing that blocks a sync."""
    return next((one.text for one in problems if one.blocks), "its state is unknown")
