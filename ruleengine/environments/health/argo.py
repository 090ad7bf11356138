"""Health of Argo's own kinds that Argo CD judges itself (the reference, section 7).

An Application has no check on purpose: Argo CD leaves it to the user.
"""

from ruleengine.environments.health.verdicts import (
    HealthStatus,
    Verdict,
    condition,
    degraded,
    healthy,
    progressing,
)
from ruleengine.model.values import Object, lookup


def workflow(value: Object) -> Verdict:
    """Judge a Workflow by its phase."""
    message = str(lookup(value, "status", "message", default=""))
    match lookup(value, "status", "phase", default=""):
        case "" | "Pending" | "Running":
            return progressing(message)
        case "Succeeded":
            return healthy(message)
        case "Failed" | "Error":
            return degraded(message)
        case _:
            return Verdict(HealthStatus.UNKNOWN, message)


def application_set(value: Object) -> Verdict:
    """Judge an ApplicationSet by its conditions, errors first."""
    rules = (
        ("ErrorOccurred", "True", degraded),
        ("ResourcesUpToDate", "False", degraded),
        ("RolloutProgressing", "True", progressing),
        ("ResourcesUpToDate", "True", healthy),
    )
    for name, wanted, verdict in rules:
        state = condition(value, name)
        if state and state.get("status") == wanted:
            return verdict(str(state.get("message", "")))
    return progressing("waiting for the applications to be made")
