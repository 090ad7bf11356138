"""Retries: attempts one after another until one is good enough (reference, Workflows 10)."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_times import time_text
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import naming
from ruleengine.pipelines.phases import Phase, is_fulfilled, is_wrong
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.substituting import evaluate
from ruleengine.pipelines.timing import duration_of
from ruleengine.pipelines.tree import is_attempt

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine

_TRANSIENT: Final = re.compile(
    "TLS handshake timeout|i/o timeout|connection timed out|connection reset by peer"
    "|Too many requests|etcdserver: request timed out|exceeded quota",
    re.IGNORECASE,
)
"""Messages of errors that go away by themselves."""

_ON_TRANSIENT: Final = "OnTransientError"
_LONGEST_PAUSE: Final = 365 * 86400.0
_POLICIES: Final = {
    "Always": frozenset({Phase.FAILED, Phase.ERROR}),
    "OnFailure": frozenset({Phase.FAILED}),
    "OnError": frozenset({Phase.ERROR}),
}


def go_on(machine: "Machine", node: Object, template: Object, call: "Call") -> Object:
    """Look after the last attempt, and begin another where the strategy says so."""
    attempts = [one for one in machine.tree.children(node) if is_attempt(one)]
    if attempts and not is_fulfilled(attempts[-1]):
        attempts[-1] = _attempt(machine, node, template, attempts, call) or attempts[-1]
    last = attempts[-1] if attempts else None
    if last is not None and (not is_fulfilled(last) or last.get("daemoned")):
        return _like(machine, node, last) if last.get("daemoned") else node
    if last is not None and not is_wrong(last):
        return _finished(machine, node, last)
    if last is not None:
        stop, wait = _verdict(machine, template["retryStrategy"], attempts, call)
        if stop is not None:
            return _finished(machine, node, last, stop)
        if wait is not None:
            machine.wake(wait, f"{node['displayName']} is tried again")
            seconds = round((wait - machine.now) / timedelta(seconds=1))
            return machine.tree.update(node, message=f"Backoff for {seconds} seconds")
    made = _attempt(machine, node, template, attempts, call)
    current = machine.tree.find(node["name"]) or node
    if machine.only_tells(call) and made is not None and is_wrong(made):
        return _finished(machine, current, made, _ended(machine))
    return machine.tree.update(current, message=None)


def _attempt(
    machine: "Machine", node: Object, template: Object, attempts: list[Object], call: "Call"
) -> Object | None:
    """Look after the last attempt if it is on its way, else begin the next."""
    on_its_way = bool(attempts) and not is_fulfilled(attempts[-1])
    number = len(attempts) - on_its_way
    inputs = node.get("inputs") or {}
    made = machine.run(
        call._replace(
            name=naming.attempt_name(node["name"], number),
            attempt=number,
            arguments=inputs,
            local={**call.local, **retry_variables(number, attempts[:number])},
            ends=_ends(template, attempts) or call.ends,
        )
    )
    if made is not None:
        machine.tree.link([node["id"]], made["id"])
    return made


def _ends(template: Object, attempts: list[Object]) -> datetime | None:
    """Return when the pods of later attempts may be active no longer."""
    longest = lookup(template, "retryStrategy", "backoff", "maxDuration")
    if not longest or not attempts:
        return None
    return parse_time(attempts[0]["startedAt"]) + duration_of(longest, "backoff.maxDuration")


def _like(machine: "Machine", node: Object, last: Object) -> Object:
    """Return the node of a daemon that is ready: its last attempt speaks for it."""
    return machine.tree.update(node, daemoned=True, phase=last["phase"], podIP=last.get("podIP"))


def _finished(machine: "Machine", node: Object, last: Object, message: str = "") -> Object:
    phase, outputs = Phase(last["phase"]), last.get("outputs")
    return machine.end(node, phase, message, outputs=outputs, daemoned=None)


def retry_variables(number: int, before: list[Object]) -> dict[str, str]:
    """Return the variables of an attempt: its number, and how the one before it ended."""
    last = before[-1] if before else None
    return {"retries": str(number), **_last(last)}


def _last(last: Object | None) -> dict[str, str]:
    if last is None:
        names = {"exitCode": "0", "status": "", "duration": "0", "message": ""}
    else:
        names = {
            "exitCode": str(lookup(last, "outputs", "exitCode", default="-1")),
            "status": str(last["phase"]),
            "duration": str(_seconds(last)),
            "message": str(last.get("message") or ""),
        }
    return {f"lastRetry.{name}": text for name, text in names.items()}


def _seconds(node: Object) -> int:
    lasted = parse_time(node["finishedAt"]) - parse_time(node["startedAt"])
    return int(lasted / timedelta(seconds=1))


def _verdict(
    machine: "Machine", strategy: Object, attempts: list[Object], call: "Call"
) -> tuple[str | None, datetime | None]:
    """Return why no further attempt is made, or until when to wait before the next one."""
    last = attempts[-1]
    if machine.ending and not call.exiting:
        return _ended(machine), None
    stop, wait = _backoff(machine, strategy, attempts)
    if stop is not None or wait is not None:
        return stop, wait
    if not _is_retried(machine, strategy, last):
        return str(last.get("message") or ""), None
    limit = strategy.get("limit")
    if limit is not None and len(attempts) > _whole(limit, "limit"):
        return "No more retries left", None
    if strategy.get("expression") and not _expression(machine, strategy, attempts):
        return "retryStrategy.expression evaluated to false", None
    return None, None


def _ended(machine: "Machine") -> str:
    """Return why nothing is tried again in a workflow that was stopped or is out of time."""
    if machine.stopped or machine.deadline is None:
        return machine.ending
    return f"retry exceeded workflow deadline {time_text(machine.deadline.replace(microsecond=0))}"


def _whole(value: object, name: str) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise NodeError(f"the {name} {value!r} of a retryStrategy is no whole number") from error


def _is_retried(machine: "Machine", strategy: Object, last: Object) -> bool:
    usual = "Always" if strategy.get("expression") else "OnFailure"
    policy = strategy.get("retryPolicy") or usual
    if policy == _ON_TRANSIENT:
        message, more = str(last.get("message") or ""), machine.definitions.around.transient
        return bool(_TRANSIENT.search(message)) or (bool(more) and _matches(more, message))
    if policy not in _POLICIES:
        known = ", ".join(sorted((*_POLICIES, _ON_TRANSIENT)))
        raise NodeError(f"retryPolicy {policy!r} is none of {known}")
    return last["phase"] in _POLICIES[policy]


def _matches(pattern: str, message: str) -> bool:
    from ruleengine.expressions import regular  # late: few have a pattern of their own

    try:
        return regular.compile(pattern).matches(message)
    except ExpressionError as error:
        raise NodeError(f"the pattern of transient errors: {error}") from error


def _expression(machine: "Machine", strategy: Object, attempts: list[Object]) -> bool:
    variables = {
        **machine.globals,
        "retries": str(len(attempts) - 1),
        **_last(attempts[-1]),
    }
    return evaluate(str(strategy["expression"]), variables) is True


def _backoff(
    machine: "Machine", strategy: Object, attempts: list[Object]
) -> tuple[str | None, datetime | None]:
    backoff = strategy.get("backoff")
    if not backoff:
        return None, None
    if not backoff.get("duration"):
        raise NodeError("no base duration specified for retryStrategy")
    last_end = parse_time(attempts[-1]["finishedAt"])
    first = parse_time(attempts[0]["startedAt"])
    longest = backoff.get("maxDuration")
    give_up = first + duration_of(longest, "backoff.maxDuration") if longest else None
    if give_up is not None and machine.now > give_up:
        return "Max duration limit exceeded", None
    wait_until = last_end + _pause(backoff, len(attempts))
    if give_up is not None and wait_until > give_up:
        return "Backoff would exceed max duration limit", None
    limit = strategy.get("limit")
    if limit is None or _whole(limit, "limit") < len(attempts):
        return None, None  # none may follow; or any, and Argo does not wait then
    return None, wait_until if machine.now < wait_until else None


def _pause(backoff: Object, attempts: int) -> timedelta:
    seconds = duration_of(backoff["duration"], "backoff.duration") / timedelta(seconds=1)
    if backoff.get("factor") is not None:
        factor = _whole(backoff["factor"], "factor")
        seconds = min(seconds * factor ** min(attempts - 1, 64), _LONGEST_PAUSE)
    if backoff.get("cap"):
        cap = duration_of(backoff["cap"], "backoff.cap") / timedelta(seconds=1)
        seconds = min(seconds, cap)
    return timedelta(seconds=seconds)
