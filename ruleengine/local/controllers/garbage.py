"""Garbage collection: what loses its owners goes, in the foreground, background or not.

Rules: reference, Kubernetes API section 9, "GC". An owner is absent when nothing of its
kind, name and uid is stored.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from ruleengine.local.api.deleting import FOREGROUND, ORPHAN
from ruleengine.local.controllers.work import (
    Delete,
    Reader,
    Reconciled,
    Replace,
    Write,
    is_deleting,
)
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.values import Object, lookup


class GarbageCollector:
    """The garbage collector; its keys are those of any object."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """Look at owned objects, at deleted ones' dependents, and at waiting owners."""
        value = event.object
        found: list[Key] = []
        references = value["metadata"].get("ownerReferences") or ()
        if references and event.type is not EventType.DELETED:
            found.append(event.key)
        if event.type is EventType.DELETED or is_deleting(value):
            found += reader.owned_keys(value["metadata"]["uid"])
            found += [
                owner
                for one in references
                if (owner := _owner_key(one, event.key.namespace, reader)) is not None
            ]
        if _waits(value) and event.type is not EventType.DELETED:
            found.append(event.key)
        return found

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Delete an object whose owners are gone; let an owner go that waited long enough."""
        del now
        live = reader.get(key)
        if live is None:
            return Reconciled()
        if is_deleting(live):
            return Reconciled(tuple(_finish(live, reader)))
        return Reconciled(tuple(_collect(live, key, reader)))


def _waits(value: Object) -> bool:
    finalizers = value["metadata"].get("finalizers") or ()
    return is_deleting(value) and (FOREGROUND in finalizers or ORPHAN in finalizers)


def _owner_key(reference: Object, namespace: str, reader: Reader) -> Key | None:
    served = reader.catalog.kind(reference.get("apiVersion", ""), reference.get("kind", ""))
    return served.key(namespace, str(reference.get("name"))) if served else None


def _collect(live: Object, key: Key, reader: Reader) -> Iterable[Write]:
    references = live["metadata"].get("ownerReferences") or []
    if not references:
        return
    solid: list[Object] = []
    waiting: list[Object] = []
    for reference in references:
        owner_key = _owner_key(reference, key.namespace, reader)
        owner = reader.get(owner_key) if owner_key else None
        if owner is None or owner["metadata"]["uid"] != reference.get("uid"):
            continue
        blocked = is_deleting(owner) and FOREGROUND in (owner["metadata"].get("finalizers") or ())
        (waiting if blocked else solid).append(reference)
    if solid:
        if len(solid) < len(references):
            metadata = {**live["metadata"], "ownerReferences": solid}
            yield Replace(live, {**live, "metadata": metadata})
        return
    blocking = any(one.get("blockOwnerDeletion") for one in waiting)
    has_dependents = bool(reader.owned_keys(live["metadata"]["uid"]))
    yield Delete(live, "Foreground" if blocking and has_dependents else "Background")


def _finish(live: Object, reader: Reader) -> Iterable[Write]:
    finalizers = list(live["metadata"].get("finalizers") or ())
    uid = live["metadata"]["uid"]
    dependents = [one for key in reader.owned_keys(uid) if (one := reader.get(key)) is not None]
    if ORPHAN in finalizers:
        for one in dependents:
            references = [
                each for each in one["metadata"]["ownerReferences"] if each.get("uid") != uid
            ]
            yield Replace(
                one, {**one, "metadata": {**one["metadata"], "ownerReferences": references}}
            )
        yield _without(live, ORPHAN)
    elif FOREGROUND in finalizers:
        blocking = [one for one in dependents if _blocks(one, uid)]
        if not blocking:
            yield _without(live, FOREGROUND)
        for one in dependents:
            if not is_deleting(one):
                yield from _collect(one, _key(one, reader), reader)


def _key(value: Object, reader: Reader) -> Key:
    served = reader.catalog.kind(value["apiVersion"], value["kind"])
    metadata = value["metadata"]
    resource = served.resource if served else ""
    return Key(resource, metadata.get("namespace", ""), metadata["name"])


def _blocks(value: Object, uid: str) -> bool:
    references = lookup(value, "metadata", "ownerReferences", default=())
    return any(one.get("uid") == uid and one.get("blockOwnerDeletion") for one in references)


def _without(live: Object, finalizer: str) -> Write:
    finalizers = [one for one in live["metadata"]["finalizers"] if one != finalizer]
    return Replace(live, {**live, "metadata": {**live["metadata"], "finalizers": finalizers}})
