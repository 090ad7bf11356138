"""The columns that users of kubectl expect per kind (reference, section 2, "Table").

A column of priority 1 shows with ``-o wide`` only.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from ruleengine.local.api import cells
from ruleengine.local.api.cells import NONE
from ruleengine.local.api.column_making import (
    AGE,
    NAME,
    Column,
    age_of,
    at_path,
    count,
    made,
    number,
)
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup


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


def _grows(storage_class: Object) -> str:
    return str(bool(storage_class.get("allowVolumeExpansion"))).lower()


def _ready(path: str, wanted: str, name: str = "Ready") -> Column:
    done, total = path.split("."), wanted.split(".")
    return made(
        name, lambda one: f"{lookup(one, *done, default=0)}/{lookup(one, *total, default=0)}"
    )


def _template(name: str, field: str, above: tuple[str, ...] = ()) -> Column:
    path = ("spec", *above, "template", "spec")
    return made(name, lambda one: cells.containers(lookup(one, *path), field), 1)


_OF_SCHEDULE: Final = ("jobTemplate", "spec")
_CONTAINERS: Final = _template("Containers", "name")
_IMAGES: Final = _template("Images", "image")
_SELECTOR: Final = made("Selector", lambda one: cells.selector(lookup(one, "spec", "selector")), 1)
_READY_OF_REPLICAS: Final = _ready("status.readyReplicas", "spec.replicas")


def _of_template(name: str, field: str) -> Column:
    return made(name, lambda one: cells.containers(lookup(one, "template", "spec"), field))


_CREATED: Final = Column(
    "Created At", "date", lambda one, _: lookup(one, "metadata", "creationTimestamp", default="")
)
_ATTRIBUTES_CLASS: Final = at_path(
    "VolumeAttributesClass", "spec.volumeAttributesClassName", default="<unset>"
)
_VOLUME_MODE: Final = at_path("VolumeMode", "spec.volumeMode", 1, "<unset>")
_WEBHOOKS: Final = Column("Webhooks", "integer", lambda one, _: len(one.get("webhooks") or ()))
_OF_REPLICAS: Final = (
    number("Desired", "spec.replicas"),
    number("Current", "status.replicas"),
    number("Ready", "status.readyReplicas"),
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

    return made(name, cell)


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


_OF_BINDINGS: Final = (
    made("Role", _role),
    AGE,
    made("Users", lambda one: cells.subjects(one, "User"), 1),
    made("Groups", lambda one: cells.subjects(one, "Group"), 1),
    made("ServiceAccounts", lambda one: cells.subjects(one, "ServiceAccount"), 1),
)

COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "pods": (
        made("Ready", cells.pod_ready),
        made("Status", cells.pod_status),
        Column("Restarts", "string", lambda one, _: str(cells.restarts(one))),
        AGE,
        at_path("IP", "status.podIP", 1),
        at_path("Node", "spec.nodeName", 1),
        at_path("Nominated Node", "status.nominatedNodeName", 1),
        made("Readiness Gates", cells.readiness_gates, 1),
    ),
    "deployments.apps": (
        _READY_OF_REPLICAS,
        number("Up-to-date", "status.updatedReplicas", "string"),
        number("Available", "status.availableReplicas", "string"),
        AGE,
        _CONTAINERS,
        _IMAGES,
        _SELECTOR,
    ),
    "replicasets.apps": _OF_REPLICAS,
    "replicationcontrollers": _OF_REPLICAS,
    "statefulsets.apps": (_READY_OF_REPLICAS, AGE, _CONTAINERS, _IMAGES),
    "daemonsets.apps": (
        number("Desired", "status.desiredNumberScheduled"),
        number("Current", "status.currentNumberScheduled"),
        number("Ready", "status.numberReady"),
        number("Up-to-date", "status.updatedNumberScheduled"),
        number("Available", "status.numberAvailable"),
        made(
            "Node Selector",
            lambda one: cells.selector(lookup(one, "spec", "template", "spec", "nodeSelector")),
        ),
        AGE,
        _CONTAINERS,
        _IMAGES,
        _SELECTOR,
    ),
    "jobs.batch": (
        made("Status", _conditions),
        _ready("status.succeeded", "spec.completions", "Completions"),
        Column("Duration", "string", _duration),
        AGE,
        _CONTAINERS,
        _IMAGES,
        _SELECTOR,
    ),
    "cronjobs.batch": (
        at_path("Schedule", "spec.schedule"),
        at_path("Timezone", "spec.timeZone"),
        Column("Suspend", "boolean", lambda one, _: str(bool(lookup(one, "spec", "suspend")))),
        Column(
            "Active", "integer", lambda one, _: len(lookup(one, "status", "active", default=()))
        ),
        Column("Last Schedule", "string", _last_schedule),
        AGE,
        _template("Containers", "name", _OF_SCHEDULE),
        _template("Images", "image", _OF_SCHEDULE),
        made("Selector", lambda _: NONE, 1),
    ),
    "services": (
        at_path("Type", "spec.type"),
        at_path("Cluster-IP", "spec.clusterIP"),
        at_path("External-IP", "spec.externalIPs.0"),
        made("Port(s)", cells.service_ports),
        AGE,
        _SELECTOR,
    ),
    "endpoints": (made("Endpoints", _endpoints), AGE),
    "endpointslices.discovery.k8s.io": (
        at_path("AddressType", "addressType"),
        made("Ports", _slice_ports),
        made("Endpoints", _slice_endpoints),
        AGE,
    ),
    "ingresses.networking.k8s.io": (
        at_path("Class", "spec.ingressClassName"),
        made("Hosts", _hosts),
        at_path("Address", "status.loadBalancer.ingress.0.ip", default=""),
        made("Ports", lambda one: "80, 443" if lookup(one, "spec", "tls") else "80"),
        AGE,
    ),
    "configmaps": (
        made("Data", lambda one: len(one.get("data") or ()) + len(one.get("binaryData") or ())),
        AGE,
    ),
    "secrets": (at_path("Type", "type"), count("Data", "data"), AGE),
    "namespaces": (at_path("Status", "status.phase"), AGE),
    "nodes": (
        made("Status", cells.node_status),
        made("Roles", cells.node_roles),
        AGE,
        at_path("Version", "status.nodeInfo.kubeletVersion"),
        made("Internal-IP", lambda one: cells.node_address(one, "InternalIP"), 1),
        made("External-IP", lambda one: cells.node_address(one, "ExternalIP"), 1),
        at_path("OS-Image", "status.nodeInfo.osImage", 1, "<unknown>"),
        at_path("Kernel-Version", "status.nodeInfo.kernelVersion", 1, "<unknown>"),
        at_path("Container-Runtime", "status.nodeInfo.containerRuntimeVersion", 1, "<unknown>"),
    ),
    "persistentvolumeclaims": (
        made("Status", cells.phase),
        at_path("Volume", "spec.volumeName", default=""),
        at_path("Capacity", "status.capacity.storage", default=""),
        made("Access Modes", cells.access_modes),
        at_path("StorageClass", "spec.storageClassName", default=""),
        _ATTRIBUTES_CLASS,
        AGE,
        _VOLUME_MODE,
    ),
    "persistentvolumes": (
        at_path("Capacity", "spec.capacity.storage", default=""),
        made("Access Modes", cells.access_modes),
        at_path("Reclaim Policy", "spec.persistentVolumeReclaimPolicy", default=""),
        made("Status", cells.phase),
        made("Claim", cells.claim_of),
        at_path("StorageClass", "spec.storageClassName", default=""),
        _ATTRIBUTES_CLASS,
        at_path("Reason", "status.reason", default=""),
        AGE,
        _VOLUME_MODE,
    ),
    "storageclasses.storage.k8s.io": (
        at_path("Provisioner", "provisioner"),
        at_path("ReclaimPolicy", "reclaimPolicy"),
        at_path("VolumeBindingMode", "volumeBindingMode"),
        made("AllowVolumeExpansion", _grows),
        AGE,
    ),
    "controllerrevisions.apps": (
        made("Controller", cells.controller),
        at_path("Revision", "revision"),
        AGE,
    ),
    "serviceaccounts": (count("Secrets", "secrets"), AGE),
    "roles.rbac.authorization.k8s.io": (_CREATED,),
    "clusterroles.rbac.authorization.k8s.io": (_CREATED,),
    "rolebindings.rbac.authorization.k8s.io": _OF_BINDINGS,
    "clusterrolebindings.rbac.authorization.k8s.io": _OF_BINDINGS,
    "events": (
        age_of("lastTimestamp", "Last Seen"),
        at_path("Type", "type"),
        at_path("Reason", "reason"),
        made("Object", _involved),
        at_path("Subobject", "involvedObject.fieldPath", 1, ""),
        made("Source", cells.event_source, 1),
        at_path("Message", "message", default=""),
        Column(
            "First Seen",
            "string",
            lambda one, now: cells.age(lookup(one, "firstTimestamp"), now),
            1,
        ),
        Column("Count", "string", lambda one, _: one.get("count", 1), 1),
        replace(NAME, priority=1),
    ),
    "horizontalpodautoscalers.autoscaling": (
        made(
            "Reference",
            lambda one: (
                f"{lookup(one, 'spec', 'scaleTargetRef', 'kind')}/"
                f"{lookup(one, 'spec', 'scaleTargetRef', 'name')}"
            ),
        ),
        made("Targets", _targets),
        number("MinPods", "spec.minReplicas", "string"),
        number("MaxPods", "spec.maxReplicas", "string"),
        number("Replicas", "status.currentReplicas", "string"),
        AGE,
    ),
    "apiservices.apiregistration.k8s.io": (
        made("Service", lambda _: "Local"),
        at_path("Available", "status.conditions.0.status"),
        AGE,
    ),
    "scales.autoscaling": (
        number("Desired", "spec.replicas"),
        number("Available", "status.replicas"),
        AGE,
    ),
    "poddisruptionbudgets.policy": (
        at_path("Min Available", "spec.minAvailable", default="N/A"),
        at_path("Max Unavailable", "spec.maxUnavailable", default="N/A"),
        number("Allowed Disruptions", "status.disruptionsAllowed"),
        AGE,
    ),
    "resourcequotas": (_quota("Request", limits=False), _quota("Limit", limits=True), AGE),
    "limitranges": (_CREATED,),
    "priorityclasses.scheduling.k8s.io": (
        number("Value", "value"),
        Column("Global-Default", "boolean", lambda one, _: bool(one.get("globalDefault"))),
        AGE,
        at_path("PreemptionPolicy", "preemptionPolicy", default="PreemptLowerPriority"),
    ),
    "podtemplates": (
        _of_template("Containers", "name"),
        _of_template("Images", "image"),
        made(
            "Pod Labels", lambda one: cells.selector(lookup(one, "template", "metadata", "labels"))
        ),
    ),
    "runtimeclasses.node.k8s.io": (at_path("Handler", "handler"), AGE),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": (_WEBHOOKS, AGE),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": (_WEBHOOKS, AGE),
    "volumeattachments.storage.k8s.io": (
        at_path("Attacher", "spec.attacher", default=""),
        at_path("PV", "spec.source.persistentVolumeName", default=""),
        at_path("Node", "spec.nodeName", default=""),
        Column("Attached", "boolean", lambda one, _: bool(lookup(one, "status", "attached"))),
        AGE,
    ),
    "csinodes.storage.k8s.io": (
        Column(
            "Drivers", "integer", lambda one, _: len(lookup(one, "spec", "drivers", default=()))
        ),
        AGE,
    ),
    "csistoragecapacities.storage.k8s.io": (_CREATED,),
    "networkpolicies.networking.k8s.io": (
        made("Pod-Selector", lambda one: cells.selector(lookup(one, "spec", "podSelector"))),
        AGE,
    ),
    "ingressclasses.networking.k8s.io": (
        at_path("Controller", "spec.controller"),
        at_path("Parameters", "spec.parameters.name"),
        AGE,
    ),
    "leases.coordination.k8s.io": (at_path("Holder", "spec.holderIdentity"), AGE),
    "customresourcedefinitions.apiextensions.k8s.io": (_CREATED,),
}
"""What stands behind the name, by stored resource; others have their age only."""

NAMED_LAST: Final = ("events", "events.events.k8s.io")
"""Where the name is a column as any other, for who wants it."""
