"""The fence: no write is sent, or goes on, when somebody else may have taken over.

A lease says who writes, but a request that was sent while it was held may arrive when it is
held no more. So every write is sent with a timeout that ends before anybody else can take
the lease: the API server gives up a request at its ``timeout``, and so does the client. A
write that failed for the moment is not repeated beyond that.
"""

from collections.abc import Callable
from typing import Final

from ruleengine.model.errors import RuleEngineError
from ruleengine.model.http import HttpRequest, HttpResponse, Transport

READING: Final = frozenset({"GET", "HEAD"})


class FencedError(RuleEngineError):
    """A write was not sent: there was not enough time left for it."""


class Fenced:
    """A transport whose writes end within the seconds that ``left`` says are left."""

    def __init__(self, transport: Transport, left: Callable[[], float]) -> None:
        self._transport = transport
        self._left = left

    def send(self, request: HttpRequest) -> HttpResponse:
        """Perform a request. Raises ``FencedError`` for a write that comes too late."""
        if request.method in READING:
            return self._transport.send(request)
        seconds = int(self._left())
        if seconds < 1:
            text = f"{request.method} {request.path} was not sent: the lease was lost"
            raise FencedError(text, "wait for the process that holds the lease")
        return self._transport.send(request._replace(timeout=seconds))
