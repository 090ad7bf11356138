"""The status of a Deployment: counts and conditions, as a pure function."""

from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.controllers import rolling
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

_COUNTS: Final = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")


def deployment_status(
    live: Object, new: Object | None, sets: list[Object], now: datetime
) -> tuple[Object, datetime | None]:
    """Return the status, and when the progress deadline is to be looked at."""
    before = live.get("status") or {}
    bounds = rolling.bounds_of(live)
    counts = {
        "replicas": _total(sets, "replicas"),
        "updatedReplicas": _total([new] if new else [], "replicas"),
        "readyReplicas": _total(sets, "readyReplicas"),
        "availableReplicas": _total(sets, "availableReplicas"),
    }
    wanted = sum(map(rolling.replicas_of, sets))
    counts["unavailableReplicas"] = max(wanted - counts["availableReplicas"], 0)
    progressing, again = _progressing(live, new, counts, now)
    conditions = [
        _condition(before, "Available", *_available(counts, bounds), now=now),
        progressing,
        *_failing(new, sets, before, now),
    ]
    status: Object = {name: count for name, count in counts.items() if count}
    status["observedGeneration"] = live["metadata"].get("generation", 0)
    status["conditions"] = conditions
    if "collisionCount" in before:
        status["collisionCount"] = before["collisionCount"]
    return status, again


def _failing(new: Object | None, sets: list[Object], before: Object, now: datetime) -> list[Object]:
    """Return the condition that a ReplicaSet has because it may not make its pods."""
    for one in (*((new,) if new else ()), *sets):
        found = _find(one.get("status") or {}, "ReplicaFailure")
        if found is not None:
            facts = tuple(found.get(name, "") for name in ("status", "reason", "message"))
            return [_condition(before, "ReplicaFailure", *facts, now=now)]
    return []


def _total(sets: list[Object], field: str) -> int:
    return sum(int(lookup(one, "status", field, default=0)) for one in sets)


def _available(counts: dict[str, int], bounds: rolling.Bounds) -> tuple[str, str, str]:
    if counts["availableReplicas"] >= bounds.fewest:
        return "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
    text = "Deployment does not have minimum availability."
    return "False", "MinimumReplicasUnavailable", text


def _progressing(
    live: Object, new: Object | None, counts: dict[str, int], now: datetime
) -> tuple[Object, datetime | None]:
    before = live.get("status") or {}
    known = _find(before, "Progressing")
    name = f'ReplicaSet "{new["metadata"]["name"]}"' if new else "Deployment"
    if live["spec"].get("paused"):
        text = "Deployment is paused"
        return _condition(before, "Progressing", "Unknown", "DeploymentPaused", text, now=now), None
    if known and known.get("reason") == "DeploymentPaused":
        text = "Deployment is resumed"
        made = _condition(before, "Progressing", "Unknown", "DeploymentResumed", text, now=now)
        return made, now
    if _is_complete(live, new, counts):
        text = f"{name} has successfully progressed."
        made = _condition(before, "Progressing", "True", "NewReplicaSetAvailable", text, now=now)
        return made, None
    deadline = timedelta(seconds=int(live["spec"].get("progressDeadlineSeconds", 600)))
    moved = _has_moved(before, counts) or known is None
    restarted = known is not None and known.get("reason") == "NewReplicaSetAvailable"
    if moved or restarted:
        reason = "ReplicaSetUpdated" if known else "NewReplicaSetCreated"
        text = f"{name} is progressing." if known else f"Created new replica set of {name}"
        made = _condition(before, "Progressing", "True", reason, text, now=now, touched=True)
        return made, now + deadline
    assert known is not None  # noqa: S101 - moved is true without one
    due = parse_time(known.get("lastUpdateTime") or format_time(now)) + deadline
    goes_on = known.get("status") != "False"  # also where a pause has just ended
    if goes_on and now >= due:
        text = f"{name} has timed out progressing."
        reason = "ProgressDeadlineExceeded"
        return _condition(before, "Progressing", "False", reason, text, now=now), None
    return known, due if goes_on else None


def _is_complete(live: Object, new: Object | None, counts: dict[str, int]) -> bool:
    desired = int(live["spec"].get("replicas", 1))
    exact = ("replicas", "updatedReplicas", "availableReplicas")
    return new is not None and all(counts[name] == desired for name in exact)


def _has_moved(before: Object, counts: dict[str, int]) -> bool:
    known = {name: int(before.get(name) or 0) for name in _COUNTS}
    old_before = known["replicas"] - known["updatedReplicas"]
    old_now = counts["replicas"] - counts["updatedReplicas"]
    return (
        counts["updatedReplicas"] > known["updatedReplicas"]
        or old_now < old_before
        or counts["readyReplicas"] > known["readyReplicas"]
        or counts["availableReplicas"] > known["availableReplicas"]
    )


def _find(status: Object, kind: str) -> Object | None:
    return next((one for one in status.get("conditions") or () if one.get("type") == kind), None)


def _condition(  # noqa: PLR0913 - the fields of a condition
    before: Object,
    kind: str,
    value: str,
    reason: str,
    message: str,
    *,
    now: datetime,
    touched: bool = False,
) -> Object:
    """Return a condition that keeps its times where it says nothing new."""
    known = _find(before, kind)
    time = format_time(now)
    if known and (known.get("status"), known.get("reason")) == (value, reason) and not touched:
        return known
    since = known.get("lastTransitionTime") if known and known.get("status") == value else None
    return {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": message,
        "lastUpdateTime": time,
        "lastTransitionTime": since or time,
    }
