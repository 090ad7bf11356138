"""Turns: one object that wants a lot does not keep the others waiting until it has it all."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Decision, World
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.values import Object
from tests.reconcile.kit import config_map
from tests.reconcile.test_settling import Scene, workflow

MANY = 600


@dataclass
class AllAtOnce:
    """Makes as many children as the spec counts, in one decision."""

    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"
    status: Object = field(default_factory=lambda: {"phase": "Succeeded"})
    asked: list[str] = field(default_factory=list)

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return all children, and that they are there."""
        del world, now, memo
        name = value["metadata"]["name"]
        self.asked.append(name)
        children = [config_map(f"{name}-{n:03}") for n in range(value["spec"]["count"])]
        actions = (
            Action(verb=Verb.APPLY, target=Target.of(one), manager=self.manager, object=one)
            for one in children
        )
        return Decision(actions=tuple(actions), status=self.status)


def scene() -> Scene:
    """Return a process with a wide object, and a small one that comes after it."""
    made = Scene(reconciler=AllAtOnce())
    made.api.add(workflow("a-wide", MANY))
    made.api.add(workflow("small", 1))
    return made


def test_others_have_their_turn_between_the_writes_of_a_wide_decision() -> None:
    """The rest of it is written without deciding again, and its status with the last of it."""
    stage = scene()
    settled = stage.settle()
    assert (settled.failed, settled.findings) == ((), ())
    wide = [n for n, one in enumerate(stage.api.writes) if "a-wide-" in one]
    (small,) = (n for n, one in enumerate(stage.api.writes) if "small-000" in one)
    (status,) = (n for n, one in enumerate(stage.api.writes) if one.endswith("/a-wide"))
    assert len(wide) == MANY
    assert wide[0] < small < wide[MANY // 2]
    assert status > wide[-1]
    assert stage.reconciler.asked.count("a-wide") == 2
    assert stage.settle().writes == 0


def test_the_rest_of_a_decision_is_not_written_once_its_object_has_changed() -> None:
    """It is decided again; who needs fewer children now gets no more."""
    stage = scene()

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "after" and request.path.endswith("/small-000"):
            live = stage.api.live("Workflow", "a-wide", "shop")
            stage.api.add({**live, "spec": {"count": 3}})
            stage.now += timedelta(seconds=2)
        return None

    stage.api.fault = fault
    assert stage.settle().failed == ()
    made = [one for one in stage.api.objects if one.name.startswith("a-wide-")]
    assert 3 < len(made) < MANY
    assert stage.status("a-wide") == {"phase": "Succeeded"}


def test_a_decision_that_fails_at_its_end_is_said_on_its_object() -> None:
    """As one that fails at once is, though others had turns in between."""
    stage = scene()
    stage.reconciler.status = {"phase": {"no JSON"}}
    settled = stage.settle(4)
    about = {
        one["involvedObject"]["name"]
        for one in stage.api.objects.values()
        if one["kind"] == "Event" and one["reason"] == "PutAside"
    }
    assert about == {"a-wide", "small"}
    assert {one.target.name for one in settled.failed} == about
