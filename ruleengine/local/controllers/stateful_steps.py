"""The next step of a StatefulSet, as a pure function: which pods go, come or are replaced.

Ordered sets make and end one pod at a time, the lowest first and the highest last to go;
parallel ones do not wait. Updates go from the highest ordinal down, in both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ruleengine.apimachinery.int_or_string import scaled
from ruleengine.local.controllers.pods import OVER, available_at
from ruleengine.local.controllers.revisions import HASH
from ruleengine.local.controllers.stateful_pods import ordinals
from ruleengine.local.controllers.work import is_deleting
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup

_PATIENCE: Final = timedelta(seconds=10)
"""How long a pod that ended stays before it is made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Ordinals to make, by revision, pods to delete, and when to look again if any."""

    made: dict[int, str]
    deleted: list[Object]
    again: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """The names of the revision that a set comes from, and of the one that it goes to."""

    current: str
    update: str


def is_ordered(live: Object) -> bool:
    """Tell whether a set makes and ends one pod at a time."""
    return bool(live["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady")


def is_healthy(live: Object, pod: Object | None, now: datetime) -> bool:
    """Tell whether a pod stays and is available."""
    if pod is None or is_deleting(pod):
        return False
    at = available_at(pod, live)
    waits = live["spec"].get("minReadySeconds")
    return at is not None and (not waits or at <= now)


def partition_of(live: Object) -> int:
    """Return how many ordinals, from the lowest, keep the revision that they have."""
    return int(lookup(live, "spec", "updateStrategy", "rollingUpdate", "partition", default=0))


def revision_for(live: Object, ordinal: int, revisions: Revisions) -> str:
    """Return the revision that a pod is made of."""
    place = ordinal - ordinals(live).start
    if _strategy(live) == "OnDelete":
        return revisions.update
    return revisions.current if place < partition_of(live) else revisions.update


def _strategy(live: Object) -> str:
    return str(lookup(live, "spec", "updateStrategy", "type", default="RollingUpdate"))


def next_steps(live: Object, pods: dict[int, Object], revisions: Revisions, now: datetime) -> Steps:
    """Return the next step of a set that is not deleted."""
    ordered = is_ordered(live)
    made: dict[int, str] = {}
    deleted: list[Object] = []
    again: list[datetime] = []
    blocked = False
    for ordinal in ordinals(live):
        pod = pods.get(ordinal)
        if pod is None:
            made[ordinal] = revision_for(live, ordinal, revisions)
        elif lookup(pod, "status", "phase") in OVER and not is_deleting(pod):
            end = parse_time(pod["metadata"]["creationTimestamp"]) + _PATIENCE
            if now < end:
                again.append(end)
            else:
                deleted.append(pod)
        ready = available_at(pod, live) if pod is not None else None
        if ready is not None and ready > now:
            again.append(ready)
        if ordered and not is_healthy(live, pod, now):
            blocked = True
            break
    if not blocked:
        deleted += _scaled_away(live, pods)
        if not deleted and not made:
            deleted += _outdated(live, pods, revisions, now)
    return Steps(made=made, deleted=deleted, again=min(again, default=None))


def _scaled_away(live: Object, pods: dict[int, Object]) -> Iterator[Object]:
    """Return the pods beyond the replicas that go now, the highest first."""
    wanted = ordinals(live)
    surplus = [pods[one] for one in sorted(pods, reverse=True) if one not in wanted]
    if not is_ordered(live):
        yield from (one for one in surplus if not is_deleting(one))
    elif surplus and not is_deleting(surplus[0]):
        yield surplus[0]


def _outdated(
    live: Object, pods: dict[int, Object], revisions: Revisions, now: datetime
) -> Iterator[Object]:
    """Return the pods that are deleted to be made anew, from the highest ordinal down."""
    wanted = ordinals(live)
    if _strategy(live) == "OnDelete":
        return
    if any(is_deleting(one) for one in pods.values()) and any(one not in wanted for one in pods):
        return
    stated = lookup(live, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable", default=1)
    room = max(scaled(stated, len(wanted), round_up=True), 1)
    for ordinal in reversed(wanted[partition_of(live) :]):
        pod = pods.get(ordinal)
        if room == 0:
            return
        if pod is None or is_deleting(pod):
            room -= 1
        elif lookup(pod, "metadata", "labels", HASH) != revisions.update:
            yield pod
            room -= 1
        elif not is_healthy(live, pod, now):
            room -= 1
