"""When a Job is over, and why: the conditions of its status (reference, section 9).

A Job first says what will become of it (``SuccessCriteriaMet``, ``FailureTarget``); once none
of its pods is left running it says what became of it (``Complete``, ``Failed``).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.controllers.job_failures import treatment_of
from ruleengine.local.controllers.job_indexes import parse_indexes
from ruleengine.local.controllers.job_pods import JobPods, is_indexed
from ruleengine.local.controllers.pods import restarts_of
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

MET: Final = "SuccessCriteriaMet"
TARGET: Final = "FailureTarget"
COMPLETE: Final = "Complete"
FAILED: Final = "Failed"
SUSPENDED: Final = "Suspended"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many pods of a Job have succeeded and failed, and which indexes."""

    succeeded: int
    failed: int
    completed: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()


def condition_of(job: Object, *kinds: str) -> Object | None:
    """Return the first condition of one of the kinds that is true."""
    found = lookup(job, "status", "conditions", default=())
    return next(
        (one for one in found if one.get("type") in kinds and one.get("status") == "True"), None
    )


def condition(kind: str, reason: str, message: str, now: datetime, value: str = "True") -> Object:
    """Return a condition that begins now."""
    time = format_time(now)
    return {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": message,
        "lastProbeTime": time,
        "lastTransitionTime": time,
    }


def deadline_of(job: Object) -> datetime | None:
    """Return when a Job that was started and is not suspended has to be over."""
    seconds, started = job["spec"].get("activeDeadlineSeconds"), lookup(job, "status", "startTime")
    if seconds is None or started is None or job["spec"].get("suspend"):
        return None
    return parse_time(started) + timedelta(seconds=int(seconds))


def outcome_of(job: Object, pods: JobPods, tally: Tally, now: datetime) -> Object | None:
    """Return the condition that says what will become of a Job, ``None`` while it goes on."""
    failure = _failure(job, pods, tally, now)
    if failure is not None:
        return condition(TARGET, *failure, now)
    success = _success(job, pods, tally)
    return None if success is None else condition(MET, *success, now)


def _failure(job: Object, pods: JobPods, tally: Tally, now: datetime) -> tuple[str, str] | None:
    spec = job["spec"]
    for pod in pods.failed:
        treatment = treatment_of(job, pod)
        if treatment.action == "FailJob":
            return "PodFailurePolicy", treatment.message
    if tally.failed > int(spec.get("backoffLimit", 6)) or _restarts_too_often(job, pods):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    deadline = deadline_of(job)
    if deadline is not None and now >= deadline:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    most = spec.get("maxFailedIndexes")
    if most is not None and len(tally.lost) > int(most):
        text = "Job has exceeded the specified maximal number of failed indexes"
        return "MaxFailedIndexesExceeded", text
    if tally.lost and len(tally.lost | tally.completed) >= int(spec.get("completions") or 0):
        return "FailedIndexes", "Job has failed indexes"
    return None


def _restarts_too_often(job: Object, pods: JobPods) -> bool:
    """Tell whether containers that are restarted in their pods have used up the limit."""
    if lookup(job, "spec", "template", "spec", "restartPolicy") != "OnFailure":
        return False
    restarts = sum(map(restarts_of, pods.active))
    return restarts > 0 and restarts >= int(job["spec"].get("backoffLimit", 6))


def _success(job: Object, pods: JobPods, tally: Tally) -> tuple[str, str] | None:
    rules = lookup(job, "spec", "successPolicy", "rules", default=()) if is_indexed(job) else ()
    for number, rule in enumerate(rules):
        if _is_met(rule, tally.completed, int(job["spec"].get("completions") or 0)):
            return "SuccessPolicy", f"Matched rules at index {number}"
    wanted = job["spec"].get("completions")
    enough = tally.succeeded >= int(wanted) if wanted is not None else tally.succeeded > 0
    if enough and not pods.active and not (job["spec"].get("suspend") and wanted is None):
        return "CompletionsReached", "Reached expected number of succeeded pods"
    return None


def _is_met(rule: Object, completed: frozenset[int], completions: int) -> bool:
    stated = rule.get("succeededIndexes")
    among = completed if stated is None else completed & parse_indexes(str(stated), completions)
    count = rule.get("succeededCount")
    if count is not None:
        return len(among) >= int(count)
    return stated is not None and among == parse_indexes(str(stated), completions)
