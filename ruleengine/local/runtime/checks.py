"""Probes and lifecycle hooks as values: what is tried against a container, and what is known of it.

Pure. A *check* is one try; how many tries in a row make a verdict is part of it (reference,
Kubernetes API section 9; ``Probe`` of the Kubernetes API has the defaults).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ruleengine.local.runtime.surroundings import CONFIG_ERROR, NotReadyError
from ruleengine.model.values import Object, lookup

_HOOK_PATIENCE: Final = 3600.0
"""Seconds after which a hook that says nothing has failed; the end of its pod comes before."""


class Purpose(StrEnum):
    """What a check is for: the field of a container that states it."""

    STARTUP = "startupProbe"
    READINESS = "readinessProbe"
    LIVENESS = "livenessProbe"
    POST_START = "postStart"
    PRE_STOP = "preStop"


PROBES: Final = (Purpose.STARTUP, Purpose.READINESS, Purpose.LIVENESS)
HOOKS: Final = (Purpose.POST_START, Purpose.PRE_STOP)


@dataclass(frozen=True, slots=True)
class ExecAction:
    """Run a program inside the container; 0 is success."""

    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HttpAction:
    """Ask by HTTP; 200 to 399 is success."""

    host: str
    port: int
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    tls: bool = False


@dataclass(frozen=True, slots=True)
class TcpAction:
    """Connect; a connection is success."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class GrpcAction:
    """Ask by gRPC how a service is, or the whole server; ``SERVING`` is success."""

    host: str
    port: int
    service: str = ""


@dataclass(frozen=True, slots=True)
class SleepAction:
    """Let time pass."""

    seconds: float


Action = ExecAction | HttpAction | TcpAction | GrpcAction | SleepAction

Result = tuple[bool, str]
"""Whether a try was a success, and what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of one attempt of a container. Times are in seconds.

    ``successes`` and ``failures`` are how many in a row make a verdict; ``grace`` is for how long
    a container may end that fails, ``None`` for as long as its pod says.
    """

    container: str
    purpose: Purpose
    action: Action
    delay: float = 0
    period: float = 10
    timeout: float = 1
    successes: int = 1
    failures: int = 3
    grace: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is known of a check: of which attempt, when it was tried last, and its verdict.

    ``passed`` is ``None`` while there is no verdict, ``since`` when there was another one last.
    ``in_a_row`` counts the last equal results, ``good`` is what they were.
    """

    attempt: int
    running: bool = False
    begun: datetime
    in_a_row: int = 0
    good: bool = False
    passed: bool | None = None
    since: datetime
    message: str = field(default="", repr=False)


def begin(attempt: int, before: Checked | None, now: datetime) -> Checked:
    """Return what is known of a check of an attempt once a try has begun."""
    if before is None or before.attempt != attempt:
        return Checked(attempt=attempt, running=True, begun=now, since=now)
    return replace(before, running=True, begun=now)


def conclude(check: Check, before: Checked, now: datetime, *, good: bool, message: str) -> Checked:
    """Return what is known once a try has ended."""
    in_a_row = before.in_a_row + 1 if before.in_a_row and before.good == good else 1
    passed = before.passed
    if in_a_row >= (check.successes if good else check.failures):
        passed = good
    since = before.since if passed == before.passed else now
    return replace(
        before,
        running=False,
        in_a_row=in_a_row,
        good=good,
        passed=passed,
        since=since,
        message=message,
    )


def due(check: Check, known: Checked | None, started: datetime) -> datetime | None:
    """Return when a probe is to be tried next; ``None`` while it is being tried."""
    if known is None:
        return started + timedelta(seconds=check.delay)
    return None if known.running else known.begun + timedelta(seconds=check.period)


def checks_of(container: Object, address: str) -> dict[Purpose, Check]:
    """Return the probes and hooks of a container of a pod at ``address``.

    Raises ``NotReadyError`` for what the local node does not honour.
    """
    found = {}
    for purpose in PROBES:
        if stated := container.get(purpose):
            found[purpose] = _probe(container, purpose, stated, address)
    for purpose in HOOKS:
        if stated := lookup(container, "lifecycle", purpose):
            found[purpose] = Check(
                container=container["name"],
                purpose=purpose,
                action=_action(container, purpose, stated, address),
                timeout=_HOOK_PATIENCE,
                failures=1,
            )
    return found


def _probe(container: Object, purpose: Purpose, stated: Object, address: str) -> Check:
    return Check(
        container=container["name"],
        purpose=purpose,
        action=_action(container, purpose, stated, address),
        delay=stated.get("initialDelaySeconds") or 0,
        period=stated.get("periodSeconds") or 10,
        timeout=stated.get("timeoutSeconds") or 1,
        successes=stated.get("successThreshold") or 1,
        failures=stated.get("failureThreshold") or 3,
        grace=stated.get("terminationGracePeriodSeconds"),
    )


def _action(container: Object, purpose: Purpose, stated: Object, address: str) -> Action:
    if found := stated.get("exec"):
        return ExecAction(tuple(str(one) for one in found.get("command") or ()))
    if found := stated.get("httpGet"):
        path = str(found.get("path") or "/")
        headers = found.get("httpHeaders") or ()
        return HttpAction(
            found.get("host") or address,
            _port(container, found.get("port")),
            path if path.startswith("/") else f"/{path}",
            tuple((str(one["name"]), str(one.get("value") or "")) for one in headers),
            str(found.get("scheme") or "HTTP").upper() == "HTTPS",
        )
    if found := stated.get("tcpSocket"):
        return TcpAction(found.get("host") or address, _port(container, found.get("port")))
    if found := stated.get("grpc"):
        if found.get("mode") == "TLS":
            problem = (
                f"the {purpose} of {container['name']} asks by gRPC in TLS, which is not honoured"
            )
            raise NotReadyError(CONFIG_ERROR, problem, final=True)
        port = _port(container, found.get("port"))
        return GrpcAction(address, port, str(found.get("service") or ""))
    if found := stated.get("sleep"):
        return SleepAction(float(found.get("seconds") or 0))
    problem = f"the {purpose} of {container['name']} does not say what is to be done"
    raise NotReadyError(CONFIG_ERROR, problem, final=True)


def _port(container: Object, stated: int | str | None) -> int:
    if isinstance(stated, int):
        return stated
    ports: Iterable[Object] = container.get("ports") or ()
    named = next((one["containerPort"] for one in ports if one.get("name") == stated), stated)
    if isinstance(named, int):
        return named
    if named and named.isdecimal():
        return int(named)
    problem = f"the container {container['name']} has no port named {stated!r}"
    raise NotReadyError(CONFIG_ERROR, problem, final=True)
