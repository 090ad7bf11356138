"""What the controllers that own pods share: whose pod it is, which go first, what is ready."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.controllers.work import (
    Reader,
    Replace,
    Write,
    is_deleting,
    owner_reference,
    selects,
)
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup

BURST: Final = 500
"""How many pods a controller creates or deletes at a time."""

OVER: Final = ("Succeeded", "Failed")
"""The phases in which nothing of a pod runs any more."""

_FIRST_DELAY: Final = timedelta(seconds=10)
_LONGEST_DELAY: Final = timedelta(minutes=6)

_OF_TEMPLATES: Final = ("labels", "annotations", "finalizers")
"""What a pod takes over of the metadata of its template."""

_COST: Final = "controller.kubernetes.io/pod-deletion-cost"


def is_active(pod: Object) -> bool:
    """Tell whether a pod runs, or will."""
    return not is_deleting(pod) and lookup(pod, "status", "phase") not in OVER


def selector_of(owner: Object) -> Object | None:
    """Return the selector of an owner as a ``LabelSelector``; older kinds have a map of labels."""
    stated: Object | None = owner["spec"].get("selector")
    if owner["kind"] == "ReplicationController":
        return {"matchLabels": stated or {}}
    return stated


def adopt_and_release(
    live: Object,
    owned: Sequence[Object],
    reader: Reader,
    is_member: Callable[[Object], bool] = lambda _: True,
) -> list[Write]:
    """Adopt matching pods that nobody controls; let go of those that match no more.

    ``is_member`` says which of the pods that the selector selects the owner may take.
    """
    selector = selector_of(live)
    writes: list[Write] = []
    for pod in reader.free("pods", live["metadata"]["namespace"]):
        if is_active(pod) and selects(selector, pod) and is_member(pod):
            references = [
                *(pod["metadata"].get("ownerReferences") or []),
                owner_reference(live),
            ]
            metadata = {**pod["metadata"], "ownerReferences": references}
            writes.append(Replace(pod, {**pod, "metadata": metadata}))
    for pod in owned:
        if not selects(selector, pod):
            uid = live["metadata"]["uid"]
            references = [
                one for one in pod["metadata"]["ownerReferences"] if one.get("uid") != uid
            ]
            metadata = {**pod["metadata"], "ownerReferences": references}
            writes.append(Replace(pod, {**pod, "metadata": metadata}))
    return writes


def pod_from(template: Object, owner: Object, **metadata: object) -> Object:
    """Return a pod of a template that ``owner`` controls; ``metadata`` is added to its own.

    A name that the template states counts for nothing, as for Kubernetes' controllers.
    """
    stated = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **{one: stated[one] for one in _OF_TEMPLATES if one in stated},
            "namespace": owner["metadata"]["namespace"],
            "ownerReferences": [owner_reference(owner)],
            **metadata,
        },
        "spec": template["spec"],
    }


def deletion_rank(pod: Object) -> tuple[object, ...]:
    """Order pods so that the one that would be missed least comes first."""
    phases = {"Pending": 0, "Unknown": 1, "Running": 2}
    cost = lookup(pod, "metadata", "annotations", _COST, default="0")
    since = ready_since(pod)
    created = parse_time(pod["metadata"]["creationTimestamp"])
    return (
        bool(lookup(pod, "spec", "nodeName")),
        phases.get(lookup(pod, "status", "phase", default=""), 1),
        since is not None,
        int(cost) if str(cost).lstrip("-").isdecimal() else 0,
        -(since or created).timestamp(),
        -restarts_of(pod),
        -created.timestamp(),
        pod["metadata"]["name"],
    )


def delay_after(failures: int) -> timedelta:
    """Return how long to wait after failures in a row: 10 s, twice that, up to six minutes."""
    return min(_FIRST_DELAY * (1 << min(max(failures - 1, 0), 10)), _LONGEST_DELAY)


def restarts_of(pod: Object) -> int:
    """Return how often containers of a pod were started anew."""
    kinds = ("initContainerStatuses", "containerStatuses")
    statuses = [one for kind in kinds for one in lookup(pod, "status", kind, default=[])]
    return sum(int(one.get("restartCount", 0)) for one in statuses)


def ready_since(pod: Object) -> datetime | None:
    """Return since when a pod is ready, ``None`` where it is not.

    Whoever says so by hand may leave the moment out: then it is so from the beginning.
    """
    for one in lookup(pod, "status", "conditions", default=[]):
        if one.get("type") == "Ready" and one.get("status") == "True":
            return parse_time(one.get("lastTransitionTime") or pod["metadata"]["creationTimestamp"])
    return None


def available_at(pod: Object, owner: Object) -> datetime | None:
    """Return since when a pod counts as available to its owner; ``None`` if it is not ready."""
    since = ready_since(pod)
    wait = timedelta(seconds=int(owner["spec"].get("minReadySeconds") or 0))
    return None if since is None else since + wait
