"""What becomes of a node that is heard of no more, and of its pods.

The node counts as lost when its lease is 40 seconds old: it is tainted, its pods are no longer
ready, and those that do not put up with that for longer are deleted after five minutes. They
stay until the node is found again, since nobody can say that their processes have ended.
The annotation ``local.ruleengine.dev/fault: lost`` on the node brings this about.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ruleengine.local.controllers.work import (
    Delete,
    Reader,
    Reconciled,
    Replace,
    SetStatus,
    Write,
    is_deleting,
)
from ruleengine.local.node import LEASE_KEY, NODE, NODE_KEY, node_status
from ruleengine.local.scheduling import toleration_of
from ruleengine.local.store import Event, Key
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

_PATIENCE: Final = timedelta(seconds=40)
_TOLERATED: Final = 300
"""Seconds for which pods put up with a lost node that say nothing about it."""

_TAINTS: Final[tuple[Object, ...]] = tuple(
    {"key": "node.kubernetes.io/unreachable", "effect": effect}
    for effect in ("NoSchedule", "NoExecute")
)


class NodeLifecycle:
    """Watches the lease of the node."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """The node is looked at when it or its lease changes, and by the clock."""
        del reader
        return [NODE_KEY] if event.key in (NODE_KEY, LEASE_KEY) else []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Bring what is said of the node, and of its pods, in line with its lease."""
        node, lease = reader.get(key), reader.get(LEASE_KEY)
        if node is None or lease is None or not lookup(node, "status", "conditions"):
            return Reconciled()
        lost_at = parse_time(lease["spec"]["renewTime"]) + _PATIENCE
        if now < lost_at:
            return Reconciled(tuple(_found(node, now)), lost_at)
        writes = list(_lost(node, now))
        if writes:
            return Reconciled(tuple(writes))
        taints = lookup(node, "spec", "taints", default=())
        since = parse_time(next(one["timeAdded"] for one in taints if _is_ours(one)))
        return _with_pods(reader.objects("pods"), since, now)


def _is_ours(taint: Object) -> bool:
    return any(taint["key"] == one["key"] for one in _TAINTS)


def _lost(node: Object, now: datetime) -> Iterable[Write]:
    """Say of a node that it is lost, one write after the other."""
    taints = lookup(node, "spec", "taints", default=[])
    if not any(_is_ours(one) for one in taints):
        added = [{**one, "timeAdded": format_time(now)} for one in _TAINTS]
        yield Replace(node, {**node, "spec": {**node["spec"], "taints": [*taints, *added]}})
        return
    known = node["status"]["conditions"]
    if any(one["status"] != "Unknown" for one in known):
        time = format_time(now)
        unknown = {
            "status": "Unknown",
            "reason": "NodeStatusUnknown",
            "message": "Kubelet stopped posting node status.",
            "lastTransitionTime": time,
        }
        status = {**node["status"], "conditions": [{**one, **unknown} for one in known]}
        yield SetStatus(node, status)


def _found(node: Object, now: datetime) -> Iterable[Write]:
    """Take back what was said of a node, one write after the other."""
    taints = lookup(node, "spec", "taints", default=[])
    left = [one for one in taints if not _is_ours(one)]
    if left != taints:
        spec = {name: value for name, value in node["spec"].items() if name != "taints"}
        yield Replace(node, {**node, "spec": {**spec, **({"taints": left} if left else {})}})
    elif any(one["status"] == "Unknown" for one in node["status"]["conditions"]):
        yield SetStatus(node, node_status(node, now))


def _with_pods(pods: Iterable[Object], since: datetime, now: datetime) -> Reconciled:
    """Take readiness from the pods of a node that is lost since then, and evict them in time."""
    writes: list[Write] = []
    times = []
    for pod in pods:
        if pod["spec"].get("nodeName") != NODE or is_deleting(pod):
            continue
        status = _unready(pod.get("status") or {}, now)
        if status is not None:
            writes.append(SetStatus(pod, status))
        seconds = _tolerated(pod)
        if seconds is None:
            continue
        at = since + timedelta(seconds=seconds)
        if now >= at:
            writes.append(Delete(pod))
        else:
            times.append(at)
    return Reconciled(tuple(writes), min(times, default=None))


def _tolerated(pod: Object) -> int | None:
    """Return for how many seconds a pod puts up with a lost node, ``None`` for ever."""
    toleration = toleration_of(pod, _TAINTS[1])
    if toleration is None:
        return _TOLERATED
    seconds = toleration.get("tolerationSeconds")
    return None if seconds is None else int(seconds)


def _unready(status: Object, now: datetime) -> Object | None:
    """Return the status of a pod that is ready no more, ``None`` where it is not ready anyway."""
    known = status.get("conditions") or []
    ready = [one for one in known if one["type"] == "Ready" and one["status"] == "True"]
    if not ready:
        return None
    changed = {"status": "False", "lastTransitionTime": format_time(now)}
    conditions = [{**one, **changed} if one in ready else one for one in known]
    return {**status, "conditions": conditions}
