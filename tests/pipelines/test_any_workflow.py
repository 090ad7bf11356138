"""Whatever a workflow is made of: it comes to its end, and leaves nothing behind."""

from datetime import timedelta
from random import Random

import pytest

from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import COMPLETED, is_over
from tests.pipelines.random_workflows import random_change, random_spec
from tests.pipelines.worlds import End, MemoryWorld, Script

_SEEDS = 60
_LONGEST = 300
_DEATHS = 0.1
"""Of how many decisions something is not written."""


def ending(chance: Random) -> Script:
    """Return a script in which every pod ends sometime, some of them badly."""
    ends: dict[str, End] = {}
    bad = chance.choice([0, 0.1, 0.4])

    def script(name: str, _: Object) -> End:
        if name not in ends:
            code = chance.choice([1, 64]) if chance.random() < bad else 0
            ends[name] = End(code=code, seconds=chance.randint(1, 4))
        return ends[name]

    return script


def step(world: MemoryWorld, chance: Random) -> bool:
    """Decide once and let a second pass, pods being ready as soon as they run; tell what moved.

    Now and then whoever decides dies in the middle of its writes, and remembers nothing.
    """
    dies = chance.random() < _DEATHS
    decision = world.turn(chance.randint(0, 2) if dies else None)
    if dies:
        world.memo = None
    moved = world.run_pods()
    for pod in world.pods():
        status = pod["status"]
        if status["phase"] == "Running" and "containerStatuses" not in status:
            listed = [{"name": "main", "ready": True}]
            ready = {"podIP": "10.0.0.1", "containerStatuses": listed}
            world.put({**pod, "status": {**status, **ready}})
    world.now += timedelta(seconds=1)
    return moved or dies or bool(decision.actions)


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_any_workflow_comes_to_its_end_and_leaves_nothing_behind(seed: int) -> None:
    """However it is stopped on the way; and what is remembered changes no decision."""
    chance = Random(seed)
    world = MemoryWorld(script=ending(chance))
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "wf"}}
    world.submit({**head, "spec": random_spec(chance)})
    change = random_change(chance)
    for _ in range(chance.randint(0, 15)):
        step(world, chance)
    if change and world.status("phase") not in COMPLETED:
        world.change({"spec": change})
    for _ in range(_LONGEST):
        if not step(world, chance) and world.status("phase") in COMPLETED:
            break
    assert world.status("phase") in COMPLETED
    assert [one["name"] for one in world.nodes() if not is_over(one)] == []
    assert world.status("synchronization") is None
    running = [one for one in world.pods() if one["status"]["phase"] in ("Pending", "Running")]
    assert [one for one in running if lookup(one, "spec", "activeDeadlineSeconds") != 1] == []
