"""What lies between a socket and a handler: requests arrive whole or not at all."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest

from ruleengine.local.api.routing import reads_one_object
from ruleengine.local.bridge import Bridge
from ruleengine.local.gathering import GatheringProtocol
from ruleengine.local.websockets import Message
from ruleengine.model.http import HttpRequest, HttpResponse


class Wire:
    """One request as the web server hands it over, and what was answered."""

    def __init__(self, method: str, path: str, messages: Iterable[Message] = ()) -> None:
        self.answers: list[Message] = []
        self.handled: list[HttpRequest] = []
        self.body = b"answer"
        self._messages = list(messages)
        stated = [(b"content-length", b"99")] if self._messages else []
        self._scope: Message = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": stated,
        }

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Note the request and answer it."""
        self.handled.append(request)
        return HttpResponse(status=200, body=self.body)

    def run(self) -> bytes:
        """Carry the request over; return the body of the answer."""
        bridge = Bridge(self.handle, lambda _: HttpResponse(status=404), reads_one_object)
        asyncio.run(bridge(self._scope, self._receive, self._send))
        return b"".join(one.get("body", b"") for one in self.answers)

    async def _receive(self) -> Message:
        return self._messages.pop(0)

    async def _send(self, message: Message) -> None:
        self.answers.append(message)


def part(body: bytes, *, more: bool = False) -> Message:
    """Return a part of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_arrives_whole() -> None:
    """In however many parts it comes."""
    wire = Wire("POST", "/x", [part(b"ab", more=True), part(b"c")])
    assert wire.run() == b"answer"
    assert wire.handled[0].body == b"abc"


def test_what_is_left_of_a_request_is_not_performed() -> None:
    """A delete whose client goes before it has told its preconditions deletes nothing."""
    wire = Wire("DELETE", "/x", [part(b"", more=True), {"type": "http.disconnect"}])
    assert wire.run() == b""
    assert wire.handled == []


def test_a_long_answer_is_sent_in_pieces() -> None:
    """The pieces make up the answer, and none is so long that it burdens the connection."""
    wire = Wire("GET", "/x")
    wire.body = bytes(range(256)) * 4096
    assert wire.run() == wire.body
    sizes = [len(one["body"]) for one in wire.answers if "body" in one]
    assert len(sizes) > 2
    assert max(sizes) <= 256 * 1024
    assert [one.get("more_body", False) for one in wire.answers][-1] is False


@pytest.mark.parametrize(
    ("method", "path", "quick"),
    [
        ("GET", "/api/v1/namespaces/a", True),
        ("GET", "/api/v1/namespaces/a/pods/b", True),
        ("GET", "/apis/apps/v1/namespaces/a/deployments/b/", True),
        ("GET", "/api/v1/nodes/a", True),
        ("GET", "/api/v1/namespaces/a/pods", False),
        ("GET", "/api/v1/namespaces/a/pods/b/log", False),
        ("GET", "/api/v1/pods", False),
        ("GET", "/apis/apps/v1", False),
        ("GET", "/openapi/v3/apis/apps/v1", False),
        ("GET", "/version", False),
        ("DELETE", "/api/v1/nodes/a", False),
    ],
)
def test_only_reads_of_one_object_are_answered_at_once(
    method: str, path: str, *, quick: bool
) -> None:
    """All else may take long, and is left to a thread."""
    assert reads_one_object(HttpRequest(method=method, path=path)) is quick


class Line(asyncio.Transport):
    """A transport that notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Know nothing."""
        del name
        return default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Note it."""
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        """Tell whether it is closed."""
        return self.closed

    def close(self) -> None:
        """Be closed."""
        self.closed = True


def connected() -> tuple[GatheringProtocol, Line]:
    """Return the protocol of a connection, and the connection; inside a running loop."""
    import uvicorn

    server = uvicorn.Server(configuration := uvicorn.Config(lambda: None, log_config=None))
    configuration.load()
    protocol = GatheringProtocol(configuration, server.server_state, {})
    protocol.connection_made(line := Line())
    return protocol, line


@pytest.mark.parametrize(
    ("sent", "code", "kind"),
    [
        (b"TURN /api/v1/nodes HTTP/1.1\r\nhost: x\r\n\r\n", 405, "application/json"),
        (b"GET /api HTTP/1.1\r\ncontent-length: many\r\n\r\n", 400, "text/plain"),
    ],
)
def test_what_the_parser_cannot_read_is_refused(sent: bytes, code: int, kind: str) -> None:
    """A verb that nobody knows by the Status of a wrong one; then the connection ends."""

    async def answered() -> bytes:
        protocol, line = connected()
        protocol.data_received(sent)
        assert line.closed
        return b"".join(line.written)

    head, _, body = asyncio.run(answered()).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {code} ".encode())
    assert f"content-type: {kind}".encode() in head
    assert f"content-length: {len(body)}".encode() in head
    if code == 405:
        assert json.loads(body)["reason"] == "MethodNotAllowed"


@pytest.mark.parametrize(
    ("parts", "writes"),
    [([b"head", b"body"], 1), ([b"head", b"x" * 70_000], 1), ([b"x" * 70_000, b"end"], 2)],
)
def test_what_is_written_together_is_sent_together(parts: list[bytes], writes: int) -> None:
    """Head and body leave in one write; what is long leaves at once, so that it can be held up."""

    async def written() -> list[bytes]:
        protocol, line = connected()
        for one in parts:
            protocol.transport.write(one)
        await asyncio.sleep(0)
        protocol.transport.close()
        assert line.closed
        return line.written

    found = asyncio.run(written())
    assert len(found) == writes
    assert b"".join(found) == b"".join(parts)
