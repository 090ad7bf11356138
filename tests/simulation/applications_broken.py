"""Applications as they must not go; the simulation has to find each mistake."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from ruleengine.environments.merging import make_merge
from ruleengine.environments.reconciler import ApplicationReconciler
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Answer, Decision, Reconciler, Request, World
from ruleengine.model.values import Object
from tests.reconcile.kit import config_map
from tests.simulation.scenario import Process
from tests.simulation.scenarios.applications import WAVE, Applications, render


class _Waves(Applications):
    """What is rendered lies in other waves than it should."""

    wave: ClassVar[Mapping[str, str]] = {}

    def reads(self) -> Mapping[str, Callable[[Request], Answer]]:
        """Return who renders."""
        return {"render": self._render}

    def _render(self, request: Request) -> Answer:
        answer = render(request)
        objects = [{**one, "object": self._moved(one["object"])} for one in answer.value["objects"]]
        return replace(answer, value={**answer.value, "objects": objects})

    def _moved(self, value: Object) -> Object:
        metadata = {**value["metadata"]}
        metadata["annotations"] = {WAVE: self.wave.get(value["kind"], "0")}
        return {**value, "metadata": metadata}


class ForgetsWaves(_Waves):
    """All at once."""


class TurnsWavesRound(_Waves):
    """What others need comes last."""

    wave: ClassVar[Mapping[str, str]] = {"Deployment": "-1"}


class _Acting(Applications):
    """The actions are others than they should be."""

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the broken reconciler."""
        return [_Reconciler(make_merge(process.surroundings.shapes), self.change)]

    def change(self, actions: Sequence[Action]) -> Sequence[Action]:
        """Return other actions."""
        raise NotImplementedError


class _Reconciler(ApplicationReconciler):
    def __init__(
        self, merge: object, change: Callable[[Sequence[Action]], Sequence[Action]]
    ) -> None:
        super().__init__(merge=merge)
        self._change = change

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what an Application decides, changed."""
        decision = super().decide(value, world, now, memo)
        return replace(decision, actions=tuple(self._change(decision.actions)))


class NeverPrunes(_Acting):
    """What is declared no more stays."""

    def change(self, actions: Sequence[Action]) -> Sequence[Action]:
        """Leave deletions out."""
        return [one for one in actions if one.verb is not Verb.DELETE]


class PrunesWhatIsNotItsOwn(_Acting):
    """An object of somebody else goes, too."""

    def change(self, actions: Sequence[Action]) -> Sequence[Action]:
        """Delete one more."""
        target = Target.of(config_map("bystander", "default"))
        more = [Action(verb=Verb.DELETE, target=target, manager=one.manager) for one in actions[:1]]
        return [*more, *actions]


PROBLEMS = {
    ForgetsWaves: "the last wave came before",
    TurnsWavesRound: "the Deployment came before",
    NeverPrunes: "ConfigMap/staging/old",
    PrunesWhatIsNotItsOwn: "of somebody else was deleted",
}
"""The mistakes, and the words that tell each."""
