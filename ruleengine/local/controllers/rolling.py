"""The arithmetic of a rolling update: how far each ReplicaSet may move now.

All functions are pure; a plan maps the names of ReplicaSets to the replicas they should
have. Rules: reference, Kubernetes API section 9, "Deployment".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ruleengine.apimachinery.int_or_string import scaled
from ruleengine.model.values import Object, lookup


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a rolling update has to keep: pods wanted, above that, and below that."""

    desired: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        """How many pods there may be at a time."""
        return self.desired + self.surge

    @property
    def fewest(self) -> int:
        """How many pods have to be available."""
        return max(self.desired - self.unavailable, 0)


def bounds_of(deployment: Object) -> Bounds:
    """Return the bounds of a Deployment; surge rounds up, unavailable down."""
    spec = deployment["spec"]
    desired = int(spec.get("replicas", 1))
    if lookup(spec, "strategy", "type") == "Recreate":
        return Bounds(desired, 0, desired)
    rolling = lookup(spec, "strategy", "rollingUpdate", default={})
    surge = scaled(rolling.get("maxSurge", "25%"), desired, round_up=True)
    unavailable = scaled(rolling.get("maxUnavailable", "25%"), desired, round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(desired, surge, min(unavailable, desired))


def replicas_of(replica_set: Object) -> int:
    """Return how many pods a ReplicaSet is asked to keep."""
    return int(replica_set["spec"].get("replicas", 1))


def available_of(replica_set: Object) -> int:
    """Return how many pods of a ReplicaSet are available."""
    return int(lookup(replica_set, "status", "availableReplicas", default=0))


def grow_new(new: Object, old: Sequence[Object], bounds: Bounds) -> int:
    """Return the replicas that the new ReplicaSet should have now."""
    current = replicas_of(new)
    if current >= bounds.desired:
        return bounds.desired
    total = current + sum(map(replicas_of, old))
    return min(current + max(bounds.most - total, 0), bounds.desired)


def shrink_old(new: Object, old: Sequence[Object], bounds: Bounds) -> dict[str, int]:
    """Return the replicas of the old ReplicaSets that should change now, oldest first.

    Pods that are not available go first; availability never falls below the bounds.
    """
    total = replicas_of(new) + sum(map(replicas_of, old))
    new_unavailable = replicas_of(new) - available_of(new)
    room = total - bounds.fewest - new_unavailable
    plan = {one["metadata"]["name"]: replicas_of(one) for one in old}
    for one in old:
        unhealthy = max(replicas_of(one) - available_of(one), 0)
        step = min(unhealthy, max(room, 0))
        plan[one["metadata"]["name"]] -= step
        room -= step
    available = available_of(new) + sum(map(available_of, old))
    spare = min(max(available - bounds.fewest, 0), max(room, 0))
    for one in old:
        name = one["metadata"]["name"]
        step = min(plan[name], spare)
        plan[name] -= step
        spare -= step
    return {
        one["metadata"]["name"]: plan[one["metadata"]["name"]]
        for one in old
        if plan[one["metadata"]["name"]] != replicas_of(one)
    }


def proportional(active: Sequence[Object], wanted: int) -> dict[str, int]:
    """Spread ``wanted`` replicas over ReplicaSets in proportion to what they have.

    Serves a Deployment that is scaled in the middle of a rollout.
    """
    total = sum(map(replicas_of, active))
    if not total:
        return {}
    ordered = sorted(active, key=lambda one: (-replicas_of(one), one["metadata"]["name"]))
    plan = {one["metadata"]["name"]: replicas_of(one) * wanted // total for one in ordered}
    plan[ordered[0]["metadata"]["name"]] += wanted - sum(plan.values())
    return plan
