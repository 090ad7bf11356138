"""The status of a pod of processes: what is seen, in the words of the Kubernetes API. Pure."""

from datetime import datetime
from typing import Final

from ruleengine.local.api.pod_resources import quality_of
from ruleengine.local.runtime.addresses import HOST
from ruleengine.local.runtime.situation import Situation, is_sidecar
from ruleengine.local.runtime.steps import Ending, Steps
from ruleengine.local.runtime.values import COMPLETED, Seen
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

_OVER: Final = ("Succeeded", "Failed")
_KINDS: Final = (
    *("PodReadyToStartContainers", "Initialized"),
    *("Ready", "ContainersReady", "PodScheduled"),
)


def pod_status(situation: Situation, steps: Steps, ending: Ending | None) -> Object:
    """Return the status of a pod once the steps are taken."""
    phase = _phase(situation, steps, ending)
    states = [_container(situation, one, steps) for one in situation.mains]
    status: Object = {
        "phase": phase,
        "conditions": _conditions(situation, phase, states),
        "hostIP": HOST,
        "hostIPs": [{"ip": HOST}],
        "podIP": situation.address,
        "podIPs": [{"ip": situation.address}],
        "startTime": format_time(situation.begin),
        "qosClass": quality_of(situation.spec),
        "containerStatuses": states,
    }
    if situation.initial:
        initial = [_container(situation, one, steps) for one in situation.initial]
        status["initContainerStatuses"] = initial
    if situation.added:
        added = [_container(situation, one, steps) for one in situation.added]
        status["ephemeralContainerStatuses"] = [{**one, "ready": False} for one in added]
    if ending is not None and ending.reason and phase == "Failed":
        status |= {"reason": ending.reason, "message": ending.message}
    return status


def _phase(situation: Situation, steps: Steps, ending: Ending | None) -> str:
    if ending is not None and not situation.any_running:
        done = all(situation.is_completed(one) for one in situation.mains)
        return "Succeeded" if done and not ending.reason else "Failed"
    waits = steps.starts or steps.waiting
    if situation.mains_over and not situation.any_running and not waits:
        done = all(situation.is_completed(one) for one in situation.mains)
        return "Succeeded" if done else "Failed"
    return "Running" if situation.has_begun else "Pending"


def _conditions(situation: Situation, phase: str, states: list[Object]) -> list[Object]:
    unready = [one["name"] for one in states if not one["ready"]]
    unready += [one["name"] for one in situation.sidecars if not situation.is_ready(one)]
    ready = phase == "Running" and not unready
    gates = [one["conditionType"] for one in situation.spec.get("readinessGates") or ()]
    shut = [one for one in gates if _condition(situation.pod, one).get("status") != "True"]
    reason = "PodCompleted" if phase == "Succeeded" else "ContainersNotReady"
    if phase == "Failed":
        reason = "PodFailed"
    message = f"containers with unready status: [{' '.join(unready)}]"
    why = {} if phase in _OVER else {"message": message}
    gated = (
        {
            "reason": "ReadinessGatesNotReady",
            "message": f'corresponding condition of pod readiness gate "{shut[0]}" is not "True".',
        }
        if shut
        else {}
    )
    facts: dict[str, tuple[bool, Object]] = {
        "PodReadyToStartContainers": (bool(situation.observed.seen) and phase not in _OVER, {}),
        "Initialized": _initialised(situation),
        "Ready": (ready and not shut, {"reason": reason, **why} if not ready else gated),
        "ContainersReady": (ready, {"reason": reason, **why}),
        "PodScheduled": (True, {}),
    }
    return _with_times(situation.pod, facts, situation.now)


def _initialised(situation: Situation) -> tuple[bool, Object]:
    missing = [
        one["name"]
        for one in situation.initial
        if not (situation.is_started(one) if is_sidecar(one) else situation.is_completed(one))
    ]
    # a sidecar that fails later does not take back what was reached
    done = not missing or situation.has_begun
    message = f"containers with incomplete status: [{' '.join(missing)}]"
    return done, {"reason": "ContainersNotInitialized", "message": message}


def conditions(pod: Object, now: datetime) -> list[Object]:
    """Return the conditions of a pod of which nothing could be started."""
    facts: dict[str, tuple[bool, Object]] = dict.fromkeys(_KINDS, (False, {"reason": "PodFailed"}))
    return _with_times(pod, facts | {"PodScheduled": (True, {})}, now)


def _with_times(pod: Object, facts: dict[str, tuple[bool, Object]], now: datetime) -> list[Object]:
    """Return conditions; the time of one changes with its status only. Others' are kept."""
    found = []
    for kind, (value, why) in facts.items():
        text = "True" if value else "False"
        before = _condition(pod, kind)
        same = before.get("status") == text and "lastTransitionTime" in before
        moment = before["lastTransitionTime"] if same else format_time(now)
        one = {"type": kind, "status": text, "lastTransitionTime": moment}
        found.append(one if value else one | why)
    known = lookup(pod, "status", "conditions", default=())
    return [*found, *(one for one in known if one.get("type") not in facts)]


def _condition(pod: Object, kind: str) -> Object:
    known = lookup(pod, "status", "conditions", default=())
    return next((one for one in known if one.get("type") == kind), {})


def _container(situation: Situation, container: Object, steps: Steps) -> Object:
    name = container["name"]
    one = situation.seen(container)
    state, last = _state(situation, container, one, steps)
    ordinary = any(container is other for other in situation.initial) and not is_sidecar(container)
    ready = situation.is_completed(container) if ordinary else situation.is_ready(container)
    found: Object = {
        "name": name,
        "state": state,
        "lastState": last,
        "ready": ready and "waiting" not in state,
        "restartCount": one.attempt if one else 0,
        "image": container.get("image", ""),
        "imageID": "",
        "started": situation.is_started(container),
    }
    if one is not None:
        found["containerID"] = _identity(situation.pod, name, one)
    return found


def _state(
    situation: Situation, container: Object, one: Seen | None, steps: Steps
) -> tuple[Object, Object]:
    """Return the state of a container and the one before it."""
    name = container["name"]
    if name in steps.waiting:
        reason, message = steps.waiting[name]
        waiting = {"waiting": {"reason": reason, "message": message}}
        return waiting, _ended(situation.pod, name, one)
    if one is None:
        reason = "PodInitializing" if situation.initial else "ContainerCreating"
        return {"waiting": {"reason": reason}}, {}
    last = _ended(situation.pod, name, one.previous)
    if one.finished is None:
        return {"running": {"startedAt": format_time(one.started)}}, last
    return _ended(situation.pod, name, one), last


def _ended(pod: Object, name: str, one: Seen | None) -> Object:
    if one is None or one.finished is None:
        return {}
    found: Object = {
        "exitCode": one.code,
        "reason": one.reason or COMPLETED,
        "startedAt": format_time(one.started),
        "finishedAt": format_time(one.finished),
        "containerID": _identity(pod, name, one),
    }
    if one.message:
        found["message"] = one.message
    return {"terminated": found}


def _identity(pod: Object, name: str, one: Seen) -> str:
    return f"process://{pod['metadata']['uid']}/{name}/{one.attempt}"
