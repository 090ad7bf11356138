"""Keeps one pod on each node that fits (reference, Kubernetes API section 9)."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.controllers import revisions as history
from ruleengine.local.controllers.daemon_steps import (
    is_available,
    is_updated,
    next_steps,
    node_of,
    should_run,
)
from ruleengine.local.controllers.pods import adopt_and_release, pod_from, ready_since
from ruleengine.local.controllers.telling import created_pod, deleted_pod
from ruleengine.local.controllers.work import (
    Create,
    Delete,
    Reader,
    Reconciled,
    SetStatus,
    is_deleting,
    key_of,
    owner_keys,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "daemonsets.apps"
_COMPONENT: Final = "daemonset-controller"
_OWNED: Final = ("pods", history.RESOURCE)
_TOLERATED: Final = (
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
)
"""Taints of nodes that pods of DaemonSets put up with."""


class DaemonSets:
    """The controller of DaemonSets."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A DaemonSet is looked at when it, what it owns, or a node changes."""
        if event.key.resource == RESOURCE:
            return [event.key]
        if event.key.resource in _OWNED:
            return owner_keys(event, "DaemonSet", RESOURCE)
        if event.key.resource == "nodes" and _has_moved(event):
            return [key_of(RESOURCE, one) for one in reader.objects(RESOURCE)]
        return []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Make and delete pods, then say in the status what there is."""
        live = reader.get(key)
        if live is None or is_deleting(live):
            return Reconciled()
        uid = live["metadata"]["uid"]
        owned = reader.owned(uid, "pods")
        nodes = {one["metadata"]["name"]: one for one in reader.objects("nodes")}
        kept = reader.owned(uid, history.RESOURCE)
        update = history.template_hash(live)
        writes = history.record(live, kept)
        writes += adopt_and_release(live, owned, reader)
        steps = next_steps(live, nodes, owned, update, now)
        for node in steps.made:
            writes.append(Create(_pod(live, node, update), created_pod(live, _COMPONENT)))
        for pod in steps.deleted:
            writes += [Delete(pod), deleted_pod(live, pod, _COMPONENT)]
        prefix = f"{live['metadata']['name'][:52]}-"
        used = {f"{prefix}{lookup(one, 'metadata', 'labels', history.HASH)}" for one in owned}
        writes += history.forget(live, kept, {*used, history.revision_name(live)})
        status = _status(live, nodes, owned, now)
        if status != live.get("status"):
            writes.append(SetStatus(live, status))
        return Reconciled(tuple(writes), steps.again)


def _has_moved(event: Event) -> bool:
    """Tell whether labels or taints of a node changed: its heartbeats move nobody."""
    if event.previous is None:
        return True
    before, after = event.previous, event.object
    return any(
        lookup(before, *path) != lookup(after, *path)
        for path in (("metadata", "labels"), ("spec",), ("metadata", "deletionTimestamp"))
    )


def _pod(live: Object, node: str, update: str) -> Object:
    """Return the pod for a node: the scheduler places it there, and only there."""
    template = live["spec"]["template"]
    metadata, spec = template.get("metadata") or {}, template["spec"]
    affinity = spec.get("affinity") or {}
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    bound = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": required,
    }
    tolerations = [
        {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
        for name, effect in _TOLERATED
    ]
    stated = spec.get("tolerations") or []
    placed = {
        **spec,
        "affinity": {**affinity, "nodeAffinity": bound},
        "tolerations": [*stated, *(one for one in tolerations if one not in stated)],
    }
    return pod_from(
        {"metadata": metadata, "spec": placed},
        live,
        generateName=f"{live['metadata']['name']}-"[:58],
        labels={**(metadata.get("labels") or {}), history.HASH: update},
    )


def _status(live: Object, nodes: dict[str, Object], owned: list[Object], now: datetime) -> Object:
    update = history.template_hash(live)
    placed: dict[str, list[Object]] = {}
    for pod in owned:
        if not is_deleting(pod):
            placed.setdefault(node_of(pod), []).append(pod)
    wanted = [name for name, node in nodes.items() if should_run(live, node)]
    here = [placed[name] for name in wanted if name in placed]
    available = sum(any(is_available(live, pod, now) for pod in pods) for pods in here)
    status = {
        "currentNumberScheduled": len(here),
        "numberMisscheduled": sum(name in nodes and name not in wanted for name in placed),
        "desiredNumberScheduled": len(wanted),
        "numberReady": sum(any(ready_since(pod) for pod in pods) for pods in here),
        "observedGeneration": live["metadata"].get("generation", 0),
    }
    extra = {
        "updatedNumberScheduled": sum(
            any(is_updated(pod, update) for pod in pods) for pods in here
        ),
        "numberAvailable": available,
        "numberUnavailable": len(wanted) - available,
    }
    return status | {name: count for name, count in extra.items() if count}
