"""Schedules as they must not be kept; the simulation has to find each mistake."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Decision, Reconciler, World
from ruleengine.model.names import CONSIDERED
from ruleengine.model.values import Object
from ruleengine.pipelines.cron_reconciler import CronWorkflowReconciler
from tests.simulation.scenarios.schedules import Schedules

Decide = Callable[[Object, World, datetime], Decision]


@dataclass(frozen=True)
class Broken(Schedules):
    """Schedules whose every decision is taken by somebody else."""

    by: Decide

    def scheduler(self) -> Reconciler:
        """Return the broken reconciler."""
        return _By(self.by)


class _By(CronWorkflowReconciler):
    def __init__(self, by: Decide) -> None:
        self._by = by

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what the other one decides."""
        del memo
        return self._by(value, world, now)


def _sound(value: Object, world: World, now: datetime) -> Decision:
    return CronWorkflowReconciler().decide(value, world, now, None)


def forgets_the_last_time(value: Object, world: World, now: datetime) -> Decision:
    """Keep no account of what has been run or was passed over."""
    status = {key: one for key, one in (value.get("status") or {}).items() if "last" not in key}
    annotations = {
        key: one
        for key, one in value["metadata"].get("annotations", {}).items()
        if key != CONSIDERED
    }
    metadata = {**value["metadata"], "annotations": annotations}
    return _sound({**value, "metadata": metadata, "status": status}, world, now)


def names_at_random(value: Object, world: World, now: datetime) -> Decision:
    """Let the moment of the decision into the names of runs."""
    return _changed(_sound(value, world, now), lambda one: _renamed(one, now))


def looks_at_nobody(value: Object, world: World, now: datetime) -> Decision:
    """Run whatever else is on its way."""
    return _without_policy("Forbid", value, world, now)


def replaces_everywhere(value: Object, world: World, now: datetime) -> Decision:
    """End what is on its way whatever the policy says."""
    spec = {**value["spec"], "concurrencyPolicy": "Replace"}
    return _sound({**value, "spec": spec}, world, now)


def ends_nobody(value: Object, world: World, now: datetime) -> Decision:
    """Replace a run, and let it go on."""
    return _without_policy("Replace", value, world, now)


def makes_up_for_nothing(value: Object, world: World, now: datetime) -> Decision:
    """Take no account of the deadline."""
    spec = {key: one for key, one in value["spec"].items() if key != "startingDeadlineSeconds"}
    return _sound({**value, "spec": spec}, world, now)


def makes_up_for_everything(value: Object, world: World, now: datetime) -> Decision:
    """Run times that were missed too long ago."""
    spec = {**value["spec"], "startingDeadlineSeconds": 7200}
    return _sound({**value, "spec": spec}, world, now)


def is_early(value: Object, world: World, now: datetime) -> Decision:
    """Look at a clock that is fast."""
    return _sound(value, world, now + timedelta(seconds=30))


def goes_on_when_stopped(value: Object, world: World, now: datetime) -> Decision:
    """Say that it has stopped, and go on."""
    decision = _sound(value, world, now)
    spec = {key: one for key, one in value["spec"].items() if key != "stopStrategy"}
    return replace(_sound({**value, "spec": spec}, world, now), status=decision.status)


def forgets_whom_it_deletes(value: Object, world: World, now: datetime) -> Decision:
    """Delete runs before the status counts them."""
    return _changed(_sound(value, world, now), lambda one: replace(one, late=False))


def _without_policy(policy: str, value: Object, world: World, now: datetime) -> Decision:
    kept = {key: one for key, one in value["spec"].items() if one != policy}
    return _sound({**value, "spec": kept}, world, now)


def _changed(decision: Decision, change: Callable[[Action], Action]) -> Decision:
    return replace(decision, actions=tuple(map(change, decision.actions)))


def _renamed(action: Action, now: datetime) -> Action:
    if action.verb is not Verb.CREATE:
        return action
    name = f"{action.target.name}-{Random(now.timestamp()).randrange(10**6)}"
    value: dict[str, Any] = dict(action.object or {})
    value["metadata"] = {**value["metadata"], "name": name}
    return replace(action, target=Target.of(value), object=value)


PROBLEMS: dict[Decide, str] = {
    forgets_the_last_time: "ran twice",
    names_at_random: "ran twice",
    looks_at_nobody: "began beside another run",
    replaces_everywhere: "though nothing replaces it",
    ends_nobody: "goes on, though it was replaced",
    goes_on_when_stopped: "began after its schedule stopped",
    is_early: "before its time",
    makes_up_for_everything: "which is too late",
    makes_up_for_nothing: "waiting for CronWorkflow/pipelines/late",
    forgets_whom_it_deletes: "counted",
}
"""The mistakes, and the words that tell each."""
