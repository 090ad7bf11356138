"""The step machine of a canary without traffic routing (reference, Rollouts 4 and 5).

One pass moves one thing: the ReplicaSets towards the weight of the step, or the state by
one step. Both are functions of what was observed, so any pass may be lost.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ruleengine.model.actions import Action
from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from ruleengine.rollouts.arithmetic import (
    WHOLE,
    Count,
    Split,
    approximate,
    drain,
    is_reached,
    next_split,
)
from ruleengine.rollouts.replicasets import (
    ReplicaSet,
    ReplicaSets,
    Wanted,
    as_it_is,
    declaration,
)
from ruleengine.rollouts.specification import Specification, Step
from ruleengine.rollouts.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One observation of one rollout: its object, what it asks for, what there is, and when."""

    value: Object
    specification: Specification
    sets: ReplicaSets
    state: State
    now: datetime

    @property
    def pod_hash(self) -> str:
        """The hash of the pod template that is asked for."""
        new = self.sets.new
        return new.hash if new is not None else self.specification.template_hash

    @property
    def is_changed(self) -> bool:
        """Whether another template or other steps are asked for than the state speaks of."""
        state = self.state
        return (state.current, state.step_hash) != (self.pod_hash, self.specification.step_hash)

    @property
    def step(self) -> Step | None:
        """The step that the rollout is in."""
        index, steps = self.state.index, self.specification.steps
        return steps[index] if index is not None and index < len(steps) else None


def restarted(moment: Moment) -> State:
    """Return the state at the begin of a release; going back to the stable one skips the steps."""
    steps = len(moment.specification.steps)
    is_back = moment.pod_hash == moment.state.stable
    return State(
        current=moment.pod_hash,
        stable=moment.state.stable,
        step_hash=moment.specification.step_hash,
        index=(steps if is_back else 0) if steps else None,
        collisions=moment.state.collisions,
    )


def weight(moment: Moment) -> int:
    """Return the share of the new version that the ReplicaSets are scaled to."""
    state = moment.state
    if state.promote_full or not state.stable or state.is_promoted:
        return WHOLE
    if state.abort:
        return 0
    if moment.step is None:
        return WHOLE
    passed = moment.specification.steps[: (state.index or 0) + 1]
    return next((one.weight for one in reversed(passed) if one.weight is not None), 0)


def _desired(moment: Moment) -> Split:
    """Return the counts that the weight stands for."""
    bounds = moment.specification.bounds
    if moment.sets.distinct_stable is None:
        return Split(new=bounds.replicas, stable=0)
    return approximate(weight(moment), bounds)


def scaling(moment: Moment) -> tuple[Action, ...]:
    """Return what to write on the ReplicaSets in this pass; nothing where all are as wanted.

    The stable one comes first, then the new one, then the others: each only when there was
    nothing to write before it.
    """
    sets, bounds = moment.sets, moment.specification.bounds
    split = next_split(
        _desired(moment),
        bounds,
        _count(sets.new),
        _count(sets.distinct_stable),
        [one.count for one in sets.others],
    )
    stable = sets.distinct_stable
    for one, replicas in ((stable, split.stable), (sets.new, split.new)):
        action = _declared(moment, one, replicas) if one is not None else None
        if action is not None:
            return (action,)
    kept = [one.count for one in (stable, sets.new) if one is not None]
    pods = drain([one.count for one in sets.others], kept, bounds)
    found = (
        declaration(one, replace(as_it_is(one), replicas=count))
        for one, count in zip(sets.others, pods, strict=True)
    )
    return tuple(one for one in found if one is not None)


def _count(one: ReplicaSet | None) -> Count | None:
    return one.count if one is not None else None


def _declared(moment: Moment, one: ReplicaSet, replicas: int) -> Action | None:
    """Return what brings the new or the stable ReplicaSet to a count, and to its revision."""
    wanted = replace(as_it_is(one), replicas=replicas, desired=moment.specification.replicas)
    if one == moment.sets.new:
        wanted = numbered(moment, one, wanted)
    return declaration(one, wanted)


def numbered(moment: Moment, one: ReplicaSet, wanted: Wanted) -> Wanted:
    """Return what is wanted of the new ReplicaSet with its revision, which only rises."""
    wanted = replace(wanted, min_ready=moment.specification.min_ready)
    revision = moment.sets.revision
    if one.revision >= revision:
        return wanted
    history = ",".join(part for part in (wanted.history, str(one.revision or "")) if part)
    return replace(wanted, revision=revision, history=history)


def advanced(moment: Moment, *, at_rest: bool) -> State:
    """Return the state after this pass: promoted, aborted, a step further, or paused.

    ``at_rest`` says that nothing had to be scaled in this pass: only then does a pause begin.
    """
    state, steps = moment.state, moment.specification.steps
    count = len(steps) if steps else None
    if state.is_promoted and state.abort:
        state = replace(state, abort=False)
    if state.promote_full:
        state = replace(state.without_pauses(), abort=False, index=count)
    moment = replace(
        moment, state=replace(state, aborted_at=state.aborted_at if state.abort else "")
    )
    state = moment.state
    if promotion(moment):
        return replace(
            state.without_pauses(),
            abort=False,
            aborted_at="",
            promote_full=False,
            index=count,
            stable=state.current,
        )
    if state.abort:
        since = state.aborted_at or format_time(moment.now)
        return replace(state.without_pauses(), index=0 if steps else None, aborted_at=since)
    if moment.step is not None and is_complete(moment, moment.step):
        return replace(state.without_pauses(), index=(state.index or 0) + 1)
    if at_rest and _begins_pause(moment):
        return state.paused(moment.now)
    return replace(state, controller_pause=bool(state.pauses))


def promotion(moment: Moment) -> str:
    """Return why the new version becomes the stable one now, or an empty text."""
    state, new = moment.state, moment.sets.new
    if moment.sets.stable is None:
        return "Initial deploy"
    if state.abort or new is None:
        return ""
    replicas, threshold = moment.specification.replicas, moment.specification.threshold
    enough = new.count.available >= replicas
    if not enough and not (threshold and threshold.is_met(new.count.available, replicas)):
        return ""
    if state.promote_full:
        return "Full promotion requested"
    if state.is_promoted:
        return "Fast rollback"
    return "Completed all canary steps" if moment.step is None else ""


def is_complete(moment: Moment, step: Step) -> bool:
    """Tell whether a step is over."""
    if moment.specification.paused:
        return False
    state = moment.state
    if not step.pause:
        return _is_at_desired(moment)
    since = state.paused_since()
    if since is None:
        return state.controller_pause
    return step.duration is not None and moment.now > since + step.duration


def _is_at_desired(moment: Moment) -> bool:
    """Tell whether the ReplicaSets are where the step wants them (reference, 4.6)."""
    sets, desired = moment.sets, _desired(moment)
    if sets.new is None or not sets.new.is_observed:
        return False
    if not is_reached(sets.new.count, desired.new, moment.specification.threshold):
        return False
    stable = sets.distinct_stable
    if stable is not None and (
        stable.spec != desired.stable or stable.status("replicas") != desired.stable
    ):
        return False
    return not any(one.count.available for one in sets.others)


def _begins_pause(moment: Moment) -> bool:
    step, state = moment.step, moment.state
    return (
        step is not None
        and step.pause
        and not moment.specification.paused
        and state.paused_since() is None
        and not state.controller_pause
    )


def pause_end(moment: Moment) -> datetime | None:
    """Return when the pause of a step is over; ``None`` where it waits for a human.

    A pause begins on a whole second, so one second more makes it no shorter than asked.
    """
    since, step = moment.state.paused_since(), moment.step
    if since is None or step is None or step.duration is None:
        return None
    return since + step.duration + timedelta(seconds=1)
