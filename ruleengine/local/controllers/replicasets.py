"""Keeps as many pods as a ReplicaSet asks for (reference, Kubernetes API section 9)."""

from collections.abc import Iterable
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
)
from ruleengine.local.controllers.telling import created_pod, deleted_pod
from ruleengine.local.controllers.work import (
    Create,
    Delete,
    Reader,
    Reconciled,
    SetStatus,
    Write,
    controller_uid,
    is_deleting,
    owner_keys,
    selects,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "replicasets.apps"
_COMPONENT: Final = "replicaset-controller"


class ReplicaSets:
    """The controller of ReplicaSets."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A ReplicaSet is looked at when it or one of its pods changes."""
        if event.key.resource == RESOURCE:
            return [event.key]
        if event.key.resource != "pods":
            return []
        found = list(owner_keys(event, "ReplicaSet", RESOURCE))
        if not found and not controller_uid(event.object):
            found = [
                Key(RESOURCE, event.key.namespace, one["metadata"]["name"])
                for one in reader.objects(RESOURCE, event.key.namespace)
                if selects(one["spec"].get("selector"), event.object)
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
        if not is_deleting(live):
            writes += adopt_and_release(live, owned, reader)
            begin = _not_before(owned)
            if begin is None or begin <= now or len(pods) > int(live["spec"].get("replicas", 1)):
                writes += _scale(live, pods)
        status, again = _status(live, pods, now)
        if status != live.get("status"):
            writes.append(SetStatus(live, status))
        times = [at for at in (again, begin) if at is not None and at > now]
        return Reconciled(tuple(writes), min(times, default=None))


def _not_before(owned: list[Object]) -> datetime | None:
    """Return when pods may be made: ones that fail at once must not be made without end.

    Counts the failed pods that are newer than every one that got ready.
    """

    def created(pod: Object) -> datetime:
        return parse_time(pod["metadata"]["creationTimestamp"])

    ready = [created(one) for one in owned if ready_since(one) is not None]
    failed = [created(one) for one in owned if lookup(one, "status", "phase") == "Failed"]
    newest = max(ready, default=None)
    recent = [at for at in failed if newest is None or at > newest]
    return max(recent) + delay_after(len(recent)) if recent else None


def _scale(live: Object, pods: list[Object]) -> list[Write]:
    missing = int(live["spec"].get("replicas", 1)) - len(pods)
    if missing > 0:
        pod = pod_from(
            live["spec"]["template"], live, generateName=f"{live['metadata']['name']}-"[:58]
        )
        return [Create(pod, created_pod(live, _COMPONENT)) for _ in range(min(missing, BURST))]
    surplus = sorted(pods, key=deletion_rank)[: min(-missing, BURST)]
    writes: list[Write] = []
    for pod in surplus:
        writes += [Delete(pod), deleted_pod(live, pod, _COMPONENT)]
    return writes


def _status(live: Object, pods: list[Object], now: datetime) -> tuple[Object, datetime | None]:
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
    return status, min(pending, default=None)
