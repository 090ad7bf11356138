"""From a pod, and what its executor reported, to the phase of a node (reference, Workflows 9).

Pure: a pod and a WorkflowTaskResult in, the fields of a node out.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final

from ruleengine.model.artifact_places import DRIVER_PREFIX
from ruleengine.model.names import PORTS, REPORTS, RETRIES
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.progress import told

MAIN: Final = "main"
WAIT: Final = "wait"
SUPERVISOR: Final = "supervisor"
INIT: Final = "init"
NAME_VARIABLE: Final = "ARGO_CONTAINER_NAME"
"""The variable that tells a container of the step its name; no other has it."""

REPORTED: Final = "workflows.argoproj.io/report-outputs-completed"
_EXECUTOR: Final = (WAIT, SUPERVISOR, INIT)
_ENDED_BY_SIGNAL: Final = (137, 143)
_NOT_THE_STEPS: Final = (
    *("CreateContainerConfigError", "ErrImagePull", "SandboxUnavailable"),
    "NodeRestarted",
)
"""Reasons of a failed pod that never began, or whose node was ended: the local node's words."""

_FAULT_OF_WRAPPER: Final = 64
_UNKNOWN: Final = "ContainerStatusUnknown"
"""What a kubelet says of the end of a container that it finds no more, with the code 137."""


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
        case "Running" if not _only_others_run(pod):
            return Phase.RUNNING, _held_up(pod)
        case "Running" | "Succeeded":
            blamed = None if _has_plugins(pod) else _blamed(pod)
            return blamed or (Phase.SUCCEEDED, "")
        case "Failed":
            return _failure(pod)
        case other:
            name = lookup(pod, "metadata", "name")
            return Phase.ERROR, f"Unexpected pod phase for {name}: {other}"


def _only_others_run(pod: Object) -> bool:
    """Tell whether nothing of a pod runs but what others put into it, which may never end.

    What a mesh of services puts there, say; native sidecars end by themselves.
    """
    counting = set(_counting(pod))
    statuses = {str(one["name"]): one for one in _containers(pod)}
    over = {name for name, one in statuses.items() if lookup(one, "state", "terminated")}
    return counting <= over and not statuses.keys() <= over


def _counting(pod: Object) -> list[str]:
    """Return the names of the containers that have to end for a step to be over: its and ours."""
    stated = (str(one["name"]) for one in lookup(pod, "spec", "containers", default=()))
    return [*_users(pod), *(one for one in stated if one in _EXECUTOR)]


def _why(waiting: Object) -> str:
    """Return why a container waits, with what was said of it."""
    return ": ".join(str(waiting[key]) for key in ("reason", "message") if waiting.get(key))


def _held_up(pod: Object) -> str:
    """Return why a container of a pod cannot be started, where one cannot; and how it ended last.

    A container that is started again and again says by its last end what is wrong.
    """
    for one in _statuses(pod):
        waiting = lookup(one, "state", "waiting", default={})
        last = lookup(one, "lastState", "terminated")
        if waiting.get("message") and last:
            told = _told(str(one["name"]), last, int(last.get("exitCode") or 0))
            return f"{_why(waiting)}; {told}"
        if waiting.get("message"):
            return _why(waiting)
    return ""


def _waiting(pod: Object) -> str:
    """Return why a pod has not begun."""
    if held_up := _held_up(pod):
        return held_up
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
        return Phase.FAILED, message  # evicted or shut down: its words are the node's
    return _blamed(pod) or _lost(pod)


def _blamed(pod: Object) -> tuple[Phase, str] | None:
    """Return what the container that is to blame makes of a node; ``None`` if none is.

    A sidecar is, too, that ended on its own account: Kubernetes does not count it.
    """
    ends = ((str(one["name"]), _end_of(one)) for one in _statuses(pod))
    wrong = [(name, state) for name, state in ends if state and int(state.get("exitCode") or 0)]
    if not wrong:
        return None
    users, sidecars = _users(pod), _sidecars(pod)
    for name, state in sorted(wrong, key=lambda end: _blame(end[0], end[1], users)):
        code = int(state["exitCode"])
        if name in sidecars and code in _ENDED_BY_SIGNAL:
            continue
        if name.startswith(DRIVER_PREFIX):
            continue  # what it did not do, those say who asked for it
        told = _told(name, state, code)
        if code in _ENDED_BY_SIGNAL:
            told += _disruption(pod)
        if name in _EXECUTOR or (name in users and code == _FAULT_OF_WRAPPER):
            return Phase.ERROR, told
        return Phase.FAILED, told
    return None


def _lost(pod: Object) -> tuple[Phase, str]:
    """Return what a node is whose pod failed although no container of it did.

    It succeeded only where each that counts is known to have ended well: those of a machine that
    is gone are said to run to the last, or are not told of at all.
    """
    statuses = _statuses(pod)
    if not statuses:
        name, namespace = (lookup(pod, "metadata", key) for key in ("name", "namespace"))
        message = f"can't find failed message for pod {name} namespace {namespace}"
        return Phase.FAILED, message + _disruption(pod)
    for one in statuses:
        waiting = lookup(one, "state", "waiting")
        if waiting is not None:
            message = f"Pod failed before {one['name']} container starts due to {_why(waiting)}"
            return Phase.ERROR, message + _disruption(pod)
    open_ = [one for one in _counting(pod) if not _is_good(pod, one)]
    if not open_:
        return Phase.SUCCEEDED, ""
    message = f"pod failed: {open_[-1]} container did not complete successfully"
    if others := open_[:-1]:
        which = f"neither {', '.join(others)} nor {open_[-1]}"
        message = f"pod failed: {which} container completed successfully"
    return Phase.FAILED, message + _disruption(pod)


def _disruption(pod: Object) -> str:
    """Return who took a pod away, as its condition says it, to be added to what that did."""
    for one in lookup(pod, "status", "conditions", default=()):
        if one.get("type") == "DisruptionTarget" and one.get("status") == "True":
            return f"; {one.get('message') or one.get('reason')}"
    return ""


def _users(pod: Object) -> list[str]:
    """Return the names of the containers that are the step: ``main``, or those of a set."""
    told = [
        str(one["name"])
        for one in lookup(pod, "spec", "containers", default=())
        if any(variable.get("name") == NAME_VARIABLE for variable in one.get("env") or ())
    ]
    return told or [MAIN]


def _has_plugins(pod: Object) -> bool:
    """Tell whether what stands beside a step are servers, whose end says nothing of it."""
    return bool(lookup(pod, "metadata", "annotations", PORTS))


def _sidecars(pod: Object) -> set[str]:
    """Return the names of containers that run beside the step: also what others put there."""
    before = lookup(pod, "spec", "initContainers", default=())
    stated = {str(one.get("name")) for one in before if one.get("restartPolicy") == "Always"}
    beside = {str(one["name"]) for one in _containers(pod)}
    return (stated | beside) - {*_users(pod), *_EXECUTOR}


def _blame(name: str, state: Object, users: Collection[str]) -> tuple[bool, bool, str]:
    """Return what puts first the container that is to blame: the step's own before others.

    Of a set, those that did not run because of another come last.
    """
    code = state.get("exitCode")
    return name not in users, code == _FAULT_OF_WRAPPER, name


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
    said = str(ended.get("message") or "").strip()
    message = f"{name}: {ended.get('reason') or 'Error'} (exit code {code}): {said}"
    return {"phase": str(phase), "message": message}


def _told(name: str, state: Object, code: int) -> str:
    reason = state.get("reason") or "Error"
    said = str(state.get("message") or "").strip()
    return f"{name}: {reason} (exit code {code})" + (f": {said}" if said else "")


def _end_of(status: Object) -> Object | None:
    """Return how a container ended: its last run where it runs no more and nobody saw its end."""
    state = status.get("state") or {}
    ended: Object | None = state.get("terminated")
    unknown = ended is None or ended.get("reason") == _UNKNOWN
    if unknown and "running" not in state:
        ended = lookup(status, "lastState", "terminated") or ended
    return ended


def _statuses(pod: Object) -> Iterable[Object]:
    before = lookup(pod, "status", "initContainerStatuses", default=())
    return [*before, *_containers(pod)]


def _containers(pod: Object) -> list[Object]:
    """Return the statuses of the containers that run beside each other."""
    return list(lookup(pod, "status", "containerStatuses", default=()))


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
