"""Binds PersistentVolumeClaims to PersistentVolumes (reference, Kubernetes API section 9).

A claim of a class that :data:`PROVISIONER` provides gets a volume of its own, which stands for
a directory of the node; other claims get a volume that somebody made, or wait and say why.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.apimachinery.quantities import compare_quantities
from ruleengine.local.api.admission import DEFAULT_CLASS
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
    selects,
)
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.names import PROVISIONER
from ruleengine.model.values import Object, lookup

CLAIMS: Final = "persistentvolumeclaims"
VOLUMES: Final = "persistentvolumes"
CLASSES: Final = "storageclasses.storage.k8s.io"
_COMPONENT: Final = "persistentvolume-controller"
_BOUND: Final = "pv.kubernetes.io/bind-completed"
_BY_US: Final = "pv.kubernetes.io/bound-by-controller"
_PROVISIONED: Final = "pv.kubernetes.io/provisioned-by"
_NONE: Final = "no persistent volumes available for this claim and no storage class is set"


def default_class() -> Object:
    """Return the StorageClass that claims get that name none."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": {DEFAULT_CLASS: "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }


class VolumeBinder:
    """The controller of claims and volumes; both have keys."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A claim and its volume are looked at together; what is new may serve waiting claims."""
        resource, value = event.key.resource, event.object
        if resource == CLAIMS:
            name = lookup(value, "spec", "volumeName")
            return [event.key, *([Key(VOLUMES, "", name)] if name else ())]
        if resource not in (VOLUMES, CLASSES):
            return []
        found = [event.key] if resource == VOLUMES else []
        reference = lookup(value, "spec", "claimRef")
        if resource == VOLUMES and reference:
            return [*found, Key(CLAIMS, str(reference["namespace"]), str(reference["name"]))]
        if event.type is EventType.ADDED:
            found += [key_of(CLAIMS, one) for one in reader.objects(CLAIMS) if not _is_bound(one)]
        return found

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Bind a claim, or bring the phase of a volume up to date."""
        del now
        live = reader.get(key)
        if live is None or (is_deleting(live) and key.resource == CLAIMS):
            return Reconciled()
        step = _volume_step if key.resource == VOLUMES else _claim_step
        return Reconciled(tuple(step(live, reader)))


def _is_bound(claim: Object) -> bool:
    return bool(lookup(claim, "status", "phase") == "Bound")


def _refers_to(volume: Object, claim: Object) -> bool:
    """Tell whether a volume is, or may be, the claim's by its reference."""
    reference = lookup(volume, "spec", "claimRef", default={})
    metadata = claim["metadata"]
    same = all(reference.get(one) == metadata[one] for one in ("namespace", "name"))
    return same and reference.get("uid") in (None, "", metadata["uid"])


def _claim_step(claim: Object, reader: Reader) -> Iterable[Write]:
    name = claim["spec"].get("volumeName")
    volume = reader.get(Key(VOLUMES, "", name)) if name else None
    if name and volume is None and _is_bound(claim):
        yield SetStatus(claim, {**claim["status"], "phase": "Lost"})
        text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
        yield _tell(claim, "ClaimLost", text)
        return
    if not name:
        volume = _available(claim, reader) or _ours(claim, reader)
    if volume is None:
        yield from _provisioned(claim, reader) if not name else ()
        return
    reference = lookup(volume, "spec", "claimRef")
    if reference and not _refers_to(volume, claim):
        return
    wanted = _reference(claim)
    if not reference or reference.get("uid") != wanted["uid"]:
        yield Replace(volume, {**volume, "spec": {**volume["spec"], "claimRef": wanted}})
    annotations = lookup(claim, "metadata", "annotations", default={})
    if not name or _BOUND not in annotations:
        marks = {_BOUND: "yes", **({} if name else {_BY_US: "yes"})}
        metadata = {**claim["metadata"], "annotations": {**annotations, **marks}}
        spec = {**claim["spec"], "volumeName": volume["metadata"]["name"]}
        yield Replace(claim, {**claim, "metadata": metadata, "spec": spec})
        return
    status = {
        **(claim.get("status") or {}),
        "phase": "Bound",
        "accessModes": volume["spec"].get("accessModes") or [],
        "capacity": volume["spec"].get("capacity") or {},
    }
    if status != claim.get("status"):
        yield SetStatus(claim, status)


def _available(claim: Object, reader: Reader) -> Object | None:
    """Return the smallest volume that fits a claim and is kept for it, or for nobody."""
    fitting = [one for one in reader.objects(VOLUMES) if _fits(claim, one)]
    chosen: Object | None = None
    for one in fitting:
        if lookup(one, "spec", "claimRef"):
            return one
        size = _capacity(one)
        if chosen is None or compare_quantities(size, _capacity(chosen)) < 0:
            chosen = one
    return chosen


def _capacity(volume: Object) -> str:
    return str(lookup(volume, "spec", "capacity", "storage", default="0"))


def _fits(claim: Object, volume: Object) -> bool:
    spec, wanted = volume["spec"], claim["spec"]
    if is_deleting(volume) or (spec.get("claimRef") and not _refers_to(volume, claim)):
        return False
    size = str(lookup(wanted, "resources", "requests", "storage", default="0"))
    selector = wanted.get("selector")
    return (
        (spec.get("storageClassName") or "") == (wanted.get("storageClassName") or "")
        and set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ())
        and spec.get("volumeMode", "Filesystem") == wanted.get("volumeMode", "Filesystem")
        and compare_quantities(_capacity(volume), size) >= 0
        and (selector is None or selects(selector, volume))
    )


def _ours(claim: Object, reader: Reader) -> Object | None:
    return reader.get(Key(VOLUMES, "", _volume_name(claim)))


def _volume_name(claim: Object) -> str:
    return f"pvc-{claim['metadata']['uid']}"


def _provisioned(claim: Object, reader: Reader) -> Iterable[Write]:
    """Make the volume of a claim, or say why it has none."""
    name = claim["spec"].get("storageClassName")
    if not name:
        yield _tell(claim, "FailedBinding", _NONE)
        return
    found = reader.get(Key(CLASSES, "", name))
    if found is None:
        text = (
            f'storageclass.storage.k8s.io "{name}" not found; a StorageClass of that name with '
            f"the provisioner {PROVISIONER} lets such claims have directories of this machine"
        )
        yield _tell(claim, "ProvisioningFailed", text)
    elif found["provisioner"] != PROVISIONER:
        text = (
            f"Waiting for a volume to be created by the external provisioner "
            f"'{found['provisioner']}', which does not run here"
        )
        yield _tell(claim, "ExternalProvisioning", text)
    else:
        yield Create(_volume(claim, found))


def _volume(claim: Object, found: Object) -> Object:
    """Return the volume of a claim: the directory that the node keeps under the claim's uid."""
    spec = claim["spec"]
    size = lookup(spec, "resources", "requests", "storage", default="0")
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": _volume_name(claim), "annotations": {_PROVISIONED: PROVISIONER}},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "persistentVolumeReclaimPolicy": found.get("reclaimPolicy", "Delete"),
            "storageClassName": found["metadata"]["name"],
            "claimRef": _reference(claim),
            "csi": {"driver": PROVISIONER, "volumeHandle": claim["metadata"]["uid"]},
        },
    }


def _reference(claim: Object) -> Object:
    names = ("namespace", "name", "uid")
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        **{name: claim["metadata"][name] for name in names},
    }


def _volume_step(volume: Object, reader: Reader) -> Iterable[Write]:
    """Say whether a volume is taken; one of ours goes with its claim."""
    reference = lookup(volume, "spec", "claimRef")
    phase = "Available"
    if reference and reference.get("uid"):
        key = Key(CLAIMS, str(reference["namespace"]), str(reference["name"]))
        claim = reader.get(key)
        phase = "Bound"
        if claim is None or claim["metadata"]["uid"] != reference["uid"]:
            phase = "Released"
    policy = volume["spec"].get("persistentVolumeReclaimPolicy")
    ours = lookup(volume, "metadata", "annotations", _PROVISIONED) == PROVISIONER
    if lookup(volume, "status", "phase") != phase:
        yield SetStatus(volume, {**(volume.get("status") or {}), "phase": phase})
    if phase == "Released" and ours and policy == "Delete" and not is_deleting(volume):
        yield Delete(volume)


def _tell(claim: Object, reason: str, message: str) -> Tell:
    """Tell of a claim that waits once for each state of it."""
    of = str(claim["metadata"].get("generation", claim["metadata"]["uid"]))
    return Tell(
        about=claim, reason=reason, message=message, component=_COMPONENT, warning=True, of=of
    )
