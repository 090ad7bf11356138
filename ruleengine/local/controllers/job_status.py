"""The status of a Job after the next step, as a pure function of the Job and its pods."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ruleengine.local.controllers.job_finishing import (
    COMPLETE,
    FAILED,
    MET,
    SUSPENDED,
    TARGET,
    Tally,
    condition,
    condition_of,
    outcome_of,
)
from ruleengine.local.controllers.job_indexes import format_indexes
from ruleengine.local.controllers.job_pods import (
    JobPods,
    completed_indexes,
    failed_indexes,
    is_indexed,
    is_tracked,
)
from ruleengine.local.controllers.pods import ready_since
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

_ENDS: Final = ("succeeded", "failed")


@dataclass(frozen=True, slots=True)
class JobStep:
    """The next status of a Job, what it counts, and the pods whose finalizer goes with it."""

    status: Object
    tally: Tally
    counted: list[Object]


def next_status(job: Object, pods: JobPods, now: datetime) -> JobStep:
    """Return the next step of a Job that is not over."""
    before = job.get("status") or {}
    notes, counters = _counted(before, pods)
    completed, lost = completed_indexes(job, pods), failed_indexes(job, pods)
    totals = {end: counters[end] + len(notes[end]) for end in _ENDS}
    if is_indexed(job):
        counters["succeeded"] = totals["succeeded"] = len(completed)
    tally = Tally(totals["succeeded"], totals["failed"], completed, lost)
    status: Object = {
        **{end: count for end, count in counters.items() if count},
        "ready": sum(ready_since(one) is not None for one in pods.active),
        "terminating": len(pods.terminating),
        "uncountedTerminatedPods": {end: uids for end, uids in notes.items() if uids},
    }
    if pods.active:
        status["active"] = len(pods.active)
    if is_indexed(job):
        status |= {"completedIndexes": format_indexes(completed)} if completed else {}
        if job["spec"].get("backoffLimitPerIndex") is not None:
            status["failedIndexes"] = format_indexes(lost)
    times = _times(job, now)
    status |= times
    started = {**job, "status": {**before, **times}}
    status["conditions"] = _conditions(started, pods, tally, now)
    if not status["conditions"]:
        del status["conditions"]
    if not any(notes.values()) and not pods.ended:
        status |= _end(status, pods, now)
    return JobStep(status, tally, pods.ended)


def _counted(before: Object, pods: JobPods) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return the uids that are noted, and the counters; what lost its finalizer is counted."""
    waiting = {one["metadata"]["uid"] for one in pods.every if is_tracked(one)}
    ended = {"succeeded": pods.succeeded, "failed": pods.failed}
    notes: dict[str, list[str]] = {}
    counters: dict[str, int] = {}
    for end in _ENDS:
        known = lookup(before, "uncountedTerminatedPods", end, default=[])
        kept = [uid for uid in known if uid in waiting]
        new = [one["metadata"]["uid"] for one in ended[end]]
        notes[end] = [*kept, *(uid for uid in new if uid not in kept)]
        counters[end] = int(before.get(end) or 0) + len(known) - len(kept)
    return notes, counters


def _times(job: Object, now: datetime) -> Object:
    """Return the start: it counts anew when a Job goes on after it was suspended."""
    started = lookup(job, "status", "startTime")
    suspend = bool(job["spec"].get("suspend"))
    if not suspend and (started is None or condition_of(job, SUSPENDED)):
        started = format_time(now)
    return {"startTime": started} if started else {}


def _conditions(job: Object, pods: JobPods, tally: Tally, now: datetime) -> list[Object]:
    found = list(lookup(job, "status", "conditions", default=[]))
    if condition_of(job, MET, TARGET):
        return found
    outcome = outcome_of(job, pods, tally, now)
    if outcome is not None:
        return [*found, outcome]
    known = next((one for one in found if one.get("type") == SUSPENDED), None)
    suspend = bool(job["spec"].get("suspend"))
    if suspend == (known is not None and known.get("status") == "True"):
        return found
    if suspend:
        made = condition(SUSPENDED, "JobSuspended", "Job suspended", now)
    else:
        made = condition(SUSPENDED, "JobResumed", "Job resumed", now, "False")
    return [*(one for one in found if one is not known), made]


def _end(status: Object, pods: JobPods, now: datetime) -> Object:
    """Return what the status says more once the Job is over: nothing of it runs any more."""
    promised = condition_of({"status": status}, MET, TARGET)
    if promised is None or pods.active or pods.terminating:
        return {}
    kind = COMPLETE if promised["type"] == MET else FAILED
    made = condition(kind, promised["reason"], promised["message"], now)
    ended: Object = {"conditions": [*status["conditions"], made]}
    if kind == COMPLETE:
        ended["completionTime"] = format_time(now)
    return ended
