"""From ASGI to ``handle(request)`` and back: requests in threads, watches on the loop.

What only looks something up in memory is answered where it arrives: a thread would cost more
than the answer.
"""

import asyncio
import gzip
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import parse_qsl

from ruleengine.formats import go_durations, json_text
from ruleengine.local import tunnels
from ruleengine.local.api.bodies import LARGEST
from ruleengine.local.api.channels import PROTOCOLS, chosen_protocol
from ruleengine.local.api.failures import ApiFailure
from ruleengine.local.api.port_forwards import Forwarding
from ruleengine.local.api.watching import Watch
from ruleengine.local.runtime.executing import Execution
from ruleengine.local.streams import Streams
from ruleengine.local.websockets import Message, Receive, Send, serve
from ruleengine.model.http import HttpRequest, HttpResponse

_THREADS: Final = 8
_SMALL: Final = 1024
"""Bytes below which a body is not packed (reference, Kubernetes API section 2)."""

_AT_ONCE: Final = 64 * 1024
"""Bytes up to which a body is packed where it is: a thread would cost more."""

_QUICKLY: Final = 1
_PIECE: Final = 256 * 1024
"""Bytes that are given to the connection at once, so that a long answer is not held there whole."""

_STATES_BODY: Final = frozenset({b"content-length", b"transfer-encoding"})


class Bridge:
    """An ASGI application around a handler. ``stop`` ends every stream.

    ``connect`` starts what a websocket asks for. ``quick`` tells which requests are answered
    so fast that no other waits for it.
    """

    def __init__(
        self,
        handle: Callable[[HttpRequest], HttpResponse],
        connect: Callable[[HttpRequest], Execution | Forwarding | HttpResponse],
        quick: Callable[[HttpRequest], bool],
    ) -> None:
        self._handle = handle
        self._connect = connect
        self._quick = quick
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="request")
        self._streams = Streams()

    def stop(self) -> None:
        """Let every stream come to its end."""
        self._streams.stop()

    def news(self) -> None:
        """Have watches look at the store; for any thread, after each write."""
        self._streams.news()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection scope, as ASGI defines it."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                self._threads.shutdown(wait=False)
                return

    async def _websocket(self, scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        ours = tunnels.PROTOCOLS if scope["path"].endswith("/portforward") else PROTOCOLS
        protocol = chosen_protocol(scope["subprotocols"], ours)
        loop = asyncio.get_running_loop()
        opened: Execution | Forwarding | HttpResponse = _no_protocol(ours)
        if protocol:
            request = _request(scope, "GET")
            opened = await loop.run_in_executor(self._threads, self._connect, request)
        if isinstance(opened, HttpResponse):
            headers = [(name.encode(), text.encode()) for name, text in opened.headers.items()]
            headers.append((b"content-length", str(len(opened.body)).encode()))
            start = {"type": "websocket.http.response.start", "status": opened.status}
            await send({**start, "headers": headers})
            await send({"type": "websocket.http.response.body", "body": opened.body})
            return
        await send({"type": "websocket.accept", "subprotocol": protocol})
        if isinstance(opened, Forwarding):
            await tunnels.serve(opened, protocol, receive, send)
        else:
            await serve(opened, receive, send)

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        arrived = time.monotonic()
        body = await _body(receive) if _has_body(scope) else b""
        if body is None:
            return  # whoever asked has gone before it was said what for
        request = _request(scope, scope["method"], body)
        if self._quick(request):
            response = in_time(self._handle, request, 0)
            if len(response.body) <= _AT_ONCE:
                response = _packed(request, response)
            else:
                response = await self._in_thread(lambda: _packed(request, response))
        else:
            response = await self._in_thread(lambda: self._answer(request, arrived))
        headers = [
            (name.encode(), value.encode("latin-1", "replace"))
            for name, value in response.headers.items()
        ]
        if response.stream is None:
            headers.append((b"content-length", str(len(response.body)).encode()))
        start = {"type": "http.response.start", "status": response.status, "headers": headers}
        await send(start)
        if request.method == "HEAD" or response.stream is None:
            await _send_body(b"" if request.method == "HEAD" else response.body, send)
        elif isinstance(response.stream, Watch):
            await self._streams.watch(response.stream, receive, send)
        else:
            await self._streams.follow(response.stream, receive, send)

    def _answer(self, request: HttpRequest, arrived: float) -> HttpResponse:
        waited = time.monotonic() - arrived
        return _packed(request, in_time(self._handle, request, waited))

    async def _in_thread(self, answer: Callable[[], HttpResponse]) -> HttpResponse:
        return await asyncio.get_running_loop().run_in_executor(self._threads, answer)


def _no_protocol(ours: Sequence[str]) -> HttpResponse:
    text = f"the websocket has to offer one of these protocols: {', '.join(ours)}"
    return HttpResponse(status=400, headers={"content-type": "text/plain"}, body=text.encode())


def in_time(
    handle: Callable[[HttpRequest], HttpResponse], request: HttpRequest, waited: float
) -> HttpResponse:
    """Answer a request that has ``waited`` so many seconds for its turn.

    One whose ``timeout`` has passed is not performed: its caller has given it up, and may
    have been succeeded by another.
    """
    asked = dict(request.query).get("timeout", "")
    try:
        limit = go_durations.to_timedelta(go_durations.parse_duration(asked or "0"))
    except go_durations.DurationError:
        text = "invalid timeout specified in the request URL"
        return _refusal(ApiFailure(400, "BadRequest", text))
    if limit and waited >= limit.total_seconds():
        text = f"Timeout: request did not complete within requested timeout {asked}"
        return _refusal(ApiFailure(504, "Timeout", text))
    return handle(request)


def _refusal(failure: ApiFailure) -> HttpResponse:
    headers = {"content-type": "application/json"}
    body = json_text.dump_bytes(failure.status())
    return HttpResponse(status=failure.code, headers=headers, body=body)


def _packed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return an answer packed where its client asks for that, and it is large enough to gain."""
    if response.stream is not None or len(response.body) < _SMALL or not _takes_gzip(request):
        return response
    headers = {**response.headers, "content-encoding": "gzip", "vary": "accept-encoding"}
    body = gzip.compress(response.body, _QUICKLY, mtime=0)
    return response._replace(headers=headers, body=body)


def _takes_gzip(request: HttpRequest) -> bool:
    """Tell whether a client accepts gzip; a weight of 0 says no (RFC 9110, section 12.4.2)."""
    for one in request.headers.get("accept-encoding", "").split(","):
        coding, _, weight = one.replace(" ", "").lower().partition(";q=")
        if coding == "gzip":
            return weight.rstrip("0.") != "" or not weight
    return False


def _headers(stated: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name; repeated ones become one list (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    for name, value in stated:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def _request(scope: Message, method: str, body: bytes = b"") -> HttpRequest:
    return HttpRequest(
        method=method,
        path=scope.get("raw_path", scope["path"].encode()).decode("latin-1"),
        query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers=_headers(scope["headers"]),
        body=body,
        peer=scope.get("state", {}).get("peer"),
    )


def _has_body(scope: Message) -> bool:
    return any(name in _STATES_BODY for name, _ in scope["headers"])


async def _body(receive: Receive) -> bytes | None:
    """Return the body, cut a little beyond the limit so that the handler refuses it.

    ``None`` where the client went before it was whole: what is left of a request may mean
    something else.
    """
    parts: list[bytes] = []
    size = 0
    while (message := await receive())["type"] != "http.disconnect":
        part = message.get("body", b"")
        if size <= LARGEST:
            parts.append(part)
        size += len(part)
        if not message.get("more_body"):
            return b"".join(parts)
    return None


async def _send_body(body: bytes, send: Send) -> None:
    """Send a body piece by piece; each waits until there is room for it."""
    rest = memoryview(body)
    while len(rest) > _PIECE:
        await send({"type": "http.response.body", "body": bytes(rest[:_PIECE]), "more_body": True})
        rest = rest[_PIECE:]
    await send({"type": "http.response.body", "body": bytes(rest)})
