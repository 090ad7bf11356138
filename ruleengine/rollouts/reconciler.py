"""The reconciler of Argo's Rollout: one observation in, one decision out.

``decide`` is pure, and each decision moves one thing: it creates the ReplicaSet of a new
template, scales towards the weight of the step, or takes the state a step further. What it
must remember stands in the status.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.names import ARGO_API_VERSION, ROLLOUTS_MANAGER
from ruleengine.model.problems import Problem
from ruleengine.model.values import Object, lookup
from ruleengine.rollouts.canary import (
    Moment,
    advanced,
    numbered,
    pause_end,
    restarted,
    scaling,
)
from ruleengine.rollouts.replicasets import (
    REVISION,
    ReplicaSet,
    as_it_is,
    creation,
    declaration,
    observe,
)
from ruleengine.rollouts.specification import Specification, read_specification
from ruleengine.rollouts.state import State
from ruleengine.rollouts.status import Phase, deadline, make_status, refused_status


class RolloutReconciler:
    """Decides for Rollouts with a canary strategy that splits by counts of pods."""

    area = "rollouts"
    api_version = ARGO_API_VERSION
    kind = "Rollout"
    manager = ROLLOUTS_MANAGER

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what to do about one rollout; ``memo`` is not needed."""
        del memo
        if lookup(value, "metadata", "deletionTimestamp"):
            return Decision()
        reading = read_specification(value)
        if reading.specification is None:
            return _refused(value, reading.problems, now)
        moment = _observed(value, reading.specification, world, now)
        if moment.sets.new is None:
            return _create(moment, world)
        if moment.is_changed:
            return _restart(moment, moment.sets.new)
        return _go_on(moment)


def _observed(value: Object, specification: Specification, world: World, now: datetime) -> Moment:
    status = value.get("status")
    state = State.of(status if isinstance(status, dict) else {})
    return Moment(
        value=value,
        specification=specification,
        sets=observe(value, specification, state.stable, world),
        state=state,
        now=now,
    )


def _refused(value: Object, problems: tuple[Problem, ...], now: datetime) -> Decision:
    """Return the decision that leaves a rollout alone and says why."""
    message = problems[0].text
    return Decision(
        status=refused_status(value, problems, now), next=Next(stop=Stop.FOR, message=message)
    )


def _create(moment: Moment, world: World) -> Decision:
    """Return the decision that creates the ReplicaSet of a template that is new."""
    action = creation(moment.value, moment.specification, moment.sets.revision)
    taken = world.get(action.target)
    state = restarted(moment)
    if taken is None:
        wait = Next(stop=Stop.ON, targets=(action.target,), message="waiting for its ReplicaSet")
        actions = (action, *_revision(moment))
        return Decision(actions=actions, status=make_status(moment, state), next=wait)
    if lookup(taken, "metadata", "deletionTimestamp"):
        message = f"waiting for {action.target} to be gone"
        wait = Next(stop=Stop.ON, targets=(action.target,), message=message)
        return Decision(status=make_status(moment, state), next=wait)
    state = replace(moment.state, collisions=(moment.state.collisions or 0) + 1)
    return Decision(status=make_status(moment, state), next=_at_once(moment))


def _restart(moment: Moment, new: ReplicaSet) -> Decision:
    """Return the decision that begins a release; the new state is on record before it acts."""
    raised = declaration(new, numbered(moment, new, as_it_is(new)))
    actions = (*((raised,) if raised else ()), *_revision(moment))
    return Decision(
        actions=actions,
        status=make_status(moment, restarted(moment)),
        next=_at_once(moment),
    )


def _go_on(moment: Moment) -> Decision:
    """Return the next decision of a release under way, or of a rollout at rest."""
    scaled = () if moment.specification.paused else scaling(moment)
    state = advanced(moment, at_rest=not scaled)
    status = make_status(moment, state)
    actions = (*scaled, *_revision(moment), *_forgotten(moment))
    following = _following(replace(moment, state=state), status)
    if state != moment.state:
        following = _at_once(moment) if following.stop is Stop.ON else following
    return Decision(actions=actions, status=status, next=following)


def _at_once(moment: Moment) -> Next:
    """Ask to decide again right away: the status has to be written first."""
    return Next(stop=Stop.AT, time=moment.now)


def _revision(moment: Moment) -> tuple[Action, ...]:
    """Return the action that notes the revision on the rollout; none where it stands there."""
    new = moment.sets.new
    revision = str(max(moment.sets.revision, new.revision if new is not None else 0))
    if lookup(moment.value, "metadata", "annotations", REVISION) == revision:
        return ()
    return (
        Action(
            verb=Verb.PATCH,
            target=Target.of(moment.value),
            manager=ROLLOUTS_MANAGER,
            object={"metadata": {"annotations": {REVISION: revision}}},
            reason=f"revision {revision}",
        ),
    )


def _forgotten(moment: Moment) -> Iterable[Action]:
    """Return the deletion of ReplicaSets beyond the history limit, the oldest first."""
    old = sorted(moment.sets.others, key=lambda one: one.created)
    for one in old[: max(len(old) - moment.specification.history, 0)]:
        if one.is_observed and not one.spec and not one.status("replicas"):
            yield Action(
                verb=Verb.DELETE,
                target=one.target,
                manager=ROLLOUTS_MANAGER,
                uid=str(lookup(one.object, "metadata", "uid", default="")),
                reason=f"beyond revisionHistoryLimit {moment.specification.history}",
            )


def _following(moment: Moment, status: Object) -> Next:
    """Return why a rollout stops, and what wakes it."""
    phase, message = status["phase"], str(status.get("message", ""))
    state, steps = moment.state, len(moment.specification.steps)
    targets = tuple(one.target for one in moment.sets.all)
    if moment.specification.paused:
        return Next(stop=Stop.FOR, message="spec.paused is set; set it back to go on")
    if state.pauses:
        end = pause_end(moment)
        where = f"paused at step {(state.index or 0) + 1} of {steps}"
        if end is not None:
            return Next(stop=Stop.AT, time=end, message=where)
        return Next(stop=Stop.FOR, message=f"{where}; promote it or abort it")
    if phase == Phase.DEGRADED and not _is_moving(moment):
        remedy = (
            "retry it, or go back to the stable template" if state.abort else "look at its pods"
        )
        return Next(stop=Stop.FOR, message=f"{message}; {remedy}")
    if phase == Phase.HEALTHY:
        return DONE
    time = deadline(moment, status)
    return Next(stop=Stop.ON, targets=targets, time=time, message=message)


def _is_moving(moment: Moment) -> bool:
    """Tell whether some ReplicaSet has other counts than it is to have."""
    return any(
        not one.is_observed or one.status("replicas") != one.spec or one.count.available < one.spec
        for one in moment.sets.all
        if moment.state.abort
    )
