"""Keeps as many pods as a ReplicaSet asks for (reference, Kubernetes API section 9)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ruleengine.local.controllers.work import (
    Create,
    Delete,
    Reader,
    Reconciled,
    Replace,
    SetStatus,
    Write,
    controller_uid,
    is_deleting,
    owner_keys,
    owner_reference,
    selects,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "replicasets.apps"
_BURST: Final = 500
_COST: Final = "controller.kubernetes.io/pod-deletion-cost"


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
        pods = [one for one in owned if _is_active(one)]
        writes: list[Write] = []
        if not is_deleting(live):
            writes += _ownership(live, owned, reader)
            writes += _scale(live, pods)
        status, again = _status(live, pods, now)
        if status != live.get("status"):
            writes.append(SetStatus(live, status))
        return Reconciled(tuple(writes), again)


def _ownership(live: Object, owned: list[Object], reader: Reader) -> list[Write]:
    """Adopt matching pods that nobody controls; let go of those that match no more."""
    selector = live["spec"].get("selector")
    writes: list[Write] = []
    for pod in reader.objects("pods", live["metadata"]["namespace"]):
        if not controller_uid(pod) and selects(selector, pod) and _is_active(pod):
            references = [
                *(pod["metadata"].get("ownerReferences") or []),
                owner_reference(live),
            ]
            metadata = {**pod["metadata"], "ownerReferences": references}
            writes.append(Replace(pod, {**pod, "metadata": metadata}))
    for pod in owned:
        if not selects(selector, pod):
            uid = live["metadata"]["uid"]
            references = [
                one for one in pod["metadata"]["ownerReferences"] if one.get("uid") != uid
            ]
            metadata = {**pod["metadata"], "ownerReferences": references}
            writes.append(Replace(pod, {**pod, "metadata": metadata}))
    return writes


def _is_active(pod: Object) -> bool:
    phase = lookup(pod, "status", "phase")
    return not is_deleting(pod) and phase not in ("Succeeded", "Failed")


def _scale(live: Object, pods: list[Object]) -> list[Write]:
    missing = int(live["spec"].get("replicas", 1)) - len(pods)
    if missing > 0:
        return [Create(_pod(live)) for _ in range(min(missing, _BURST))]
    surplus = sorted(pods, key=_deletion_rank)[: min(-missing, _BURST)]
    return [Delete(pod) for pod in surplus]


def _pod(live: Object) -> Object:
    template = live["spec"]["template"]
    metadata = {
        **(template.get("metadata") or {}),
        "generateName": f"{live['metadata']['name']}-"[:58],
        "namespace": live["metadata"]["namespace"],
        "ownerReferences": [owner_reference(live)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _deletion_rank(pod: Object) -> tuple[object, ...]:
    """Order pods so that the one that would be missed least comes first."""
    phases = {"Pending": 0, "Unknown": 1, "Running": 2}
    cost = lookup(pod, "metadata", "annotations", _COST, default="0")
    since = ready_since(pod)
    statuses = lookup(pod, "status", "containerStatuses", default=[])
    restarts = sum(int(one.get("restartCount", 0)) for one in statuses)
    created = parse_time(pod["metadata"]["creationTimestamp"])
    return (
        bool(lookup(pod, "spec", "nodeName")),
        phases.get(lookup(pod, "status", "phase", default=""), 1),
        since is not None,
        int(cost) if str(cost).lstrip("-").isdecimal() else 0,
        -(since or created).timestamp(),
        -restarts,
        -created.timestamp(),
        pod["metadata"]["name"],
    )


def ready_since(pod: Object) -> datetime | None:
    """Return since when a pod is ready, ``None`` where it is not."""
    for one in lookup(pod, "status", "conditions", default=[]):
        if one["type"] == "Ready" and one["status"] == "True":
            return parse_time(one["lastTransitionTime"])
    return None


def _status(live: Object, pods: list[Object], now: datetime) -> tuple[Object, datetime | None]:
    wait = timedelta(seconds=int(live["spec"].get("minReadySeconds") or 0))
    labels = lookup(live, "spec", "template", "metadata", "labels", default={})
    ready = [since for pod in pods if (since := ready_since(pod)) is not None]
    pending = [since + wait for since in ready if wait and since + wait > now]
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
