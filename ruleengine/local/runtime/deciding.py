"""What a pod of processes needs at a moment: pure.

Given are the pod, what is seen of its containers and of their checks, and how a container is
planned. Asked for are processes to start and to end, checks to try, the status, and when to look
again (reference, Kubernetes API section 9, "Node/kubelet").
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.api.pod_resources import quality_of
from ruleengine.local.runtime.checks import Check, Purpose, due
from ruleengine.local.runtime.ending import end_container, end_pod, end_sidecars
from ruleengine.local.runtime.pod_status import conditions, pod_status
from ruleengine.local.runtime.situation import Observed, Situation, backoff, is_sidecar
from ruleengine.local.runtime.steps import End, Ending, Steps, Told
from ruleengine.local.runtime.storage import EVICTED
from ruleengine.local.runtime.surroundings import PULLING, NotReadyError
from ruleengine.local.runtime.values import NODE_RESTARTED, ContainerPlan
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup

SANDBOX_UNAVAILABLE: Final = "SandboxUnavailable"
_DEADLINE: Final = "DeadlineExceeded"
_RETRY: Final = timedelta(seconds=2)

Plan = Callable[[Object, int], ContainerPlan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do for a pod. ``over`` says that it is to end and nothing of it is left."""

    status: Object = field(repr=False)
    starts: tuple[ContainerPlan, ...] = ()
    ends: tuple[End, ...] = ()
    checks: tuple[Check, ...] = ()
    told: tuple[Told, ...] = ()
    over: bool = False
    again: datetime | None = None


def decide(pod: Object, observed: Observed, plan: Plan, now: datetime) -> Decision:
    """Return what a placed pod needs."""
    if observed.problem and not observed.seen:
        status = failed(pod, now, SANDBOX_UNAVAILABLE, observed.problem)
        return Decision(status=status, over=True)
    situation = Situation(pod, observed, now)
    steps = Steps()
    ending = _ending_of(situation, steps)
    if ending is None:
        _advance(situation, plan, steps)
        ending = steps.impossible
    if ending is not None:
        steps.starts.clear()
        end_pod(situation, ending, steps)
    elif situation.mains_over and not steps.starts:
        end_sidecars(situation, situation.last_end, situation.grace, steps)
    else:
        _watch(situation, steps)
    return Decision(
        status=pod_status(situation, steps, ending),
        starts=tuple(steps.starts),
        ends=tuple(steps.ends),
        checks=tuple(steps.checks),
        told=tuple(steps.told),
        over=ending is not None and not situation.any_running,
        again=min(steps.times, default=None),
    )


def failed(pod: Object, now: datetime, reason: str, message: str) -> Object:
    """Return the status of a pod that failed as a whole before anything ran."""
    return {
        "phase": "Failed",
        "reason": reason,
        "message": message,
        "startTime": lookup(pod, "status", "startTime") or format_time(now),
        "qosClass": quality_of(pod["spec"]),
        "conditions": conditions(pod, now),
    }


def _ending_of(  # noqa: PLR0911 - one return per reason
    situation: Situation, steps: Steps
) -> Ending | None:
    """Return why the pod as a whole has to end, if it has."""
    metadata = situation.pod["metadata"]
    if "deletionTimestamp" in metadata:
        grace = int(metadata.get("deletionGracePeriodSeconds") or 0)
        since = parse_time(metadata["deletionTimestamp"]) - timedelta(seconds=grace)
        return Ending(since=since, grace=grace)
    for name, one in situation.observed.seen.items():
        if one.reason == NODE_RESTARTED and situation.policy == "Never":
            message = f"container {name}: {one.message}"
            return Ending(reason=NODE_RESTARTED, message=message, since=situation.now)
    if situation.observed.excess:
        return Ending(reason=EVICTED, message=situation.observed.excess, since=situation.now)
    limit = situation.spec.get("activeDeadlineSeconds")
    if limit is None:
        return None
    at = situation.begin + timedelta(seconds=int(limit))
    if situation.now < at:
        steps.times.append(at)
        return None
    if situation.mains_over and situation.last_end < at:
        return None
    message = "Pod was active on the node longer than the specified deadline"
    return Ending(reason=_DEADLINE, message=message, since=at, grace=situation.grace)


def _advance(situation: Situation, plan: Plan, steps: Steps) -> None:
    """Start what has to run now: init containers one by one, sidecars on the way, the others."""
    if situation.init_failed:
        return
    _add(situation, plan, steps)
    for container in situation.initial:
        if is_sidecar(container):
            if not situation.mains_over:
                _bring(situation, container, plan, steps)
            if not situation.has_begun and not situation.is_started(container):
                return
        elif not situation.is_completed(container):
            _bring(situation, container, plan, steps)
            return
    for container in situation.mains:
        _bring(situation, container, plan, steps)


def _add(situation: Situation, plan: Plan, steps: Steps) -> None:
    """Start containers that were added, each once; the pod does not depend on them."""
    for container in situation.added:
        if situation.seen(container) is not None or situation.mains_over:
            continue
        _try_to_start(container, 0, plan, steps)


def _bring(situation: Situation, container: Object, plan: Plan, steps: Steps) -> None:
    """Start a container where it has to run and does not."""
    name = container["name"]
    one = situation.seen(container)
    if one is None:
        _start(situation, container, 0, plan, steps)
    elif one.finished is not None and situation.retries(container):
        at = one.finished + backoff(one)
        if situation.now >= at:
            _start(situation, container, one.attempt + 1, plan, steps)
            return
        seconds = int(backoff(one).total_seconds())
        text = f"back-off {seconds}s restarting failed container {name}"
        steps.waiting[name] = ("CrashLoopBackOff", text)
        steps.told.append(Told(reason="BackOff", message=text, of=str(one.attempt)))
        steps.times.append(at)


def _start(situation: Situation, container: Object, attempt: int, plan: Plan, steps: Steps) -> None:
    error = _try_to_start(container, attempt, plan, steps)
    if error is None:
        return
    if error.final and situation.policy != "Always":
        # a pod that ends is waited for: it says so instead of waiting for ever
        message = f"container {container['name']}: {error.message}"
        steps.impossible = Ending(reason=error.reason, message=message, since=situation.now)
        return
    steps.times.append(situation.now + _RETRY)


def _try_to_start(
    container: Object, attempt: int, plan: Plan, steps: Steps
) -> NotReadyError | None:
    """Start a container and tell what it has to do without; return why it cannot be."""
    try:
        steps.starts.append(plan(container, attempt))
    except NotReadyError as error:
        steps.waiting[container["name"]] = (error.reason, error.message)
        told = Told(reason="Failed", message=f"Error: {error.message}")
        if error.reason == PULLING:
            told = Told(reason="Pulling", message=error.message, warning=False)
        steps.told.append(told)
        return error
    if claims := lookup(container, "resources", "claims"):
        names = ", ".join(str(one.get("name")) for one in claims)
        message = f"container {container['name']} runs without what it claims ({names}): "
        message += "the local node has no devices to give"
        steps.told.append(Told(reason="ClaimsNotHonoured", message=message))
    return None


def _watch(situation: Situation, steps: Steps) -> None:
    """Try the hooks and probes of what runs, and end what fails them."""
    for container in (*situation.sidecars, *situation.mains):
        if situation.is_running(container):
            _watch_one(situation, container, steps)


def _watch_one(situation: Situation, container: Object, steps: Steps) -> None:
    checks = situation.checks(container)
    for purpose in (Purpose.POST_START, Purpose.STARTUP, Purpose.LIVENESS):
        if _has_failed(situation, container, purpose):
            _end_failed(situation, container, checks[purpose], steps)
            return
        if purpose is not Purpose.LIVENESS and not situation.passed(container, purpose):
            _try(situation, container, checks[purpose], steps)
            return
    for purpose in (Purpose.READINESS, Purpose.LIVENESS):
        if purpose in checks:
            _try(situation, container, checks[purpose], steps)


def _has_failed(situation: Situation, container: Object, purpose: Purpose) -> bool:
    known = situation.known(container, purpose)
    return known is not None and known.passed is False


def _try(situation: Situation, container: Object, check: Check, steps: Steps) -> None:
    """Try a check where it is due; a hook is tried once."""
    one = situation.seen(container)
    if one is None:
        return
    known = situation.known(container, check.purpose)
    if known is not None and not known.running and not known.good and known.in_a_row == 1:
        steps.told.append(_unhealthy(check, known.message, f"{one.attempt} {known.since}"))
    at = due(check, known, one.started)
    if at is None:
        return
    if situation.now >= at:
        steps.checks.append(check)
    else:
        steps.times.append(at)


def _end_failed(situation: Situation, container: Object, check: Check, steps: Steps) -> None:
    known = situation.known(container, check.purpose)
    if known is None:
        return
    told = _unhealthy(check, known.message, f"{known.attempt} verdict")
    steps.told.append(replace(told, message=f"{told.message}; the container is ended"))
    grace = situation.grace if check.grace is None else check.grace
    end_container(situation, container, known.since, grace, steps)


def _unhealthy(check: Check, message: str, of: str) -> Told:
    name = check.container
    if check.purpose is Purpose.POST_START:
        return Told(reason="FailedPostStartHook", message=f"{name}: {message}", of=of)
    kind = check.purpose.removesuffix("Probe").capitalize()
    return Told(reason="Unhealthy", message=f"{kind} probe of {name} failed: {message}", of=of)
