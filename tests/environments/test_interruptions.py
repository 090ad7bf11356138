"""Nothing is lost: a sync that is interrupted at any write comes to the same end."""

from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Stop
from ruleengine.model.values import Object
from tests.environments.worlds import (
    MemoryWorld,
    application,
    config_map,
    deployment,
    finish_deployment,
    finish_job,
    job,
    world_of,
)

FILES = {
    "apps/shop/a.yaml": config_map("a", sync_wave="-1"),
    "apps/shop/b.yaml": config_map("b"),
    "apps/shop/web.yaml": deployment("web"),
    "apps/shop/late.yaml": config_map("late", sync_wave="3"),
    "apps/shop/before.yaml": job("before", hook="PreSync"),
    "apps/shop/after.yaml": job("after", hook="PostSync", hook_delete_policy="HookSucceeded"),
}
LATER = {
    **{path: text for path, text in FILES.items() if not path.endswith("b.yaml")},
    "apps/shop/a.yaml": config_map("a", "two", sync_wave="-1"),
}


def _interrupted_turn(world: MemoryWorld, writes: int) -> None:
    """Decide once and get no further than so many writes; the status is the last of them."""
    decision = world.decide()
    for action in decision.actions[:writes]:
        world.perform(action)
    if writes > len(decision.actions) and decision.status is not None:
        world.put({**world.application(), "status": decision.status})


def _controllers(world: MemoryWorld) -> None:
    """Let jobs and deployments come to a good end."""
    for one in list(world.objects):
        if one.kind == "Job":
            finish_job(world, one.name)
        elif one.kind == "Deployment":
            finish_deployment(world, one.name)


def _run(world: MemoryWorld) -> None:
    for _ in range(20):
        following = world.settle()
        if following.stop is Stop.DONE:
            return
        if following.stop is Stop.AT:
            world.wait(following)
        _controllers(world)
    raise AssertionError(following)


def _end(world: MemoryWorld) -> dict[Target, Object]:
    """Return what the application manages in the end, without times."""
    return {
        one: {name: value.get(name) for name in ("data", "spec")}
        for one, value in world.objects.items()
        if one.kind != "Application"
    }


def _uninterrupted() -> MemoryWorld:
    world = world_of(FILES, application(automated={"prune": True, "selfHeal": True}))
    _run(world)
    world.commit(LATER)
    _run(world)
    return world


EXPECTED = _end(_uninterrupted())


@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=8))
def test_a_sync_that_is_killed_at_any_write_comes_to_the_same_end(
    first: list[int], second: list[int]
) -> None:
    """However often the process dies between two writes, the next one finishes the work."""
    world = world_of(FILES, application(automated={"prune": True, "selfHeal": True}))
    for files, cuts in ((FILES, first), (LATER, second)):
        world.commit(files)
        for writes in cuts:
            _interrupted_turn(world, writes)
            _controllers(world)
        _run(world)
        assert world.status("sync", "status") == "Synced"
        assert world.status("health", "status") == "Healthy"
    assert _end(world) == EXPECTED


def test_a_hook_is_not_run_again_because_its_result_was_lost() -> None:
    """The hook was created and the status was not written: it is the hook of this sync."""
    world = world_of(FILES)
    world.turn()
    _interrupted_turn(world, 1)
    assert [one.target.name for one in world.written] == ["before"]
    world.settle()
    assert [one.target.name for one in world.written] == ["before"]
    finish_job(world, "before")
    world.settle()
    assert [one.target.name for one in world.written] == ["before", "a", "b", "web"]
