"""The API of one simulated process: the control plane, with the schedule in between."""

from collections.abc import Callable
from typing import Final

from ruleengine.formats import json_text
from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.errors import UnreachableError
from ruleengine.model.http import HttpRequest, HttpResponse
from tests.simulation.faults import Channel, Fault, FaultKind, Injector
from tests.simulation.invariants import Write

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
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


class CrashError(BaseException):
    """The process is gone, with everything in its memory."""


class ProcessApi:
    """A ``model.http.Transport`` of one process; implements the faults of its requests.

    ``before_write`` is called before every write (there users act and other processes take
    over), ``written`` after every write that reached the server. ``overtaken`` is set while a
    write is under way during which another process took over.
    """

    def __init__(
        self,
        plane: ControlPlane,
        injector: Injector,
        number: int,
        hooks: tuple[Callable[[Fault | None], None], Callable[[Write], None]],
    ) -> None:
        self._plane = plane
        self._injector = injector
        self._number = number
        self._before_write, self._written = hooks
        self.overtaken = False

    def send(self, request: HttpRequest) -> HttpResponse:
        """Perform a request, or fail as the schedule says."""
        if request.method in WRITES:
            return self._write(request)
        if ("watch", "true") in request.query:
            return self._plane.send(request)
        fault = self._injector.next(Channel.READ)
        return self._plane.send(request) if fault is None else _fail(fault)

    def _write(self, request: HttpRequest) -> HttpResponse:
        fault = self._injector.next(Channel.WRITE)
        self._before_write(fault)
        takes_place = fault is None or fault.kind in _LATE or fault.kind is FaultKind.TAKEN_OVER
        if fault is not None and not takes_place:
            return _fail(fault)
        told = fault is None or fault.kind is FaultKind.TAKEN_OVER
        before = self._plane.store.revision
        response = self._plane.send(request)
        events = tuple(self._plane.store.events(before))
        write = Write(
            process=self._number,
            request=request,
            status=response.status,
            events=events,
            told=told,
            overtaken=self.overtaken,
            plane=self._plane,
        )
        self._written(write)
        self.overtaken = False
        self._plane.settle()
        return response if told or fault is None else _fail(fault)


def _fail(fault: Fault) -> HttpResponse:
    """Return the failing answer of a fault, or raise what stands for no answer at all."""
    if fault.kind in (FaultKind.CRASH_BEFORE_WRITE, FaultKind.CRASH_AFTER_WRITE):
        raise CrashError
    if fault.kind not in _STATUSES:
        raise UnreachableError("the connection was lost", "try again")
    code, reason = _STATUSES[fault.kind]
    message = "the object has been modified" if code == 409 else "simulated"
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
