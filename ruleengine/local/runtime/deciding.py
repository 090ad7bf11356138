"""What a pod of processes needs at a moment, and what its status is: pure.

Given are the pod, what is seen of its containers, and how a container is planned. Asked for
are processes to start and to end, the status, and when to look again (reference, Kubernetes
API section 9, "Node/kubelet").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.api.admission import quality_of
from ruleengine.local.pod_simulation import ADDRESS, conditions
from ruleengine.local.runtime.surroundings import NotReadyError
from ruleengine.local.runtime.values import COMPLETED, NODE_RESTARTED, ContainerPlan, Seen
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

SANDBOX_UNAVAILABLE: Final = "SandboxUnavailable"
_DEADLINE: Final = "DeadlineExceeded"
_FIRST_BACKOFF: Final = 10
_LONGEST_BACKOFF: Final = 300
_FORGIVEN: Final = timedelta(minutes=10)
"""A container that ran this long starts again without back-off."""

_SOONEST: Final = timedelta(milliseconds=20)
_LATEST: Final = timedelta(milliseconds=500)
_RETRY: Final = timedelta(seconds=2)

Plan = Callable[[Object, int], ContainerPlan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do for a pod: start plans, end containers (name, and whether by force)."""

    status: Object = field(repr=False)
    starts: tuple[ContainerPlan, ...] = ()
    ends: tuple[tuple[str, bool], ...] = ()
    again: datetime | None = None


def decide(
    pod: Object, seen: Mapping[str, Seen], plan: Plan, now: datetime, problem: str = ""
) -> Decision:
    """Return what a placed pod needs; ``problem`` says why nothing can be run here."""
    if problem and not seen:
        return Decision(status=failed(pod, now, SANDBOX_UNAVAILABLE, problem))
    return _Deciding(pod, seen, plan, now).decision()


def failed(pod: Object, now: datetime, reason: str, message: str) -> Object:
    """Return the status of a pod that failed as a whole before anything ran."""
    return {
        "phase": "Failed",
        "reason": reason,
        "message": message,
        "startTime": lookup(pod, "status", "startTime") or format_time(now),
        "qosClass": quality_of(pod["spec"]),
        "conditions": conditions(pod, now, now, ready=False),
    }


def ends_of(
    pod: Object, seen: Mapping[str, Seen], told_at: datetime, grace: int, now: datetime
) -> tuple[tuple[tuple[str, bool], ...], datetime]:
    """Return whom to ask and whom to force to end, and when to look again."""
    last = told_at + timedelta(seconds=grace)
    running = [(name, one) for name, one in seen.items() if one.finished is None]
    if now >= last:
        return tuple((name, True) for name, _ in running), now + _SOONEST
    asked = tuple((name, False) for name, one in running if not one.told)
    del pod
    return asked, min(last, now + _SOONEST * 5)


def backoff(one: Seen) -> timedelta:
    """Return how long a container that ended waits before it starts again."""
    ran = (one.finished or one.started) - one.started
    if one.attempt == 0 or ran >= _FORGIVEN:
        return timedelta(0)
    return timedelta(seconds=min(_FIRST_BACKOFF << min(one.attempt - 1, 10), _LONGEST_BACKOFF))


class _Deciding:
    """One decision in the making."""

    def __init__(self, pod: Object, seen: Mapping[str, Seen], plan: Plan, now: datetime) -> None:
        self._pod = pod
        self._spec = pod["spec"]
        self._seen = seen
        self._plan = plan
        self._now = now
        self._policy = self._spec.get("restartPolicy") or "Always"
        started = lookup(pod, "status", "startTime")
        self._begin = parse_time(started) if started else now
        self._starts: list[ContainerPlan] = []
        self._ends: tuple[tuple[str, bool], ...] = ()
        self._waiting: dict[str, tuple[str, str]] = {}
        self._times: list[datetime] = []
        self._impossible: tuple[str, str] = ("", "")

    def decision(self) -> Decision:
        reason, message = self._failure()
        if not reason:
            self._advance()
            reason, message = self._impossible
        if reason:
            self._starts.clear()
            self._end_all(reason)
        return Decision(
            status=self._status(reason, message),
            starts=tuple(self._starts),
            ends=self._ends,
            again=min(self._times, default=None),
        )

    def _failure(self) -> tuple[str, str]:
        """Return why the pod as a whole has failed, if it has."""
        for name, one in self._seen.items():
            if one.reason == NODE_RESTARTED:
                return NODE_RESTARTED, f"container {name}: {one.message}"
        limit = self._spec.get("activeDeadlineSeconds")
        if limit is not None:
            at = self._begin + timedelta(seconds=int(limit))
            if self._now >= at and not self._was_over(at):
                return _DEADLINE, "Pod was active on the node longer than the specified deadline"
            self._times.append(at)
        return "", ""

    def _end_all(self, reason: str) -> None:
        grace = int(self._spec.get("terminationGracePeriodSeconds") or 0)
        limit = int(self._spec.get("activeDeadlineSeconds") or 0)
        if reason != _DEADLINE:
            grace = limit = 0
        told_at = self._begin + timedelta(seconds=limit)
        self._ends, again = ends_of(self._pod, self._seen, told_at, grace, self._now)
        if any(one.finished is None for one in self._seen.values()):
            self._times.append(again)

    def _advance(self) -> None:
        for container in self._spec.get("initContainers") or ():
            one = self._seen.get(container["name"])
            if one is None or one.finished is None or one.code:
                self._bring(container, retries=self._policy != "Never")
                return
        for container in self._spec.get("containers") or ():
            one = self._seen.get(container["name"])
            failed_ = one is not None and one.code != 0
            again = self._policy == "Always" or (self._policy == "OnFailure" and failed_)
            self._bring(container, retries=again)

    def _bring(self, container: Object, *, retries: bool) -> None:
        """Start a container where it has to run and does not."""
        name = container["name"]
        one = self._seen.get(name)
        if one is None:
            self._start(container, 0)
        elif one.finished is not None and retries:
            at = one.finished + backoff(one)
            if self._now >= at:
                self._start(container, one.attempt + 1)
                return
            seconds = int(backoff(one).total_seconds())
            text = f"back-off {seconds}s restarting failed container {name}"
            self._waiting[name] = ("CrashLoopBackOff", text)
            self._times.append(at)

    def _start(self, container: Object, attempt: int) -> None:
        try:
            self._starts.append(self._plan(container, attempt))
        except NotReadyError as error:
            name = container["name"]
            self._waiting[name] = (error.reason, error.message)
            if error.final and self._policy != "Always":
                # a pod that ends is waited for: it says so instead of waiting for ever
                self._impossible = (error.reason, f"container {name}: {error.message}")
                return
            self._times.append(self._now + _RETRY)

    def _was_over(self, at: datetime) -> bool:
        """Tell whether every container had ended for good before a moment."""
        ended = [one.finished for one in self._seen.values() if one.finished]
        return self._is_over() and max(ended, default=at) < at

    def _is_over(self) -> bool:
        """Tell whether every container has ended for good."""
        if self._starts or self._waiting:
            return False
        if any(one.finished is None for one in self._seen.values()):
            return False
        return self._init_failed() or self._all_ended()

    def _init_failed(self) -> bool:
        initial = [one["name"] for one in self._spec.get("initContainers") or ()]
        found = [self._seen[name] for name in initial if name in self._seen]
        return self._policy == "Never" and any(one.finished and one.code for one in found)

    def _all_ended(self) -> bool:
        found = [self._seen.get(one["name"]) for one in self._spec.get("containers") or ()]
        if any(one is None or one.finished is None for one in found):
            return False
        if self._policy == "Always":
            return False
        return self._policy == "Never" or not any(one and one.code for one in found)

    def _phase(self, reason: str) -> str:
        running = any(one.finished is None for one in self._seen.values())
        if reason and not running:
            return "Failed"
        if not reason and self._is_over():
            bad = any(one.code for one in self._seen.values())
            return "Failed" if bad else "Succeeded"
        names = [one["name"] for one in self._spec.get("containers") or ()]
        return "Running" if any(name in self._seen for name in names) else "Pending"

    def _status(self, reason: str, message: str) -> Object:
        phase = self._phase(reason)
        moments = [one.finished or one.started for one in self._seen.values()]
        changed = max(moments, default=self._begin)
        containers = self._spec.get("containers") or ()
        states = [self._container(one) for one in containers]
        ready = phase == "Running" and all(one["ready"] for one in states)
        status: Object = {
            "phase": phase,
            "conditions": self._conditions(changed, phase, ready=ready),
            "hostIP": ADDRESS,
            "hostIPs": [{"ip": ADDRESS}],
            "podIP": ADDRESS,
            "podIPs": [{"ip": ADDRESS}],
            "startTime": format_time(self._begin),
            "qosClass": quality_of(self._spec),
            "containerStatuses": states,
        }
        initial = [self._container(one, initial=True) for one in self._initial()]
        if initial:
            status["initContainerStatuses"] = initial
        if reason and phase == "Failed":
            status |= {"reason": reason, "message": message}
        return status

    def _initial(self) -> list[Object]:
        return self._spec.get("initContainers") or []

    def _conditions(self, changed: datetime, phase: str, *, ready: bool) -> list[Object]:
        done = phase == "Succeeded"
        found = conditions(self._pod, self._begin, changed, ready=ready, done=done)
        ended = [self._seen.get(one["name"]) for one in self._initial()]
        initialised = all(one and one.finished and not one.code for one in ended)
        if not initialised:
            at = next(one for one in found if one["type"] == "Initialized")
            at |= {"status": "False", "reason": "ContainersNotInitialized"}
        return found

    def _container(self, container: Object, *, initial: bool = False) -> Object:
        name = container["name"]
        one = self._seen.get(name)
        state, last = self._state(name, one)
        running = "running" in state
        completed = one is not None and one.finished is not None and not one.code
        found: Object = {
            "name": name,
            "state": state,
            "lastState": last,
            "ready": completed if initial else running,
            "restartCount": one.attempt if one else 0,
            "image": container.get("image", ""),
            "imageID": "",
            "started": running,
        }
        if one is not None:
            found["containerID"] = _identity(self._pod, name, one)
        return found

    def _state(self, name: str, one: Seen | None) -> tuple[Object, Object]:
        """Return the state of a container and the one before it."""
        if name in self._waiting:
            reason, message = self._waiting[name]
            waiting = {"waiting": {"reason": reason, "message": message}}
            return waiting, self._ended(name, one)
        if one is None:
            before = any(True for _ in self._initial())
            reason = "PodInitializing" if before else "ContainerCreating"
            return {"waiting": {"reason": reason}}, {}
        last = self._ended(name, one.previous)
        if one.finished is None:
            return {"running": {"startedAt": format_time(one.started)}}, last
        return self._ended(name, one), last

    def _ended(self, name: str, one: Seen | None) -> Object:
        if one is None or one.finished is None:
            return {}
        found: Object = {
            "exitCode": one.code,
            "reason": one.reason or COMPLETED,
            "startedAt": format_time(one.started),
            "finishedAt": format_time(one.finished),
            "containerID": _identity(self._pod, name, one),
        }
        if one.message:
            found["message"] = one.message
        return {"terminated": found}


def _identity(pod: Object, name: str, one: Seen) -> str:
    return f"process://{pod['metadata']['uid']}/{name}/{one.attempt}"
