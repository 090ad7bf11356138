"""The node: it takes pods, lets them run in appearance, and lets them go.

One node, named ``local``. Every pod that it simulates carries the annotation
``local.ruleengine.dev/simulated: "true"``, so that nobody is misled. Pods that ask to be
processes are run by :class:`ruleengine.local.runtime.pods.ProcessPods` instead, where the
control plane has a runner.
"""

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
    Tell,
    Write,
    is_deleting,
    key_of,
)
from ruleengine.local.pod_simulation import ADDRESS, SOON, fault_of, simulate, stated_fault
from ruleengine.local.runtime.needs import is_process
from ruleengine.local.store import Event, Key
from ruleengine.model.names import FAULT, SIMULATED
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

NODE: Final = "local"
NODE_KEY: Final = Key("nodes", "", NODE)
LEASE_KEY: Final = Key("leases.coordination.k8s.io", "kube-node-lease", NODE)
LOST: Final = "lost"
"""The fault of a node that is heard of no more."""

_HEARTBEAT: Final = timedelta(seconds=10)
_ARCHITECTURE: Final = "kubernetes.io/arch"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
"""What Kubernetes calls processors that the system names otherwise."""

_CAPACITY: Final = {"cpu": "64", "memory": "256Gi", "pods": "10000", "ephemeral-storage": "1Ti"}


def is_lost(reader: Reader) -> bool:
    """Tell whether the node is meant to be heard of no more, and its pods with it."""
    return bool(lookup(reader.get(NODE_KEY), "metadata", "annotations", FAULT) == LOST)


def pods_to_look_at(event: Event, reader: Reader) -> list[Key]:
    """Return the pods of the node where an event says that it is lost or found again."""
    if event.key != NODE_KEY:
        return []
    faults = [
        lookup(one, "metadata", "annotations", FAULT) == LOST
        for one in (event.object, event.previous)
    ]
    if faults[0] == faults[1]:
        return []
    return [key_of("pods", one) for one in reader.objects("pods")]


class SimulatedPods:
    """Writes the status of the pods on the node, and lets deleted ones go.

    ``leaves_processes`` says that somebody else runs the pods that ask to be processes.
    """

    manager: ClassVar[str] = "kubelet"

    def __init__(self, *, leaves_processes: bool = False) -> None:
        self._leaves_processes = leaves_processes

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """Every placed pod has a key."""
        if event.key == NODE_KEY:
            return pods_to_look_at(event, reader)
        if self._leaves_processes and is_process(event.object):
            return []
        placed = lookup(event.object, "spec", "nodeName") == NODE
        return [event.key] if event.key.resource == "pods" and placed else []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Bring the status of a pod up to the moment."""
        pod = reader.get(key)
        if pod is None or pod["spec"].get("nodeName") != NODE or is_lost(reader):
            return Reconciled()
        if self._leaves_processes and is_process(pod):
            return Reconciled()
        if is_deleting(pod):
            return _ending(pod, now)
        before = pod.get("status") or {}
        if before.get("phase") in ("Succeeded", "Failed"):
            return Reconciled()
        status, again = simulate(pod, now)
        fault = stated_fault(pod)
        if fault and fault_of(pod) is None:
            status["message"] = f"the fault {fault!r} is unknown to the local node and ignored"
        writes = (SetStatus(pod, status),) if status != before else ()
        return Reconciled(writes, again)


def _ending(pod: Object, now: datetime) -> Reconciled:
    """Let a deleted pod go a second after it was told, or at the end of its grace."""
    metadata = pod["metadata"]
    grace = int(metadata.get("deletionGracePeriodSeconds") or 0)
    if not grace:
        return Reconciled()
    told = parse_time(metadata["deletionTimestamp"]) - timedelta(seconds=grace)
    end = told + min(SOON, timedelta(seconds=grace))
    if now >= end:
        return Reconciled((Delete(pod, "", 0),))
    return Reconciled(tuple(_stopping(pod)), end)


def _stopping(pod: Object) -> Iterable[Tell]:
    """Have it told, once, that the containers of a pod are stopped."""
    for container in pod["spec"]["containers"]:
        yield Tell(
            about=pod,
            reason="Killing",
            message=f"Stopping container {container['name']}",
            component="kubelet",
            of=pod["metadata"]["uid"],
        )


class NodeHeartbeat:
    """Keeps the Node object and its Lease. ``machine`` is the processor as the system names it."""

    manager: ClassVar[str] = "kubelet"

    def __init__(self, machine: str = "x86_64") -> None:
        self._architecture = _ARCHITECTURES.get(machine, machine)

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """The node is looked at once its namespace is there, then by the clock."""
        del reader
        begins = event.key == Key("namespaces", "", "kube-node-lease")
        return [NODE_KEY] if begins or event.key == NODE_KEY else []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Renew the lease; make the node where it is missing. A lost one does neither."""
        if is_lost(reader):
            return Reconciled()
        writes: list[Write] = []
        node = reader.get(key)
        if node is None:
            writes.append(Create(_node(self._architecture)))
        elif not (wanted := _labels(self._architecture)).items() <= _labels_of(node).items():
            metadata = {**node["metadata"], "labels": {**_labels_of(node), **wanted}}
            writes.append(Replace(node, {**node, "metadata": metadata}))
        elif not lookup(node, "status", "conditions"):
            writes.append(SetStatus(node, node_status(node, now)))
        lease = reader.get(LEASE_KEY)
        if lease is None:
            writes.append(Create(_lease(now)))
            return Reconciled(tuple(writes), now + _HEARTBEAT)
        due = parse_time(lease["spec"]["renewTime"]) + _HEARTBEAT
        if now >= due:
            spec = {**lease["spec"], "renewTime": _micro(now)}
            writes.append(Replace(lease, {**lease, "spec": spec}))
            due = now + _HEARTBEAT
        return Reconciled(tuple(writes), due)


def _micro(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _lease(now: datetime) -> Object:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": NODE, "namespace": LEASE_KEY.namespace},
        "spec": {"holderIdentity": NODE, "leaseDurationSeconds": 40, "renewTime": _micro(now)},
    }


def _labels(architecture: str) -> dict[str, str]:
    """Return the labels that a kubelet gives its node; charts ask for the old names too."""
    return {
        "kubernetes.io/hostname": NODE,
        "kubernetes.io/os": "linux",
        _ARCHITECTURE: architecture,
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": architecture,
    }


def _labels_of(node: Object) -> Object:
    found: Object = lookup(node, "metadata", "labels", default={})
    return found


def _node(architecture: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "labels": _labels(architecture),
            "annotations": {SIMULATED: "true"},
        },
        "spec": {"podCIDR": "10.244.0.0/16", "podCIDRs": ["10.244.0.0/16"]},
    }


def node_status(node: Object, now: datetime) -> Object:
    """Return the status of a node that is well."""
    time = format_time(now)
    facts = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PIDs"),
        ("Ready", "True", "KubeletReady", "the local node simulates its pods"),
    )
    return {
        "capacity": _CAPACITY,
        "allocatable": _CAPACITY,
        "conditions": [
            {
                "type": kind,
                "status": value,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": time,
                "lastTransitionTime": time,
            }
            for kind, value, reason, message in facts
        ],
        "addresses": [
            {"type": "InternalIP", "address": ADDRESS},
            {"type": "Hostname", "address": NODE},
        ],
        "nodeInfo": {
            "architecture": lookup(node, "metadata", "labels", _ARCHITECTURE, default=""),
            "bootID": "",
            "containerRuntimeVersion": "simulated://1",
            "kernelVersion": "",
            "kubeProxyVersion": "",
            "kubeletVersion": "v1.34.0+ruleengine",
            "machineID": "",
            "operatingSystem": "linux",
            "osImage": "ruleengine local node",
            "systemUUID": "",
        },
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
    }
