"""From a webhook to what it starts, as a command drives it: stored, answered, handled once."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from ruleengine.app.applying import Delivery
from ruleengine.app.observing import Observers
from ruleengine.model.actions import Outcome, Target
from ruleengine.model.names import STARTED_BY, TRIGGERS_MANAGER
from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from ruleengine.services.embedded_bus import EmbeddedBus
from tests.app.kit import World
from tests.services.test_embedded_bus import event
from tests.web.test_receivers import free_port

TRIGGER = """\
on:
  push:
    webhook: {{port: "{port}", endpoint: /push, method: POST}}
do:
- k8s:
    operation: create
    source: {{resource: {{apiVersion: v1, kind: ConfigMap, metadata: {{generateName: got-}}}}}}
"""
SOURCE = Target("argoproj.io/v1alpha1", "EventSource", "ruleengine", "on-push")


@dataclass
class Run:
    """A run that goes on until it is stopped, and what it tells meanwhile."""

    world: World
    port: int
    cancel: threading.Event = field(default_factory=threading.Event)
    told: list[Outcome] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)
    delivery: Delivery | None = None

    def tell(self, outcome: Outcome) -> None:
        """Take an outcome in."""
        with self.news:
            self.told.append(outcome)
            self.news.notify_all()

    def go(self) -> None:
        """Apply and keep going."""
        observers = Observers(progress=self.tell, cancel=self.cancel)
        self.delivery = self.world.apply(observers=observers, keep=True, receive=True)

    def wait_for(self, kind: str, count: int) -> None:
        """Wait until so many objects of a kind were created."""

        def created() -> int:
            return len(
                [one for one in self.told if one.planned.action.target.kind == kind and one.writes]
            )

        with self.news:
            assert self.news.wait_for(lambda: created() >= count, timeout=30)

    def send(self, body: Object) -> tuple[int, str]:
        """Send a webhook once its port is open."""
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request("POST", "/push", json.dumps(body))
                response = connection.getresponse()
                return response.status, response.read().decode()
            except ConnectionRefusedError:
                assert not self.cancel.wait(0.02)
            finally:
                connection.close()


@contextmanager
def running(world: World, port: int) -> Iterator[Run]:
    """Yield a run that is stopped at the end of the block."""
    run = Run(world, port)
    thread = threading.Thread(target=run.go)
    thread.start()
    try:
        yield run
    finally:
        run.cancel.set()
        thread.join()


def made(world: World) -> list[str]:
    """Return the events that things were created for."""
    found = world.client().list("v1", "ConfigMap", namespace="ruleengine").items
    return [
        one["metadata"]["annotations"][STARTED_BY]
        for one in found
        if one["metadata"]["name"].startswith("got-")
    ]


@pytest.fixture
def port(world: World) -> int:
    """Return the port of a trigger that the repo declares."""
    number = free_port()
    world.change({"triggers/on-push.yaml": TRIGGER.format(port=number)})
    return number


def test_a_webhook_is_answered_and_starts_what_it_is_to_start(world: World, port: int) -> None:
    """Each once; what comes after finds nothing to do."""
    with running(world, port) as run:
        assert run.send({"ref": "a"}) == (200, "success")
        run.wait_for("ConfigMap", 1)
        assert run.send({"ref": "b"}) == (200, "success")
        run.wait_for("ConfigMap", 2)
    assert run.delivery is not None
    assert (run.delivery.cancelled, run.delivery.error) == (True, None)
    assert len(set(made(world))) == 2
    world.apply()  # the run may have been stopped before it had noted how far it was
    before = world.writes()
    delivery = world.apply()
    assert not delivery.failed, delivery
    assert world.writes() == before
    standing = next(one for one in delivery.standings if one.target == SOURCE)
    assert (standing.state, standing.health) == ("applied", "Healthy")
    with running(world, port) as again:
        assert again.send({"ref": "c"})[0] == 200
        again.wait_for("ConfigMap", 1)
    assert len(set(made(world))) == 3


def test_an_event_that_was_stored_is_handled_by_the_next_run(world: World, port: int) -> None:
    """Whatever became of the one that had answered it; an apply is enough."""
    world.apply()
    bus = EmbeddedBus(world.state / "bus.sqlite")
    stored = replace(event("lost"), time=format_time(datetime.now(UTC)))
    bus.append([("ruleengine/default", stored)])
    bus.close()
    assert port
    world.apply()
    assert made(world) == ['{"push":"lost"}']
    before = world.writes()
    world.apply()
    assert world.writes() == before


def test_an_apply_alone_receives_nothing_and_says_who_does(world: World, port: int) -> None:
    """It is not a failure: the document waits."""
    delivery = world.apply()
    assert not delivery.failed
    assert delivery.settled is not None
    told = {str(one.target): one.message for one in delivery.settled.waiting}
    assert "`ruleengine run`" in told["EventSource/ruleengine/on-push"]
    assert told["Sensor/ruleengine/on-push"] == "waiting for events of on-push/push"
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port).request("POST", "/push", "{}")
    assert world.plane.api.writes[TRIGGERS_MANAGER] > 0


def test_planning_opens_no_port_and_no_bus(world: World, port: int) -> None:
    """A plan reads, and reads of the outside that last are for who drives."""
    world.plan()
    assert not list(world.state.glob("bus*"))
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port).request("POST", "/push", "{}")
