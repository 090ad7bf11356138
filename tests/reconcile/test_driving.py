"""Driving: an area is acted on by the holder of its lease; everybody else watches."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Target
from ruleengine.model.http import HttpRequest
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.leases import AreaLease, Candidate, lease_target
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from tests.cluster.fake_api import WRITES, FakeApi
from tests.reconcile.kit import quiet
from tests.reconcile.test_settling import START, Counter, Scene, workflow


@dataclass
class Driver(Scene):
    """A process with an identity that settles under the lease of its area."""

    identity: str = "a"
    meanwhile: list = field(default_factory=list)
    uptime: Callable[[], float] | None = None

    def sleep(self, seconds: float) -> None:
        """Move the clock, and let others do what they do meanwhile."""
        super().sleep(seconds)
        for act in list(self.meanwhile):
            act()

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return (self.now - START).total_seconds()

    def lease(self, client: Client) -> AreaLease:
        """Return the lease of the area, with this scene's clock."""
        candidate = Candidate(
            identity=self.identity,
            now=lambda: self.now,
            monotonic=self.uptime or self.elapsed,
        )
        return AreaLease(client, "toy", candidate)

    def drive(self, seconds: float = 60.0) -> Settled:
        """Run until settled, and give the lease back."""
        client = Client(self.api, quiet(1))
        lease = self.lease(client)
        settled = settle(
            Surroundings.of(client, [self.reconciler], self.performers),
            Settling(
                now=lambda: self.now,
                feed=PollFeed(client, self.sleep),
                deadline=self.now + timedelta(seconds=seconds),
                cancel=self.cancel,
                retrying=quiet(),
                leases={"toy": lease},
            ),
        )
        lease.release()
        return settled


def drivers() -> tuple[Driver, Driver]:
    """Return two processes at one server with one object."""
    api = FakeApi()
    api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ruleengine"}})
    api.add(workflow("one"))
    return Driver(api=api, identity="a"), Driver(api=api, identity="b")


def test_an_unchanged_run_needs_no_lease() -> None:
    """The second run reads only: not even the lease is written."""
    first, second = drivers()
    assert first.drive().failed == ()
    before = list(first.api.writes)
    settled = second.drive()
    assert (settled.writes, settled.watched) == (0, ())
    assert first.api.writes == before


def test_a_lease_held_elsewhere_means_watching() -> None:
    """Nothing of the area is written, and the reason names who drives."""
    first, second = drivers()
    client = Client(first.api, quiet(1))
    lease = first.lease(client)
    assert lease.hold()

    def renew() -> None:
        first.now = second.now
        assert lease.hold()

    second.meanwhile.append(renew)
    settled = second.drive(seconds=40)
    assert settled.writes == 0
    assert [one.message for one in settled.watched] == ["toy is driven by a"]
    assert [one.message for one in settled.unsettled] == ["toy is driven by a"]
    assert settled.timed_out
    assert "status" not in first.api.live("Workflow", "one", "shop")


def test_who_watches_is_settled_when_the_driver_is_done() -> None:
    """It sees the other's progress, and finds nothing left to do."""
    first, second = drivers()
    client = Client(first.api, quiet(1))
    lease = first.lease(client)
    assert lease.hold()

    def work() -> None:
        second.meanwhile.clear()
        first.now = second.now
        first.drive()

    second.meanwhile.append(work)
    settled = second.drive()
    assert (settled.writes, settled.timed_out, settled.unsettled) == (0, False, ())
    assert second.status("one") == {"phase": "Succeeded", "made": 3}


def test_a_driver_that_died_is_succeeded_after_its_lease_ran_out() -> None:
    """The watching process takes over and completes the work."""
    first, second = drivers()
    assert first.lease(Client(first.api, quiet(1))).hold()
    settled = second.drive()
    assert settled.failed == ()
    assert second.status("one")["phase"] == "Succeeded"
    assert second.now - START >= timedelta(seconds=15)
    assert first.api.objects[lease_target("toy")]["spec"]["leaseTransitions"] == 1


def test_a_lost_lease_stops_driving_before_the_next_write() -> None:
    """Whoever lost it writes nothing from then on."""
    first, second = drivers()
    thief = second.lease(Client(first.api, quiet(1)))
    made: list[str] = []

    def fault(request: HttpRequest, when: str) -> None:
        if when == "after" and request.path.endswith("/one-0"):
            assert not thief.hold()
            second.now += timedelta(seconds=16)
            first.now += timedelta(seconds=16)
            assert thief.hold()
        elif when == "before" and request.method in WRITES and "leases" not in request.path:
            made.append(request.path)

    first.api.fault = fault
    first.reconciler = Counter()
    settled = first.drive(seconds=10)
    assert [path.rpartition("/")[2] for path in made] == ["one-0"]
    assert Target("v1", "ConfigMap", "shop", "one-1") not in first.api.objects
    assert [one.message for one in settled.watched] == ["toy is driven by b"]


def test_two_processes_at_once_do_nothing_twice() -> None:
    """Real threads: every child is created by exactly one of the two."""
    api = FakeApi()
    api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ruleengine"}})
    lock = threading.Lock()
    send = api.send

    def locked(request: HttpRequest) -> object:
        with lock:
            return send(request)

    api.send = locked
    for number in range(5):
        api.add(workflow(f"w{number}"))
    results: dict[str, Settled] = {}

    def run(identity: str) -> None:
        driver = Driver(api=api, identity=identity, uptime=time.monotonic)
        driver.meanwhile.append(lambda: threading.Event().wait(0.005))
        # whoever only watches moves its clock by every look: a deadline would pass under load
        results[identity] = driver.drive(10_000_000)

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for one in threads:
        one.start()
    for one in threads:
        one.join(120)
    assert set(results) == {"a", "b"}
    created = [
        str(one.planned.action.target) for settled in results.values() for one in settled.outcomes
    ]
    assert sorted(created) == [f"ConfigMap/shop/w{w}-{n}" for w in range(5) for n in range(3)]
    assert all(not one.failed and not one.timed_out for one in results.values())
