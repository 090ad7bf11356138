"""Killed at any write, or run twice at once: the same end state."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ruleengine.app.applying import Delivery
from ruleengine.app.planning import plan_now
from ruleengine.model.actions import Result
from ruleengine.model.errors import ExitCode, UnreachableError
from ruleengine.model.http import HttpRequest, HttpResponse, Transport
from ruleengine.model.values import Object
from ruleengine.reconcile.executor import perform
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


class Full:
    """A transport to a server whose store is full after ``writes`` writes."""

    def __init__(self, inner: Transport, writes: int) -> None:
        self._inner = inner
        self._left = writes
        self._lock = threading.Lock()
        self.refused = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        """Pass a request on, or refuse to store."""
        with self._lock:
            if request.method in ("POST", "PUT", "PATCH", "DELETE"):
                self._left -= 1
                if self._left < 0:
                    self.refused += 1
                    body = b'{"kind": "Status", "code": 507, "message": "the disk is full"}'
                    return HttpResponse(status=507, headers={}, body=body)
        return self._inner.send(request)


@pytest.mark.parametrize("writes", [0, 3, 21, 23, 25])  # the 24th is that of the lease
def test_a_full_store_ends_the_apply_with_one_error(world: World, writes: int) -> None:
    """What was done is told, refused requests are no writes, and the rest is not tried."""
    full = Full(world.transport, writes)
    delivery = world.apply(transport=full)
    assert delivery.error is not None
    assert delivery.error.exit_code is ExitCode.UNREACHABLE
    assert "cannot store anything more" in delivery.error.message
    assert delivery.failed
    assert 0 < full.refused <= 9  # no more than were under way side by side, and the lease
    assert delivery.writes == world.writes() <= writes
    assert world.apply().error is None


def test_a_server_that_goes_away_leaves_the_outcomes_so_far(world: World) -> None:
    """The error comes with what was done before it."""
    delivery = world.apply(transport=Lossy(world.transport, 5))
    assert isinstance(delivery.error, UnreachableError)
    assert sum(one.result is Result.CREATED for one in delivery.outcomes) == delivery.writes == 5


def test_what_another_apply_did_meanwhile_is_no_write_of_ours(world: World) -> None:
    """Two applies with the same plan: the slower one finds everything as it wants it."""
    engagement = world.engage()
    plan = plan_now(engagement, datetime.now(UTC))
    world.apply()
    before = world.writes()
    client = engagement.surroundings.client
    sent = client.writes
    outcomes = perform(plan, client, engagement.store)
    assert {one.result for one in outcomes} == {Result.UNCHANGED}
    assert world.writes() == before
    assert sum(one.writes for one in outcomes) == client.writes - sent == 0
