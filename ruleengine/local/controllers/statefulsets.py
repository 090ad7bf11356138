"""Keeps pods with lasting names and volumes (reference, Kubernetes API section 9)."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.controllers import revisions as history
from ruleengine.local.controllers.pods import OVER, adopt_and_release, ready_since
from ruleengine.local.controllers.stateful_pods import (
    missing_claims,
    ordinal_of,
    ordinals,
    pod_name,
    retained,
    stateful_pod,
)
from ruleengine.local.controllers.stateful_steps import (
    Revisions,
    is_healthy,
    next_steps,
)
from ruleengine.local.controllers.work import (
    Create,
    Delete,
    Reader,
    Reconciled,
    SetStatus,
    Tell,
    Write,
    is_deleting,
    owner_keys,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "statefulsets.apps"
_COMPONENT: Final = "statefulset-controller"
_OWNED: Final = ("pods", history.RESOURCE)


class StatefulSets:
    """The controller of StatefulSets."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A StatefulSet is looked at when it, a pod or a revision of it changes."""
        del reader
        if event.key.resource == RESOURCE:
            return [event.key]
        return owner_keys(event, "StatefulSet", RESOURCE) if event.key.resource in _OWNED else []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Take the next step, then say in the status what there is."""
        live = reader.get(key)
        if live is None or is_deleting(live):
            return Reconciled()
        uid = live["metadata"]["uid"]
        owned = reader.owned(uid, "pods")
        pods = {number: one for one in owned if (number := ordinal_of(live, one)) is not None}
        kept = reader.owned(uid, history.RESOURCE)
        update = history.revision_name(live)
        current = str(lookup(live, "status", "currentRevision", default=update))
        known = {one["metadata"]["name"]: one for one in kept}
        revisions = Revisions(current=current if current in known else update, update=update)
        writes = history.record(live, kept)
        writes += adopt_and_release(
            live, owned, reader, lambda pod: ordinal_of(live, pod) is not None
        )
        writes += retained(live, pods, reader)
        steps = next_steps(live, pods, revisions, now)
        for ordinal, revision in steps.made.items():
            writes += _made(live, ordinal, known.get(revision), revisions, reader)
        for pod in steps.deleted:
            writes += _deleted(live, pod)
        status = _status(live, pods, revisions, now)
        used = {status["currentRevision"], update, *map(_revision, pods.values())}
        writes += history.forget(live, kept, used)
        if status != live.get("status"):
            writes.append(SetStatus(live, status))
        return Reconciled(tuple(writes), steps.again)


def _revision(pod: Object) -> str:
    return str(lookup(pod, "metadata", "labels", history.HASH, default=""))


def _made(
    live: Object, ordinal: int, kept: Object | None, revisions: Revisions, reader: Reader
) -> list[Write]:
    """Return the writes that make a pod; one whose revision is gone gets the present one."""
    template = history.template_of(kept) if kept else live["spec"]["template"]
    revision = str(kept["metadata"]["name"]) if kept else revisions.update
    set_name, name = live["metadata"]["name"], pod_name(live, ordinal)
    writes: list[Write] = []
    for claim in missing_claims(live, ordinal, reader):
        text = (
            f"create Claim {claim['metadata']['name']} Pod {name} in StatefulSet {set_name} success"
        )
        writes.append(Create(claim, _tell(live, "SuccessfulCreate", text), named=True))
    text = f"create Pod {name} in StatefulSet {set_name} successful"
    pod = stateful_pod(live, template, ordinal, revision)
    return [*writes, Create(pod, _tell(live, "SuccessfulCreate", text), named=True)]


def _deleted(live: Object, pod: Object) -> list[Write]:
    name, set_name = pod["metadata"]["name"], live["metadata"]["name"]
    if lookup(pod, "status", "phase") in OVER:
        namespace = pod["metadata"]["namespace"]
        text = f"StatefulSet {namespace}/{set_name} is recreating failed Pod {name}"
        return [Delete(pod), _tell(live, "RecreatingFailedPod", text, warning=True)]
    text = f"delete Pod {name} in StatefulSet {set_name} successful"
    return [Delete(pod), _tell(live, "SuccessfulDelete", text)]


def _tell(live: Object, reason: str, message: str, *, warning: bool = False) -> Tell:
    return Tell(about=live, reason=reason, message=message, component=_COMPONENT, warning=warning)


def _status(live: Object, pods: dict[int, Object], revisions: Revisions, now: datetime) -> Object:
    staying = [one for one in pods.values() if not is_deleting(one)]
    counts = {
        "replicas": len(pods),
        "readyReplicas": sum(ready_since(one) is not None for one in pods.values()),
        "availableReplicas": sum(is_healthy(live, one, now) for one in pods.values()),
        "currentReplicas": sum(_revision(one) == revisions.current for one in staying),
        "updatedReplicas": sum(_revision(one) == revisions.update for one in staying),
    }
    current = revisions.current
    wanted = len(ordinals(live))
    strategy = lookup(live, "spec", "updateStrategy", "type", default="RollingUpdate")
    exact = ("replicas", "updatedReplicas", "readyReplicas")
    if strategy == "RollingUpdate" and all(counts[name] == wanted for name in exact):
        current = revisions.update
        counts["currentReplicas"] = counts["updatedReplicas"]
    before = live.get("status") or {}
    always = ("replicas", "availableReplicas")
    return {
        **{name: count for name, count in counts.items() if count or name in always},
        "currentRevision": current,
        "updateRevision": revisions.update,
        "collisionCount": int(before.get("collisionCount") or 0),
        "observedGeneration": live["metadata"].get("generation", 0),
    }
