"""Sensors as they must not be; the simulation has to find each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ruleengine.model.actions import Action, Target
from ruleengine.model.decisions import Decision, Reconciler, Refusal, World
from ruleengine.model.values import Object
from ruleengine.triggers.sensor_reconciler import SensorReconciler
from tests.simulation.scenario import Process
from tests.simulation.scenarios.sensors import Sensors


class RecordsFirst(Sensors):
    """The place is recorded before what was started is there."""

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the broken reconciler."""
        del process
        return [_Early()]


class _Early(SensorReconciler):
    """Puts the record before the creations."""

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what a sensor decides, with the record of what would follow first."""
        decision = super().decide(value, world, now, memo)
        following = super().decide(value, _Refusing(world), now, memo)
        records = [one for one in following.actions if one.target.kind == "Secret"]
        others = [one for one in decision.actions if one.target.kind != "Secret"]
        return replace(decision, actions=(*records, *others))


class StartsTwice(Sensors):
    """Every firing starts a second workflow."""

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the broken reconciler."""
        del process
        return [_Twice()]


class _Twice(SensorReconciler):
    """Creates everything under a second name, too."""

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what a sensor decides, and its workflows once more."""
        decision = super().decide(value, world, now, memo)
        again = [_again(one) for one in decision.actions if one.target.kind == "Workflow"]
        return replace(decision, actions=(*again, *decision.actions))


def _again(action: Action) -> Action:
    value, name = action.object or {}, f"{action.target.name}-again"
    named = {**value, "metadata": {**value["metadata"], "name": name}}
    return replace(action, target=action.target._replace(name=name), object=named)


class _Refusing:
    """A world in which nothing can be created, so that nothing is waited for."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def refusal(self, target: Target) -> Refusal:
        """Refuse everything."""
        return Refusal(f"{target} is refused", final=True)
