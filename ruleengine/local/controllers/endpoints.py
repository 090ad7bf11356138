"""EndpointSlices: which pods stand behind a Service."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.controllers.pods import ready_since
from ruleengine.local.controllers.work import (
    Create,
    Reader,
    Reconciled,
    Replace,
    is_deleting,
    owner_reference,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.values import Object, Value, lookup

RESOURCE: Final = "endpointslices.discovery.k8s.io"
_MANAGER: Final = "endpointslice-controller.k8s.io"
_MOST: Final = 100


class EndpointSlices:
    """The controller that writes one EndpointSlice per hundred pods of a Service."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A Service is looked at when it, its slices or a pod of its namespace change."""
        resource, namespace = event.key.resource, event.key.namespace
        if resource == "services":
            return [event.key]
        if resource == RESOURCE:
            name = lookup(event.object, "metadata", "labels", "kubernetes.io/service-name")
            return [Key("services", namespace, name)] if name else []
        if resource != "pods":
            return []
        return [
            Key("services", namespace, one["metadata"]["name"])
            for one in reader.objects("services", namespace)
            if any(_selected(one, pod) for pod in (event.object, event.previous) if pod is not None)
        ]

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Write the slices of a Service that differ from what they should hold."""
        del now
        service = reader.get(key)
        if service is None or is_deleting(service) or not service["spec"].get("selector"):
            return Reconciled()
        pods = [one for one in reader.objects("pods", key.namespace) if _selected(service, one)]
        pods = [one for one in pods if lookup(one, "status", "podIP")]
        writes = []
        for number in range(max(-(-len(pods) // _MOST), 1, _existing(service, reader))):
            wanted = _slice(service, pods[number * _MOST : (number + 1) * _MOST], number)
            live = reader.get(Key(RESOURCE, key.namespace, wanted["metadata"]["name"]))
            if live is None:
                writes.append(Create(wanted))
                continue
            merged = {**live, "endpoints": wanted["endpoints"], "ports": wanted["ports"]}
            if merged != live:
                writes.append(Replace(live, merged))  # type: ignore[arg-type]
        return Reconciled(tuple(writes))


def _existing(service: Object, reader: Reader) -> int:
    return len(reader.owned(service["metadata"]["uid"], RESOURCE))


def _selected(service: Object, pod: Object) -> bool:
    selector = service["spec"].get("selector")
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and selector.items() <= labels.items()


def _slice(service: Object, pods: list[Object], number: int) -> Object:
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
        "ports": [_port(one, pods) for one in service["spec"].get("ports") or ()],
    }


def _endpoint(service: Object, pod: Object) -> Object:
    serving = ready_since(pod) is not None
    terminating = is_deleting(pod)
    ready = serving and not terminating
    if service["spec"].get("publishNotReadyAddresses"):
        ready = True
    metadata = pod["metadata"]
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": {
            "kind": "Pod",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
    }


def _port(port: Object, pods: list[Object]) -> Object:
    target: Value = port.get("targetPort", port["port"])
    if isinstance(target, str):
        target = next(
            (
                one["containerPort"]
                for pod in pods
                for container in pod["spec"]["containers"]
                for one in container.get("ports") or ()
                if one.get("name") == target
            ),
            port["port"],
        )
    return {"name": port.get("name", ""), "port": target, "protocol": port.get("protocol", "TCP")}
