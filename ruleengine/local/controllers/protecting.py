"""Keeps claims that pods use, and volumes that claims use, until nobody uses them any more.

Each has a finalizer from the start; this takes it away once the object is to go and may
(reference, Kubernetes API section 9, "PV/PVC").
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.api.admission import PROTECTED_CLAIM, PROTECTED_VOLUME
from ruleengine.local.controllers.claims import CLAIMS, VOLUMES
from ruleengine.local.controllers.pods import OVER
from ruleengine.local.controllers.work import Reader, Reconciled, Replace, is_deleting
from ruleengine.local.store import Event, Key
from ruleengine.model.values import Object, lookup

_FINALIZERS: Final = {CLAIMS: PROTECTED_CLAIM, VOLUMES: PROTECTED_VOLUME}


class Protection:
    """The controller of the finalizers of claims and volumes."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """What is to go is looked at when it changes, and a claim when a pod that used it does."""
        del reader
        if event.key.resource == "pods":
            return [Key(CLAIMS, event.key.namespace, one) for one in claims_of(event.object)]
        return [event.key] if event.key.resource in _FINALIZERS else []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Let an object go that nobody uses."""
        del now
        live = reader.get(key)
        if live is None or not is_deleting(live):
            return Reconciled()
        finalizers = live["metadata"].get("finalizers") or []
        name = _FINALIZERS[key.resource]
        if name not in finalizers or _is_used(live, key, reader):
            return Reconciled()
        metadata = {**live["metadata"], "finalizers": [one for one in finalizers if one != name]}
        return Reconciled((Replace(live, {**live, "metadata": metadata}),))


def _is_used(live: Object, key: Key, reader: Reader) -> bool:
    if key.resource == VOLUMES:
        return bool(lookup(live, "status", "phase") == "Bound")
    return any(_uses(one, key.name) for one in reader.objects("pods", key.namespace))


def _uses(pod: Object, claim: str) -> bool:
    """Tell whether a pod that has a place and is not over mounts a claim."""
    if not lookup(pod, "spec", "nodeName") or lookup(pod, "status", "phase") in OVER:
        return False
    return claim in claims_of(pod)


def claims_of(pod: Object) -> list[str]:
    """Return the names of the claims that a pod mounts, those that it makes itself too."""
    found = []
    for volume in lookup(pod, "spec", "volumes", default=()):
        if volume.get("ephemeral"):
            found.append(f"{pod['metadata']['name']}-{volume['name']}")
        elif name := lookup(volume, "persistentVolumeClaim", "claimName"):
            found.append(str(name))
    return found
