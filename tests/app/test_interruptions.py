"""Killed at any write, or run twice at once: the same end state."""

import threading
from pathlib import Path

import pytest

from ruleengine.app.applying import Delivery
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import Object
from tests.app.kit import APPLICATION, SHOP, Lossy, World, config_map, messages, results, running
from tests.validation.config_repos import Repo, make_repo

FILES = {
    **SHOP,
    "environments/production/api.yaml": "source: {path: apps/api}\n",
    "apps/api/map.yaml": config_map("api"),
    "pipelines/build.yaml": "steps:\n- {name: test, image: alpine, run: make test}\n",
}
POINTS = (0, 1, 2, 5, 12, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 34, 37, 40)
"""Before which write the line is cut: namespaces, definitions, inventory, documents, syncing."""


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Return a repo with two applications and a pipeline."""
    return make_repo(tmp_path_factory.mktemp("repo") / "config", FILES)


@pytest.fixture(scope="module")
def uninterrupted(repo: Repo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Object]:
    """Return the end state of a run that nothing interrupts."""
    with running(repo, tmp_path_factory.mktemp("state")) as world:
        assert not world.apply().failed
        return world.declared_state()


def cut_short(world: World, transport: Lossy) -> None:
    """Apply over a line that is cut; either way the failure is told."""
    try:
        delivery = world.apply(transport=transport)
    except UnreachableError:
        return
    assert delivery.failed or not transport.cut, messages(delivery.outcomes)


@pytest.mark.parametrize("writes", POINTS)
def test_cut_off_at_any_write_the_next_run_ends_the_same(
    repo: Repo, uninterrupted: dict[str, Object], tmp_path: Path, writes: int
) -> None:
    """Nothing is lost, nothing is there twice, and a third run writes nothing."""
    with running(repo, tmp_path / "state") as world:
        cut_short(world, Lossy(world.plane, writes))
        again = world.apply()
        assert not again.failed, messages(again.outcomes)
        assert world.declared_state() == uninterrupted
        before = world.writes()
        world.apply()
        assert world.writes() == before


def test_what_a_cut_run_created_is_remembered(repo: Repo, tmp_path: Path) -> None:
    """The inventory is written before the first object, so that it can still be pruned."""
    with running(repo, tmp_path / "state") as world:
        for writes in range(60):
            cut_short(world, Lossy(world.plane, writes))
            if world.get(APPLICATION) is not None:
                break
        assert world.get(APPLICATION) is not None
        assert "argoproj.io/Application/ruleengine/web-staging" in world.owned()


def test_two_applies_at_once_end_as_one_does(
    repo: Repo, uninterrupted: dict[str, Object], tmp_path: Path
) -> None:
    """They meet at every object of an empty control plane."""
    with running(repo, tmp_path / "state") as world:
        deliveries: list[Delivery] = []
        start = threading.Barrier(2)

        def one() -> None:
            start.wait(5)
            deliveries.append(world.apply())

        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(deliveries) == 2
        for delivery in deliveries:
            assert not delivery.failed, (results(delivery), delivery.settled)
        assert world.declared_state() == uninterrupted
        before = world.writes()
        assert not world.apply().failed
        assert world.writes() == before
