"""One step of a sync: a pure function from tasks and the state so far to what comes next.

Each step looks at all tasks anew and moves at most one wave (the reference, Argo CD section
3.5). A step that asks for writes leaves the state running; the next one sees in the world
what became of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ruleengine.environments.annotations import SyncPhase
from ruleengine.environments.operations import (
    OperationPhase,
    OperationState,
    ResultStatus,
    TaskResult,
    fail,
    finish,
)
from ruleengine.environments.progress import Progress, TaskState, assess, result_of
from ruleengine.environments.specification import Retry, Specification
from ruleengine.environments.tasks import Task
from ruleengine.environments.writing import delete, prune, write
from ruleengine.model.actions import Action, Target

_BEFORE_CREATION = "BeforeHookCreation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step of a sync comes to.

    ``waiting`` are the objects that the sync waits for; ``human`` says what it needs a
    human for.
    """

    state: OperationState
    actions: tuple[Action, ...] = ()
    waiting: tuple[Target, ...] = ()
    human: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """What all steps of one sync have in common."""

    specification: Specification
    retry: Retry
    now: datetime


def step(state: OperationState, tasks: Sequence[Task], sync: Sync) -> Step:
    """Return the next step of a running operation.

    Waves that need no write are passed over at once.
    """
    main = [assess(one, state) for one in tasks if one.phase is not SyncPhase.SYNC_FAIL]
    rescue = [assess(one, state) for one in tasks if one.phase is SyncPhase.SYNC_FAIL]
    state = replace(state, results=_collect(state.results, main + rescue))
    if state.phase == OperationPhase.TERMINATING:
        return _terminate(state, main + rescue, sync)
    pending = [one for one in main if one.state is TaskState.PENDING or _recreates(one)]
    unawaited = [] if pending else _unawaited(main)
    failed = [
        one
        for one in main
        if one.state is TaskState.FAILED and one not in pending and one not in unawaited
    ]
    waiting = [one for one in _waiting(main, pending) if one not in unawaited]
    if waiting and (_hooks_run(main) or not failed):
        return _wait(state, waiting)
    if failed:
        return _fail(state, main, rescue, sync)
    if not pending:
        return _succeed(state, main, sync)
    following = _run(state, pending, sync)
    moved = following.state.results != state.results
    return step(following.state, tasks, sync) if moved and not following.actions else following


def _collect(before: Sequence[TaskResult], progress: Sequence[Progress]) -> tuple[TaskResult, ...]:
    """Return all results: those of this look over those that are no task any more.

    A pruned object is gone from the world and with it from the tasks; its result stays.
    """
    found = {one.key: one for one in before}
    for one in progress:
        if one.result is not None:
            found[one.task.key] = one.result
    return tuple(found.values())


def _waiting(main: Sequence[Progress], pending: Sequence[Progress]) -> list[Progress]:
    """Return what the sync has to wait for: whatever leaves, and waves before the next one."""
    following = min((one.task.step for one in pending), default=None)
    return [
        one
        for one in main
        if one.state is TaskState.LEAVING
        or (
            one.state is TaskState.RUNNING
            and (following is None or one.task.hook or one.task.step < following)
        )
    ]


def _unawaited(main: Sequence[Progress]) -> list[Progress]:
    """Return what the end of a sync does not wait for: the health of a last wave without hooks."""
    last = max((one.task.step for one in main), default=None)
    if any(one.task.hook for one in main if one.task.step == last):
        return []
    return [one for one in main if one.task.step == last and one.unwell]


def _hooks_run(progress: Sequence[Progress]) -> bool:
    return any(one.task.hook and one.state is TaskState.RUNNING for one in progress)


def _wait(state: OperationState, waiting: Sequence[Progress]) -> Step:
    """Return the step that does nothing but wait."""
    targets = tuple(one.task.target for one in waiting)
    return Step(state=replace(state, message=f"waiting for {_names(targets)}"), waiting=targets)


def _run(state: OperationState, pending: Sequence[Progress], sync: Sync) -> Step:
    """Return the step that does the first wave of what is left."""
    first = min(one.task.step for one in pending)
    wave = [one for one in pending if one.task.step == first]
    held = tuple(one.task.target for one in wave if one.task.held)
    wave = [one for one in wave if not one.task.held]
    if not wave:
        human = f"approve the deletion of {_names(held)}"
        return Step(state=replace(state, message=f"waiting for a human to {human}"), human=human)
    actions: list[Action] = []
    results = {one.key: one for one in state.results}
    reason = f"sync phase {wave[0].task.phase}, wave {wave[0].task.wave}"
    for one in sorted(wave, key=lambda one: not one.task.prunes):
        task = one.task
        if task.prunes:
            actions.append(prune(task, sync.specification, "nothing declares it any more"))
            results[task.key] = result_of(
                task, ResultStatus.PRUNED, OperationPhase.SUCCEEDED, "pruned"
            )
        elif task.live is not None and (_leftover(task) or _recreates(one)):
            actions.append(delete(task.target, task.live, f"{reason}: made anew", "Background"))
            results.pop(task.key, None)
        elif task.clean:
            results[task.key] = result_of(
                task, ResultStatus.SYNCED, OperationPhase.RUNNING, "unchanged"
            )
        else:
            actions.append(write(task, sync.specification, reason))
            results[task.key] = result_of(task, "", OperationPhase.RUNNING, "applied")
    message = f"{reason}: {_names([one.task.target for one in wave])}"
    state = replace(state, results=tuple(results.values()), message=message)
    return Step(state=state, actions=tuple(actions), waiting=tuple(one.task.target for one in wave))


def _leftover(task: Task) -> bool:
    """Tell whether a pending hook's object is left from an earlier sync and has to go first."""
    return task.hook is not None and _BEFORE_CREATION in task.hook.policies


def _recreates(one: Progress) -> bool:
    """Tell whether a refused change is made by deleting and creating the object (Force)."""
    return (
        one.state is TaskState.FAILED
        and one.task.hook is None
        and one.task.live is not None
        and "Force=true" in one.task.options
        and one.result is not None
        and one.result.status == ResultStatus.SYNC_FAILED
        and not one.task.prunes
    )


def _fail(
    state: OperationState, main: Sequence[Progress], rescue: Sequence[Progress], sync: Sync
) -> Step:
    """Return the step after a failure: the SyncFail hooks first, the end then.

    What the server refuses for good is tried again only where the document says so: nobody
    wants to wait minutes for the same answer.
    """
    pending = [one for one in rescue if one.state is TaskState.PENDING]
    running = [one for one in rescue if one.state is TaskState.RUNNING]
    if running:
        return _wait(state, running)
    if pending:
        return _run(state, pending, sync)
    failed = [one for one in main if one.state is TaskState.FAILED]
    reasons = "; ".join(
        f"{one.task.target}: {one.result.message}" for one in failed[:3] if one.result
    )
    message = f"{len(failed)} of {len(main)} tasks failed: {reasons}"
    actions = _clean_up(main, "HookFailed") + _clean_up(rescue, "HookSucceeded", "HookFailed")
    final = any(one.task.refusal is not None and one.task.refusal.final for one in failed)
    retry = Retry(limit=0) if final and not sync.retry.stated else sync.retry
    ended = fail(state, OperationPhase.FAILED, message, retry, sync.now)
    return Step(state=ended, actions=tuple(actions))


def _succeed(state: OperationState, main: Sequence[Progress], sync: Sync) -> Step:
    """Return the step that ends a sync well."""
    message = "successfully synced (all tasks done)" if main else "there was nothing to sync"
    results = tuple(
        replace(
            one, phase=OperationPhase.SUCCEEDED, message=one.message if one.hook_type else "synced"
        )
        if one.status == ResultStatus.SYNCED
        else one
        for one in state.results
    )
    state = finish(replace(state, results=results), OperationPhase.SUCCEEDED, message, sync.now)
    return Step(state=state, actions=tuple(_clean_up(main, "HookSucceeded")))


def _terminate(state: OperationState, progress: Sequence[Progress], sync: Sync) -> Step:
    """Return the step that ends a sync because a human asked for it."""
    actions = [
        delete(one.task.target, one.task.live, "the sync was terminated", "Background")
        for one in progress
        if one.task.hook and one.task.live is not None and one.state is TaskState.RUNNING
    ]
    message = "the sync was terminated"
    state = finish(state, OperationPhase.FAILED, message, sync.now)
    return Step(state=state, actions=tuple(actions))


def _clean_up(progress: Sequence[Progress], *policies: str) -> list[Action]:
    """Return the deletions of finished hooks whose delete policy is one of ``policies``."""
    return [
        delete(one.task.target, one.task.live, "its hook delete policy", "Background")
        for one in progress
        if one.task.hook
        and one.task.live is not None
        and one.done
        and not one.task.hook.policies.isdisjoint(policies)
    ]


def _names(targets: Sequence[Target]) -> str:
    """Return up to three objects by name, and how many more there are."""
    more = f" and {len(targets) - 3} more" if len(targets) > 3 else ""
    return ", ".join(str(one) for one in targets[:3]) + more
