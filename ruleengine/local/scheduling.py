"""The scheduler: it places pods on the one node, or says why not."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ruleengine.apimachinery.quantities import Quantity
from ruleengine.local.affinity import wants_node
from ruleengine.local.api.pod_resources import NONE, ONE, Amounts, amounts_of, amounts_of_pod
from ruleengine.local.controllers.lines import Line
from ruleengine.local.controllers.pods import OVER
from ruleengine.local.controllers.work import (
    Reader,
    Reconciled,
    Replace,
    SetStatus,
    Tell,
    is_deleting,
)
from ruleengine.local.node import LEASE_KEY, NODE, NODE_KEY
from ruleengine.local.pod_simulation import SOON
from ruleengine.local.runtime.needs import is_process
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.names import PORTS, RUN, SIMULATED
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

SHUT: Final = ("NoSchedule", "NoExecute")
"""The effects of taints that keep pods from a node."""

_COMPONENT: Final = "default-scheduler"
_UNSCHEDULABLE: Final[Object] = {
    "key": "node.kubernetes.io/unschedulable",
    "effect": "NoSchedule",
}
_AGAIN: Final = timedelta(seconds=30)
_NAME: Final = "default-scheduler"
_PORT: Final = "port "
_FULL: Final = "0/1 nodes are available: 1 Too many pods."


class Scheduler:
    """Places pods on the node, unless their node selector or name asks for another.

    What the pods on the node ask for is added up as they come and go, and so are the ports that
    they say that nobody else may listen on meanwhile: they share the network of the machine.
    ``most`` tells how many pods may run as processes at a time; those beyond stand in line.
    """

    manager: ClassVar[str] = "kube-scheduler"

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._processes: set[Key] = set()
        self._line = Line()
        self._taken: dict[Key, Amounts] = {}
        self._sums: Amounts = {}
        self._waiting: dict[Key, None] = {}

    def _count(self, event: Event) -> bool:
        """Count what a pod takes now; return whether it gives a port back."""
        pod = event.object
        is_there = event.type is not EventType.DELETED
        here = is_there and lookup(pod, "spec", "nodeName") == NODE
        counts = here and lookup(pod, "status", "phase") not in OVER
        if counts and is_process(pod):
            self._processes.add(event.key)
        else:
            self._processes.discard(event.key)
        before = self._taken.pop(event.key, {})
        after = _wanted(pod) if counts else {}
        if counts:
            self._taken[event.key] = after
        if after != before:
            names = self._sums.keys() | after.keys()
            self._sums = {
                one: self._sums.get(one, NONE) + after.get(one, NONE) - before.get(one, NONE)
                for one in names
            }
        if is_there and not lookup(pod, "spec", "nodeName") and not is_deleting(pod):
            self._waiting[event.key] = None
        else:
            self._waiting.pop(event.key, None)
            self._line.leave(event.key)
        return any(one.startswith(_PORT) for one in before.keys() - after.keys())

    def _lacking(self, pod: Object, node: Object) -> list[str]:
        """Return the resources and ports of which the node has not enough left for a pod."""
        room = amounts_of(lookup(node, "status", "allocatable"))
        return sorted(
            name
            for name, amount in _wanted(pod).items()
            if amount > NONE and self._sums.get(name, NONE) + amount > _room(room, name)
        )

    def _problem(self, pod: Object, node: Object) -> str:
        """Return why a node is nothing for a pod; empty where it could have it."""
        shut = lookup(node, "spec", "unschedulable", default=False)
        if shut and toleration_of(pod, _UNSCHEDULABLE) is None:
            return "0/1 nodes are available: 1 node(s) were unschedulable."
        if not wants_node(pod["spec"], node):
            return "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
        if taint := untolerated(pod, node, SHUT):
            text = f"{taint['key']}: {taint.get('value') or ''}"
            return f"0/1 nodes are available: 1 node(s) had untolerated taint {{{text}}}."
        if lacking := self._lacking(pod, node):
            texts = dict.fromkeys(_lack(one) for one in lacking)
            return f"0/1 nodes are available: {', '.join(f'1 {one}' for one in texts)}."
        return ""

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A pod is looked at until it has a place, and all that wait once a port is free.

        Of those in line only the first are, and as many as there are places: at each beat of the
        node, too, for it may take more pods than before.
        """
        del reader
        if event.key == LEASE_KEY:
            return self._line.first(self._places())
        if event.key.resource != "pods":
            return []
        looked_at = self._waiting if self._count(event) else {event.key: None}
        found = [one for one in looked_at if one in self._waiting and one not in self._line]
        return [*found, *self._line.first(self._places())]

    def _places(self) -> int:
        """Return how many more pods may run as processes."""
        return max(self._most() - len(self._processes), 0)

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Place a pod, or say why it cannot be placed."""
        pod = reader.get(key)
        if pod is None or not _is_ours(pod):
            return Reconciled()
        node = reader.get(NODE_KEY)
        if node is None:
            return Reconciled(again=now + SOON)
        problem = self._problem(pod, node)
        if not problem and is_process(pod) and not self._places():
            self._line.join(key, pod)
            status = _unschedulable(pod, _FULL, now)  # no event: there may be thousands in line
            return Reconciled(() if status == pod.get("status") else (SetStatus(pod, status),))
        if not problem:
            name = f"{key.namespace}/{key.name}"
            text = f"Successfully assigned {name} to {NODE}"
            return Reconciled((Replace(pod, _placed(pod)), _tell(pod, "Scheduled", text)))
        self._line.leave(key)
        status = _unschedulable(pod, problem, now)
        if status == pod.get("status"):
            return Reconciled(again=now + _AGAIN)
        told = _tell(pod, "FailedScheduling", problem, warning=True)
        return Reconciled((SetStatus(pod, status), told), now + _AGAIN)


def _is_ours(pod: Object) -> bool:
    """Tell whether a pod wants a place, and one from us."""
    spec = pod["spec"]
    if is_deleting(pod) or spec.get("nodeName") or spec.get("schedulingGates"):
        return False
    return bool(spec.get("schedulerName", _NAME) == _NAME)


def _wanted(pod: Object) -> Amounts:
    """Return what a pod takes: resources, and one each of the ports that it has to itself."""
    ports = str(lookup(pod, "metadata", "annotations", PORTS) or "").split(",")
    alone = {f"{_PORT}{one.strip()}": ONE for one in ports if one.strip()}
    return {"pods": ONE, **amounts_of_pod(pod, "requests"), **alone}


def _room(room: Amounts, name: str) -> Quantity:
    return ONE if name.startswith(_PORT) else room.get(name, NONE)


def _lack(name: str) -> str:
    if name.startswith(_PORT):
        return "node(s) didn't have free ports for the requested pod ports"
    return "Too many pods" if name == "pods" else f"Insufficient {name}"


def _tell(pod: Object, reason: str, message: str, *, warning: bool = False) -> Tell:
    return Tell(about=pod, reason=reason, message=message, component=_COMPONENT, warning=warning)


def untolerated(pod: Object, node: Object, effects: tuple[str, ...]) -> Object | None:
    """Return the first taint of a node with one of the effects that a pod does not tolerate."""
    for taint in lookup(node, "spec", "taints", default=()):
        if taint["effect"] in effects and toleration_of(pod, taint) is None:
            found: Object = taint
            return found
    return None


def toleration_of(pod: Object, taint: Object) -> Object | None:
    """Return the toleration by which a pod puts up with a taint."""
    for one in lookup(pod, "spec", "tolerations", default=()):
        fits = one.get("effect") in (None, "", taint["effect"])
        if one.get("operator") == "Exists":
            fits = fits and one.get("key") in (None, "", taint["key"])
        else:
            same = (one.get("key"), one.get("value") or "")
            fits = fits and same == (taint["key"], taint.get("value") or "")
        if fits:
            found: Object = one
            return found
    return None


def _placed(pod: Object) -> Object:
    metadata = pod["metadata"]
    if lookup(metadata, "annotations", RUN) is None and not is_process(pod):
        annotations = {**(metadata.get("annotations") or {}), SIMULATED: "true"}
        metadata = {**metadata, "annotations": annotations}
    return {**pod, "metadata": metadata, "spec": {**pod["spec"], "nodeName": NODE}}


def _unschedulable(pod: Object, problem: str, now: datetime) -> Object:
    status = pod.get("status") or {}
    known = next(
        (one for one in status.get("conditions") or () if one["type"] == "PodScheduled"), None
    )
    time = known["lastTransitionTime"] if known else format_time(now)
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": problem,
        "lastTransitionTime": time,
    }
    return {**status, "phase": "Pending", "conditions": [condition]}
