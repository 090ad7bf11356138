"""Ports of a pod on one side, a websocket on the other.

Two protocols: the simple one of numbered channels, where each port has a channel for data and one
for errors, and SPDY/3.1 inside of the websocket, where each connection has a stream for either;
kubectl speaks the second (reference, Kubernetes API section 0, finding 9).
"""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from ruleengine.local.api.channels import framed
from ruleengine.local.api.port_forwards import Forwarding
from ruleengine.local.spdy import Data, Event, Opened, Reset, Session, SpdyError, data_frame
from ruleengine.local.websockets import Message, Receive, Send

SPDY: Final = "SPDY/3.1+portforward.k8s.io"
PROTOCOLS: Final = (SPDY, "v4.channel.k8s.io")

_CHUNK: Final = 1 << 15
_WAITING: Final = 64
"""How many pieces may wait for a pod that does not read."""

_WRONG: Final = 1002
_DONE: Final = 1000
Say = Callable[[bytes], Awaitable[None]]


class _Connection:
    """One connection to a port of a pod; ``say`` gets what comes back, ``fail`` why it could not.

    ``fail`` is called once in the end, with nothing where all went well.
    """

    def __init__(self, host: str, port: int, say: Say, fail: Say) -> None:
        self._place = host, port
        self._say = say
        self._fail = fail
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._takes = True

    async def write(self, data: bytes) -> None:
        """Have data sent to the pod; no data says that nothing follows.

        What a pod takes no more is dropped.
        """
        if self._takes:
            await self._pieces.put(data)

    async def run(self) -> None:
        """Carry everything until the pod has said everything."""
        problem = b""
        try:
            reader, writer = await asyncio.open_connection(*self._place)
        except OSError as error:
            problem = f"nothing answers at {self._place[0]}:{self._place[1]}: {error}".encode()
        else:
            await self._carry(reader, writer)
        finally:
            self._drop()
        await self._fail(problem)

    def _drop(self) -> None:
        """Take nothing more, also from whoever waits for room: it speaks for other ports too."""
        self._takes = False
        while not self._pieces.empty():
            self._pieces.get_nowait()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sending = asyncio.ensure_future(self._send(writer))
        try:
            with contextlib.suppress(OSError):
                while chunk := await reader.read(_CHUNK):
                    await self._say(chunk)
        finally:
            sending.cancel()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await self._pieces.get():
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        self._drop()


class _Tunnel:
    """What both protocols share: connections that run, and the websocket that they end with."""

    def __init__(self, host: str, receive: Receive, send: Send) -> None:
        self._host = host
        self._receive = receive
        self._send = send
        self._tasks: set[asyncio.Task[None]] = set()

    async def say(self, data: bytes) -> None:
        """Send a message; to a client that is gone, nothing."""
        with contextlib.suppress(OSError, RuntimeError):
            await self._send({"type": "websocket.send", "bytes": data})

    async def heard(self) -> bytes | None:
        """Return the next message of the client; ``None`` once it is gone."""
        message: Message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return None
        found: bytes = message.get("bytes") or (message.get("text") or "").encode()
        return found

    async def close(self, code: int) -> None:
        """Close the websocket."""
        with contextlib.suppress(OSError, RuntimeError):
            await self._send({"type": "websocket.close", "code": code})

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have something done beside."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        """End everything that runs."""
        tasks = list(self._tasks)
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def serve(forwarding: Forwarding, protocol: str, receive: Receive, send: Send) -> None:
    """Carry everything until the client is gone."""
    tunnel = _Tunnel(forwarding.host, receive, send)
    try:
        if protocol == SPDY:
            await _Streams(tunnel, forwarding.host).serve()
        else:
            await _serve_channels(tunnel, forwarding)
    finally:
        await tunnel.end()


async def _serve_channels(tunnel: _Tunnel, forwarding: Forwarding) -> None:
    """Connect each port at once; the websocket closes when all are done."""
    connections = []
    for number, port in enumerate(forwarding.ports):
        data, error = 2 * number, 2 * number + 1
        for channel in (data, error):
            await tunnel.say(framed(channel, struct.pack("<H", port)))

        async def say(chunk: bytes, channel: int = data) -> None:
            await tunnel.say(framed(channel, chunk))

        async def fail(problem: bytes, channel: int = error) -> None:
            if problem:
                await tunnel.say(framed(channel, problem))

        connections.append(_Connection(forwarding.host, port, say, fail))

    async def run() -> None:
        await asyncio.gather(*(one.run() for one in connections))
        await tunnel.close(_DONE)

    tunnel.start(run())
    while (message := await tunnel.heard()) is not None:
        channel = message[0] if message else 1
        if channel % 2 == 0 and channel // 2 < len(connections) and message[1:]:
            await connections[channel // 2].write(message[1:])


class _Streams:
    """A connection for each pair of streams that has the same request in its headers."""

    def __init__(self, tunnel: _Tunnel, host: str) -> None:
        self._tunnel = tunnel
        self._host = host
        self._session = Session()
        self._errors: dict[str, int] = {}
        self._connections: dict[int, tuple[_Connection, asyncio.Task[None]]] = {}

    async def serve(self) -> None:
        """Obey the client until it is gone, or says what is no SPDY."""
        while (message := await self._tunnel.heard()) is not None:
            try:
                events, answer = self._session.receive(message)
            except SpdyError:
                await self._tunnel.close(_WRONG)
                return
            if answer:
                await self._tunnel.say(answer)
            for one in events:
                await self._obey(one)

    async def _obey(self, event: Event) -> None:
        match event:
            case Opened(stream, headers):
                await self._open(stream, headers.get("streamtype", ""), headers)
            case Data(stream, data, finished) if stream in self._connections:
                connection, _ = self._connections[stream]
                if data:
                    await connection.write(data)
                if finished:
                    await connection.write(b"")
            case Reset(stream) if stream in self._connections:
                self._connections.pop(stream)[1].cancel()

    async def _open(self, stream: int, kind: str, headers: Any) -> None:
        request, port = headers.get("requestid", ""), headers.get("port", "")
        if kind == "error":
            self._errors[request] = stream
            return
        error = self._errors.pop(request, None)
        if error is None or not port.isdecimal():
            await self._tunnel.say(data_frame(stream, b"", finished=True))
            return

        async def say(chunk: bytes) -> None:
            await self._tunnel.say(data_frame(stream, chunk))

        async def fail(problem: bytes) -> None:
            self._connections.pop(stream, None)
            await self._tunnel.say(data_frame(stream, b"", finished=True))
            await self._tunnel.say(data_frame(error, problem, finished=True))

        connection = _Connection(self._host, int(port), say, fail)
        self._connections[stream] = connection, self._tunnel.start(connection.run())
