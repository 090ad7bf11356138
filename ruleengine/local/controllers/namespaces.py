"""Namespaces: what each begins with, and how one is emptied before it goes.

Also what a server has from the start. Reference, Kubernetes API section 8, "Namespaces".
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.controllers.work import (
    Create,
    Delete,
    Reader,
    Reconciled,
    Replace,
    SetStatus,
    Write,
    is_deleting,
)
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "namespaces"
FIRST: Final = ("default", "kube-system", "kube-public", "kube-node-lease")
"""The namespaces that every server has."""


class Namespaces:
    """The controller of Namespaces. ``authority`` is the certificate that clients trust."""

    manager: ClassVar[str] = "kube-controller-manager"

    def __init__(self, authority: str = "") -> None:
        self._authority = authority

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A namespace is looked at when it changes, and when something in it goes."""
        del reader
        if event.key.resource == RESOURCE:
            return [event.key]
        gone = event.type is EventType.DELETED or is_deleting(event.object)
        if event.key.namespace and gone:
            return [Key(RESOURCE, "", event.key.namespace)]
        return []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Fill an active namespace with what it begins with; empty a terminating one."""
        live = reader.get(key)
        if live is None:
            return Reconciled()
        if is_deleting(live):
            return Reconciled(tuple(_empty(live, reader, now)))
        return Reconciled(tuple(self._fill(key.name, reader)))

    def _fill(self, namespace: str, reader: Reader) -> Iterable[Write]:
        wanted: list[tuple[str, Object]] = [
            ("serviceaccounts", {"kind": "ServiceAccount", "metadata": {"name": "default"}}),
            (
                "configmaps",
                {
                    "kind": "ConfigMap",
                    "metadata": {"name": "kube-root-ca.crt"},
                    "data": {"ca.crt": self._authority},
                },
            ),
        ]
        for resource, value in wanted:
            metadata = {**value["metadata"], "namespace": namespace}
            live = reader.get(Key(resource, namespace, metadata["name"]))
            if live is None:
                yield Create({"apiVersion": "v1", **value, "metadata": metadata})
            elif "data" in value and live.get("data") != value["data"]:
                yield Replace(live, {**live, "data": value["data"]})


def _empty(live: Object, reader: Reader, now: datetime) -> Iterable[Write]:
    name = live["metadata"]["name"]
    left = [
        (resource, value)
        for resource in reader.resources()
        for value in reader.objects(resource, name)
        if resource != RESOURCE
    ]
    if not left:
        finalizers = [one for one in live["spec"].get("finalizers") or () if one != "kubernetes"]
        yield Replace(live, {**live, "spec": {**live["spec"], "finalizers": finalizers}})
        return
    for _, value in left:
        if not is_deleting(value):
            yield Delete(value)
    status = _remaining(live, left, now)
    if status != live.get("status"):
        yield SetStatus(live, status)


def _remaining(live: Object, left: list[tuple[str, Object]], now: datetime) -> Object:
    counts: dict[str, int] = {}
    finalizers: dict[str, int] = {}
    for resource, value in left:
        counts[resource] = counts.get(resource, 0) + 1
        for one in lookup(value, "metadata", "finalizers", default=()):
            finalizers[one] = finalizers.get(one, 0) + 1
    texts = [f"{name} has {count} resource instances" for name, count in sorted(counts.items())]
    conditions = [
        _condition(
            "NamespaceContentRemaining",
            "SomeResourcesRemain",
            f"Some resources are remaining: {', '.join(texts)}",
            now,
        )
    ]
    if finalizers:
        texts = [f"{name} in {count} resource instances" for name, count in finalizers.items()]
        conditions.append(
            _condition(
                "NamespaceFinalizersRemaining",
                "SomeFinalizersRemain",
                f"Some content in the namespace has finalizers remaining: {', '.join(texts)}",
                now,
            )
        )
    known = {one.get("type"): one for one in lookup(live, "status", "conditions", default=())}
    merged = [
        known[one["type"]] if known.get(one["type"], {}).get("message") == one["message"] else one
        for one in conditions
    ]
    return {"phase": "Terminating", "conditions": merged}


def _condition(kind: str, reason: str, message: str, now: datetime) -> Object:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": format_time(now),
    }
