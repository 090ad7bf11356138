"""The actions that a task of a sync stands for (the reference, Argo CD section 3.6)."""

from ruleengine.environments.ignoring import with_ignored_of
from ruleengine.environments.specification import Specification
from ruleengine.environments.tasks import Task
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.names import ENVIRONMENTS_MANAGER
from ruleengine.model.values import Object, lookup

_POLICY = "PrunePropagationPolicy="
_PROPAGATIONS = ("foreground", "background", "orphan")


def write(task: Task, specification: Specification, reason: str) -> Action:
    """Return the action that makes the object of a task what it should be.

    Everything is applied by the server; ``Replace=true`` writes the whole object instead.
    """
    assert task.desired is not None  # noqa: S101 - prunes are deleted, not written
    value = task.desired.object
    if "RespectIgnoreDifferences=true" in specification.options and task.live is not None:
        value = with_ignored_of(task.live, value, specification.ignore_differences)
    verb = Verb.APPLY
    if "Replace=true" in task.options:
        verb = Verb.CREATE if task.live is None else Verb.REPLACE
    return Action(
        verb=verb,
        target=task.target,
        manager=ENVIRONMENTS_MANAGER,
        object=value,
        origin=task.desired.origin,
        wave=task.wave,
        reason=reason,
    )


def delete(target: Target, live: Object, reason: str, propagation: str, wave: int = 0) -> Action:
    """Return the action that deletes exactly the object that was seen."""
    return Action(
        verb=Verb.DELETE,
        target=target,
        manager=ENVIRONMENTS_MANAGER,
        uid=str(lookup(live, "metadata", "uid", default="")),
        wave=wave,
        propagation=propagation,
        reason=reason,
    )


def prune(task: Task, specification: Specification, reason: str) -> Action:
    """Return the action that prunes the object of a task."""
    return delete(
        task.target, task.live or {}, reason, propagation_of(specification.options), task.wave
    )


def propagation_of(options: frozenset[str]) -> str:
    """Return how dependants go along: as the sync option says, else before their owner."""
    for option in sorted(options):
        if option.startswith(_POLICY) and option.removeprefix(_POLICY) in _PROPAGATIONS:
            return option.removeprefix(_POLICY).capitalize()
    return "Foreground"
