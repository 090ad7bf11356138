"""Operations: one sync from its start to its end, as ``status.operationState`` keeps it.

The state in the status and the objects of the world suffice to go on after a crash; nothing
else is remembered (the reference, Argo CD sections 2 and 3).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ruleengine.environments.specification import Retry
from ruleengine.model.actions import Target
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, Value, lookup

SUPERSEDED = "superseded by "
"""How the message begins of an operation that ended because something else is desired now."""


class OperationPhase(StrEnum):
    """How far an operation is. ``Failed`` ran without success, ``Error`` could not run."""

    RUNNING = "Running"
    TERMINATING = "Terminating"
    FAILED = "Failed"
    ERROR = "Error"
    SUCCEEDED = "Succeeded"


class ResultStatus(StrEnum):
    """What became of one resource of a sync."""

    SYNCED = "Synced"
    SYNC_FAILED = "SyncFailed"
    PRUNED = "Pruned"
    PRUNE_SKIPPED = "PruneSkipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What became of one task, one entry of ``syncResult.resources``.

    ``phase`` is how far the task is: Running until its object is healthy. An empty
    ``status`` means asked for, and not yet seen in the world.
    """

    target: Target
    sync_phase: str
    status: str = ""
    phase: str = OperationPhase.RUNNING
    message: str = ""
    hook_type: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What a result is found by: the object, and the phase it is synced in."""
        one = self.target
        return (one.group, one.kind, one.namespace, one.name, self.sync_phase)

    def to_object(self) -> Object:
        """Return the entry in Argo CD's shape, without empty fields."""
        group, _, version = self.target.api_version.rpartition("/")
        entry = {
            "group": group,
            "version": version,
            "kind": self.target.kind,
            "namespace": self.target.namespace,
            "name": self.target.name,
            "status": str(self.status),
            "message": self.message,
            "hookType": self.hook_type,
            "hookPhase": str(self.phase),
            "syncPhase": self.sync_phase,
        }
        return {name: one for name, one in entry.items() if one or name in ("group", "namespace")}

    @classmethod
    def of(cls, entry: Object) -> "TaskResult":
        """Return the result that an entry of a status tells."""
        group, version = str(entry.get("group", "")), str(entry.get("version", ""))
        return cls(
            target=Target(
                api_version=f"{group}/{version}" if group else version,
                kind=str(entry.get("kind", "")),
                namespace=str(entry.get("namespace", "")),
                name=str(entry.get("name", "")),
            ),
            sync_phase=str(entry.get("syncPhase", "")),
            status=str(entry.get("status", "")),
            phase=str(entry.get("hookPhase", "")),
            message=str(entry.get("message", "")),
            hook_type=str(entry.get("hookType", "")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationState:
    """One operation. Times are texts as they stand in the status, empty for none."""

    operation: Object
    phase: str
    started_at: str
    message: str = ""
    finished_at: str = ""
    retry_count: int = 0
    revision: str = ""
    source: Object = field(default_factory=dict)
    results: tuple[TaskResult, ...] = ()

    @property
    def running(self) -> bool:
        """Whether the operation is not over."""
        return self.phase in (OperationPhase.RUNNING, OperationPhase.TERMINATING)

    @property
    def waits_for_retry(self) -> bool:
        """Whether the operation failed and is to be tried again."""
        return self.phase == OperationPhase.RUNNING and bool(self.finished_at)

    @property
    def superseded(self) -> bool:
        """Whether the operation was given up because something else is desired since."""
        return self.phase == OperationPhase.FAILED and self.message.startswith(SUPERSEDED)

    @property
    def sync(self) -> Object:
        """What the operation asks for."""
        found = self.operation.get("sync")
        return found if isinstance(found, dict) else {}

    @property
    def automated(self) -> bool:
        """Whether no human started it."""
        return bool(lookup(self.operation, "initiatedBy", "automated", default=False))

    @property
    def heal_attempts(self) -> int:
        """How many self-heals came before, counted since the last new revision."""
        found = self.sync.get("autoHealAttemptsCount")
        return found if isinstance(found, int) else 0

    def to_object(self) -> Object:
        """Return the state in Argo CD's shape."""
        state: Object = {
            "operation": self.operation,
            "phase": str(self.phase),
            "message": self.message,
            "startedAt": self.started_at,
            "syncResult": {
                "revision": self.revision,
                "source": self.source,
                "resources": [one.to_object() for one in self.results],
            },
        }
        if self.finished_at:
            state["finishedAt"] = self.finished_at
        if self.retry_count:
            state["retryCount"] = self.retry_count
        return state

    @classmethod
    def of(cls, status: Object) -> "OperationState | None":
        """Return the operation that a status tells of, or ``None``."""
        state = status.get("operationState")
        if not isinstance(state, dict) or not state.get("phase"):
            return None
        entries = lookup(state, "syncResult", "resources", default=[])
        count = state.get("retryCount")
        return cls(
            operation=_mapping(state.get("operation")),
            phase=str(state["phase"]),
            started_at=str(state.get("startedAt", "")),
            message=str(state.get("message", "")),
            finished_at=str(state.get("finishedAt") or ""),
            retry_count=count if isinstance(count, int) else 0,
            revision=str(lookup(state, "syncResult", "revision", default="")),
            source=_mapping(lookup(state, "syncResult", "source")),
            results=tuple(TaskResult.of(one) for one in _mappings(entries)),
        )


def _mapping(value: Value) -> Object:
    return value if isinstance(value, dict) else {}


def _mappings(value: Value) -> list[Object]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def begin(operation: Object, revision: str, source: Object, now: datetime) -> OperationState:
    """Return an operation that starts now."""
    return OperationState(
        operation=operation,
        phase=OperationPhase.RUNNING,
        started_at=format_time(now),
        message="the sync has started",
        revision=revision,
        source=source,
    )


def finish(
    state: OperationState, phase: OperationPhase, message: str, now: datetime
) -> OperationState:
    """Return an operation that is over."""
    return replace(state, phase=phase, message=message, finished_at=format_time(now))


def fail(
    state: OperationState, phase: OperationPhase, message: str, retry: Retry, now: datetime
) -> OperationState:
    """Return an operation that failed: over, or waiting to be tried again."""
    if 0 <= retry.limit <= state.retry_count or state.phase == OperationPhase.TERMINATING:
        return finish(state, phase, message, now)
    attempt = state.retry_count + 1
    again = format_time(now + timedelta(seconds=retry.wait(attempt)))
    return replace(
        state,
        phase=OperationPhase.RUNNING,
        message=f"{message}; retry {attempt} at {again}",
        finished_at=format_time(now),
        retry_count=attempt,
    )


def supersede(state: OperationState, revision: str, now: datetime) -> OperationState:
    """Return an operation that is given up, since ``revision`` is desired now."""
    return finish(state, OperationPhase.FAILED, f"{SUPERSEDED}{revision}", now)


def retry_time(state: OperationState, retry: Retry) -> datetime:
    """Return when a failed operation is tried again."""
    return read_moment(state.finished_at) + timedelta(seconds=retry.wait(state.retry_count))


def try_again(state: OperationState) -> OperationState:
    """Return a failed operation as it starts over."""
    return replace(state, finished_at="", message="the sync is tried again", results=())


def read_moment(text: str) -> datetime:
    """Return the moment of a status's text; what cannot be read lies in the distant past."""
    try:
        return parse_time(text)
    except ValueError:
        return parse_time("1970-01-01T00:00:00Z")
