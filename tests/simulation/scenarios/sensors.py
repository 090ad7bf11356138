"""The real reconciler of Sensors under faults: events arrive at any moment, each starts once.

The bus of a run is a namespace of its control plane: an event is a ConfigMap in it, its
sequence the resourceVersion at which it came. So it outlives every process, as a bus does,
and a run keeps nothing outside of its plane.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from ruleengine.cluster.client import Client
from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.decisions import Answer, Reconciler, Request
from ruleengine.model.events import CloudEvent, StoredEvent
from ruleengine.model.names import (
    ARGO_TRIGGER_TIME,
    ARGO_TRIGGER_TRIGGER,
    CONTROL_NAMESPACE,
    STARTED_BY,
)
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.standing import StandingPerformer
from ruleengine.triggers.requests import EVENTS, Arrived, EventsWanted
from ruleengine.triggers.sensor_reconciler import SensorReconciler
from tests.reconcile.kit import crd
from tests.simulation.invariants import (
    Invariant,
    OthersAreLeftAlone,
    ViolationError,
    Write,
    created,
)
from tests.simulation.scenario import Act, Process, Scenario
from tests.triggers.objects import NAMESPACE, dependency, sensor, trigger

_BUS: Final = "bus"
_LOG: Final = "simulated"


def arrive(name: str, subject: str) -> Act:
    """Return the arrival of an event."""
    metadata = {"name": name, "namespace": _BUS, "labels": {"subject": subject}}

    def act(client: Client) -> None:
        client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}, "sender")

    return act


@dataclass(frozen=True)
class Bus:
    """The bus of a run; implements a ``StandingPerformer``."""

    plane: ControlPlane
    exclusive: bool = False

    def answer(self, request: Request) -> Answer | None:
        """Return what arrived, two events at a time."""
        wanted = EventsWanted.of(request)
        if wanted.log != _LOG:
            return Answer(value=Arrived(log=_LOG, after=0).as_value())
        stored = self.plane.store.list("configmaps", _BUS).items
        came = [one for one in stored if lookup(one, "metadata", "labels", "subject")]
        known = sorted(map(_stored, came), key=_sequence)
        names = {subject for _, subject in wanted.subjects}
        new = [one for one in known if one.sequence > wanted.after and one.event.subject in names]
        if not new:
            return None
        held = {one.sequence: one for one in known if one.sequence in wanted.held}
        arrived = Arrived(
            log=_LOG, after=wanted.after, events=tuple(new[:2]), held=held, full=len(new) > 2
        )
        return Answer(value=arrived.as_value())

    def end(self, request: Request) -> None:
        """Nothing has to be given back."""


def _stored(value: Object) -> StoredEvent:
    metadata = value["metadata"]
    event = CloudEvent(
        id=metadata["name"],
        source="on-push",
        subject=metadata["labels"]["subject"],
        type="webhook",
        time=metadata["creationTimestamp"],
        data="{}",
    )
    return StoredEvent(sequence=int(metadata["resourceVersion"]), event=event)


def _sequence(stored: StoredEvent) -> int:
    return stored.sequence


class Sensors(Scenario):
    """A sensor with two dependencies: one trigger for pushes, one for a push and a tag."""

    seeds: ClassVar[int] = 60
    writes: ClassVar[int] = 25
    acts: ClassVar[Sequence[Act]] = (
        arrive("p1", "push"),
        arrive("t1", "tag"),
        arrive("p2", "push"),
        arrive("p3", "push"),
        arrive("t2", "tag"),
    )

    def prepare(self, client: Client) -> None:
        """Create what is there from the start."""
        for name in (CONTROL_NAMESPACE, NAMESPACE, _BUS):
            client.create(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, "user"
            )
        for kind in ("Sensor", "Workflow", "EventBus"):
            definition = crd(kind, "argoproj.io")
            definition["spec"]["versions"][0]["name"] = "v1alpha1"
            client.create(definition, "user")
        client.discover(again=True)
        triggers = [trigger("alone", conditions="push"), trigger("together")]
        client.create(sensor([dependency("push"), dependency("tag")], triggers), "user")

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the reconciler of a new process."""
        del process
        return [SensorReconciler()]

    def standing(self, plane: ControlPlane) -> Mapping[str, StandingPerformer]:
        """Return the bus."""
        return {EVENTS: Bus(plane)}

    def invariants(self) -> Sequence[Invariant]:
        """Return what a sensor promises."""
        return (
            EachFiringStartsOnce(),
            OthersAreLeftAlone(_is_ours),
            *super().invariants(),
        )

    def normalise(self, value: Object) -> Object | None:
        """Return workflows and what started them, and the status without its times."""
        if value["kind"] == "Workflow":
            labels = {**value["metadata"]["labels"]}
            del labels[ARGO_TRIGGER_TIME]
            return {"labels": labels, "annotations": value["metadata"]["annotations"]}
        if value["kind"] == "Sensor":
            conditions = lookup(value, "status", "conditions", default=[])
            return {one["type"]: one["status"] for one in conditions}
        return None


def _is_ours(value: Object) -> bool:
    if value["kind"] in ("Event", "Lease", "Sensor", "Workflow"):
        return True
    return value["kind"] == "Secret" and value["metadata"]["namespace"] == CONTROL_NAMESPACE


class EachFiringStartsOnce(Invariant):
    """No two workflows were ever created for one trigger and the same events.

    Nor does any event start a trigger twice, whatever it is joined with.
    """

    def __init__(self) -> None:
        self._started: Counter[tuple[str, str]] = Counter()

    def written(self, write: Write) -> None:
        """Raise for a second workflow."""
        for one in created(write, "Workflow"):
            name = one["metadata"]["labels"][ARGO_TRIGGER_TRIGGER]
            firing = (name, one["metadata"]["annotations"][STARTED_BY])
            self._started[firing] += 1
            if self._started[firing] > 1:
                raise ViolationError(f"{name} started twice for {firing[1]}")


SCENARIO = Sensors()
