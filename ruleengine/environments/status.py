"""The status of an Application in Argo CD's shape (the reference, section 2).

A status says what is, with the times at which that began: deciding again on an unchanged
world gives an equal status, so that nothing is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ruleengine.environments.annotations import IGNORE_HEALTH, annotations
from ruleengine.environments.comparison import Resource, SyncStatus
from ruleengine.environments.health import HealthStatus, Verdict, health_of, worst
from ruleengine.environments.operations import OperationPhase, OperationState
from ruleengine.environments.problems import Problem, to_conditions
from ruleengine.environments.specification import Specification
from ruleengine.environments.targets import Desired
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, Value, lookup

_OURS = (
    "conditions",
    "health",
    "history",
    "operationState",
    "reconciledAt",
    "resources",
    "sourceType",
    "summary",
    "sync",
)
"""The parts of a status that are made anew each time; what others wrote stays."""

_WORKLOADS = ("containers", "initContainers")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a decision saw and did, from which the status is made."""

    specification: Specification
    previous: Object
    now: datetime
    status: SyncStatus
    revision: str = ""
    source_type: str = ""
    resources: Sequence[Resource] = ()
    problems: Sequence[Problem] = ()
    operation: OperationState | None = None


def make_status(view: View) -> Object:
    """Return the whole status; ``reconciledAt`` moves only when something else does."""
    now = format_time(view.now)
    previous = view.previous
    status = {name: one for name, one in previous.items() if name not in _OURS}
    compared: Object = {
        "source": view.specification.source,
        "destination": view.specification.destination,
    }
    if view.specification.ignore_differences:
        compared["ignoreDifferences"] = list(view.specification.ignore_differences)
    status["sync"] = {"status": str(view.status), "comparedTo": compared}
    if view.revision:
        status["sync"]["revision"] = view.revision
    status["health"] = _health(view, previous, now)
    if view.status is SyncStatus.UNKNOWN:
        status["resources"] = [
            {**one, "status": str(SyncStatus.UNKNOWN)}
            for one in _list(previous.get("resources"))
            if isinstance(one, dict)
        ]
        status["summary"] = lookup(previous, "summary", default={"images": []})
    else:
        status["resources"] = [_resource(one) for one in view.resources]
        status["summary"] = {"images": _images(one.desired for one in view.resources)}
    conditions = to_conditions(view.problems, _list(previous.get("conditions")), now)
    if conditions:
        status["conditions"] = conditions
    if view.source_type:
        status["sourceType"] = view.source_type
    history = _history(view)
    if history:
        status["history"] = history
    if view.operation is not None:
        status["operationState"] = view.operation.to_object()
    return _stamped(status, previous, now)


def application_health(view: View) -> Verdict:
    """Return the health of an application: the worst of what it manages (section 7.1).

    Missing resources do not count unless every one is missing; a failed comparison leaves
    the health unknown.
    """
    if view.status is SyncStatus.UNKNOWN:
        first = next((one.message for one in view.problems if one.blocks), "")
        return Verdict(HealthStatus.UNKNOWN, first)
    ordinary = [one for one in view.resources if one.hook is None]
    if ordinary and all(one.live is None for one in ordinary):
        return Verdict(HealthStatus.MISSING, "none of its resources exists")
    judged = [(one, verdict) for one in ordinary if (verdict := _counted(one, view.specification))]
    status = worst(verdict.status for _, verdict in judged)
    if status is HealthStatus.HEALTHY:
        return Verdict(status)
    culprits = [(one, verdict) for one, verdict in judged if verdict.status is status]
    text = "; ".join(f"{one.target}: {verdict.message}" for one, verdict in culprits[:3])
    more = f"; and {len(culprits) - 3} more" if len(culprits) > 3 else ""
    return Verdict(status, text + more)


def unhealthy(view: View) -> tuple[tuple[Resource, Verdict], ...]:
    """Return the resources that keep an application from being healthy."""
    return tuple(
        (one, verdict)
        for one in view.resources
        if one.hook is None
        and (verdict := _counted(one, view.specification))
        and verdict.status is not HealthStatus.HEALTHY
    )


def _counted(one: Resource, specification: Specification) -> Verdict | None:
    """Return the health of a resource, or ``None`` where it does not weigh."""
    if one.live is None or annotations(one.live).get(IGNORE_HEALTH) == "true":
        return None
    itself = (one.target.kind, one.target.name, one.target.namespace) == (
        "Application",
        specification.name,
        specification.namespace,
    )
    if itself and one.target.api_version == ARGO_API_VERSION:
        return None
    return health_of(one.live)


def _health(view: View, previous: Object, now: str) -> Object:
    verdict = application_health(view)
    same = lookup(previous, "health", "status") == verdict.status
    since = lookup(previous, "health", "lastTransitionTime") if same else None
    health: Object = {"status": str(verdict.status), "lastTransitionTime": since or now}
    return {**health, "message": verdict.message} if verdict.message else health


def _resource(one: Resource) -> Object:
    """Return the entry of one resource."""
    group, _, version = one.target.api_version.rpartition("/")
    entry: Object = {"version": version, "kind": one.target.kind, "name": one.target.name}
    if group:
        entry["group"] = group
    if one.target.namespace:
        entry["namespace"] = one.target.namespace
    if one.hook is not None:
        entry["hook"] = True
    else:
        entry["status"] = str(one.status)
    if one.requires_pruning:
        entry["requiresPruning"] = True
    if one.wave:
        entry["syncWave"] = one.wave
    verdict = health_of(one.live) if one.live is not None else Verdict(HealthStatus.MISSING)
    if verdict is not None and one.hook is None:
        entry["health"] = {"status": str(verdict.status)}
        if verdict.message:
            entry["health"]["message"] = verdict.message
    return entry


def _images(desired: Iterable[Desired | None]) -> list[str]:
    """Return the images that the targets of an application name, sorted."""
    found: set[str] = set()
    for one in desired:
        if one is not None:
            found.update(_images_of(one.object))
    return sorted(found)


def _images_of(value: Value) -> Iterable[str]:
    """Yield the images of every container list inside an object."""
    if isinstance(value, list):
        for item in value:
            yield from _images_of(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in _WORKLOADS and isinstance(item, list):
                images = (lookup(one, "image") for one in item)
                yield from (one for one in images if isinstance(one, str))
            else:
                yield from _images_of(item)


def _history(view: View) -> list[Object]:
    """Return the history, with one entry more when a full sync has just come to a good end."""
    history = [one for one in _list(view.previous.get("history")) if isinstance(one, dict)]
    operation = view.operation
    before = OperationState.of(view.previous)
    ended = operation is not None and operation.phase == OperationPhase.SUCCEEDED
    if not ended or operation is None or operation == before:
        return history
    if operation.sync.get("resources") or operation.sync.get("dryRun"):
        return history
    entry: Object = {
        "id": 1 + max((_number(one.get("id")) for one in history), default=-1),
        "revision": operation.revision,
        "source": operation.source,
        "deployStartedAt": operation.started_at,
        "deployedAt": operation.finished_at,
        "initiatedBy": operation.operation.get("initiatedBy") or {},
    }
    limit = view.specification.history_limit
    return [*history, entry][-limit:] if limit > 0 else []


def _stamped(status: Object, previous: Object, now: str) -> Object:
    """Return the status with the time at which it last changed."""
    before = {name: one for name, one in previous.items() if name != "reconciledAt"}
    if status == before and previous.get("reconciledAt"):
        return previous
    return {**status, "reconciledAt": now}


def _number(value: Value) -> int:
    return value if isinstance(value, int) else -1


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []
