"""Leases: one driver per area, taken over after expiry, never by comparing clocks."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from ruleengine.cluster.client import Client
from ruleengine.local.api.server import ApiServer
from ruleengine.local.clock import VirtualClock
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.names import MANAGER
from ruleengine.model.values import Object
from ruleengine.reconcile.leases import AreaLease, Candidate, lease_target
from tests.cluster.fake_api import FakeApi
from tests.reconcile.kit import quiet

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Machine:
    """A machine with clocks of its own, which are its own business."""

    api: FakeApi
    wall: datetime = START
    monotonic: float = 100.0
    gone: set[str] = field(default_factory=set)

    def lease(self, identity: str) -> AreaLease:
        """Return a process that wants to drive the area ``toy``."""
        candidate = Candidate(
            identity=identity,
            now=lambda: self.wall,
            monotonic=lambda: self.monotonic,
            gone=self.gone.__contains__,
        )
        return AreaLease(Client(self.api, quiet(1)), "toy", candidate)

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.monotonic += seconds
        self.wall += timedelta(seconds=seconds)


@pytest.fixture
def api() -> FakeApi:
    """Return a server with the control namespace."""
    api = FakeApi()
    api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ruleengine"}})
    return api


def spec(api: FakeApi) -> Object:
    """Return the spec of the lease."""
    return api.objects[lease_target("toy")]["spec"]


def test_one_of_two_gets_it(api: FakeApi) -> None:
    """The other one can say who drives."""
    machine = Machine(api)
    first, second = machine.lease("a"), machine.lease("b")
    assert first.hold()
    assert not second.hold()
    assert second.why == "toy is driven by a"
    assert first.why == ""


def test_a_held_lease_is_renewed_only_now_and_then(api: FakeApi) -> None:
    """Looking at it costs no request; it is renewed after a third of its duration."""
    machine = Machine(api)
    lease = machine.lease("a")
    assert lease.hold()
    count = len(api.requests)
    machine.wait(4)
    assert lease.hold()
    assert len(api.requests) == count
    machine.wait(2)
    assert lease.hold()
    assert spec(api)["renewTime"] == "2026-01-02T03:04:11.000000Z"


def test_it_is_taken_over_when_it_was_seen_unchanged_for_its_duration(api: FakeApi) -> None:
    """The record counts the change of hands; the old holder notices before it writes."""
    machine = Machine(api)
    first, second = machine.lease("a"), machine.lease("b")
    assert first.hold()
    assert not second.hold()
    machine.wait(14)
    assert not second.hold()
    machine.wait(3)
    assert second.hold()
    assert (spec(api)["holderIdentity"], spec(api)["leaseTransitions"]) == ("b", 1)
    assert not first.hold()
    assert first.why == "toy is driven by b"


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_wrong_clock_of_the_machine_takes_nothing_over(api: FakeApi, hours: int) -> None:
    """Only an unchanged record counts, not what its times say."""
    holder, other = Machine(api), Machine(api, wall=START + timedelta(hours=hours))
    first, second = holder.lease("a"), other.lease("b")
    assert first.hold()
    for _ in range(10):
        holder.wait(6)
        other.wait(6)
        assert first.hold()
        assert not second.hold()


def test_a_wall_clock_that_jumps_back_keeps_the_lease(api: FakeApi) -> None:
    """The holder goes by its monotonic clock."""
    machine = Machine(api)
    lease = machine.lease("a")
    assert lease.hold()
    machine.wall -= timedelta(days=1)
    machine.monotonic += 6
    assert lease.hold()


def test_a_released_lease_is_free_at_once(api: FakeApi) -> None:
    """A clean end makes nobody wait."""
    machine = Machine(api)
    first, second = machine.lease("a"), machine.lease("b")
    assert first.hold()
    first.release()
    assert not first.held
    assert second.hold()
    first.release()
    assert spec(api)["holderIdentity"] == "b"


def test_a_lease_taken_from_its_holder_is_free_when_the_holder_must_have_seen_it(
    api: FakeApi,
) -> None:
    """Who wipes the name off a lease stops nobody: the holder may write until it looks again."""
    machine = Machine(api)
    first, second, third = machine.lease("a"), machine.lease("b"), machine.lease("c")
    assert first.hold()
    lease = api.objects[lease_target("toy")]
    wiped = {**lease, "spec": {**lease["spec"], "holderIdentity": ""}}
    Client(api, quiet(1)).replace(wiped, "somebody")
    third.look()
    assert not second.hold()
    assert second.why == "toy is driven by somebody who lost its lease"
    machine.wait(14)
    assert not second.hold()
    machine.wait(3)
    assert not first.hold()
    assert second.hold()
    second.release()
    assert third.hold()
    assert third.term == 1, "others drove since it looked"


def test_a_holder_that_certainly_ended_is_not_waited_for(api: FakeApi) -> None:
    """The caller knows that of processes on its own machine."""
    machine = Machine(api)
    assert machine.lease("a").hold()
    machine.gone.add("a")
    assert machine.lease("b").hold()


def test_a_holder_cut_off_from_the_server_stops_before_others_may_begin(api: FakeApi) -> None:
    """It goes on for two thirds of the duration and not longer."""
    machine = Machine(api)
    lease = machine.lease("a")
    assert lease.hold()
    api.fault = lambda *_: HttpResponse(status=503, body=b"{}")
    machine.wait(9)
    assert lease.hold()
    machine.wait(2)
    assert not lease.hold()
    assert "cannot be renewed" in lease.why


def test_a_race_for_a_free_lease_has_one_winner(api: FakeApi) -> None:
    """Whoever comes second between reading and writing is refused by the server."""
    machine = Machine(api)
    first, second = machine.lease("a"), machine.lease("b")
    won: list[bool] = []

    def fault(request: HttpRequest, when: str) -> None:
        if when == "before" and request.method == "POST" and not won:
            won.append(True)
            assert second.hold()

    api.fault = fault
    assert not first.hold()
    assert spec(api)["holderIdentity"] == "b"


def test_a_missing_control_namespace_is_said() -> None:
    """Nothing is raised: the area is not driven, and why is told."""
    server = ApiServer(MemoryStore(), VirtualClock())
    candidate = Candidate(identity="a", now=lambda: START, monotonic=lambda: 0.0)
    lease = AreaLease(Client(server, quiet(1)), "toy", candidate)
    assert not lease.hold()
    assert "cannot be acquired" in lease.why


def test_leases_do_not_count_as_writes_of_ours() -> None:
    """Neither for the client nor for the server, which counts by field manager."""
    server = ApiServer(MemoryStore(), VirtualClock())
    client = Client(server, quiet(1))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ruleengine"}}
    client.apply(namespace, "test")
    before = client.writes
    moment = [0.0]
    candidate = Candidate(identity="a", now=lambda: START, monotonic=lambda: moment[0])
    lease = AreaLease(client, "toy", candidate)
    assert lease.hold()
    moment[0] = 6.0
    assert lease.hold()
    lease.release()
    assert client.writes == before
    assert server.writes
    assert not [name for name in server.writes if name.startswith(MANAGER)]


def test_a_lease_that_stayed_free_since_we_looked_begins_no_new_term(api: FakeApi) -> None:
    """Nobody drove in between, so what was observed holds; one never seen before is free too."""
    machine = Machine(api)
    first = machine.lease("a")
    first.look()
    assert first.hold()
    assert first.term == 0
    first.release()
    second = machine.lease("b")
    second.look()
    assert second.hold()
    assert second.term == 0


def test_a_lease_that_others_had_since_we_looked_begins_a_new_term(api: FakeApi) -> None:
    """Also where they have given it back by now, and where we did not look at all."""
    machine = Machine(api)
    first, second, third = machine.lease("a"), machine.lease("b"), machine.lease("c")
    first.look()
    assert second.hold()
    second.release()
    assert first.hold()
    assert first.term == 1
    first.release()
    assert third.hold()
    assert third.term == 1


def test_an_answer_that_was_lost_does_not_end_a_term(api: FakeApi) -> None:
    """The lease turns out to be ours still: the renewal had reached the server."""
    machine = Machine(api)
    lease = machine.lease("a")
    lease.look()
    assert lease.hold()

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        failing = when == "after" and request.method == "PUT"
        return HttpResponse(status=503, body=b"{}") if failing else None

    api.fault = fault
    machine.wait(6)
    assert lease.hold()
    api.fault = lambda *_: None
    machine.wait(1)
    assert lease.hold()
    assert lease.term == 0


def test_what_is_left_of_a_term_ends_before_others_may_begin(api: FakeApi) -> None:
    """Another process cannot have it before 15 seconds; of another term nothing is left."""
    machine = Machine(api)
    lease = machine.lease("a")
    assert lease.left(0) == 0
    lease.look()
    assert lease.hold()
    assert lease.left(0) == 14
    machine.wait(4)
    assert lease.left(0) == 10
    assert lease.left(1) == 0
    machine.wait(20)
    assert lease.left(0) == 0
    lease.release()
    assert lease.left(0) == 0
