"""EndpointSlices and Endpoints: which pods stand behind a Service.

The second is the older form of the same, which clients still read. The Service ``kubernetes``
has the API itself behind it (reference, Kubernetes API section 9).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.formats import json_text
from ruleengine.local.controllers.pods import OVER, ready_since
from ruleengine.local.controllers.work import (
    Create,
    Reader,
    Reconciled,
    Replace,
    Write,
    is_deleting,
    key_of,
    owner_reference,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.values import Object, Value, lookup

RESOURCE: Final = "endpointslices.discovery.k8s.io"
ENDPOINTS: Final = "endpoints"
_API: Final = Key("services", "default", "kubernetes")
_MANAGER: Final = "endpointslice-controller.k8s.io"
_MOST: Final = 100
_MOST_ADDRESSES: Final = 1000
_OWN: Final = ("endpoints", "ports", "subsets")
"""What is kept as it should be, of either kind."""


class EndpointSlices:
    """The controller that writes one EndpointSlice per hundred pods of a Service, and Endpoints.

    ``api`` is where the API listens, ``None`` where it has no socket.
    """

    manager: ClassVar[str] = "kube-controller-manager"

    def __init__(self, api: tuple[str, int] | None = None) -> None:
        self._api = api

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A Service is looked at when it, its slices or a pod of its namespace change."""
        resource, namespace = event.key.resource, event.key.namespace
        if resource == "services":
            return [event.key]
        if resource == RESOURCE:
            name = lookup(event.object, "metadata", "labels", "kubernetes.io/service-name")
            return [Key("services", namespace, name)] if name else []
        if resource == ENDPOINTS:
            return [Key("services", namespace, event.key.name)]
        if resource != "pods":
            return []
        return {
            key_of("services", one)
            for pod in (event.object, event.previous)
            if pod is not None
            for one in reader.services(pod)
            if _selected(one, pod)
        }

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Write the slices and Endpoints of a Service that differ from what they should be."""
        del now
        service = reader.get(key)
        if service is None or is_deleting(service):
            return Reconciled()
        if key == _API and self._api is not None:
            return Reconciled(tuple(_brought(_of_api(service, self._api), reader)))
        selector = service["spec"].get("selector")
        if not selector:
            return Reconciled()
        pods = [
            one
            for one in reader.pods(key.namespace, selector)
            if lookup(one, "status", "podIP") and lookup(one, "status", "phase") not in OVER
        ]
        wanted = [*_slices(service, pods, reader), _endpoints(service, pods)]
        return Reconciled(tuple(_brought(wanted, reader)))


def _brought(wanted: Iterable[Object], reader: Reader) -> Iterable[Write]:
    """Make what is missing, and bring the rest to what it should be."""
    for one in wanted:
        resource = ENDPOINTS if one["kind"] == "Endpoints" else RESOURCE
        metadata = one["metadata"]
        live = reader.get(Key(resource, metadata["namespace"], metadata["name"]))
        if live is None:
            yield Create(one)
            continue
        if metadata.get("ownerReferences") and not live["metadata"].get("ownerReferences"):
            continue  # somebody else's
        own: Object = {name: one[name] for name in _OWN if name in one}
        merged: Object = {name: value for name, value in live.items() if name not in _OWN}
        merged |= own
        if merged != live:
            yield Replace(live, merged)


def _existing(service: Object, reader: Reader) -> int:
    return len(reader.owned(service["metadata"]["uid"], RESOURCE))


def _slices(service: Object, pods: list[Object], reader: Reader) -> Iterable[Object]:
    """Return the slices of a Service: of pods with the same ports, a hundred in each.

    Slices that are not needed any more stay, and are empty.
    """
    pieces = [
        (ports, group[first : first + _MOST])
        for ports, group in _by_ports(service, pods)
        for first in range(0, len(group), _MOST)
    ]
    missing = max(_existing(service, reader), 1) - len(pieces)
    pieces += [(_ports(service, None), [])] * missing
    for number, (ports, group) in enumerate(pieces):
        yield _slice(service, ports, group, number)


def _by_ports(
    service: Object, pods: Iterable[Object]
) -> Iterable[tuple[list[Object], list[Object]]]:
    """Return pods by the ports behind those of a Service, which a name may make different."""
    groups: dict[str, tuple[list[Object], list[Object]]] = {}
    for pod in pods:
        ports = _ports(service, pod)
        groups.setdefault(json_text.dumps(ports), (ports, []))[1].append(pod)
    return [groups[name] for name in sorted(groups)]


def _selected(service: Object, pod: Object) -> bool:
    selector = service["spec"].get("selector")
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and selector.items() <= labels.items()


def _slice(service: Object, ports: list[Object], pods: list[Object], number: int) -> Object:
    name = service["metadata"]["name"]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-{number}",
            "namespace": service["metadata"]["namespace"],
            "labels": {
                "kubernetes.io/service-name": name,
                "endpointslice.kubernetes.io/managed-by": _MANAGER,
            },
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": [_endpoint(service, one) for one in pods],
        "ports": ports,
    }


def _endpoint(service: Object, pod: Object) -> Object:
    serving = ready_since(pod) is not None
    terminating = is_deleting(pod)
    ready = serving and not terminating
    if service["spec"].get("publishNotReadyAddresses"):
        ready = True
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": _reference(pod),
    }


def _reference(pod: Object) -> Object:
    names = ("name", "namespace", "uid")
    return {"kind": "Pod", **{name: pod["metadata"][name] for name in names}}


def _endpoints(service: Object, pods: list[Object]) -> Object:
    """Return the Endpoints of a Service; pods that end are in it only if asked for."""
    unready = bool(service["spec"].get("publishNotReadyAddresses"))
    here = [one for one in pods if unready or not is_deleting(one)][:_MOST_ADDRESSES]
    subsets = [_subset(ports, group, unready=unready) for ports, group in _by_ports(service, here)]
    name = service["metadata"]["name"]
    value = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": name,
            "namespace": service["metadata"]["namespace"],
            "labels": {"endpoints.kubernetes.io/managed-by": "endpoint-controller"},
            "ownerReferences": [owner_reference(service)],
        },
    }
    return value | ({"subsets": subsets} if subsets else {})


def _subset(ports: list[Object], pods: list[Object], *, unready: bool) -> Object:
    addresses: dict[str, list[Object]] = {"addresses": [], "notReadyAddresses": []}
    for pod in pods:
        name = "addresses" if unready or ready_since(pod) is not None else "notReadyAddresses"
        address = {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName")}
        addresses[name].append({**address, "targetRef": _reference(pod)})
    subset: Object = {name: found for name, found in addresses.items() if found}
    stated = [{name: value for name, value in one.items() if value} for one in ports]
    return subset | ({"ports": stated} if stated else {})


def _of_api(service: Object, api: tuple[str, int]) -> Iterable[Object]:
    """Return what stands for the API itself."""
    host, number = api
    port = {"name": "https", "port": number, "protocol": "TCP"}
    names = {name: service["metadata"][name] for name in ("name", "namespace")}
    labels = {"kubernetes.io/service-name": names["name"]}
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**names, "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [host], "conditions": {"ready": True}}],
        "ports": [port],
    }
    yield {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {**names, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": host}], "ports": [port]}],
    }


def _ports(service: Object, pod: Object | None) -> list[Object]:
    """Return the ports of a pod behind those of a Service; a name that it lacks is behind none."""
    found = []
    for one in service["spec"].get("ports") or ():
        target: Value = one.get("targetPort") or one["port"]
        protocol = one.get("protocol", "TCP")
        number = _named(target, protocol, pod) if isinstance(target, str) else target
        if number is not None:
            port = {"name": one.get("name", ""), "port": number, "protocol": protocol}
            kind = one.get("appProtocol")
            found.append(port | ({"appProtocol": kind} if kind else {}))
    return found


def _named(name: str, protocol: str, pod: Object | None) -> Value:
    """Return the number of a port that a container names, ``None`` where none does."""
    if name.isdecimal():
        return int(name)
    for container in (*lookup(pod, "spec", "containers", default=()), *_sidecars(pod)):
        for one in container.get("ports") or ():
            if (one.get("name"), one.get("protocol", "TCP")) == (name, protocol):
                number: Value = one["containerPort"]
                return number
    return None


def _sidecars(pod: Object | None) -> Iterable[Object]:
    initial = lookup(pod, "spec", "initContainers", default=())
    return (one for one in initial if one.get("restartPolicy") == "Always")
