"""From a pod, and what its executor reported, to the phase of a node (reference, Workflows 9).

Pure: a pod and a WorkflowTaskResult in, the fields of a node out.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from ruleengine.model.names import REPORTS, RETRIES
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.progress import told

MAIN: Final = "main"
WAIT: Final = "wait"
SUPERVISOR: Final = "supervisor"
INIT: Final = "init"
REPORTED: Final = "workflows.argoproj.io/report-outputs-completed"
_EXECUTOR: Final = (WAIT, SUPERVISOR, INIT)
_ENDED_BY_SIGNAL: Final = (137, 143)
_NOT_THE_STEPS: Final = (
    *("CreateContainerConfigError", "ErrImagePull", "SandboxUnavailable"),
    "NodeRestarted",
)
"""Reasons of a failed pod that never began, or whose node was ended: the local node's words."""

_FAULT_OF_WRAPPER: Final = 64


def is_reported(result: Object | None) -> bool:
    """Tell whether the executor of a pod has said everything it will say."""
    return bool(lookup(result, "metadata", "labels", REPORTED) == "true")


def is_of_earlier_run(pod: Object, workflow: Object) -> bool:
    """Tell whether a pod was made before its workflow was last retried."""
    return _retries(pod) != _retries(workflow)


def _retries(value: Object) -> str:
    return str(lookup(value, "metadata", "annotations", RETRIES, default="0"))


def of_pod(result: Object | None, pod: Object) -> Object | None:
    """Return what was reported about a pod; nothing where it is about one before it."""
    owners = lookup(result, "metadata", "ownerReferences", default=())
    uids = [one.get("uid") for one in owners if one.get("kind") == "Pod"]
    return None if uids and uid_of(pod) not in uids else result


def observe(pod: Object, result: Object | None) -> dict[str, Any]:
    """Return the fields of a node as its pod shows them; those that are ``None`` are unknown."""
    phase, message = _phase(pod)
    if phase is Phase.SUCCEEDED and _reports(pod) and not is_reported(result):
        phase, message = Phase.RUNNING, ""
    if phase is Phase.FAILED and _is_good(pod, WAIT) and not is_reported(result):
        phase, message = Phase.RUNNING, ""  # what was kept of it is still to be seen
    fields: dict[str, Any] = {
        "phase": str(phase),
        "message": message or None,
        "hostNodeName": lookup(pod, "spec", "nodeName"),
        "progress": told(pod, result),
    }
    outputs = outputs_of(pod, result)
    if outputs:
        fields["outputs"] = outputs
    return fields


def outputs_of(pod: Object, result: Object | None) -> Object:
    """Return the outputs of a node: what was reported, and the exit code of its container."""
    found: Object = dict(lookup(result, "outputs", default={}))
    code = lookup(_status_of(pod, MAIN), "state", "terminated", "exitCode")
    if code is not None:
        found["exitCode"] = str(code)
    return found


def is_ready(pod: Object) -> bool:
    """Tell whether every container of a running pod is ready: a daemon can be used then."""
    statuses = [one for one in _statuses(pod) if one.get("name") not in _EXECUTOR]
    running = lookup(pod, "status", "phase") == "Running"
    return running and bool(statuses) and all(one.get("ready") for one in statuses)


def _phase(pod: Object) -> tuple[Phase, str]:
    match lookup(pod, "status", "phase", default="Pending"):
        case "Pending":
            return Phase.PENDING, _waiting(pod)
        case "Running":
            return Phase.RUNNING, ""
        case "Succeeded":
            return Phase.SUCCEEDED, ""
        case "Failed":
            return _failure(pod)
        case other:
            return Phase.ERROR, f"pod is in phase {other}"


def _waiting(pod: Object) -> str:
    """Return why a pod has not begun."""
    for one in _statuses(pod):
        waiting = lookup(one, "state", "waiting", default={})
        if waiting.get("message"):
            return f"{waiting.get('reason')}: {waiting['message']}"
    for condition in lookup(pod, "status", "conditions", default=()):
        if condition.get("reason") == "Unschedulable":
            return f"Unschedulable: {condition.get('message')}"
    for one in _statuses(pod):
        reason = lookup(one, "state", "waiting", "reason")
        if reason:
            return str(reason)
    return ""


def _failure(pod: Object) -> tuple[Phase, str]:
    """Return whose fault it is that a pod failed: the user's container's or another's."""
    reason = str(lookup(pod, "status", "reason", default=""))
    message = str(lookup(pod, "status", "message", default=""))
    if reason == "DeadlineExceeded":
        return Phase.FAILED, "Pod was active on the node longer than the specified deadline"
    if reason in _NOT_THE_STEPS:
        return Phase.ERROR, f"{reason}: {message}"
    if message:
        return Phase.FAILED, message  # evicted, preempted, shut down: its words are the node's
    users = _users(pod)
    for one in sorted(_ended(pod), key=lambda one: _blame(one, users)):
        name, state = one["name"], one["state"]["terminated"]
        code = int(state.get("exitCode") or 0)
        if code == 0 or (name not in (*users, *_EXECUTOR) and code in _ENDED_BY_SIGNAL):
            continue
        told = _told(name, state, code)
        if name in _EXECUTOR or (name in users and code == _FAULT_OF_WRAPPER):
            return Phase.ERROR, told
        return Phase.FAILED, told
    return Phase.SUCCEEDED, ""


def _users(pod: Object) -> set[str]:
    """Return the names of the containers that are the step: ``main``, or those of a set."""
    listed = lookup(pod, "spec", "containers", default=())
    return {MAIN, *(str(one.get("name")) for one in listed)} - set(_EXECUTOR)


def _blame(status: Object, users: set[str]) -> tuple[bool, bool, bool, str]:
    """Return what puts first the container that is to blame: the step's own before others.

    Of a set, those that did not run because of another come last.
    """
    name, code = str(status["name"]), lookup(status, "state", "terminated", "exitCode")
    return name not in users, code == _FAULT_OF_WRAPPER, name != MAIN, name


def member_fields(pod: Object, name: str) -> dict[str, Any]:
    """Return the phase and message of the node of one container of a set, as its pod shows it."""
    state: Object = _status_of(pod, name).get("state") or {}
    ended = state.get("terminated")
    if ended is None:
        phase = Phase.RUNNING if "running" in state else Phase.PENDING
        return {"phase": str(phase), "message": None}
    code = int(ended.get("exitCode") or 0)
    if code == 0:
        return {"phase": str(Phase.SUCCEEDED), "message": None}
    phase = Phase.ERROR if code == _FAULT_OF_WRAPPER else Phase.FAILED
    return {"phase": str(phase), "message": _told("", ended, code).removeprefix(": ")}


def _told(name: str, state: Object, code: int) -> str:
    reason = state.get("reason") or "Error"
    said = str(state.get("message") or "").strip()
    return f"{name}: {reason} (exit code {code})" + (f": {said}" if said else "")


def _ended(pod: Object) -> Iterator[Object]:
    return (one for one in _statuses(pod) if lookup(one, "state", "terminated"))


def _statuses(pod: Object) -> Iterable[Object]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _status_of(pod: Object, name: str) -> Object:
    return next((one for one in _statuses(pod) if one.get("name") == name), {})


def _reports(pod: Object) -> bool:
    """Tell whether something in a pod reports what the step made, before it ends well."""
    if lookup(pod, "metadata", "annotations", REPORTS):
        return True
    return any(one.get("name") == WAIT for one in lookup(pod, "spec", "containers", default=()))


def _is_good(pod: Object, name: str) -> bool:
    """Tell whether a container ended well."""
    return bool(lookup(_status_of(pod, name), "state", "terminated", "exitCode") == 0)
