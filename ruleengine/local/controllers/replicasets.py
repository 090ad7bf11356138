"""Keeps as many pods as a ReplicaSet or ReplicationController asks for.

The second is the older kind of the same; its selector is a map of labels (reference, Kubernetes
API section 9).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.controllers.pods import (
    BURST,
    adopt_and_release,
    available_at,
    delay_after,
    deletion_rank,
    is_active,
    pod_from,
    ready_since,
    selector_of,
)
from ruleengine.local.controllers.telling import created_pod, deleted_pod
from ruleengine.local.controllers.work import (
    Create,
    Delete,
    Reader,
    Reconciled,
    Refusal,
    SetStatus,
    Write,
    controller_uid,
    is_deleting,
    owner_keys,
    selects,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "replicasets.apps"
_FAILURE: Final = "ReplicaFailure"


@dataclass(frozen=True, slots=True)
class Replicated:
    """A kind whose objects keep so many pods: its name, its resource, who tells of it."""

    kind: str
    resource: str
    component: str


SETS: Final = Replicated("ReplicaSet", RESOURCE, "replicaset-controller")
CONTROLLERS: Final = Replicated(
    "ReplicationController", "replicationcontrollers", "replication-controller"
)


class ReplicaSets:
    """The controller of one of both kinds."""

    manager: ClassVar[str] = "kube-controller-manager"

    def __init__(self, kind: Replicated = SETS) -> None:
        self._kind = kind

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """An owner is looked at when it or one of its pods changes."""
        resource = self._kind.resource
        if event.key.resource == resource:
            return [event.key]
        if event.key.resource != "pods":
            return []
        found = list(owner_keys(event, self._kind.kind, resource))
        if not found and not controller_uid(event.object):
            found = [
                Key(resource, event.key.namespace, one["metadata"]["name"])
                for one in reader.objects(resource, event.key.namespace)
                if selects(selector_of(one), event.object)
            ]
        return found

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Create or delete pods, then say in the status what there is."""
        live = reader.get(key)
        if live is None:
            return Reconciled()
        owned = reader.owned(live["metadata"]["uid"], "pods")
        pods = [one for one in owned if is_active(one)]
        writes: list[Write] = []
        begin = None
        wanted = int(live["spec"].get("replicas", 1))
        refusal = reader.refusal(live["metadata"]["uid"]) if len(pods) < wanted else None
        if not is_deleting(live):
            writes += adopt_and_release(live, owned, reader)
            begin = _not_before(owned, refusal)
            if begin is None or begin <= now or len(pods) > wanted:
                writes += _scale(live, pods, self._kind.component)
        status, again = _status(live, pods, now, refusal)
        if status != live.get("status"):
            writes.append(SetStatus(live, status))
        times = [at for at in (again, begin) if at is not None and at > now]
        return Reconciled(tuple(writes), min(times, default=None))


def _not_before(owned: list[Object], refusal: Refusal | None) -> datetime | None:
    """Return when pods may be made: ones that fail at once must not be made without end.

    Counts the failed pods that are newer than every one that got ready. What the server has
    refused is tried again later too.
    """

    def created(pod: Object) -> datetime:
        return parse_time(pod["metadata"]["creationTimestamp"])

    ready = [created(one) for one in owned if ready_since(one) is not None]
    failed = [created(one) for one in owned if lookup(one, "status", "phase") == "Failed"]
    newest = max(ready, default=None)
    recent = [at for at in failed if newest is None or at > newest]
    times = [max(recent) + delay_after(len(recent))] if recent else []
    times += [refusal.until] if refusal else []
    return max(times, default=None)


def _scale(live: Object, pods: list[Object], component: str) -> list[Write]:
    missing = int(live["spec"].get("replicas", 1)) - len(pods)
    if missing > 0:
        pod = pod_from(
            live["spec"]["template"], live, generateName=f"{live['metadata']['name']}-"[:58]
        )
        return [Create(pod, created_pod(live, component)) for _ in range(min(missing, BURST))]
    surplus = sorted(pods, key=deletion_rank)[: min(-missing, BURST)]
    writes: list[Write] = []
    for pod in surplus:
        writes += [Delete(pod), deleted_pod(live, pod, component)]
    return writes


def _status(
    live: Object, pods: list[Object], now: datetime, refusal: Refusal | None
) -> tuple[Object, datetime | None]:
    labels = lookup(live, "spec", "template", "metadata", "labels", default={})
    ready = [at for pod in pods if (at := available_at(pod, live)) is not None]
    waits = live["spec"].get("minReadySeconds")
    pending = [at for at in ready if waits and at > now]
    labelled = sum(labels.items() <= (pod["metadata"].get("labels") or {}).items() for pod in pods)
    counts = {
        "replicas": len(pods),
        "fullyLabeledReplicas": labelled,
        "readyReplicas": len(ready),
        "availableReplicas": len(ready) - len(pending),
    }
    status: Object = {"replicas": counts.pop("replicas")}
    status |= {name: count for name, count in counts.items() if count}
    status["observedGeneration"] = live["metadata"].get("generation", 0)
    known = lookup(live, "status", "conditions", default=())
    conditions = [one for one in known if one.get("type") != _FAILURE]
    conditions += [_failure(known, refusal, now)] if refusal else []
    if conditions:
        status["conditions"] = conditions
    return status, min(pending, default=None)


def _failure(known: Iterable[Object], refusal: Refusal, now: datetime) -> Object:
    """Return the condition that the server refuses pods; it keeps the first reason."""
    found: Object | None = next((one for one in known if one.get("type") == _FAILURE), None)
    return found or {
        "type": _FAILURE,
        "status": "True",
        "reason": "FailedCreate",
        "message": refusal.message,
        "lastTransitionTime": format_time(now),
    }
