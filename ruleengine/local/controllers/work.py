"""What a controller sees and what it asks for: a reader, and writes as values.

``reconcile(key, reader, now)`` is level-triggered: it looks at what is there and returns
the writes that bring it one step closer to what is wanted, and when to look again.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, Protocol

from ruleengine.local.api.catalog import Catalog
from ruleengine.local.controllers.indexes import LabelIndex, place
from ruleengine.local.store import Event, EventType, Key, Store
from ruleengine.model.values import Object, lookup

_FREE: Final = ("pods", "replicasets.apps")
"""What is adopted where nobody controls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Have people hear something of ``about``, as an event; told again, it counts.

    ``component`` is who says it. ``of`` is the occasion: it tells two of the same words apart,
    and what is told of one occasion is told once.
    """

    about: Object = field(repr=False)
    reason: str
    message: str
    component: str
    warning: bool = False
    of: str = ""


@dataclass(frozen=True, slots=True)
class Create:
    """Create an object; one that is there already is as good.

    ``tell`` is told once it is made, with the name of the object at the end of the message
    where that is not ``named`` in it.
    """

    value: Object = field(repr=False)
    tell: Tell | None = None
    named: bool = False


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace ``live`` by ``value``, unless it has changed meanwhile."""

    live: Object = field(repr=False)
    value: Object = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Replace the status of ``live``, unless it has changed meanwhile."""

    live: Object = field(repr=False)
    status: Object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete ``live`` if it is still that object."""

    live: Object = field(repr=False)
    propagation: str = "Background"
    grace: int | None = None


Write = Create | Replace | SetStatus | Delete | Tell


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a controller wants: writes in order, and the moment to look again if any."""

    writes: tuple[Write, ...] = ()
    again: datetime | None = None


class Controller(Protocol):
    """One controller. ``manager`` is the field manager of its writes."""

    manager: ClassVar[str]

    def keys(self, event: Event, reader: "Reader") -> Iterable[Key]:
        """Return the keys that have to be looked at because of an event."""

    def reconcile(self, key: Key, reader: "Reader", now: datetime) -> Reconciled:
        """Return what is to be done for a key."""


class Wakeups:
    """Keys that have to be looked at although nothing was stored; safe from any thread.

    ``wake`` is called after each.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._keys: dict[tuple[Controller, Key], None] = {}
        self._lock = threading.Lock()

    @property
    def pending(self) -> bool:
        """Whether there is any."""
        return bool(self._keys)

    def add(self, controller: Controller, key: Key) -> None:
        """Have a controller look at a key."""
        with self._lock:
            self._keys[controller, key] = None
        self._wake()

    def take(self) -> Iterable[tuple[Controller, Key]]:
        """Return what was added, and forget it."""
        with self._lock:
            found, self._keys = self._keys, {}
        return found


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an owner may not make: why, how often in a row, and until when it does not try again."""

    message: str
    times: int
    until: datetime


class Reader:
    """What is stored, with indexes that follow the events.

    They tell who owns whom, what is nobody's, which pods have a label, and which Services a pod
    may stand behind: what a change costs must not grow with what there is beside it. Also
    which owners were refused what they would make; after a restart they just try again.
    """

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self.catalog = catalog
        self._refusals: dict[str, Refusal] = {}
        self.forget()

    def forget(self) -> None:
        """Begin the indexes anew."""
        self._owned: dict[str, set[Key]] = {}
        self._owners: dict[Key, frozenset[str]] = {}
        self._free: dict[tuple[str, str], set[Key]] = {}
        self._resources: dict[str, str] = {}
        self._pods = LabelIndex()
        self._services = LabelIndex()

    def get(self, key: Key) -> Object | None:
        """Return an object, or ``None``."""
        return self._store.get(key)

    def objects(self, resource: str, namespace: str = "") -> list[Object]:
        """Return the objects of a resource."""
        return list(self._store.list(resource, namespace).items)

    def resources(self) -> Iterable[str]:
        """Return the resources of which objects exist."""
        return self._store.resources()

    def owned_keys(self, uid: str) -> list[Key]:
        """Return where the objects lie that name ``uid`` as an owner."""
        return sorted(self._owned.get(uid, ()))

    def owned(self, uid: str, resource: str) -> list[Object]:
        """Return the objects of a resource that ``uid`` controls."""
        found = (self.get(key) for key in self.owned_keys(uid) if key.resource == resource)
        return [one for one in found if one is not None and controller_uid(one) == uid]

    def free(self, resource: str, namespace: str) -> list[Object]:
        """Return the pods, or ReplicaSets, of a namespace that nobody controls."""
        found = self._found(self._free.get((resource, namespace), ()))
        return [one for one in found if not controller_uid(one)]

    def pods(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """Return the pods of a namespace that have all of some labels."""
        found = self._found(self._pods.having(namespace, labels))
        return [one for one in found if labels.items() <= (_labels_of(one) or {}).items()]

    def services(self, pod: Object) -> list[Object]:
        """Return the Services that may have a pod behind them; what they select is for others."""
        metadata = pod["metadata"]
        return self._found(self._services.having_any(metadata["namespace"], _labels_of(pod) or {}))

    def _found(self, keys: Iterable[Key]) -> list[Object]:
        return [one for key in sorted(keys) if (one := self.get(key)) is not None]

    def resource_of(self, uid: str) -> str:
        """Return of which resource the object with a uid is; empty where there is none."""
        return self._resources.get(uid, "")

    def refusal(self, uid: str) -> Refusal | None:
        """Return what the owner ``uid`` was refused last, until something of it is made."""
        return self._refusals.get(uid)

    def note(self, uid: str, refusal: Refusal | None) -> None:
        """Note what an owner was refused; ``None`` once it was not."""
        if refusal is not None:
            self._refusals[uid] = refusal
        else:
            self._refusals.pop(uid, None)

    def follow(self, event: Event) -> None:
        """Bring the index up to an event."""
        value = None if event.type is EventType.DELETED else event.object
        uid = str(event.object["metadata"].get("uid"))
        if value is None:
            self.note(uid, None)
            self._resources.pop(uid, None)
        self.index(event.key, value)

    def index(self, key: Key, value: Object | None) -> None:
        """Note what the indexes tell of an object; ``None`` for one that is gone."""
        if value is not None:
            self._resources[str(value["metadata"].get("uid"))] = key.resource
        if key.resource in _FREE:
            place(self._free, (key.resource, key.namespace), key, stays=_is_free(value))
        if key.resource == "pods":
            self._pods.put(key, _labels_of(value))
        elif key.resource == "services":
            self._services.put(key, _one_of(lookup(value, "spec", "selector")))
        references = lookup(value, "metadata", "ownerReferences", default=())
        owners = frozenset(str(one.get("uid")) for one in references)
        before = self._owners.get(key, frozenset())
        for uid in before | owners:
            place(self._owned, uid, key, stays=uid in owners)
        if owners:
            self._owners[key] = owners
        else:
            self._owners.pop(key, None)


def _labels_of(value: Object | None) -> Object | None:
    found: Object | None = lookup(value, "metadata", "labels")
    return found


def _one_of(selector: Object | None) -> Object | None:
    """Return one of the labels of a selector: whatever it selects has that."""
    return dict([min(selector.items())]) if selector else None


def _is_free(value: Object | None) -> bool:
    return value is not None and not controller_uid(value)


def controller_reference(value: Object) -> Object | None:
    """Return the owner reference that controls an object, or ``None``."""
    references = lookup(value, "metadata", "ownerReferences", default=())
    return next((one for one in references if one.get("controller")), None)


def controller_uid(value: Object) -> str:
    """Return the uid of what controls an object; empty for none."""
    reference = controller_reference(value)
    return str(reference["uid"]) if reference else ""


def owner_reference(owner: Object) -> Object:
    """Return the reference by which ``owner`` controls an object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def key_of(resource: str, value: Object) -> Key:
    """Return where an object of a resource lies."""
    metadata = value["metadata"]
    return Key(resource, metadata.get("namespace", ""), metadata["name"])


def owner_keys(event: Event, kind: str, resource: str) -> Iterable[Key]:
    """Return the keys of the controllers of that kind, before and after an event."""
    for value in (event.object, event.previous):
        reference = controller_reference(value) if value else None
        if reference and reference["kind"] == kind:
            yield Key(resource, event.key.namespace, reference["name"])


def is_deleting(value: Object) -> bool:
    """Tell whether an object is on its way out."""
    return "deletionTimestamp" in value["metadata"]


def selects(selector: Object | None, value: Object) -> bool:
    """Tell whether a ``LabelSelector`` selects an object; an empty one selects nothing."""
    labels = value["metadata"].get("labels") or {}
    wanted = lookup(selector, "matchLabels", default={})
    expressions = lookup(selector, "matchExpressions", default=[])
    if not wanted and not expressions:
        return False
    return wanted.items() <= labels.items() and all(_holds(one, labels) for one in expressions)


def _holds(expression: Object, labels: Object) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
