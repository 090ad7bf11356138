"""How far one task of a sync is, seen from its object and its last result.

Nothing is believed that the world does not show: a task counts as synced when an apply
would change nothing any more, never because an apply was asked for (the reference, Argo CD
section 3.5, point 2).
"""

from dataclasses import dataclass
from enum import StrEnum

from ruleengine.environments.health import HealthStatus, health_of
from ruleengine.environments.operations import (
    OperationPhase,
    OperationState,
    ResultStatus,
    TaskResult,
    read_moment,
)
from ruleengine.environments.tasks import Task
from ruleengine.model.names import ENVIRONMENTS_MANAGER
from ruleengine.model.values import Object, lookup


class TaskState(StrEnum):
    """How far a task is. ``LEAVING`` waits for an object on its way out."""

    PENDING = "pending"
    RUNNING = "running"
    LEAVING = "leaving"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A task with its state and its result so far (``None`` while nothing was done)."""

    task: Task
    state: TaskState
    result: TaskResult | None = None

    @property
    def done(self) -> bool:
        """Whether the task is over, well or not."""
        return self.state in (TaskState.SUCCEEDED, TaskState.FAILED)

    @property
    def unwell(self) -> bool:
        """Whether an ordinary object was written and is running or degraded only."""
        return (
            self.task.hook is None
            and self.state in (TaskState.RUNNING, TaskState.FAILED)
            and self.result is not None
            and self.result.status == ResultStatus.SYNCED
        )


def assess(task: Task, operation: OperationState) -> Progress:
    """Return how far a task of an operation is."""
    last = next((one for one in operation.results if one.key == task.key), None)
    if task.prunes:
        return _assess_prune(task, last)
    if last and last.phase in (OperationPhase.SUCCEEDED, OperationPhase.FAILED):
        good = last.phase == OperationPhase.SUCCEEDED
        return Progress(
            task=task, state=TaskState.SUCCEEDED if good else TaskState.FAILED, result=last
        )
    if task.hook is not None:
        return _assess_hook(task, last, operation)
    return _assess_ordinary(task, last, operation)


def result_of(task: Task, status: str, phase: str, message: str) -> TaskResult:
    """Return a result of a task."""
    return TaskResult(
        target=task.target,
        sync_phase=str(task.phase),
        status=status,
        phase=phase,
        message=message,
        hook_type=str(task.phase) if task.hook else "",
    )


def _assess_prune(task: Task, last: TaskResult | None) -> Progress:
    if task.skip:
        result = _succeeded(task, ResultStatus.PRUNE_SKIPPED, task.skip)
        return Progress(task=task, state=TaskState.SUCCEEDED, result=result)
    if lookup(task.live, "metadata", "deletionTimestamp"):
        result = _succeeded(task, ResultStatus.PRUNED, "pruned; it is on its way out")
        return Progress(task=task, state=TaskState.LEAVING, result=result)
    if last is None:
        return Progress(task=task, state=TaskState.PENDING)
    message = "the object is still there after it was to be deleted"
    return _refused(task, message)


def _assess_hook(task: Task, last: TaskResult | None, operation: OperationState) -> Progress:
    """Return how far a hook is; one that lives from an earlier sync has not run yet."""
    if last is None and not _made_by(task, operation):
        return _not_begun(task)
    if task.live is None:
        return _refused(task, "the hook was not created, or is gone before its end was seen")
    verdict = health_of(task.live)
    if verdict is None or verdict.status is HealthStatus.HEALTHY:
        message = verdict.message if verdict else ""
        result = _succeeded(task, ResultStatus.SYNCED, message)
        return Progress(task=task, state=TaskState.SUCCEEDED, result=result)
    if verdict.status in (HealthStatus.DEGRADED, HealthStatus.UNKNOWN):
        return _failed(task, ResultStatus.SYNCED, verdict.message)
    return _running(task, verdict.message)


def _assess_ordinary(task: Task, last: TaskResult | None, operation: OperationState) -> Progress:
    if last is None:
        return _not_begun(task)
    if task.live is None and last.status == ResultStatus.SYNCED:
        message = "the object vanished while the sync waited for it"
        return _failed(task, ResultStatus.SYNC_FAILED, message)
    if task.live is None:
        return _refused(task, "the object was not created: the API server refused it")
    return _assess_live(task, task.live, operation)


def _assess_live(task: Task, live: Object, operation: OperationState) -> Progress:
    """Return how far an object is that was written and is there."""
    if not task.clean and not _took_effect(task, operation):
        what = "the object does not have the fields that were applied: they were refused"
        return _refused(task, what)
    verdict = health_of(live)
    if verdict is None or verdict.status is HealthStatus.HEALTHY:
        result = _succeeded(task, ResultStatus.SYNCED, "synced")
        return Progress(task=task, state=TaskState.SUCCEEDED, result=result)
    if verdict.status is HealthStatus.DEGRADED:
        return _failed(task, ResultStatus.SYNCED, verdict.message)
    return _running(task, verdict.message or "synced")


def _not_begun(task: Task) -> Progress:
    """Return a task that nothing was done for; an object on its way out has to go first."""
    leaving = lookup(task.live, "metadata", "deletionTimestamp")
    return Progress(task=task, state=TaskState.LEAVING if leaving else TaskState.PENDING)


def _made_by(task: Task, operation: OperationState) -> bool:
    """Tell whether a hook lives that this operation made, though its result was lost."""
    if task.live is None or any(one.target == task.target for one in operation.results):
        return False
    if operation.retry_count:
        return False
    created = lookup(task.live, "metadata", "creationTimestamp", default="")
    return not created or read_moment(created) >= read_moment(operation.started_at)


def _took_effect(task: Task, operation: OperationState) -> bool:
    """Tell whether our apply of this operation was accepted, though others changed it since."""
    entries = lookup(task.live, "metadata", "managedFields", default=[])
    since = read_moment(operation.started_at)
    return any(
        entry.get("manager") == ENVIRONMENTS_MANAGER
        and entry.get("operation") == "Apply"
        and read_moment(str(entry.get("time", ""))) >= since
        for entry in entries
        if isinstance(entry, dict)
    )


def _running(task: Task, message: str) -> Progress:
    result = result_of(task, ResultStatus.SYNCED, OperationPhase.RUNNING, message)
    return Progress(task=task, state=TaskState.RUNNING, result=result)


def _succeeded(task: Task, status: ResultStatus, message: str) -> TaskResult:
    return result_of(task, status, OperationPhase.SUCCEEDED, message)


def _refused(task: Task, message: str) -> Progress:
    """Return a task that failed, with the server's own words where they are known."""
    said = task.refusal.message if task.refusal else message
    return _failed(task, ResultStatus.SYNC_FAILED, said)


def _failed(task: Task, status: ResultStatus, message: str) -> Progress:
    result = result_of(task, status, OperationPhase.FAILED, message)
    return Progress(task=task, state=TaskState.FAILED, result=result)
