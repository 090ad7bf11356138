"""What a status follows from is taken away once that status is stored, and not before."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from ruleengine.formats.json_text import loads
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.values import Object, lookup
from tests.reconcile.kit import config_map
from tests.reconcile.test_settling import START, Counter, Scene, workflow

CHILDREN = [Target.of(config_map(f"child-{number}")) for number in range(3)]


@dataclass
class Sweeping(Counter):
    """Notes each second one more child as over, and has those deleted that are noted."""

    may_wait: float = 0.0

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return the status and what it makes needless."""
        del memo
        gone = min(int((now - START).total_seconds()), len(CHILDREN))
        over = [one.name for one in CHILDREN[:gone]]
        actions = tuple(
            Action(verb=Verb.DELETE, target=one, manager=self.manager, late=True)
            for one in CHILDREN[:gone]
            if world.get(one) is not None
        )
        following = Next(stop=Stop.AT, time=now + timedelta(seconds=1))
        is_done = gone == len(CHILDREN) and not actions
        before = lookup(value, "status", "phase")
        return Decision(
            actions=actions,
            status={"phase": "Running", "over": over},
            may_wait=self.may_wait if before else 0.0,
            next=DONE if is_done else following,
        )


def swept(may_wait: float) -> Scene:
    """Return a server on which all children have been swept away."""
    scene = Scene(reconciler=Sweeping(may_wait=may_wait))
    scene.api.add(workflow("one"))
    for number in range(len(CHILDREN)):
        scene.api.add(config_map(f"child-{number}"))
    found = scene.settle()
    assert (found.failed, found.unsettled) == ((), ())
    return scene


@pytest.mark.parametrize("may_wait", [0.0, 30.0])
def test_what_is_late_is_written_after_the_status(may_wait: float) -> None:
    """Also where that waits, and was only shown: nothing is deleted that no status tells of."""
    scene = swept(may_wait)
    stored: list[str] = []
    deleted: list[str] = []
    for one in scene.api.requests:
        name = one.path.rpartition("/")[2]
        if one.method == "PATCH" and name == "one":
            stored = lookup(loads(one.body), "status", "over", default=stored)
        elif one.method == "DELETE":
            assert name in stored
            deleted.append(name)
    assert deleted == [one.name for one in CHILDREN]
