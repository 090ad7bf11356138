"""The API of one simulated process: the control plane, with the schedule in between."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ruleengine.formats import json_text
from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.errors import UnreachableError
from ruleengine.model.http import HttpRequest, HttpResponse
from tests.simulation.faults import Channel, Fault, FaultKind, Injector
from tests.simulation.invariants import Write

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_WRITING: Final = 0.05
"""Virtual seconds that a write takes, so that leases age and watches are looked at."""

_STATUSES: Final = {
    FaultKind.CONFLICT_BEFORE: (409, "Conflict"),
    FaultKind.CONFLICT_AFTER: (409, "Conflict"),
    FaultKind.BUSY_BEFORE: (429, "TooManyRequests"),
    FaultKind.BUSY_AFTER: (429, "TooManyRequests"),
    FaultKind.ERROR_BEFORE: (500, "InternalError"),
    FaultKind.ERROR_AFTER: (500, "InternalError"),
    FaultKind.READ_BUSY: (429, "TooManyRequests"),
    FaultKind.READ_ERROR: (500, "InternalError"),
}
_LATE: Final = frozenset(
    {
        FaultKind.CONFLICT_AFTER,
        FaultKind.BUSY_AFTER,
        FaultKind.ERROR_AFTER,
        FaultKind.TIMEOUT_AFTER,
        FaultKind.CRASH_AFTER_WRITE,
    }
)


_ANSWERED: Final = frozenset(
    {FaultKind.TAKEN_OVER, FaultKind.TAKEN_OVER_LATE, FaultKind.LEASE_LOST}
)


class CrashError(BaseException):
    """The process is gone, with everything in its memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What happens around the writes of a process.

    ``before_write`` is called before every write with the fault that strikes at it (there
    users act and others take over), ``written`` after every write that reached the server,
    ``after_write`` when it is done but not yet answered. ``spend`` lets virtual seconds pass,
    ``uptime`` tells how many have.
    """

    before_write: Callable[[Fault | None], None]
    written: Callable[[Write], None]
    after_write: Callable[[Fault | None], None]
    spend: Callable[[float], None]
    uptime: Callable[[], float]


class ProcessApi:
    """A ``model.http.Transport`` of one process; implements the faults of its requests.

    A request that takes longer than its timeout is given up by the server, as Kubernetes does.
    """

    def __init__(self, plane: ControlPlane, injector: Injector, number: int, hooks: Hooks) -> None:
        self._plane = plane
        self._injector = injector
        self._number = number
        self._hooks = hooks

    def send(self, request: HttpRequest) -> HttpResponse:
        """Perform a request, or fail as the schedule says."""
        if request.method in WRITES:
            self._hooks.spend(_WRITING)
            return self._write(request)
        if ("watch", "true") in request.query:
            return self._plane.send(request)
        fault = self._injector.next(Channel.READ)
        return self._plane.send(request) if fault is None else _fail(fault)

    def _write(self, request: HttpRequest) -> HttpResponse:
        fault = self._injector.next(Channel.WRITE)
        sent = self._hooks.uptime()
        self._hooks.before_write(fault)
        if request.timeout and self._hooks.uptime() - sent >= request.timeout:
            return _status(504, "Timeout", "the request was not finished in time")
        if fault is not None and fault.kind not in _LATE and fault.kind not in _ANSWERED:
            return _fail(fault)
        told = fault is None or fault.kind in _ANSWERED
        before = self._plane.store.revision
        response = self._plane.send(request)
        events = tuple(self._plane.store.events(before))
        write = Write(
            process=self._number,
            request=request,
            status=response.status,
            events=events,
            told=told,
            plane=self._plane,
        )
        self._hooks.written(write)
        self._plane.settle()
        self._hooks.after_write(fault)
        return response if told or fault is None else _fail(fault)


def _fail(fault: Fault) -> HttpResponse:
    """Return the failing answer of a fault, or raise what stands for no answer at all."""
    if fault.kind in (FaultKind.CRASH_BEFORE_WRITE, FaultKind.CRASH_AFTER_WRITE):
        raise CrashError
    if fault.kind not in _STATUSES:
        raise UnreachableError("the connection was lost", "try again")
    code, reason = _STATUSES[fault.kind]
    return _status(code, reason, "the object has been modified" if code == 409 else "simulated")


def _status(code: int, reason: str, message: str) -> HttpResponse:
    value = {
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    headers = {"content-type": "application/json"}
    return HttpResponse(status=code, headers=headers, body=json_text.dump_bytes(value))
