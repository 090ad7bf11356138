"""Counts for PodDisruptionBudgets what may be evicted (reference, Kubernetes API section 9)."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.apimachinery.int_or_string import percentage, scaled
from ruleengine.apimachinery.selectors import SelectorError, label_selector_from_object
from ruleengine.local.controllers.pods import OVER, ready_since
from ruleengine.local.controllers.work import (
    Reader,
    Reconciled,
    SetStatus,
    controller_reference,
    is_deleting,
    key_of,
)
from ruleengine.local.store import Event, EventType, Key
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "poddisruptionbudgets.policy"
_COUNTED: Final = (
    "pods",
    "deployments.apps",
    "replicasets.apps",
    "statefulsets.apps",
    "replicationcontrollers",
)


class Budgets:
    """The controller of PodDisruptionBudgets."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A budget is looked at when it, or what may count for it, changes."""
        if event.key.resource == RESOURCE:
            return [event.key]
        if event.key.resource not in _COUNTED:
            return []
        return [
            key_of(RESOURCE, one)
            for one in reader.objects(RESOURCE, event.key.namespace)
            if _may_count(one, event)
        ]

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Write the counts of a budget where they differ."""
        live = reader.get(key)
        if live is None or is_deleting(live):
            return Reconciled()
        selector = lookup(live, "spec", "selector")
        pods: list[Object] = []
        if selector is not None:
            labels = selector.get("matchLabels")
            place = key.namespace
            there = reader.pods(place, labels) if labels else reader.objects("pods", place)
            pods = [
                one
                for one in there
                if _selects(selector, one) and lookup(one, "status", "phase") not in OVER
            ]
        status = budget_status(live, pods, expected_pods(live, pods, reader), now)
        return Reconciled((SetStatus(live, status),) if status != live.get("status") else ())


def _may_count(budget: Object, event: Event) -> bool:
    """Tell whether what has changed may count: a pod that is selected, or a number of pods."""
    states = [one for one in (event.object, event.previous) if one is not None]
    if event.key.resource == "pods":
        selector = lookup(budget, "spec", "selector")
        return selector is not None and any(_selects(selector, one) for one in states)
    sizes = {lookup(one, "spec", "replicas") for one in states}
    return len(sizes) > 1 or event.type is not EventType.MODIFIED or event.previous is None


def _selects(selector: Object, pod: Object) -> bool:
    try:
        return label_selector_from_object(selector).matches(pod["metadata"].get("labels") or {})
    except SelectorError:
        return False


def expected_pods(live: Object, pods: list[Object], reader: Reader) -> int:
    """Return how many pods there should be, by what controls them.

    A budget that states how many have to be available, as a number, counts what is there.
    """
    spec = live.get("spec") or {}
    least = spec.get("minAvailable")
    if spec.get("maxUnavailable") is None and (least is None or percentage(least) is None):
        return len(pods)
    sizes: dict[str, int] = {}
    for pod in pods:
        owner = _scalable(pod, reader)
        if owner is None:
            sizes[pod["metadata"]["uid"]] = 1
        else:
            sizes[owner["metadata"]["uid"]] = int(owner["spec"].get("replicas", 1))
    return sum(sizes.values())


def _scalable(pod: Object, reader: Reader) -> Object | None:
    """Return what says how many there should be of a pod: the topmost that has replicas."""
    found, value = None, pod
    for _ in range(2):  # a Deployment stands above a ReplicaSet, and nothing above that
        reference = controller_reference(value)
        served = reference and reader.catalog.kind(reference["apiVersion"], reference["kind"])
        if not reference or not served:
            break
        owner = reader.get(served.key(pod["metadata"]["namespace"], reference["name"]))
        if owner is None or "replicas" not in (owner.get("spec") or {}):
            break
        found = value = owner
    return found


def budget_status(live: Object, pods: list[Object], expected: int, now: datetime) -> Object:
    """Return the status of a budget: how many are healthy, have to be, and may go."""
    spec = live.get("spec") or {}
    most = spec.get("maxUnavailable")
    if most is not None:
        desired = max(expected - scaled(most, expected, round_up=True), 0)
    else:
        desired = scaled(spec.get("minAvailable", 1), expected, round_up=True)
    healthy = sum(ready_since(one) is not None and not is_deleting(one) for one in pods)
    allowed = max(healthy - desired, 0) if expected else 0
    return {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": live["metadata"].get("generation", 0),
        "conditions": [_condition(live, allowed, now)],
    }


def _condition(live: Object, allowed: int, now: datetime) -> Object:
    value, reason = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
    known = next(iter(lookup(live, "status", "conditions", default=())), None)
    since = known.get("lastTransitionTime") if known and known.get("status") == value else None
    return {
        "type": "DisruptionAllowed",
        "status": value,
        "reason": reason,
        "message": "",
        "lastTransitionTime": since or format_time(now),
        "observedGeneration": live["metadata"].get("generation", 0),
    }
