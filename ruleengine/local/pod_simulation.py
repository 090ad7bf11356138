"""What a simulated pod looks like at a moment: a pure function of the pod and the time.

A pod gets ready a second after it was placed. The annotation
``local.ruleengine.dev/fault`` makes it misbehave: ``never-ready`` runs without getting
ready, ``crash`` ends with exit code 1 again and again (``crash:3`` with another), ``slow`` takes
30 seconds (``slow:90`` so many).
"""

from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.api.pod_resources import quality_of
from ruleengine.local.runtime.needs import PROCESS, is_process
from ruleengine.local.runtime.situation import is_sidecar
from ruleengine.model.digests import content_digest
from ruleengine.model.names import FAULT, RUN
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

SOON: Final = timedelta(seconds=1)
SLOW: Final = timedelta(seconds=30)
FAULTS: Final = {"never-ready": False, "crash": True, "slow": True}
"""The faults, and whether one may have a number."""

_MOST: Final = 255
_LONGEST: Final = 7
ADDRESS: Final = "127.0.0.1"
_FIRST_BACKOFF: Final = 10
_LONGEST_BACKOFF: Final = 300


def simulate(pod: Object, now: datetime) -> tuple[Object, datetime | None]:
    """Return the status of a placed pod, and when it will change by itself."""
    stated = lookup(pod, "metadata", "annotations", RUN)
    if stated is not None or is_process(pod):
        return _refused(pod, now, stated), None
    started = lookup(pod, "status", "startTime")
    begin = parse_time(started) if started else now
    fault, number = fault_of(pod) or ("", None)
    slow = SLOW if number is None else timedelta(seconds=number)
    ready_at = begin + (slow if fault == "slow" else SOON)
    if lookup(pod, "status", "phase") == "Running":
        now = max(now, ready_at)  # a clock that goes back makes no pod start again
    if now < ready_at:
        return _status(pod, begin, "Pending", _waiting("ContainerCreating"), now), ready_at
    if fault == "crash":
        return _crashing(pod, begin, ready_at, now, code=1 if number is None else number)
    if _runs_to_completion(pod):
        done = ready_at + SOON
        if now >= done:
            state = _terminated(0, "Completed", ready_at, done)
            return _status(pod, begin, "Succeeded", state, now, changed=done), None
        running = {"running": {"startedAt": format_time(ready_at)}}
        return _status(pod, begin, "Running", running, now, ready=True, changed=ready_at), done
    running = {"running": {"startedAt": format_time(ready_at)}}
    ready = fault != "never-ready"
    return _status(pod, begin, "Running", running, now, ready=ready, changed=ready_at), None


def fault_of(pod: Object) -> tuple[str, int | None] | None:
    """Return the fault that a pod asks for, and its number; ``None`` for none that we know."""
    name, has_number, text = stated_fault(pod).partition(":")
    if name not in FAULTS:
        return None
    if not has_number:
        return name, None
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < _LONGEST else -1
    known = FAULTS[name] and number >= 0 and (name != "crash" or 0 < number <= _MOST)
    return (name, number) if known else None


def stated_fault(pod: Object) -> str:
    """Return what the annotation says."""
    return str(lookup(pod, "metadata", "annotations", FAULT, default=""))


def address_of(pod: Object) -> str:
    """Return the address of a pod, derived from its uid. Nothing listens there."""
    number = int(content_digest(pod["metadata"]["uid"])[:8], 16)
    return f"10.244.{number // 254 % 256}.{number % 254 + 1}"


def _refused(pod: Object, now: datetime, stated: str | None) -> Object:
    """Fail a pod that has to run: its outputs are needed, so it must not be simulated."""
    message = "the outputs of this pod are needed, and this node runs no processes; use a cluster"
    if stated is not None:
        message = (
            f"the annotation {RUN}: {stated} asks for what this node cannot do; write "
            f"{PROCESS!r}, remove the annotation to have the pod simulated, or use a cluster"
        )
    return {
        "phase": "Failed",
        "reason": "ProcessNotSupported",
        "message": message,
        "startTime": lookup(pod, "status", "startTime") or format_time(now),
        "qosClass": quality_of(pod["spec"]),
        "conditions": conditions(pod, now, now, ready=False),
    }


def _runs_to_completion(pod: Object) -> bool:
    references = lookup(pod, "metadata", "ownerReferences", default=())
    return any(one.get("kind") == "Job" for one in references)


def _crashing(
    pod: Object, begin: datetime, first: datetime, now: datetime, *, code: int
) -> tuple[Object, datetime | None]:
    """Return a pod whose containers end with a code as soon as they have started."""
    if lookup(pod, "spec", "restartPolicy") == "Never":
        state = _terminated(code, "Error", first, first)
        return _status(pod, begin, "Failed", state, now, changed=first), None
    restarts, at, wait = 0, first, _FIRST_BACKOFF
    while at + timedelta(seconds=wait) <= now:
        at += timedelta(seconds=wait)
        restarts += 1
        wait = min(wait * 2, _LONGEST_BACKOFF)
    message = f"back-off {wait}s restarting failed container"
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    last = _terminated(code, "Error", at, at)
    status = _status(pod, begin, "Running", state, now, changed=first, restarts=restarts, last=last)
    return status, at + timedelta(seconds=wait)


def _waiting(reason: str) -> Object:
    return {"waiting": {"reason": reason}}


def _terminated(code: int, reason: str, started: datetime, finished: datetime) -> Object:
    return {
        "terminated": {
            "exitCode": code,
            "reason": reason,
            "startedAt": format_time(started),
            "finishedAt": format_time(finished),
        }
    }


def _status(  # noqa: PLR0913 - what makes up a status, by name
    pod: Object,
    begin: datetime,
    phase: str,
    state: Object,
    now: datetime,
    *,
    ready: bool = False,
    changed: datetime | None = None,
    restarts: int = 0,
    last: Object | None = None,
) -> Object:
    spec = pod["spec"]
    started = phase == "Running" and "running" in state
    status: Object = {
        "phase": phase,
        "conditions": conditions(
            pod, begin, changed or begin, ready=ready, done=phase == "Succeeded"
        ),
        "hostIP": ADDRESS,
        "hostIPs": [{"ip": ADDRESS}],
        "startTime": format_time(begin),
        "qosClass": quality_of(spec),
        "containerStatuses": [
            _container(one, state, ready=ready, started=started, restarts=restarts, last=last)
            for one in spec.get("containers") or ()
        ],
    }
    if added := spec.get("ephemeralContainers"):
        running = {"running": {"startedAt": format_time(begin)}}
        status["ephemeralContainerStatuses"] = [
            _container(one, running, ready=False, started=True) for one in added
        ]
    del now
    if phase != "Pending":
        address = address_of(pod)
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
        since = changed or begin
        initial = [
            _initial(one, begin, since, runs=phase == "Running")
            for one in spec.get("initContainers") or ()
        ]
        if initial:
            status["initContainerStatuses"] = initial
    return status


def _initial(container: Object, begin: datetime, since: datetime, *, runs: bool) -> Object:
    """Return the status of an init container: one that has ended well, or stays beside."""
    if runs and is_sidecar(container):
        state: Object = {"running": {"startedAt": format_time(begin)}}
        return _container(container, state, ready=True, started=True)
    done = _terminated(0, "Completed", begin, since)
    return _container(container, done, ready=not is_sidecar(container), started=False)


def _container(
    container: Object,
    state: Object,
    *,
    ready: bool,
    started: bool,
    restarts: int = 0,
    last: Object | None = None,
) -> Object:
    found: Object = {
        "name": container["name"],
        "state": state,
        "lastState": (last or {}) if restarts or last else {},
        "ready": ready,
        "restartCount": restarts,
        "image": container.get("image", ""),
        "imageID": "",
        "started": started,
    }
    if "waiting" not in state or last:
        found["containerID"] = f"simulated://{content_digest([container['name'], restarts])[:32]}"
    return found


def conditions(
    pod: Object, begin: datetime, changed: datetime, *, ready: bool, done: bool = False
) -> list[Object]:
    """Return the conditions of a pod that was placed at ``begin`` and last changed then."""
    reason = "PodCompleted" if done else "ContainersNotReady"
    waiting = not lookup(pod, "status", "podIP") and changed == begin
    facts = (
        ("PodReadyToStartContainers", not waiting, begin if waiting else changed),
        ("Initialized", True, begin),
        ("Ready", ready, changed),
        ("ContainersReady", ready, changed),
        ("PodScheduled", True, begin),
    )
    found = []
    for kind, value, moment in facts:
        one: Object = {
            "type": kind,
            "status": "True" if value else "False",
            "lastProbeTime": None,
            "lastTransitionTime": format_time(moment),
        }
        if not value and kind in ("Ready", "ContainersReady"):
            one["reason"] = reason
        found.append({name: text for name, text in one.items() if text is not None})
    return found
