"""Triggers on the local control plane in process, with the real bus and virtual time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from ruleengine.app.standing import BusOfState, Reading
from ruleengine.cluster.client import Client
from ruleengine.cluster.retrying import Retrying
from ruleengine.formats import yaml_reader
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.model.actions import Target
from ruleengine.model.data import data_folder
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.errors import UnreachableError
from ruleengine.model.events import CloudEvent
from ruleengine.model.http import HttpRequest, HttpResponse, Transport
from ruleengine.model.names import MANAGER
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.triggers.buses import EventBusReconciler
from ruleengine.triggers.requests import EVENTS, RECEIVE, Receiving, Serving
from ruleengine.triggers.sensor_reconciler import SensorReconciler
from ruleengine.triggers.source_reconciler import EventSourceReconciler
from tests.triggers.objects import NAMESPACE

BUS = f"{NAMESPACE}/default"
CRDS = ("eventbus", "eventsources", "sensors", "workflows")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass
class Doorman:
    """Serves what is asked for, in name only; refuses the events that it is told to refuse."""

    refusals: dict[str, str] = field(default_factory=dict)
    asked: list[Receiving] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    exclusive: bool = True
    problem: tuple[str, str] = ("", "")

    def answer(self, request: Request) -> Answer | None:
        """Return an address for every event."""
        wanted = Receiving.of(request)
        self.asked.append(wanted)
        if self.problem[0]:
            return Answer(error=self.problem[0], remedy=self.problem[1])
        served = [one for one in wanted.routes if one.event not in self.refusals]
        addresses = {one.event: f"http://127.0.0.1:{one.port}{one.endpoint}" for one in served}
        return Answer(value=Serving(addresses=addresses, refusals=self.refusals).as_value())

    def end(self, request: Request) -> None:
        """Note what is over."""
        self.ended.append(Receiving.of(request).source)


class Cut:
    """A transport that is cut off before or after so many writes."""

    def __init__(self, inner: Transport, writes: int, *, after: bool) -> None:
        self._inner = inner
        self._left = writes
        self._after = after
        self.cut = False

    def send(self, request: HttpRequest) -> HttpResponse:
        """Pass a request on. Raises ``UnreachableError`` once cut off."""
        if request.method in _WRITES:
            self._left -= 1
        if self.cut or (self._left < 0 and not self._after):
            self.cut = True
            raise UnreachableError("the line is cut", "mend it")
        response = self._inner.send(request)
        if self._left < 0:
            self.cut = True
            raise UnreachableError("the line is cut", "mend it")
        return response


@dataclass
class Stage:
    """A control plane with the kinds of this area, an empty namespace, and a bus."""

    folder: Path
    plane: ControlPlane = field(default_factory=in_memory_plane)
    doorman: Doorman | None = field(default_factory=Doorman)

    def __post_init__(self) -> None:
        """Apply what every test needs."""
        self.folder.mkdir(exist_ok=True)
        self.client = Client(self.plane)
        self.bus = BusOfState(self.folder / "bus.sqlite")
        for name in CRDS:
            path = data_folder("schemas") / "crds" / f"{name}.yaml"
            self.apply(yaml_reader.read(path.read_bytes(), name).documents[0].value)
        for name in (NAMESPACE, "ruleengine"):
            self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def close(self) -> None:
        """Close the bus."""
        self.bus.close()

    def reopen(self) -> None:
        """Open the bus as a new process does."""
        self.bus.close()
        self.bus = BusOfState(self.folder / "bus.sqlite")

    def apply(self, *values: Object) -> None:
        """Apply objects as the repo does."""
        for value in values:
            self.client.apply(value, MANAGER, force=True)
        self.plane.settle()

    @property
    def clock(self) -> VirtualClock:
        """The clock of the plane."""
        assert isinstance(self.plane.clock, VirtualClock)
        return self.plane.clock

    def arrive(self, *names: str, subject: str = "push", data: str = "{}") -> None:
        """Let events happen, each with its name as id."""
        self.bus.store(
            [
                (
                    BUS,
                    CloudEvent(
                        id=name,
                        source="on-push",
                        subject=subject,
                        type="webhook",
                        time=format_time(self.clock.now()),
                        data=data,
                    ),
                )
                for name in names
            ]
        )

    def settle(self, transport: Transport | None = None) -> Settled:
        """Reconcile as a fresh process does."""
        client = Client(
            transport or self.plane, Retrying(attempts=1, sleep=lambda _: None, jitter=lambda: 0.0)
        )
        reconcilers = (EventBusReconciler(), EventSourceReconciler(), SensorReconciler())
        standing = {EVENTS: Reading(self.bus)}
        if self.doorman is not None:
            standing[RECEIVE] = self.doorman
        surroundings = Surroundings.of(client, reconcilers)
        surroundings = Surroundings(
            client=client,
            shapes=surroundings.shapes,
            reconcilers=reconcilers,
            standing=standing,
        )
        settling = Settling(
            now=self.clock.now,
            feed=PollFeed(client, lambda seconds: self.plane.advance(max(seconds, 0.1))),
            deadline=self.clock.now() + timedelta(minutes=10),
        )
        return settle(surroundings, settling)

    def get(self, target: Target) -> Object:
        """Return an object that is there."""
        found = self.client.get(target)
        assert found is not None, target
        return found

    def condition(self, target: Target, kind: str) -> SimpleNamespace:
        """Return a condition of an object."""
        for one in lookup(self.get(target), "status", "conditions", default=[]):
            if one["type"] == kind:
                return SimpleNamespace(**{"reason": "", "message": "", **one})
        raise AssertionError(f"{target} has no condition {kind}")

    def workflows(self) -> Sequence[Object]:
        """Return every workflow, by name."""
        return self.client.list("argoproj.io/v1alpha1", "Workflow", namespace=NAMESPACE).items

    def started_by(self) -> list[str]:
        """Return the annotation of every workflow that says which events it was created for."""
        return sorted(
            one["metadata"]["annotations"]["ruleengine.dev/started-by"] for one in self.workflows()
        )

    def happenings(self) -> list[str]:
        """Return reason and message of every Kubernetes Event, by message."""
        events = self.client.list("v1", "Event", namespace=NAMESPACE).items
        return sorted(f"{one['reason']}: {one['message']}" for one in events)
