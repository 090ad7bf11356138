"""Health of Jobs and CronJobs (the reference, Argo CD section 7)."""

from ruleengine.environments.health.verdicts import (
    HealthStatus,
    Verdict,
    conditions,
    degraded,
    healthy,
    progressing,
)
from ruleengine.model.values import Object, lookup


def job(value: Object) -> Verdict:
    """Judge a Job by the types of its conditions."""
    if not conditions(value):
        return progressing("the Job has not finished")
    for one in conditions(value):
        message = str(one.get("message", ""))
        if one.get("type") == "Failed":
            return degraded(message)
        if one.get("type") == "Suspended" and one.get("status") == "True":
            return Verdict(HealthStatus.SUSPENDED, message)
    if any(one.get("type") in ("Complete", "Suspended") for one in conditions(value)):
        return healthy()
    return progressing("the Job has not finished")


def cron_job(value: Object) -> Verdict:  # noqa: PLR0911 - the rules of the reference, first match wins
    """Judge a CronJob by whether its last schedule came to a good end."""
    if lookup(value, "spec", "suspend", default=False):
        return healthy("the CronJob is suspended")
    status = lookup(value, "status")
    if status is None:
        return progressing("the CronJob has no status yet")
    scheduled = status.get("lastScheduleTime")
    succeeded = status.get("lastSuccessfulTime")
    if not scheduled:
        return healthy("the CronJob has not been scheduled yet")
    if not succeeded:
        return healthy("no job of the CronJob has succeeded yet")
    if status.get("active"):
        return healthy("a job of the CronJob is active")
    if str(succeeded) < str(scheduled):
        return degraded("the last job of the CronJob did not succeed")
    return healthy()
