"""The columns that users of kubectl expect per kind (reference, section 2, "Table").

A column of priority 1 shows with ``-o wide`` only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ruleengine.local.api import cells
from ruleengine.local.api.cells import NONE
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, Value, lookup

Cell = Callable[[Object, datetime], Value]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, type, what a cell shows, and when it shows."""

    name: str
    type: str
    cell: Cell
    priority: int = 0
    format: str = ""


def _path(name: str, path: str, priority: int = 0, default: Value = NONE) -> Column:
    steps = [int(one) if one.isdigit() else one for one in path.split(".")]
    return Column(name, "string", lambda one, _: lookup(one, *steps, default=default), priority)


def _number(name: str, path: str, kind: str = "integer") -> Column:
    steps = path.split(".")
    return Column(name, kind, lambda one, _: lookup(one, *steps, default=0))


def _made(name: str, cell: Callable[[Object], Value], priority: int = 0) -> Column:
    return Column(name, "string", lambda one, _: cell(one), priority)


def _count(name: str, path: str) -> Column:
    steps = path.split(".")
    return _made(name, lambda one: len(lookup(one, *steps, default=())))


def _age_of(path: str, name: str = "Age") -> Column:
    steps = path.split(".")
    return Column(name, "string", lambda one, now: cells.age(lookup(one, *steps), now))


def _last_schedule(one: Object, now: datetime) -> str:
    moment = lookup(one, "status", "lastScheduleTime")
    return cells.age(moment, now) if moment else NONE


def _duration(job: Object, now: datetime) -> str:
    """Return how long a Job took, or takes so far; nothing for one that never started."""
    end = lookup(job, "status", "completionTime")
    started = lookup(job, "status", "startTime")
    try:
        return cells.age(started, parse_time(str(end)) if end else now) if started else ""
    except ValueError:
        return ""


def _controller(value: Object) -> str:
    references = lookup(value, "metadata", "ownerReferences", default=())
    owner = next((one for one in references if one.get("controller")), None)
    if owner is None:
        return NONE
    group = str(owner["apiVersion"]).rpartition("/")[0]
    return f"{str(owner['kind']).lower()}{'.' if group else ''}{group}/{owner['name']}"


def _grows(storage_class: Object) -> str:
    return str(bool(storage_class.get("allowVolumeExpansion"))).lower()


def _claim_of(volume: Object) -> str:
    reference = lookup(volume, "spec", "claimRef")
    return f"{reference.get('namespace')}/{reference.get('name')}" if reference else ""


NAME: Final = Column("Name", "string", lambda one, _: one["metadata"]["name"], format="name")
AGE: Final = _age_of("metadata.creationTimestamp")


def _ready(path: str, wanted: str, name: str = "Ready") -> Column:
    done, total = path.split("."), wanted.split(".")
    return _made(
        name, lambda one: f"{lookup(one, *done, default=0)}/{lookup(one, *total, default=0)}"
    )


def _template(name: str, field: str, above: tuple[str, ...] = ()) -> Column:
    path = ("spec", *above, "template", "spec")
    return _made(name, lambda one: cells.containers(lookup(one, *path), field), 1)


_OF_SCHEDULE: Final = ("jobTemplate", "spec")
_CONTAINERS: Final = _template("Containers", "name")
_IMAGES: Final = _template("Images", "image")
_SELECTOR: Final = _made("Selector", lambda one: cells.selector(lookup(one, "spec", "selector")), 1)
_READY_OF_REPLICAS: Final = _ready("status.readyReplicas", "spec.replicas")


_OF_REPLICAS: Final = (
    _number("Desired", "spec.replicas"),
    _number("Current", "status.replicas"),
    _number("Ready", "status.readyReplicas"),
    AGE,
    _CONTAINERS,
    _IMAGES,
    _SELECTOR,
)


def _conditions(one: Object) -> str:
    found = lookup(one, "status", "conditions", default=[])
    true = [str(each["type"]) for each in found if each.get("status") == "True"]
    return next((name for name in true if name in ("Complete", "Failed", "Suspended")), "Running")


def _quota(name: str, *, limits: bool) -> Column:
    """Return the column of what a quota says of limits, or of all else."""

    def cell(one: Object) -> str:
        used = lookup(one, "status", "used", default={})
        hard = lookup(one, "status", "hard", default=lookup(one, "spec", "hard", default={}))
        stated = sorted(key for key in hard if key.startswith("limits.") is limits)
        return ", ".join(f"{key}: {used.get(key, '0')}/{hard[key]}" for key in stated)

    return _made(name, cell)


def _targets(scaler: Object) -> str:
    """Return what a scaler aims at; nothing measures, so the present value is unknown."""
    aims = []
    for metric in lookup(scaler, "spec", "metrics", default=()):
        source = lookup(metric, "resource", default={})
        target = source.get("target") or {}
        percentage = target.get("averageUtilization")
        aim = target.get("averageValue", "<auto>") if percentage is None else f"{percentage}%"
        aims.append(f"{source.get('name', metric.get('type'))}: <unknown>/{aim}")
    return ", ".join(aims) or "<none>"


def _role(one: Object) -> str:
    return f"{lookup(one, 'roleRef', 'kind')}/{lookup(one, 'roleRef', 'name')}"


def _hosts(one: Object) -> str:
    rules = lookup(one, "spec", "rules", default=[])
    return cells.joined(rule.get("host", "*") for rule in rules)


def _involved(one: Object) -> str:
    about = one.get("involvedObject") or one.get("regarding") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _endpoints(one: Object) -> str:
    found = (
        ":".join([str(address.get("ip")), *([str(port.get("port"))] if port else [])])
        for subset in one.get("subsets") or []
        for port in subset.get("ports") or [None]
        for address in subset.get("addresses") or []
    )
    return cells.some(found, NONE)


def _slice_endpoints(one: Object) -> str:
    return cells.some(
        address for each in one.get("endpoints") or [] for address in each.get("addresses") or []
    )


def _slice_ports(one: Object) -> str:
    return cells.some(port.get("port") or port.get("name", "*") for port in one.get("ports") or [])


COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "pods": (
        _made("Ready", cells.pod_ready),
        _made("Status", cells.pod_status),
        Column("Restarts", "string", lambda one, _: str(cells.restarts(one))),
        AGE,
        _path("IP", "status.podIP", 1),
        _path("Node", "spec.nodeName", 1),
        _path("Nominated Node", "status.nominatedNodeName", 1),
        _made("Readiness Gates", cells.readiness_gates, 1),
    ),
    "deployments.apps": (
        _READY_OF_REPLICAS,
        _number("Up-to-date", "status.updatedReplicas", "string"),
        _number("Available", "status.availableReplicas", "string"),
        AGE,
        _CONTAINERS,
        _IMAGES,
        _SELECTOR,
    ),
    "replicasets.apps": _OF_REPLICAS,
    "replicationcontrollers": _OF_REPLICAS,
    "statefulsets.apps": (_READY_OF_REPLICAS, AGE, _CONTAINERS, _IMAGES),
    "daemonsets.apps": (
        _number("Desired", "status.desiredNumberScheduled"),
        _number("Current", "status.currentNumberScheduled"),
        _number("Ready", "status.numberReady"),
        _number("Up-to-date", "status.updatedNumberScheduled"),
        _number("Available", "status.numberAvailable"),
        _made(
            "Node Selector",
            lambda one: cells.selector(lookup(one, "spec", "template", "spec", "nodeSelector")),
        ),
        AGE,
        _CONTAINERS,
        _IMAGES,
        _SELECTOR,
    ),
    "jobs.batch": (
        _made("Status", _conditions),
        _ready("status.succeeded", "spec.completions", "Completions"),
        Column("Duration", "string", _duration),
        AGE,
        _CONTAINERS,
        _IMAGES,
        _SELECTOR,
    ),
    "cronjobs.batch": (
        _path("Schedule", "spec.schedule"),
        _path("Timezone", "spec.timeZone"),
        Column("Suspend", "boolean", lambda one, _: str(bool(lookup(one, "spec", "suspend")))),
        Column(
            "Active", "integer", lambda one, _: len(lookup(one, "status", "active", default=()))
        ),
        Column("Last Schedule", "string", _last_schedule),
        AGE,
        _template("Containers", "name", _OF_SCHEDULE),
        _template("Images", "image", _OF_SCHEDULE),
        _made("Selector", lambda _: NONE, 1),
    ),
    "services": (
        _path("Type", "spec.type"),
        _path("Cluster-IP", "spec.clusterIP"),
        _path("External-IP", "spec.externalIPs.0"),
        _made("Port(s)", cells.service_ports),
        AGE,
        _SELECTOR,
    ),
    "endpoints": (_made("Endpoints", _endpoints), AGE),
    "endpointslices.discovery.k8s.io": (
        _path("AddressType", "addressType"),
        _made("Ports", _slice_ports),
        _made("Endpoints", _slice_endpoints),
        AGE,
    ),
    "ingresses.networking.k8s.io": (
        _path("Class", "spec.ingressClassName"),
        _made("Hosts", _hosts),
        _path("Address", "status.loadBalancer.ingress.0.ip", default=""),
        _made("Ports", lambda one: "80, 443" if lookup(one, "spec", "tls") else "80"),
        AGE,
    ),
    "configmaps": (
        _made("Data", lambda one: len(one.get("data") or ()) + len(one.get("binaryData") or ())),
        AGE,
    ),
    "secrets": (_path("Type", "type"), _count("Data", "data"), AGE),
    "namespaces": (_path("Status", "status.phase"), AGE),
    "nodes": (
        _made("Status", cells.node_status),
        _made("Roles", cells.node_roles),
        AGE,
        _path("Version", "status.nodeInfo.kubeletVersion"),
        _path("Internal-IP", "status.addresses.0.address", 1),
    ),
    "persistentvolumeclaims": (
        _made("Status", cells.phase),
        _path("Volume", "spec.volumeName", default=""),
        _path("Capacity", "status.capacity.storage", default=""),
        _made("Access Modes", lambda one: cells.joined(lookup(one, "spec", "accessModes") or [])),
        _path("StorageClass", "spec.storageClassName", default=""),
        AGE,
    ),
    "persistentvolumes": (
        _path("Capacity", "spec.capacity.storage", default=""),
        _made("Access Modes", lambda one: cells.joined(lookup(one, "spec", "accessModes") or [])),
        _path("Reclaim Policy", "spec.persistentVolumeReclaimPolicy", default=""),
        _made("Status", cells.phase),
        _made("Claim", _claim_of),
        _path("StorageClass", "spec.storageClassName", default=""),
        _path("Reason", "status.reason", default=""),
        AGE,
    ),
    "storageclasses.storage.k8s.io": (
        _path("Provisioner", "provisioner"),
        _path("ReclaimPolicy", "reclaimPolicy"),
        _path("VolumeBindingMode", "volumeBindingMode"),
        _made("AllowVolumeExpansion", _grows),
        AGE,
    ),
    "controllerrevisions.apps": (
        _made("Controller", _controller),
        _path("Revision", "revision"),
        AGE,
    ),
    "serviceaccounts": (_count("Secrets", "secrets"), AGE),
    "roles.rbac.authorization.k8s.io": (_path("Created At", "metadata.creationTimestamp"),),
    "clusterroles.rbac.authorization.k8s.io": (_path("Created At", "metadata.creationTimestamp"),),
    "rolebindings.rbac.authorization.k8s.io": (_made("Role", _role), AGE),
    "clusterrolebindings.rbac.authorization.k8s.io": (_made("Role", _role), AGE),
    "events": (
        _age_of("lastTimestamp", "Last Seen"),
        _path("Type", "type"),
        _path("Reason", "reason"),
        _made("Object", _involved),
        _path("Message", "message", default=""),
    ),
    "horizontalpodautoscalers.autoscaling": (
        _made(
            "Reference",
            lambda one: (
                f"{lookup(one, 'spec', 'scaleTargetRef', 'kind')}/"
                f"{lookup(one, 'spec', 'scaleTargetRef', 'name')}"
            ),
        ),
        _made("Targets", _targets),
        _number("MinPods", "spec.minReplicas"),
        _number("MaxPods", "spec.maxReplicas"),
        _number("Replicas", "status.currentReplicas"),
        AGE,
    ),
    "apiservices.apiregistration.k8s.io": (
        _made("Service", lambda _: "Local"),
        _path("Available", "status.conditions.0.status"),
        AGE,
    ),
    "scales.autoscaling": (
        _number("Desired", "spec.replicas"),
        _number("Available", "status.replicas"),
        AGE,
    ),
    "poddisruptionbudgets.policy": (
        _path("Min Available", "spec.minAvailable", default="N/A"),
        _path("Max Unavailable", "spec.maxUnavailable", default="N/A"),
        _number("Allowed Disruptions", "status.disruptionsAllowed"),
        AGE,
    ),
    "resourcequotas": (_quota("Request", limits=False), _quota("Limit", limits=True), AGE),
    "limitranges": (_path("Created At", "metadata.creationTimestamp"),),
    "priorityclasses.scheduling.k8s.io": (
        _number("Value", "value"),
        _made("Global-Default", lambda one: str(bool(one.get("globalDefault"))).lower()),
        _path("PreemptionPolicy", "preemptionPolicy", default="PreemptLowerPriority"),
        AGE,
    ),
    "networkpolicies.networking.k8s.io": (
        _made("Pod-Selector", lambda one: cells.selector(lookup(one, "spec", "podSelector"))),
        AGE,
    ),
    "ingressclasses.networking.k8s.io": (
        _path("Controller", "spec.controller"),
        _path("Parameters", "spec.parameters.name"),
        AGE,
    ),
    "leases.coordination.k8s.io": (_path("Holder", "spec.holderIdentity"), AGE),
    "customresourcedefinitions.apiextensions.k8s.io": (
        _path("Created At", "metadata.creationTimestamp"),
    ),
}
"""What stands behind the name, by stored resource; others have their age only."""
