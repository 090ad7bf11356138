"""Health of a Pod (the reference, Argo CD section 7)."""

from ruleengine.environments.health.verdicts import (
    HealthStatus,
    Verdict,
    condition,
    degraded,
    healthy,
    progressing,
)
from ruleengine.model.names import ARGO_HOOK
from ruleengine.model.values import Object, lookup

_IGNORE_RESTART_POLICY = "argocd.argoproj.io/ignore-restart-policy"


def pod(value: Object) -> Verdict:
    """Judge a Pod by its containers' troubles first and by its phase then."""
    policy = lookup(value, "spec", "restartPolicy", default="Always")
    if policy == "Always" or _ignores_restart_policy(value):
        troubles = [text for text in map(_trouble, _containers(value)) if text]
        if troubles:
            return degraded(", ".join(troubles))
    match lookup(value, "status", "phase", default=""):
        case "Pending":
            return progressing(_message(value))
        case "Succeeded":
            return healthy(_message(value))
        case "Failed":
            return degraded(_failure(value))
        case "Running":
            return _running(value, policy)
        case phase:
            return Verdict(HealthStatus.UNKNOWN, _message(value) or f"unknown phase {phase!r}")


def _running(value: Object, policy: str) -> Verdict:
    """Judge a Pod that runs: one that runs for ever is healthy once it is ready."""
    if policy != "Always":
        return progressing(_message(value))
    ready = condition(value, "Ready")
    if ready and ready.get("status") == "True":
        return healthy(_message(value))
    if any(lookup(one, "lastState", "terminated") for one in _containers(value)):
        return degraded(_message(value) or "a container ended and was restarted")
    return progressing(_message(value))


def _containers(value: Object) -> list[Object]:
    found = lookup(value, "status", "containerStatuses", default=[])
    return [one for one in found if isinstance(one, dict)]


def _trouble(container: Object) -> str:
    """Return why a container waits, where the reason is a failure."""
    reason = str(lookup(container, "state", "waiting", "reason", default=""))
    if reason.startswith("Err") or reason.endswith(("Error", "BackOff")):
        text = lookup(container, "state", "waiting", "message", default="")
        return f"{container.get('name', 'container')}: {text or reason}"
    return ""


def _failure(value: Object) -> str:
    """Return why a Pod failed: its own message, else the first container's."""
    if _message(value):
        return _message(value)
    for container in _containers(value):
        ended = lookup(container, "state", "terminated", default={})
        if ended.get("exitCode"):
            name = container.get("name", "container")
            return str(ended.get("message") or f"{name} failed with code {ended['exitCode']}")
    return "the pod failed"


def _message(value: Object) -> str:
    return str(lookup(value, "status", "message", default=""))


def _ignores_restart_policy(value: Object) -> bool:
    annotations = lookup(value, "metadata", "annotations", default={})
    return annotations.get(_IGNORE_RESTART_POLICY) == "true" and ARGO_HOOK not in annotations
