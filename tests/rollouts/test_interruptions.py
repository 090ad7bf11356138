"""Nothing is lost and nothing goes down: limits, idempotence, interruption at any write."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.decisions import DONE, Next, Stop
from ruleengine.model.values import Object
from ruleengine.rollouts.arithmetic import limits
from tests.rollouts.objects import rollout
from tests.rollouts.worlds import MemoryWorld, world_of

STEPS = [{"setWeight": 20}, {"pause": {"duration": 30}}, {"setWeight": 50}, {"pause": {}}]
SPECS = [
    rollout("web:1", STEPS),
    rollout("web:2", STEPS),
    rollout("web:3", STEPS),
    rollout("web:2", STEPS),
]


def _go(world: MemoryWorld, *, pods: int = 1000) -> None:
    """Run to the end: time passes, and a person promotes each time the rollout asks."""
    for _ in range(20):
        following = world.settle(pods=pods)
        if following == DONE:
            return
        _answer(world, following)
    raise AssertionError(following)


def _answer(world: MemoryWorld, following: Next) -> None:
    if following.stop is Stop.AT:
        world.wait(following)
    elif following.stop is Stop.FOR:
        world.patch(pauseConditions=None)


def _end(world: MemoryWorld) -> Object:
    """Return what a rollout comes to, without times."""
    status = {
        name: one
        for name, one in world.rollout()["status"].items()
        if name not in ("conditions", "observedGeneration")
    }
    return {"status": status, "revisions": world.labels(), "pods": world.pods()}


def _uninterrupted() -> Object:
    world = world_of(SPECS[0])
    for spec in SPECS[1:]:
        world.now += timedelta(seconds=1)
        world.declare(spec)
        _go(world)
    return _end(world)


EXPECTED = _uninterrupted()


@given(st.lists(st.lists(st.integers(0, 3), max_size=12), min_size=4, max_size=4))
def test_a_release_that_is_killed_at_any_write_comes_to_the_same_end(cuts: list[list[int]]) -> None:
    """However often the process dies between two writes, the next one finishes the work."""
    world = MemoryWorld()
    for spec, turns in zip(SPECS, cuts, strict=True):
        world.now += timedelta(seconds=1)
        world.declare(spec)
        for writes in turns:
            world.turn(writes)
            world.control(2)
        _go(world)
    assert _end(world) == EXPECTED


@given(
    st.integers(1, 12),
    st.sampled_from([0, 1, 2, "25%", "60%"]),
    st.sampled_from([1, 2, "25%", "50%"]),
    st.lists(st.integers(0, 100), max_size=4),
    st.lists(st.lists(st.integers(0, 3), max_size=8), min_size=1, max_size=6),
)
def test_no_release_breaks_its_limits(
    replicas: int,
    surge: int | str,
    unavailable: int | str,
    weights: list[int],
    speeds: list[list[int]],
) -> None:
    """Never more pods than the surge allows, never fewer available ones than are needed."""
    canary = {
        "maxSurge": surge,
        "maxUnavailable": unavailable,
        "steps": [{"setWeight": weight} for weight in weights],
    }
    bounds = limits(replicas, surge, unavailable)
    strategy = {"canary": canary}
    world = world_of(rollout("web:1", replicas=replicas, strategy=strategy))
    world.most, world.least = 0, None
    for number, turns in enumerate(speeds, start=2):
        world.declare(rollout(f"web:{number}", replicas=replicas, strategy=strategy))
        for speed in turns:
            world.turn()
            world.control(speed)
    assert world.settle(pods=1) == DONE
    assert world.most <= replicas + bounds.surge
    assert world.least is None or world.least >= replicas - bounds.unavailable
    assert world.pods() == {f"web:{len(speeds) + 1}": replicas}


@pytest.mark.parametrize("steps", [None, STEPS], ids=["without steps", "with steps"])
def test_deciding_again_on_an_unchanged_world_writes_nothing(steps: list[Object] | None) -> None:
    """At rest, days later and for ever: no action, and an equal status."""
    world = world_of(rollout("web:1", steps))
    world.declare(rollout("web:2", steps))
    world.settle()
    world.control()
    before = world.rollout()["status"]
    for later in (timedelta(), timedelta(seconds=10)):
        world.now += later
        decision = world.decide()
        assert (decision.actions, decision.status) == ((), before)
