"""Rollouts as they must not go; the simulation has to find each mistake."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Decision, Reconciler, World
from ruleengine.model.values import Object
from ruleengine.rollouts.reconciler import RolloutReconciler
from tests.reconcile.kit import config_map
from tests.simulation.scenario import Process
from tests.simulation.scenarios.rollouts import NAMESPACE, REPLICAS, Rollouts

Spoil = Callable[[Action], Iterator[Action]]


@dataclass(frozen=True)
class Spoilt(Rollouts):
    """Rollouts whose every action is spoilt."""

    spoil: Spoil

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the broken reconciler."""
        del process
        return [_Spoiling(self.spoil)]


class _Spoiling(RolloutReconciler):
    def __init__(self, spoil: Spoil) -> None:
        super().__init__()
        self._spoil = spoil

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what a Rollout decides, spoilt."""
        decision = super().decide(value, world, now, memo)
        return replace(
            decision,
            actions=tuple(one for action in decision.actions for one in self._spoil(action)),
        )


def _scaled(action: Action, replicas: int) -> Action:
    value = action.object or {}
    return replace(action, object={**value, "spec": {**value["spec"], "replicas": replicas}})


def _is_scaling(action: Action, replicas: int) -> bool:
    applies = action.verb is Verb.APPLY and action.target.kind == "ReplicaSet"
    return applies and (action.object or {})["spec"]["replicas"] == replicas


def takes_the_stable_one_away(action: Action) -> Iterator[Action]:
    """Give the stable version no pods as soon as it may have one less."""
    yield _scaled(action, 0) if _is_scaling(action, REPLICAS - 1) else action


def grows_at_once(action: Action) -> Iterator[Action]:
    """Give the new version all pods with its first."""
    yield _scaled(action, REPLICAS) if _is_scaling(action, 1) else action


def makes_two_sets(action: Action) -> Iterator[Action]:
    """Create each ReplicaSet under a second name, too."""
    yield action
    if action.verb is Verb.CREATE and action.target.kind == "ReplicaSet":
        value = action.object or {}
        name = f"{action.target.name}-again"
        target = action.target._replace(name=name)
        metadata = {**value["metadata"], "name": name}
        yield replace(action, target=target, object={**value, "metadata": metadata})


def deletes_what_it_does_not_own(action: Action) -> Iterator[Action]:
    """Delete an object of somebody else with each action."""
    target = Target.of(config_map("bystander", NAMESPACE))
    yield Action(verb=Verb.DELETE, target=target, manager=action.manager)
    yield action


PROBLEMS: dict[Spoil, str] = {
    takes_the_stable_one_away: "pods serve",
    grows_at_once: "pods are asked for",
    makes_two_sets: "there are ReplicaSets of",
    deletes_what_it_does_not_own: "of somebody else was deleted",
}
"""The mistakes, and the words that tell each."""
