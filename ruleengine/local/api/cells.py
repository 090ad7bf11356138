"""What the cells of a table show: ages, ready counts, lists of ports and images."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, Value, lookup

NONE: Final = "<none>"
_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_SHOWN: Final = 3
"""How many addresses a cell shows at most."""


def age(text: Value, now: datetime) -> str:  # noqa: PLR0911 - one return per scale
    """Return how long ago a moment was, as kubectl shows it: ``5m12s``, ``3h``, ``12d``."""
    if not isinstance(text, str):
        return "<unknown>"
    try:
        seconds = max(int((now - parse_time(text)).total_seconds()), 0)
    except ValueError:
        return "<unknown>"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if days < 2:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d" if days < 730 else f"{days // 365}y"


def pod_ready(pod: Object) -> str:
    """Return ``1/2``: how many of the containers are ready."""
    statuses = lookup(pod, "status", "containerStatuses", default=[])
    ready = sum(bool(one.get("ready")) for one in statuses)
    return f"{ready}/{len(lookup(pod, 'spec', 'containers', default=[]))}"


def phase(value: Object) -> str:
    """Return the phase of an object, ``Terminating`` for one that is on its way out."""
    if lookup(value, "metadata", "deletionTimestamp"):
        return "Terminating"
    return str(lookup(value, "status", "phase", default=""))


def pod_status(pod: Object) -> str:
    """Return the one word that tells most about a pod."""
    if lookup(pod, "metadata", "deletionTimestamp"):
        return "Terminating"
    word = lookup(pod, "status", "reason") or lookup(pod, "status", "phase", default="Unknown")
    for one in lookup(pod, "status", "containerStatuses", default=[]):
        state = one.get("state") or {}
        reason = lookup(state, "waiting", "reason") or lookup(state, "terminated", "reason")
        if reason:
            word = reason
    return str(word)


def restarts(pod: Object) -> int:
    """Return how often containers of a pod were restarted."""
    statuses = lookup(pod, "status", "containerStatuses", default=[])
    return sum(int(one.get("restartCount", 0)) for one in statuses)


def service_ports(service: Object) -> str:
    """Return ``80/TCP,443:30001/TCP``."""
    texts = []
    for port in lookup(service, "spec", "ports", default=[]):
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(texts) or NONE


def selector(labels: Value) -> str:
    """Return labels as ``a=b,c=d``; also those of a selector object."""
    if isinstance(labels, dict) and "matchLabels" in labels:
        labels = labels["matchLabels"]
    if not isinstance(labels, dict) or not labels:
        return NONE
    return ",".join(f"{name}={text}" for name, text in sorted(labels.items()))


def readiness_gates(pod: Object) -> str:
    """Return how many readiness gates of a pod are open, of how many."""
    gates = [one.get("conditionType") for one in lookup(pod, "spec", "readinessGates", default=())]
    conditions = lookup(pod, "status", "conditions", default=())
    met = {one.get("type") for one in conditions if one.get("status") == "True"}
    return f"{sum(one in met for one in gates)}/{len(gates)}" if gates else NONE


def access_modes(volume: Object) -> str:
    """Return how a volume or claim may be used, in Kubernetes' short forms: ``RWO,ROX``."""
    modes = lookup(volume, "spec", "accessModes", default=())
    return ",".join(_MODES.get(str(one), str(one)) for one in modes)


def controller(value: Object) -> str:
    """Return the kind and name of whoever controls an object."""
    references = lookup(value, "metadata", "ownerReferences", default=())
    owner = next((one for one in references if one.get("controller")), None)
    if owner is None:
        return NONE
    group = str(owner["apiVersion"]).rpartition("/")[0]
    return f"{str(owner['kind']).lower()}{'.' if group else ''}{group}/{owner['name']}"


def claim_of(volume: Object) -> str:
    """Return the claim that a volume is bound to."""
    reference = lookup(volume, "spec", "claimRef")
    return f"{reference.get('namespace')}/{reference.get('name')}" if reference else ""


def node_address(node: Object, kind: str) -> str:
    """Return the first address of a node that is of a kind."""
    listed = lookup(node, "status", "addresses", default=())
    return next((str(one.get("address")) for one in listed if one.get("type") == kind), NONE)


def subjects(binding: Object, kind: str) -> str:
    """Return whom of a kind a binding names."""
    return ", ".join(
        f"{one['namespace']}/{one.get('name')}" if one.get("namespace") else str(one.get("name"))
        for one in binding.get("subjects") or ()
        if one.get("kind") == kind
    )


def event_source(event: Object) -> str:
    """Return who told an event, and where."""
    source = event.get("source") or {}
    told = source.get("component") or event.get("reportingComponent") or ""
    return ", ".join(filter(None, (told, source.get("host"))))


def containers(spec: Value, field: str) -> str:
    """Return one field of every container of a pod spec, with commas."""
    return joined(one.get(field, "") for one in lookup(spec, "containers", default=[]))


def joined(texts: Iterable[Value]) -> str:
    """Return texts with commas between them."""
    return ",".join(str(one) for one in texts) or NONE


def some(texts: Iterable[Value], nothing: str = "<unset>") -> str:
    """Return the first texts with commas between them, and how many more there are."""
    found = [str(one) for one in texts]
    more = len(found) - _SHOWN
    shown = ",".join(found[:_SHOWN]) or nothing
    return f"{shown} + {more} more..." if more > 0 else shown


def node_status(node: Object) -> str:
    """Return whether a node is ready, and whether it takes pods."""
    ready = any(
        one.get("type") == "Ready" and one.get("status") == "True"
        for one in lookup(node, "status", "conditions", default=[])
    )
    text = "Ready" if ready else "NotReady"
    return f"{text},SchedulingDisabled" if lookup(node, "spec", "unschedulable") else text


def node_roles(node: Object) -> str:
    """Return the roles that a node is labelled with."""
    prefix = "node-role.kubernetes.io/"
    labels = lookup(node, "metadata", "labels", default={})
    return joined(one.removeprefix(prefix) for one in sorted(labels) if one.startswith(prefix))
