"""Makes the Jobs of CronJobs when they are due (reference, Kubernetes API section 9).

The name of a Job follows from the moment it is for, so that a start that was interrupted is
finished, never made twice.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar, Final

from ruleengine.expressions.language import ExpressionError
from ruleengine.local.controllers.cron_schedules import due, zone_of
from ruleengine.local.controllers.job_finishing import COMPLETE, FAILED, condition_of
from ruleengine.local.controllers.work import (
    Create,
    Delete,
    Reader,
    Reconciled,
    SetStatus,
    Tell,
    Write,
    is_deleting,
    owner_keys,
    owner_reference,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "cronjobs.batch"
_JOBS: Final = "jobs.batch"
_COMPONENT: Final = "cronjob-controller"
_SCHEDULED: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_FORBIDDEN: Final = (
    "Not starting job because prior execution is running and concurrency policy is Forbid"
)
_TOO_MANY: Final = (
    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
)


class CronJobs:
    """The controller of CronJobs."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A CronJob is looked at when it or one of its Jobs changes, and by the clock."""
        del reader
        if event.key.resource == RESOURCE:
            return [event.key]
        return owner_keys(event, "CronJob", RESOURCE) if event.key.resource == _JOBS else []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Note what became of the Jobs, forget old ones, and start what is due."""
        live = reader.get(key)
        if live is None or is_deleting(live):
            return Reconciled()
        jobs = [one for one in reader.owned(live["metadata"]["uid"], _JOBS) if not is_deleting(one)]
        writes = _forget(live, jobs)
        status = _status(live, jobs)
        again = None
        if not live["spec"].get("suspend"):
            started, start, again = _start(live, jobs, now)
            writes += started
            if start is not None:
                status["lastScheduleTime"] = format_time(start)
        if status != (live.get("status") or {}):
            writes.append(SetStatus(live, status))
        return Reconciled((*writes, *_noticed(live, jobs)), again)


def _status(live: Object, jobs: list[Object]) -> Object:
    before = live.get("status") or {}
    status: Object = {name: one for name, one in before.items() if name != "active"}
    active = [_reference(one) for one in jobs if not _is_over(one)]
    if active:
        status["active"] = active
    ends = [before.get("lastSuccessfulTime")]
    ends += [lookup(one, "status", "completionTime") for one in jobs]
    known = [one for one in ends if one]
    return {**status, "lastSuccessfulTime": max(known)} if known else status


def _reference(job: Object) -> Object:
    """Return a reference that stays the same while the Job changes."""
    names = ("namespace", "name", "uid")
    return {
        "apiVersion": job["apiVersion"],
        "kind": job["kind"],
        **{name: job["metadata"][name] for name in names},
    }


def _is_over(job: Object) -> bool:
    return condition_of(job, COMPLETE, FAILED) is not None


def _noticed(live: Object, jobs: list[Object]) -> list[Write]:
    """Tell what became of the Jobs that were active."""
    found = {one["metadata"]["uid"]: one for one in jobs}
    writes: list[Write] = []
    for one in lookup(live, "status", "active", default=()):
        job = found.get(one.get("uid"))
        if job is None:
            text = f"Active job went missing: {one.get('name')}"
            writes.append(_tell(live, "MissingJob", text))
        elif (over := condition_of(job, COMPLETE, FAILED)) is not None:
            text = f"Saw completed job: {one.get('name')}, condition: {over['type']}"
            writes.append(_tell(live, "SawCompletedJob", text))
    return writes


def _forget(live: Object, jobs: list[Object]) -> list[Write]:
    """Delete finished Jobs beyond the history limits, the oldest first."""
    writes: list[Write] = []
    limits = ((COMPLETE, "successfulJobsHistoryLimit", 3), (FAILED, "failedJobsHistoryLimit", 1))
    for kind, field, usual in limits:
        over = sorted((one for one in jobs if condition_of(one, kind)), key=_age)
        limit = int(live["spec"].get(field, usual))
        for job in over[: max(len(over) - limit, 0)]:
            writes += _deleted(live, job)
    return writes


def _age(job: Object) -> tuple[str, str]:
    metadata = job["metadata"]
    started = lookup(job, "status", "startTime", default=metadata["creationTimestamp"])
    return started, metadata["name"]


def _deleted(live: Object, job: Object) -> list[Write]:
    text = f"Deleted job {job['metadata']['name']}"
    return [Delete(job), _tell(live, "SuccessfulDelete", text)]


def _start(
    live: Object, jobs: list[Object], now: datetime
) -> tuple[list[Write], datetime | None, datetime | None]:
    """Return the writes that start what is due, the moment it is for, and when to look again."""
    try:
        found = due(live, now)
    except ExpressionError as error:
        text = f"unparseable schedule: {live['spec'].get('schedule')}: {error.message}"
        return [_once(live, "UnparseableSchedule", text)], None, None
    except ValueError as error:
        return [_once(live, "UnknownTimeZone", f"invalid timeZone: {error}")], None, None
    start = found.start
    if start is None:
        return [], None, found.following
    writes: list[Write] = []
    if found.many:
        writes.append(_tell(live, "TooManyMissedTimes", _TOO_MANY, start))
    active = [one for one in jobs if not _is_over(one)]
    name = job_name(live, start)
    if any(one["metadata"]["name"] == name for one in jobs):
        return writes, start, found.following
    policy = live["spec"].get("concurrencyPolicy")
    if active and policy == "Forbid":
        return [*writes, _tell(live, "JobAlreadyActive", _FORBIDDEN, start)], None, found.following
    if policy == "Replace":
        for job in active:
            writes += _deleted(live, job)
    tell = _tell(live, "SuccessfulCreate", "Created job ")
    return [*writes, Create(new_job(live, start), tell)], start, found.following


def job_name(live: Object, start: datetime) -> str:
    """Return the name of the Job for a moment: it ends with the minutes since 1970."""
    return f"{live['metadata']['name']}-{int(start.timestamp()) // 60}"


def new_job(live: Object, start: datetime) -> Object:
    """Return the Job of a CronJob for a moment."""
    template = live["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    local = start.astimezone(zone_of(live))
    stamp = format_time(start) if local.tzinfo is UTC else local.isoformat()
    found: Object = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(live, start),
            "namespace": live["metadata"]["namespace"],
            "annotations": {**(metadata.get("annotations") or {}), _SCHEDULED: stamp},
            "ownerReferences": [owner_reference(live)],
        },
        "spec": template["spec"],
    }
    if metadata.get("labels"):
        found["metadata"]["labels"] = metadata["labels"]
    return found


def _once(live: Object, reason: str, message: str) -> Tell:
    """Tell of a mistake once for each generation of the CronJob that has it."""
    of = str(live["metadata"].get("generation", 0))
    return Tell(
        about=live, reason=reason, message=message, component=_COMPONENT, warning=True, of=of
    )


def _tell(live: Object, reason: str, message: str, start: datetime | None = None) -> Tell:
    """Tell something; what is told of a moment is told once, however often it is seen."""
    return Tell(
        about=live,
        reason=reason,
        message=message,
        component=_COMPONENT,
        warning=start is not None and reason != "JobAlreadyActive",
        of="" if start is None else format_time(start),
    )
