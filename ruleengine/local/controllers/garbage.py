"""Garbage collection: what loses its owners goes, in the foreground, background or not.

Rules: reference, Kubernetes API section 9, "GC". An owner is absent when nothing of its
kind, name and uid is stored; one of another namespace never counts. Of a kind that is not
served nobody knows whether it is there, unless it was seen to go.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.api.deleting import FOREGROUND, ORPHAN
from ruleengine.local.controllers.work import (
    Delete,
    Reader,
    Reconciled,
    Replace,
    Tell,
    Write,
    is_deleting,
)
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.values import Object, lookup

_REMEMBERED: Final = 10_000
_MANY: Final = ("events", "leases.coordination.k8s.io")
"""Resources that come and go all the time and own nothing."""


class GarbageCollector:
    """The garbage collector; its keys are those of any object."""

    manager: ClassVar[str] = "kube-controller-manager"

    def __init__(self) -> None:
        self._gone: dict[str, None] = {}

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """Look at owned objects, at deleted ones' dependents, and at waiting owners."""
        value = event.object
        found: list[Key] = []
        references = value["metadata"].get("ownerReferences") or ()
        if event.type is EventType.DELETED and event.key.resource not in _MANY:
            self._gone[value["metadata"]["uid"]] = None
            if len(self._gone) > _REMEMBERED:
                del self._gone[next(iter(self._gone))]
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
            return Reconciled(tuple(self._finish(live, reader)))
        return Reconciled(tuple(self._collect(live, key, reader)))

    def _collect(self, live: Object, key: Key, reader: Reader) -> Iterable[Write]:
        references = live["metadata"].get("ownerReferences") or []
        if not references:
            return
        solid: list[Object] = []
        waiting: list[Object] = []
        for reference in references:
            owner_key = _owner_key(reference, key.namespace, reader)
            if owner_key is None and reference.get("uid") not in self._gone:
                solid.append(reference)
                continue
            owner = reader.get(owner_key) if owner_key else None
            if owner is None or owner["metadata"]["uid"] != reference.get("uid"):
                if _is_elsewhere(reference, owner_key, reader):
                    yield _tell(live, reference)
                    if not key.namespace:
                        solid.append(reference)
                continue
            blocked = is_deleting(owner) and FOREGROUND in (
                owner["metadata"].get("finalizers") or ()
            )
            (waiting if blocked else solid).append(reference)
        if solid:
            if len(solid) < len(references):
                metadata = {**live["metadata"], "ownerReferences": solid}
                yield Replace(live, {**live, "metadata": metadata})
            return
        blocking = any(one.get("blockOwnerDeletion") for one in waiting)
        has_dependents = bool(reader.owned_keys(live["metadata"]["uid"]))
        yield Delete(live, "Foreground" if blocking and has_dependents else "Background")

    def _finish(self, live: Object, reader: Reader) -> Iterable[Write]:
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
                    yield from self._collect(one, _key(one, reader), reader)


def _waits(value: Object) -> bool:
    finalizers = value["metadata"].get("finalizers") or ()
    return is_deleting(value) and (FOREGROUND in finalizers or ORPHAN in finalizers)


def _owner_key(reference: Object, namespace: str, reader: Reader) -> Key | None:
    served = reader.catalog.kind(reference.get("apiVersion", ""), reference.get("kind", ""))
    return served.key(namespace, str(reference.get("name"))) if served else None


def _is_elsewhere(reference: Object, owner_key: Key | None, reader: Reader) -> bool:
    """Tell whether an owner that is absent here is there, but in another namespace."""
    if owner_key is None or not _is_namespaced(reference, reader):
        return False
    return reader.resource_of(str(reference.get("uid"))) == owner_key.resource


def _is_namespaced(reference: Object, reader: Reader) -> bool:
    served = reader.catalog.kind(reference.get("apiVersion", ""), reference.get("kind", ""))
    return served is not None and served.info.namespaced


def _tell(live: Object, reference: Object) -> Tell:
    """Have it told, once, that an object names an owner that it cannot have."""
    namespace = live["metadata"].get("namespace", "")
    owner = f"{reference.get('apiVersion')}/{reference.get('kind')}, name: {reference.get('name')}"
    uid = str(reference.get("uid"))
    return Tell(
        about=live,
        reason="OwnerRefInvalidNamespace",
        message=f'ownerRef [{owner}, uid: {uid}] does not exist in namespace "{namespace}"',
        component="garbage-collector-controller",
        warning=True,
        of=uid,
    )


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
