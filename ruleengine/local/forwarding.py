"""A port of this machine that leads to whoever stands behind a Service at the moment.

Each connection asks anew where to go, so that a pod that is replaced is followed.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Final

HOST: Final = "127.0.0.1"
_CHUNK: Final = 1 << 16
_LOOK_EVERY: Final = 0.2

Place = tuple[str, int]
"""An address and a port."""


def listen(port: int) -> socket.socket:
    """Listen on a port of loopback; 0 takes any that is free. Raises ``OSError``."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def forward(
    listener: socket.socket, find: Callable[[], Place | None], stop: threading.Event
) -> None:
    """Forward connections until ``stop`` is set; ``find`` says where, ``None`` for nowhere.

    It is asked in another thread. The listener is closed.
    """
    asyncio.run(_serve(listener, find, stop))


async def _serve(
    listener: socket.socket, find: Callable[[], Place | None], stop: threading.Event
) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                await _join(reader, writer, await asyncio.to_thread(find))
        finally:
            await _close(writer)

    async with await asyncio.start_server(connected, sock=listener):
        while not await asyncio.to_thread(stop.wait, _LOOK_EVERY):
            pass


async def _join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: Place | None
) -> None:
    if place is None:
        return
    far_reader, far_writer = await asyncio.open_connection(*place)
    try:
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
    finally:
        await _close(far_writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Move what one side says to the other, and tell it when there is no more."""
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
