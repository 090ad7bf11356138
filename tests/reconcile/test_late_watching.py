"""What happens between reading a kind and watching it is not missed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Target
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.settling import Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from tests.cluster.fake_api import FakeApi
from tests.reconcile.kit import config_map, quiet

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AWAITED = config_map("awaited")


@dataclass
class Waiter:
    """Sweeps every kind, and waits until an object that it found says that it is ready."""

    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return whether it is ready."""
        del value, now, memo
        found = [one for one in world.list("", "") if Target.of(one) == Target.of(AWAITED)]
        if found and lookup(found[0], "data", "ready") == "yes":
            return Decision(next=DONE)
        return Decision(next=Next(stop=Stop.ON, targets=(Target.of(AWAITED),)))


class Overtaken(PollFeed):
    """Somebody changes or deletes the object right after it was swept."""

    def __init__(self, client: Client, clock: "Clock", *, gone: bool) -> None:
        super().__init__(client, clock.sleep)
        self._client = client
        self._gone = gone
        self._left = True

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return every object of a kind; the one that matters changes afterwards."""
        found = tuple(super().list(api_version, kind, follow=follow))
        if kind == "ConfigMap" and not follow and self._left:
            self._left = False
            target = Target.of(AWAITED)
            if self._gone:
                self._client.delete(target)
            self._client.apply({**AWAITED, "data": {"ready": "yes"}}, "somebody")
        return found


@dataclass
class Clock:
    """A clock that moves while somebody sleeps."""

    now: datetime = START

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.now += timedelta(seconds=max(seconds, 0.01))


@dataclass
class Pair:
    """One object waits for what it read by its name, the other one sweeps every kind."""

    area = "toy"
    api_version = "argoproj.io/v1alpha1"
    kind = "Workflow"
    manager = "ruleengine-toy"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return whether what is waited for is ready."""
        del now, memo
        match value["metadata"]["name"]:
            case "sweeper":
                world.list("", "")
                return Decision(next=DONE)
            case "looking sweeper":
                found = any(Target.of(one) == Target.of(AWAITED) for one in world.list("", ""))
                return Decision(next=DONE if found else Next(stop=Stop.ON, message="a sweep"))
            case "other reader":
                world.get(Target.of(config_map("other")))
                return Decision(next=DONE)
        target = Target.of(AWAITED)
        if lookup(world.get(target), "data", "ready") == "yes":
            return Decision(next=DONE)
        return Decision(next=Next(stop=Stop.ON, message="what it has read"))


class Quick(PollFeed):
    """Somebody makes the object, or changes it, right before or after a sweep reads its kind."""

    def __init__(self, client: Client, clock: "Clock", *, before: bool) -> None:
        super().__init__(client, clock.sleep)
        self._client = client
        self._before = before

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return every object of a kind."""
        swept = kind == "ConfigMap" and not follow
        if swept and self._before:
            self._change()
        found = super().list(api_version, kind, follow=follow)
        if swept and not self._before:
            self._change()
        return found

    def _change(self) -> None:
        self._client.apply({**AWAITED, "data": {"ready": "yes"}}, "somebody")


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    "names",
    [("a reader", "sweeper"), ("sweeper", "the reader"), ("looking sweeper", "other reader")],
)
def test_a_sweep_hides_nothing_from_who_reads_by_name(
    names: tuple[str, str], *, before: bool, there: bool
) -> None:
    """What it finds new wakes who read it before, and who reads it afterwards is told on.

    What came between the sweep and the following wakes who swept.
    """
    api = FakeApi()
    api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    if there:
        api.add(AWAITED)
    for name in names:
        metadata = {"name": name, "namespace": "shop"}
        api.add({"apiVersion": Pair.api_version, "kind": "Workflow", "metadata": metadata})
    client, clock = Client(api, quiet()), Clock()
    settled = settle(
        Surroundings.of(client, [Pair()], {}),
        Settling(
            now=lambda: clock.now,
            feed=Quick(client, clock, before=before),
            deadline=START + timedelta(seconds=60),
        ),
    )
    assert (settled.timed_out, settled.unsettled) == (False, ())


def test_a_kind_that_was_swept_is_followed_once_somebody_reads_of_it() -> None:
    """A change long after both is told."""
    api = FakeApi()
    for value in (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
        AWAITED,
        *(
            {
                "apiVersion": Pair.api_version,
                "kind": "Workflow",
                "metadata": {"name": name, "namespace": "shop"},
            }
            for name in ("sweeper", "the reader")
        ),
    ):
        api.add(value)
    client, clock = Client(api, quiet()), Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now > START + timedelta(seconds=10):
            api.add({**AWAITED, "data": {"ready": "yes"}})

    settled = settle(
        Surroundings.of(client, [Pair()], {}),
        Settling(
            now=lambda: clock.now,
            feed=PollFeed(client, sleep),
            deadline=START + timedelta(seconds=60),
        ),
    )
    assert (settled.timed_out, settled.unsettled) == (False, ())


def check(*, gone: bool) -> None:
    """Check that the change is seen long before the deadline."""
    api = FakeApi()
    api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    api.add(AWAITED)
    metadata = {"name": "waiter", "namespace": "shop"}
    api.add({"apiVersion": Waiter.api_version, "kind": "Workflow", "metadata": metadata})
    client, clock = Client(api, quiet()), Clock()
    settled = settle(
        Surroundings.of(client, [Waiter()], {}),
        Settling(
            now=lambda: clock.now,
            feed=Overtaken(client, clock, gone=gone),
            deadline=START + timedelta(seconds=60),
        ),
    )
    assert not settled.timed_out
    assert not settled.unsettled
    assert clock.now < START + timedelta(seconds=30)


def test_a_change_between_sweep_and_watch_is_seen() -> None:
    """It is taken over when the watch begins, for nobody would tell it later."""
    check(gone=False)


def test_an_object_made_anew_between_sweep_and_watch_is_seen() -> None:
    """Its new self counts."""
    check(gone=True)
