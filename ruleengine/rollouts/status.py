"""The status of a Rollout in Argo's shape (reference, Rollouts 1.2 and 8).

It says what is, with the times at which that began: deciding again on an unchanged world
gives an equal status, so that nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ruleengine.apimachinery.selectors import label_selector_from_object
from ruleengine.model.problems import Problem
from ruleengine.model.values import Object, lookup
from ruleengine.rollouts.canary import Moment
from ruleengine.rollouts.conditions import (
    ABORTED,
    AVAILABLE,
    COMPLETED,
    HEALTHY,
    INVALID_SPEC,
    PAUSED,
    PROGRESSING,
    SUCCEEDED,
    TIMED_OUT,
    Conditions,
)
from ruleengine.rollouts.replicasets import ReplicaSets
from ruleengine.rollouts.state import State


class Phase(StrEnum):
    """How a rollout is doing, in Argo's words."""

    DEGRADED = "Degraded"
    HEALTHY = "Healthy"
    PAUSED = "Paused"
    PROGRESSING = "Progressing"


_OURS: Final = frozenset(
    {
        *("abort", "abortedAt", "availableReplicas", "collisionCount", "conditions"),
        *("controllerPause", "currentPodHash", "currentStepHash", "currentStepIndex"),
        *("HPAReplicas", "message", "observedGeneration", "pauseConditions", "phase"),
        *("promoteFull", "readyReplicas", "replicas", "selector", "stableRS", "updatedReplicas"),
    }
)
"""The parts of a status that are made anew each time; what others wrote stays."""

_STEADY: Final = ("currentPodHash", "stableRS", "currentStepIndex", "currentStepHash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Pods by what they are: all of them, those of the new version, ready and available ones."""

    replicas: int
    updated: int
    ready: int
    available: int

    @classmethod
    def of(cls, sets: ReplicaSets) -> "Counts":
        """Return the counts of some ReplicaSets."""
        return cls(
            replicas=sum(one.status("replicas") for one in sets.all),
            updated=sets.new.status("replicas") if sets.new is not None else 0,
            ready=sum(one.status("readyReplicas") for one in sets.all),
            available=sum(one.status("availableReplicas") for one in sets.all),
        )

    @property
    def fields(self) -> Object:
        """The fields of a status that hold them; zero is left out."""
        found = {
            "HPAReplicas": self.replicas,
            "availableReplicas": self.available,
            "readyReplicas": self.ready,
            "replicas": self.replicas,
            "updatedReplicas": self.updated,
        }
        return {name: count for name, count in found.items() if count}


def make_status(moment: Moment, state: State) -> Object:
    """Return the whole status of a rollout whose spec is honoured; ``state`` is the one to be."""
    previous = _status(moment.value)
    counts = Counts.of(moment.sets)
    fields = {
        **counts.fields,
        **state.fields,
        "observedGeneration": _generation(moment.value),
        "selector": str(label_selector_from_object(moment.specification.selector)),
    }
    found = Conditions(previous.get("conditions"), moment.now)
    _set_conditions(found, moment, state, counts, _progresses(previous, fields))
    phase, message = _phase(found, moment, state, counts)
    return _whole(previous, {**fields, "conditions": list(found.all), "phase": phase}, message)


def refused_status(value: Object, problems: Sequence[Problem], now: datetime) -> Object:
    """Return the status of a rollout that is left alone because of its spec."""
    previous = _status(value)
    text = problems[0].text
    found = Conditions(previous.get("conditions"), now)
    before = found.get(INVALID_SPEC)
    if before.get("message") != text:
        found.renew(INVALID_SPEC, "True", INVALID_SPEC, text)
    kept = {name: one for name, one in previous.items() if name in _OURS}
    fields = {
        **kept,
        "observedGeneration": _generation(value),
        "conditions": list(found.all),
        "phase": Phase.DEGRADED.value,
    }
    return _whole(previous, fields, f"{INVALID_SPEC}: {text}")


def _whole(previous: Object, fields: Object, message: str) -> Object:
    """Return a status with what others wrote beside our fields."""
    status = {name: one for name, one in previous.items() if name not in _OURS}
    status |= {name: one for name, one in fields.items() if name != "message"}
    return {**status, "message": message} if message else status


def _status(value: Object) -> Object:
    found = value.get("status")
    return found if isinstance(found, dict) else {}


def _generation(value: Object) -> str:
    return str(lookup(value, "metadata", "generation", default=""))


def _progresses(previous: Object, fields: Object) -> bool:
    """Tell whether something moved since the status before (reference, Rollouts 8.2)."""

    def count(status: Object, name: str) -> int:
        found = status.get(name)
        return found if isinstance(found, int) else 0

    def old(status: Object) -> int:
        return count(status, "replicas") - count(status, "updatedReplicas")

    return (
        count(previous, "updatedReplicas") != count(fields, "updatedReplicas")
        or old(fields) < old(previous)
        or count(fields, "readyReplicas") > count(previous, "readyReplicas")
        or count(fields, "availableReplicas") > count(previous, "availableReplicas")
        or any(previous.get(name) != fields.get(name) for name in _STEADY)
    )


def deadline(moment: Moment, status: Object) -> datetime | None:
    """Return until when a release must have moved; ``None`` where no deadline runs."""
    found = Conditions(status.get("conditions"), moment.now)
    if found.get(PROGRESSING).get("reason") in (ABORTED, SUCCEEDED, TIMED_OUT):
        return None
    return found.deadline(moment.specification.deadline)


def _set_conditions(
    found: Conditions, moment: Moment, state: State, counts: Counts, progresses: bool
) -> None:
    bounds = moment.specification.bounds
    found.drop(INVALID_SPEC)
    enough = counts.available >= bounds.least and state.stable != ""
    words = "has" if enough else "does not have"
    message = f"Rollout {words} minimum availability"
    found.set(AVAILABLE, _truth(enough), "AvailableReason", message)
    _set_paused(found, moment, state)
    done = state.is_promoted
    message = "RolloutCompleted" if done else "Rollout is not completed"
    found.set(COMPLETED, _truth(done), "RolloutCompleted", message)
    healthy = _is_healthy(moment, state, counts)
    if healthy or found.get(HEALTHY):
        message = "Rollout is healthy" if healthy else "Rollout is not healthy"
        found.set(HEALTHY, _truth(healthy), "RolloutHealthy", message)
    _set_progressing(found, moment, state, healthy=healthy, progresses=progresses)


def _truth(value: bool) -> str:
    return "True" if value else "False"


def _set_paused(found: Conditions, moment: Moment, state: State) -> None:
    paused = bool(state.pauses) or moment.specification.paused
    if paused or found.get(PAUSED):
        message = "Rollout is paused" if paused else "Rollout is not paused"
        found.set(PAUSED, _truth(paused), "RolloutPaused", message)


def _set_progressing(
    found: Conditions, moment: Moment, state: State, *, healthy: bool, progresses: bool
) -> None:
    new = moment.sets.new
    name = f'ReplicaSet "{new.name}"' if new is not None else "The new ReplicaSet"
    reason = str(found.get(PROGRESSING).get("reason", ""))
    if state.abort:
        message = f"Rollout aborted update to revision {moment.sets.revision}"
        found.set(PROGRESSING, "False", ABORTED, message)
    elif state.pauses or moment.specification.paused:
        found.set(PROGRESSING, "Unknown", "RolloutPaused", "Rollout is paused")
    elif healthy:
        found.set(PROGRESSING, "True", SUCCEEDED, f"{name} has successfully progressed.")
    elif reason == "RolloutPaused":
        found.set(PROGRESSING, "Unknown", "RolloutResumed", "Rollout is resumed")
    elif reason == ABORTED and moment.state == state:
        found.set(PROGRESSING, "Unknown", "RolloutRetry", "Retrying Rollout after abort")
    elif progresses or not reason or reason == ABORTED:
        found.renew(PROGRESSING, "True", "ReplicaSetUpdated", f"{name} is progressing.")
    elif _is_late(found, moment, reason):
        found.set(PROGRESSING, "False", TIMED_OUT, f"{name} has timed out progressing.")


def _is_late(found: Conditions, moment: Moment, reason: str) -> bool:
    """Tell whether a release has been without progress for too long."""
    due = found.deadline(moment.specification.deadline)
    return reason != SUCCEEDED and due is not None and moment.now > due


def _is_healthy(moment: Moment, state: State, counts: Counts) -> bool:
    replicas = moment.specification.replicas
    return (
        state.is_promoted
        and counts.updated == replicas
        and counts.available == replicas
        and counts.replicas == replicas
    )


def _phase(found: Conditions, moment: Moment, state: State, counts: Counts) -> tuple[str, str]:
    """Return phase and message: the first that fits (reference, Rollouts 8.3)."""
    progressing = found.get(PROGRESSING)
    if progressing.get("reason") in (ABORTED, TIMED_OUT):
        message = f"{progressing['reason']}: {progressing['message']}"
        return Phase.DEGRADED.value, message
    if moment.specification.paused:
        return Phase.PAUSED.value, "manually paused"
    if state.pauses:
        return Phase.PAUSED.value, str(state.pauses[0].get("reason", ""))
    waiting = _awaited(moment, state, counts)
    return (Phase.PROGRESSING if waiting else Phase.HEALTHY).value, waiting


def _awaited(moment: Moment, state: State, counts: Counts) -> str:
    new = moment.sets.new
    available = new.count.available if new is not None else 0
    if counts.updated < moment.specification.replicas:
        return "more replicas need to be updated"
    if available < counts.updated:
        return "updated replicas are still becoming available"
    if counts.replicas > counts.updated:
        return "old replicas are pending termination"
    if not state.is_promoted:
        return "waiting for all steps to complete"
    return ""
