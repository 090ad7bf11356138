"""Answering requests: who may send, what event it is, stored, and then acknowledged.

The decisions are those of :mod:`ruleengine.triggers.webhook`; here is only what those leave
open: the bytes of the request, an id, the time, and the waiting for the bus.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from ruleengine.model.events import CloudEvent
from ruleengine.model.http import HttpRequest
from ruleengine.model.secrets import Secret
from ruleengine.model.times import format_time
from ruleengine.triggers.source_specification import Route
from ruleengine.triggers.webhook import NOT_RECORDED, TOO_LARGE, Reception, receive, refuse
from ruleengine.web.storing import Storing

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

_NO_PAGES: Final = Reception(
    status=403, text="events are not taken from web pages: send them from a program"
)
_NOT_FOUND: Final = Reception(status=404, text="404 page not found")
_HEALTHY: Final = Reception(status=200, text="OK")
_NO_TOKEN: Final = Reception(status=500, text="Error loading auth token")
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One path on one port: which event of which EventSource is received there."""

    owner: str
    source: str
    bus: str
    route: Route
    token: Secret | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What every receiver needs: where events are stored, and where ids and times come from."""

    storing: Storing
    new_id: Callable[[], str]
    now: Callable[[], datetime]

    def application(self, places: MutableMapping[str, Place]) -> Application:
        """Return the ASGI application of one port; ``places`` may change while it serves."""

        async def serve(scope: Message, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return
            await _send(send, await self._answer(scope, receive, places))

        return serve

    async def _answer(
        self, scope: Message, receive_message: Receive, places: MutableMapping[str, Place]
    ) -> Reception:
        if (scope["method"], scope["path"]) == ("GET", "/health"):
            return _HEALTHY
        place = places.get(scope["path"])
        return _NOT_FOUND if place is None else await self._at(place, scope, receive_message)

    async def _at(self, place: Place, scope: Message, receive_message: Receive) -> Reception:
        headers = _headers(scope)
        refused = _refused(place, _request(scope, headers))
        if refused is not None:
            return refused
        body = await _body(receive_message, place.route.largest)
        if body is None:
            return Reception(status=400, text=TOO_LARGE)
        reception = receive(place.route, _request(scope, headers, body))
        if reception.data is None:
            return reception
        problem = await self.storing.put(place.bus, self._event(place, reception.data))
        return Reception(status=500, text=NOT_RECORDED) if problem else reception

    def _event(self, place: Place, data: str) -> CloudEvent:
        return CloudEvent(
            id=self.new_id(),
            source=place.source,
            subject=place.route.event,
            type=place.route.type,
            time=format_time(self.now()),
            data=data,
        )


def _refused(place: Place, request: HttpRequest) -> Reception | None:
    if not _may_send(request.headers.get("origin", "")):
        return _NO_PAGES
    if place.route.token is not None and place.token is None:
        return _NO_TOKEN
    return refuse(request, place.token)


def _may_send(origin: str) -> bool:
    """Tell whether a request comes from a program, or from a page of this machine."""
    return not origin or urlsplit(origin).hostname in _LOCAL


def _headers(scope: Message) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("utf-8", "replace")
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def _request(scope: Message, headers: dict[str, str], body: bytes = b"") -> HttpRequest:
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return HttpRequest(
        method=scope["method"], path=scope["path"], query=tuple(query), headers=headers, body=body
    )


async def _body(receive_message: Receive, largest: int) -> bytes | None:
    """Return the body, or ``None`` where it is larger than may be; it is not kept then."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive_message()
        part = message.get("body", b"")
        size += len(part)
        if size > largest or message["type"] == "http.disconnect":
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, reception: Reception) -> None:
    body = reception.text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": reception.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
