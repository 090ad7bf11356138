"""The toy of the gate: a ``Counter`` has children, made in order, and publishes once.

Child *n* is made when child *n - 1* is there; what is too many goes from the end; a
finalizer holds a counter until its last child is gone. When all children are there, it
publishes, and its status says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ruleengine.cluster.client import Client
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.store import EventType, Key
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import (
    DONE,
    Answer,
    Decision,
    Next,
    Reconciler,
    Request,
    Stop,
    World,
)
from ruleengine.model.digests import derive_name
from ruleengine.model.names import CONTROL_NAMESPACE, RECORD_TYPE
from ruleengine.model.records import from_secret, record_target
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.effects import PURPOSE
from tests.reconcile.kit import config_map, crd
from tests.simulation.invariants import (
    EffectsHappen,
    Invariant,
    OthersAreLeftAlone,
    ViolationError,
    Write,
    created,
)
from tests.simulation.scenario import Act, Process, Scenario

API_VERSION = "example.com/v1"
MANAGER = "ruleengine-toy"
FINALIZER = "example.com/children"
COUNTER = "example.com/counter"
NAMESPACE = "shop"


def counter(name: str, count: int) -> Object:
    """Return a Counter."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Counter",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"count": count},
    }


class Counting:
    """The reconciler of Counters. Broken variants override one method each."""

    area = "toy"
    api_version = API_VERSION
    kind = "Counter"
    manager = MANAGER

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return the next step for one Counter."""
        del now, memo
        children = self.children(value, world)
        if lookup(value, "metadata", "deletionTimestamp"):
            return self.end(value, children)
        if FINALIZER not in lookup(value, "metadata", "finalizers", default=()):
            return _finalizers(value, [FINALIZER])
        count = value["spec"]["count"]
        surplus = [index for index in children if index >= count]
        if surplus:
            return self.remove(value, children, max(surplus))
        missing = [index for index in range(count) if index not in children]
        if missing:
            return self.make(value, missing)
        return self.publish(value, world)

    def children(self, value: Object, world: World) -> dict[int, Object]:
        """Return the children that are there, by their index."""
        owner = ("owner", str(value["metadata"]["uid"]))
        mine = world.list("v1", "ConfigMap", NAMESPACE, index=owner)
        return {int(one["data"]["index"]): one for one in mine}

    def name_of(self, value: Object, index: int) -> str:
        """Return the name of a child."""
        return derive_name(value["metadata"]["name"], "child", index)

    def child(self, value: Object, index: int) -> Action:
        """Return the action that makes one child."""
        name = self.name_of(value, index)
        made = config_map(name, NAMESPACE, index=str(index))
        owner = {
            "apiVersion": API_VERSION,
            "kind": "Counter",
            "name": value["metadata"]["name"],
            "uid": value["metadata"]["uid"],
            "controller": True,
        }
        labels = {COUNTER: value["metadata"]["name"]}
        made["metadata"] |= {"labels": labels, "ownerReferences": [owner]}
        return Action(verb=Verb.APPLY, target=Target.of(made), manager=MANAGER, object=made)

    def make(self, value: Object, missing: Sequence[int]) -> Decision:
        """Make the first child that is missing."""
        action = self.child(value, missing[0])
        status = {"phase": "Running", "made": missing[0]}
        following = Next(stop=Stop.ON, targets=(action.target,))
        return Decision(actions=(action,), status=_status(value, status), next=following)

    def remove(self, value: Object, children: Mapping[int, Object], index: int) -> Decision:
        """Delete the child with the highest index."""
        target = Target.of(children[index])
        uid = lookup(children[index], "metadata", "uid", default="")
        action = Action(verb=Verb.DELETE, target=target, manager=MANAGER, uid=uid)
        status = {"phase": "Running", "made": min(index, value["spec"]["count"])}
        following = Next(stop=Stop.ON, targets=(target,))
        return Decision(actions=(action,), status=_status(value, status), next=following)

    def end(self, value: Object, children: Mapping[int, Object]) -> Decision:
        """Delete the children, then let the Counter go."""
        if FINALIZER not in lookup(value, "metadata", "finalizers", default=()):
            return Decision(next=DONE)
        if children:
            target = Target.of(children[max(children)])
            action = Action(verb=Verb.DELETE, target=target, manager=MANAGER)
            return Decision(actions=(action,), next=Next(stop=Stop.ON, targets=(target,)))
        return _finalizers(value, [])

    def request(self, value: Object) -> Request:
        """Return the effect of a Counter."""
        return Request(kind="publish", payload={"counter": value["metadata"]["name"]}, effect=True)

    def publish(self, value: Object, world: World) -> Decision:
        """Ask for the effect; say that it is done when it has been answered."""
        request, count = self.request(value), value["spec"]["count"]
        answer = world.answer(request)
        if lookup(value, "status", "published"):
            return Decision(status=_status(value, {"phase": "Succeeded", "made": count}))
        if answer is None or answer.error:
            status = _status(value, {"phase": "Publishing", "made": count})
            return Decision(requests=(request,), status=status, next=_self(value))
        done = {"phase": "Succeeded", "made": count, "published": request.key}
        return Decision(status=_status(value, done))


def _status(value: Object, changed: Object) -> Object:
    return {**(value.get("status") or {}), **changed}


def _self(value: Object) -> Next:
    return Next(stop=Stop.ON, targets=(Target.of(value),))


def _finalizers(value: Object, wanted: list[str]) -> Decision:
    action = Action(
        verb=Verb.PATCH,
        target=Target.of(value),
        manager=MANAGER,
        object={"metadata": {"finalizers": wanted}},
        resource_version=value["metadata"]["resourceVersion"],
    )
    return Decision(actions=(action,), next=_self(value))


@dataclass(frozen=True)
class Counters(Scenario):
    """Two Counters and a bystander; one Counter is scaled down, the other deleted.

    ``make`` makes the reconciler; a class of :mod:`tests.simulation.broken` makes a bad one.
    """

    make: Callable[[Process], Reconciler] = lambda _: Counting()
    seeds: ClassVar[int] = 300
    acts: ClassVar[Sequence[Act]] = (
        lambda client: client.merge_patch(
            Target(API_VERSION, "Counter", NAMESPACE, "one"), {"spec": {"count": 2}}, "user"
        ),
        lambda client: client.delete(Target(API_VERSION, "Counter", NAMESPACE, "two")),
    )

    @property
    def name(self) -> str:
        """The expression that makes the scenario again."""
        if isinstance(self.make, type):
            return f"counters.Counters(make=broken.{self.make.__name__})"
        return super().name

    def prepare(self, client: Client) -> None:
        """Create what is there from the start."""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        definition = crd("Counter")
        definition["spec"]["versions"][0]["subresources"] = {"status": {}}
        bystander = config_map("bystander", NAMESPACE, index="0")
        control = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CONTROL_NAMESPACE}}
        for value in (namespace, control, definition, bystander):
            client.create(value, "user")
        client.discover(again=True)
        for value in (counter("one", 5), counter("two", 3)):
            client.create(value, "user")

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the reconciler of a new process."""
        return [self.make(process)]

    def effects(self) -> Mapping[str, Callable[[Request], Answer]]:
        """Return the bus, which takes everything."""
        return {"publish": lambda request: Answer(value={"key": request.key})}

    def invariants(self) -> Sequence[Invariant]:
        """Return what a Counter promises."""
        return (
            OneChildPerIndex(),
            ChildrenAreMadeInOrder(),
            StatusIsNotAhead(),
            IntentComesFirst(),
            NoChildOutlivesItsCounter(),
            EffectsHappen(lambda request: request.payload["counter"], lambda _: {"one"}),
            OthersAreLeftAlone(_is_ours),
            *super().invariants(),
        )

    def normalise(self, value: Object) -> Object | None:
        """Return the object; of the ledger of effects what does not hold a uid."""
        if value.get("type") == RECORD_TYPE:
            content = from_secret(value)["effects"]
            return {**value, "data": {key: one["state"] for key, one in content.items()}}
        return value


def _is_ours(value: Object) -> bool:
    if lookup(value, "metadata", "namespace") == CONTROL_NAMESPACE:
        return value["kind"] in ("Lease", "Secret")
    labels = lookup(value, "metadata", "labels", default={})
    return value["kind"] in ("Counter", "Event") or COUNTER in labels


def children_of(plane: ControlPlane, name: str) -> list[int]:
    """Return the indexes of the children of a Counter that are stored."""
    found = plane.store.list("configmaps", NAMESPACE).items
    return sorted(
        int(one["data"]["index"])
        for one in found
        if lookup(one, "metadata", "labels", COUNTER) == name
    )


class OneChildPerIndex(Invariant):
    """No two children of a Counter ever have one index."""

    def written(self, write: Write) -> None:
        """Raise for a second child."""
        for child in created(write, "ConfigMap"):
            name = child["metadata"]["labels"][COUNTER]
            found = children_of(write.plane, name)
            if len(found) > len(set(found)):
                raise ViolationError(f"{name} has the children {found}")


class ChildrenAreMadeInOrder(Invariant):
    """A child is made when every one before it is there."""

    def written(self, write: Write) -> None:
        """Raise for a child without the one before it."""
        for child in created(write, "ConfigMap"):
            name, index = child["metadata"]["labels"][COUNTER], int(child["data"]["index"])
            lacking = set(range(index)) - set(children_of(write.plane, name))
            if lacking:
                raise ViolationError(f"{name}: child {index} was made before {min(lacking)}")


class StatusIsNotAhead(Invariant):
    """The status never counts a child that does not exist when it is written."""

    def written(self, write: Write) -> None:
        """Raise for a status that says too much."""
        if not write.request.path.endswith("/status"):
            return
        for event in write.events:
            name = event.key.name
            made, there = (
                lookup(event.object, "status", "made", default=0),
                len(children_of(write.plane, name)),
            )
            if made > there:
                raise ViolationError(f"{name}: the status counts {made} children of {there}")


class IntentComesFirst(Invariant):
    """An effect is performed only when it is on record that it will be."""

    def effect(self, request: Request, plane: ControlPlane) -> None:
        """Raise for an effect that nobody would know of after a crash."""
        name = request.payload["counter"]
        place = record_target(Target(API_VERSION, "Counter", NAMESPACE, name), PURPOSE)
        stored = plane.store.get(Key("secrets", place.namespace, place.name))
        if stored is None or request.key not in from_secret(stored)["effects"]:
            raise ViolationError(f"{name} published before the intent was recorded")


class NoChildOutlivesItsCounter(Invariant):
    """A Counter goes when its children are gone, whatever the garbage collector would do."""

    def written(self, write: Write) -> None:
        """Raise where a Counter went too early."""
        for event in write.events:
            if event.type is EventType.DELETED and event.object["kind"] == "Counter":
                left = children_of(write.plane, event.key.name)
                if left:
                    raise ViolationError(f"{event.key.name} is gone, its children {left} are not")


SCENARIO = Counters()
