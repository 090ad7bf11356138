"""Settling on watches: the same end as by reading again, and changes of others are seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from ruleengine.cluster.client import Client
from ruleengine.cluster.watches import Changed, WatchCache
from ruleengine.local.api.server import ApiServer
from ruleengine.local.clock import VirtualClock
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Decision, Next, Stop, World
from ruleengine.model.values import Object
from ruleengine.reconcile.feeds import WatchFeed
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from tests.reconcile.kit import config_map, crd, quiet
from tests.reconcile.test_settling import Counter, workflow

GO = config_map("go")


@dataclass
class Waiter(Counter):
    """Waits for a ConfigMap that somebody else creates."""

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return whether it is there."""
        del value, now, memo
        if world.get(Target.of(GO)) is None:
            return Decision(next=Next(stop=Stop.ON, targets=(Target.of(GO),)))
        return Decision(status={"phase": "Succeeded"})


class HelpedFeed(WatchFeed):
    """Creates the ConfigMap in the name of somebody else, once the loop is idle."""

    def __init__(self, client: Client, cache: WatchCache) -> None:
        super().__init__(client, cache)
        self._helper = client

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Help, then wait for the watch to tell."""
        if self._helper.get(Target.of(GO)) is None:
            self._helper.create(GO, "somebody")
        return super().changes(timeout)


@pytest.fixture
def client() -> Client:
    """Return a client of a local API server with one object."""
    client = Client(ApiServer(MemoryStore(), VirtualClock(), patience=0.2), quiet())
    client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, "test")
    definition = crd("Workflow", "argoproj.io")
    definition["spec"]["versions"][0]["name"] = "v1alpha1"
    client.apply(definition, "test")
    client.apply(workflow("one", 4), "test")
    return client


@pytest.fixture
def cache(client: Client) -> Iterator[WatchCache]:
    """Return a watch cache with real threads."""
    cache = WatchCache(client, retrying=quiet())
    yield cache
    cache.close()


def run(client: Client, reconciler: Counter, feed: WatchFeed) -> Settled:
    """Settle with the real clock."""
    start = datetime.now(UTC)
    return settle(
        Surroundings.of(client, [reconciler]),
        Settling(
            now=lambda: datetime.now(UTC),
            feed=feed,
            deadline=start + timedelta(seconds=20),
            retrying=quiet(),
        ),
    )


def status(client: Client) -> Object:
    """Return the status of the object."""
    live = client.get(Target("argoproj.io/v1alpha1", "Workflow", "shop", "one"))
    assert live is not None
    return live["status"]


def test_settling_on_watches_comes_to_rest(client: Client, cache: WatchCache) -> None:
    """The second time nothing is written."""
    settled = run(client, Counter(), WatchFeed(client, cache))
    assert (settled.timed_out, settled.failed) == (False, ())
    assert status(client) == {"phase": "Succeeded", "made": 4}
    fresh = WatchCache(client, retrying=quiet())
    assert run(client, Counter(), WatchFeed(client, fresh)).writes == 0
    fresh.close()


def test_what_others_do_wakes_who_waits_for_it(client: Client, cache: WatchCache) -> None:
    """The object that is awaited comes from outside, and the watch tells."""
    settled = run(client, Waiter(), HelpedFeed(client, cache))
    assert not settled.timed_out
    assert status(client) == {"phase": "Succeeded"}
