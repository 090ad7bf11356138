"""Ports of a pod behind a websocket, without the websocket."""

import asyncio
import socket
from contextlib import closing

import pytest

from ruleengine.local.api.channels import framed
from ruleengine.local.api.port_forwards import Forwarding
from ruleengine.local.tunnels import serve
from ruleengine.local.websockets import Message

HOST = "127.0.0.1"
DEAF = 0
ECHO = 2


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Give everything back."""
    with closing(writer):
        while chunk := await reader.read(1024):
            writer.write(chunk)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read nothing and go."""
    del reader
    writer.transport.abort()


async def heard_beside(deaf: int, count: int) -> bytes:
    """Return what a port says to whom has sent so many pieces to a ``deaf`` one before."""
    listener = await asyncio.start_server(echo, HOST, 0)
    port = listener.sockets[0].getsockname()[1]
    typed: asyncio.Queue[Message] = asyncio.Queue()
    said: asyncio.Queue[bytes] = asyncio.Queue()
    for data in (*[framed(DEAF, b"x")] * count, framed(ECHO, b"hello")):
        typed.put_nowait({"type": "websocket.receive", "bytes": data})

    async def send(message: Message) -> None:
        said.put_nowait(message.get("bytes", b""))

    forwarding = Forwarding(HOST, (deaf, port))
    async with listener, asyncio.timeout(30):
        serving = asyncio.ensure_future(serve(forwarding, "v4.channel.k8s.io", typed.get, send))
        announced = False
        while True:
            data = await said.get()
            if data[:1] == bytes((ECHO,)):
                if announced:
                    break
                announced = True
        typed.put_nowait({"type": "websocket.disconnect"})
        await serving
    return data[1:]


@pytest.mark.parametrize("count", [1, 1000])
def test_a_port_where_nobody_listens_holds_up_no_other(count: int) -> None:
    """However much is sent there."""
    with closing(socket.socket()) as taken:
        taken.bind((HOST, 0))
        found = asyncio.run(heard_beside(taken.getsockname()[1], count))
    assert found == b"hello"


def test_a_pod_that_hangs_up_holds_up_no_other_port() -> None:
    """What it does not take is dropped."""

    async def session() -> bytes:
        async with await asyncio.start_server(hang_up, HOST, 0) as deaf:
            return await heard_beside(deaf.sockets[0].getsockname()[1], 1000)

    assert asyncio.run(session()) == b"hello"
