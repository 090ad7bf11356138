"""Rolls Deployments out over ReplicaSets (reference, Kubernetes API section 9)."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.controllers import rolling
from ruleengine.local.controllers.deployment_status import deployment_status
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
    owner_keys,
    owner_reference,
    selects,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.digests import short_digest
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "deployments.apps"
_SETS: Final = "replicasets.apps"
_COMPONENT: Final = "deployment-controller"
HASH: Final = "pod-template-hash"
REVISION: Final = "deployment.kubernetes.io/revision"
DESIRED: Final = "deployment.kubernetes.io/desired-replicas"
MOST: Final = "deployment.kubernetes.io/max-replicas"
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class Deployments:
    """The controller of Deployments."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A Deployment is looked at when it or one of its ReplicaSets changes."""
        del reader
        if event.key.resource == RESOURCE:
            return [event.key]
        if event.key.resource == _SETS:
            return owner_keys(event, "Deployment", RESOURCE)
        return []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Take the next step of a rollout and say in the status how far it is."""
        live = reader.get(key)
        if live is None:
            return Reconciled()
        sets = sorted(
            [one for one in reader.owned(live["metadata"]["uid"], _SETS) if not is_deleting(one)],
            key=_age,
        )
        writes: list[Write] = []
        if not is_deleting(live):
            writes += _adoptions(live, reader)
            writes += _told(live, _steps(live, sets))
        new = _current(live, sets)
        status, again = deployment_status(live, new, sets, now)
        if status != live.get("status"):
            writes.append(SetStatus(live, status))
        return Reconciled(tuple(writes), again)


def _age(value: Object) -> tuple[int, str, str]:
    return (_revision(value), value["metadata"]["creationTimestamp"], value["metadata"]["name"])


def _hash(live: Object) -> str:
    collisions = int(lookup(live, "status", "collisionCount", default=0))
    return short_digest([live["spec"]["template"], collisions])


def _current(live: Object, sets: list[Object]) -> Object | None:
    wanted = _hash(live)
    return next((one for one in sets if lookup(one, "metadata", "labels", HASH) == wanted), None)


def _revision(value: Object) -> int:
    text = str(lookup(value, "metadata", "annotations", REVISION, default="0"))
    return int(text) if text.isdecimal() else 0


def _adoptions(live: Object, reader: Reader) -> list[Write]:
    """Take over ReplicaSets that match and that nobody controls."""
    writes: list[Write] = []
    for one in reader.free(_SETS, live["metadata"]["namespace"]):
        if not is_deleting(one) and selects(live["spec"].get("selector"), one):
            references = [*(one["metadata"].get("ownerReferences") or []), owner_reference(live)]
            metadata = {**one["metadata"], "ownerReferences": references}
            writes.append(Replace(one, {**one, "metadata": metadata}))
    return writes


def _steps(live: Object, sets: list[Object]) -> list[Write]:
    """Return the writes on ReplicaSets; at most one move up or down at a time."""
    new = _current(live, sets)
    old = [one for one in sets if one is not new]
    bounds = rolling.bounds_of(live)
    paused = bool(live["spec"].get("paused"))
    if _was_scaled(live, sets):
        return _rescale(sets, bounds)
    if paused:
        return []
    revision = max((_revision(one) for one in old), default=0) + 1
    if new is None:
        if lookup(live, "spec", "strategy", "type") == "Recreate" and _pods_left(old):
            return _scaled(old, {one["metadata"]["name"]: 0 for one in old}, bounds)
        return [Create(_new_set(live, old, bounds, revision)), *_marked(live, revision)]
    if _revision(new) < revision:
        newest = _annotated(new, {REVISION: str(revision)})
        return [Replace(new, newest), *_marked(live, revision)]
    brought = _brought(live, new)
    changed = [Replace(new, brought)] if brought != new else []
    marked = _marked(live, _revision(new))
    return [*marked, *(changed or _move(live, new, old, bounds) or _forget(live, old))]


def _brought(live: Object, new: Object) -> Object:
    """Return the new ReplicaSet with what follows the Deployment without a rollout.

    Its annotations (``kubernetes.io/change-cause`` among them) and ``minReadySeconds``.
    """
    wait = int(live["spec"].get("minReadySeconds") or 0)
    if wait != int(new["spec"].get("minReadySeconds") or 0):
        new = {**new, "spec": {**new["spec"], "minReadySeconds": wait}}
    missing = {
        name: text
        for name, text in _annotations(live).items()
        if lookup(new, "metadata", "annotations", name) != text
    }
    return _annotated(new, missing) if missing else new


def _annotations(live: Object) -> dict[str, str]:
    """Return the annotations of a Deployment that its ReplicaSets have too."""
    apart = (_LAST_APPLIED, REVISION, DESIRED, MOST)
    stated = live["metadata"].get("annotations") or {}
    return {name: text for name, text in stated.items() if name not in apart}


def _told(live: Object, writes: list[Write]) -> Iterable[Write]:
    """Have every change of the size of a ReplicaSet told."""
    for write in writes:
        yield write
        if isinstance(write, Create | Replace) and write.value["kind"] == "ReplicaSet":
            before = rolling.replicas_of(write.live) if isinstance(write, Replace) else 0
            after = rolling.replicas_of(write.value)
            if after != before:
                name = write.value["metadata"]["name"]
                way = "up" if after > before else "down"
                text = f"Scaled {way} replica set {name} from {before} to {after}"
                yield Tell(
                    about=live, reason="ScalingReplicaSet", message=text, component=_COMPONENT
                )


def _move(live: Object, new: Object, old: list[Object], bounds: rolling.Bounds) -> list[Write]:
    name = new["metadata"]["name"]
    if lookup(live, "spec", "strategy", "type") == "Recreate":
        if _pods_left(old):
            return _scaled(old, {one["metadata"]["name"]: 0 for one in old}, bounds)
        return _scaled([new], {name: bounds.desired}, bounds)
    grown = rolling.grow_new(new, old, bounds)
    if grown != rolling.replicas_of(new):
        return _scaled([new], {name: grown}, bounds)
    active = [one for one in old if rolling.replicas_of(one)]
    return _scaled(active, rolling.shrink_old(new, active, bounds), bounds)


def _pods_left(sets: list[Object]) -> bool:
    return any(
        rolling.replicas_of(one) or lookup(one, "status", "replicas", default=0) for one in sets
    )


def _was_scaled(live: Object, sets: list[Object]) -> bool:
    desired = str(live["spec"].get("replicas", 1))
    stated = (
        lookup(one, "metadata", "annotations", DESIRED) for one in sets if rolling.replicas_of(one)
    )
    return any(one is not None and one != desired for one in stated)


def _rescale(sets: list[Object], bounds: rolling.Bounds) -> list[Write]:
    """Scale what runs after a change of ``spec.replicas``, without rolling on."""
    active = [one for one in sets if rolling.replicas_of(one)]
    if len(active) == 1:
        plan = {active[0]["metadata"]["name"]: bounds.desired}
    else:
        wanted = bounds.most if bounds.desired else 0
        plan = rolling.proportional(active, wanted)
    return _scaled(active, plan, bounds, always=True)


def _scaled(
    sets: list[Object],
    plan: dict[str, int],
    bounds: rolling.Bounds,
    *,
    always: bool = False,
) -> list[Write]:
    writes: list[Write] = []
    for one in sets:
        name = one["metadata"]["name"]
        replicas = plan.get(name, rolling.replicas_of(one))
        changed = _annotated(one, _sizes(bounds))
        changed = {**changed, "spec": {**one["spec"], "replicas": replicas}}
        if replicas != rolling.replicas_of(one) or (always and changed != one):
            writes.append(Replace(one, changed))
    return writes


def _sizes(bounds: rolling.Bounds) -> dict[str, str]:
    return {DESIRED: str(bounds.desired), MOST: str(bounds.most)}


def _annotated(value: Object, annotations: dict[str, str]) -> Object:
    metadata = value["metadata"]
    merged = {**(metadata.get("annotations") or {}), **annotations}
    return {**value, "metadata": {**metadata, "annotations": merged}}


def _marked(live: Object, revision: int) -> list[Write]:
    if _revision(live) == revision:
        return []
    return [Replace(live, _annotated(live, {REVISION: str(revision)}))]


def _new_set(live: Object, old: list[Object], bounds: rolling.Bounds, revision: int) -> Object:
    spec = live["spec"]
    wanted = _hash(live)
    template = spec["template"]
    labels = {**(lookup(template, "metadata", "labels") or {}), HASH: wanted}
    selector = spec["selector"]
    match = {**(selector.get("matchLabels") or {}), HASH: wanted}
    total = sum(map(rolling.replicas_of, old))
    replicas = min(max(bounds.most - total, 0), bounds.desired)
    found: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{live['metadata']['name'][:52]}-{wanted}",
            "namespace": live["metadata"]["namespace"],
            "labels": labels,
            "annotations": {**_annotations(live), REVISION: str(revision), **_sizes(bounds)},
            "ownerReferences": [owner_reference(live)],
        },
        "spec": {
            "replicas": replicas,
            "selector": {**selector, "matchLabels": match},
            "template": {
                **template,
                "metadata": {**(template.get("metadata") or {}), "labels": labels},
            },
        },
    }
    if spec.get("minReadySeconds"):
        found["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    return found


def _forget(live: Object, old: list[Object]) -> list[Write]:
    """Delete empty old ReplicaSets beyond the history limit, the oldest first."""
    limit = int(live["spec"].get("revisionHistoryLimit", 10))
    empty = [
        one
        for one in old
        if not rolling.replicas_of(one) and not lookup(one, "status", "replicas", default=0)
    ]
    return [Delete(one) for one in empty[: max(len(empty) - limit, 0)]]
