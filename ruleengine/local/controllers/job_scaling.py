"""Which pods a Job makes and which it ends now, as a pure function."""

from datetime import datetime
from typing import Final

from ruleengine.local.controllers.job_finishing import Tally
from ruleengine.local.controllers.job_pods import (
    JobPods,
    index_failures,
    index_of,
    is_indexed,
    is_tracked,
    new_pod,
    not_before,
    untracked,
    waits_for_the_end,
)
from ruleengine.local.controllers.pods import BURST, deletion_rank
from ruleengine.local.controllers.telling import created_pod, deleted_pod
from ruleengine.local.controllers.work import Create, Delete, Write
from ruleengine.model.values import Object

_COMPONENT: Final = "job-controller"


def scale(
    job: Object, pods: JobPods, tally: Tally, now: datetime
) -> tuple[list[Write], datetime | None]:
    """Return the writes on pods, and when pods that have to wait may be made."""
    wanted = wanted_pods(job, len(pods.active), tally)
    surplus = _surplus(job, pods, tally, wanted)
    if surplus:
        return _ended(job, surplus), None
    missing = wanted - len(pods.active)
    if waits_for_the_end(job):
        missing -= len(pods.terminating)
    missing = min(missing, BURST)
    if missing <= 0:
        return [], None
    if is_indexed(job):
        return _indexed(job, pods, tally, missing, now)
    begin = not_before(job, pods.every)
    if begin is not None and begin > now:
        return [], begin
    return [_create(job, None) for _ in range(missing)], None


def wanted_pods(job: Object, active: int, tally: Tally) -> int:
    """Return how many pods of a Job should run now."""
    spec = job["spec"]
    parallelism = int(spec.get("parallelism", 1))
    if spec.get("suspend"):
        return 0
    if spec.get("completions") is None:
        return min(active, parallelism) if tally.succeeded else parallelism
    left = int(spec["completions"]) - tally.succeeded - len(tally.lost)
    return min(max(left, 0), parallelism)


def _surplus(job: Object, pods: JobPods, tally: Tally, wanted: int) -> list[Object]:
    """Return the pods to end: of indexes that are done or taken twice, then the least missed."""
    ranked = sorted(pods.active, key=deletion_rank)
    useless: list[Object] = []
    if is_indexed(job):
        done = tally.completed | tally.lost
        taken: set[int] = set()
        for pod in reversed(ranked):
            index = index_of(pod)
            out = index is None or index in done or index >= int(job["spec"]["completions"])
            if out or index in taken:
                useless.append(pod)
            elif index is not None:
                taken.add(index)
    rest = [one for one in ranked if one not in useless]
    return [*useless, *rest[: max(len(rest) - wanted, 0)]][:BURST]


def _ended(job: Object, surplus: list[Object]) -> list[Write]:
    """End pods that are not needed: without their finalizer nobody counts them as failed."""
    writes: list[Write] = [untracked(pod) for pod in surplus if is_tracked(pod)]
    for pod in surplus:
        writes += [Delete(pod), deleted_pod(job, pod, _COMPONENT)]
    return writes


def _indexed(
    job: Object, pods: JobPods, tally: Tally, missing: int, now: datetime
) -> tuple[list[Write], datetime | None]:
    held = [*pods.active, *(pods.terminating if waits_for_the_end(job) else ())]
    taken = {index_of(one) for one in held} | tally.completed | tally.lost
    free = [one for one in range(int(job["spec"]["completions"])) if one not in taken]
    per_index = job["spec"].get("backoffLimitPerIndex") is not None
    whole = None if per_index else not_before(job, pods.every)
    writes: list[Write] = []
    times: list[datetime] = []
    for index in free:
        if len(writes) == missing:
            break
        own = [one for one in pods.every if index_of(one) == index] if per_index else []
        begin = not_before(job, own) if per_index else whole
        if begin is not None and begin > now:
            times.append(begin)
            continue
        writes.append(_create(job, index, index_failures(job, pods, index) if per_index else 0))
    return writes, min(times, default=None)


def _create(job: Object, index: int | None, failures: int = 0) -> Create:
    return Create(new_pod(job, index, failures), created_pod(job, _COMPONENT))
