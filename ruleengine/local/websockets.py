"""A process on one side, a websocket on the other: what is written, read and typed goes across."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from ruleengine.local.api.channels import Channel, framed, outcome, size_of
from ruleengine.local.runtime.executing import Execution

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_CHUNK: Final = 1 << 15
_END_OF_FILE: Final = b"\x04"
_PATIENCE: Final = 2.0
"""Seconds for which outputs are read that somebody holds open when the program has ended."""


async def serve(execution: Execution, receive: Receive, send: Send) -> None:
    """Carry everything until the program has ended or the client is gone; it ends then too."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def ended_now() -> None:
        loop.call_soon_threadsafe(over.set)

    execution.ended = ended_now
    if execution.over.is_set():
        over.set()
    with ThreadPoolExecutor(len(execution.outputs) + 1, thread_name_prefix="exec") as threads:
        session = _Session(execution, send, threads)
        typing = asyncio.ensure_future(session.listen(receive))
        outputs = asyncio.ensure_future(session.show())
        ended = asyncio.ensure_future(over.wait())
        try:
            await asyncio.wait({typing, ended}, return_when=asyncio.FIRST_COMPLETED)
            if over.is_set():
                await asyncio.wait({outputs}, timeout=_PATIENCE)
                await send(_message(outcome(execution.code or 0)))
                await send({"type": "websocket.close", "code": 1000})
        finally:
            execution.stop()
            await over.wait()
            execution.close()
            for one in (typing, outputs, ended):
                one.cancel()


class _Session:
    """One program and one client."""

    def __init__(self, execution: Execution, send: Send, threads: ThreadPoolExecutor) -> None:
        self._execution = execution
        self._send = send
        self._threads = threads

    async def show(self) -> None:
        """Send what the program writes, to its end."""
        channels = (Channel.STDOUT, Channel.STDERR)
        outputs = zip(self._execution.outputs, channels, strict=False)
        await asyncio.gather(*(self._show(source, channel) for source, channel in outputs))

    async def _show(self, source: int, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):  # a terminal whose last user has gone
            while chunk := await loop.run_in_executor(self._threads, os.read, source, _CHUNK):
                await self._send(_message(framed(channel, chunk)))

    async def listen(self, receive: Receive) -> None:
        """Give the program what the client sends, until that is gone."""
        while (message := await receive())["type"] != "websocket.disconnect":
            data: bytes = message.get("bytes") or (message.get("text") or "").encode()
            if not data:
                continue
            with contextlib.suppress(OSError):  # a program that reads no more
                await self._take(data[0], data[1:])

    async def _take(self, channel: int, data: bytes) -> None:
        execution = self._execution
        if channel == Channel.RESIZE and (size := size_of(data)):
            execution.resize(*size)
        elif channel == Channel.STDIN and execution.stdin is not None:
            await self._write(execution.stdin, data)
        elif channel == Channel.CLOSE and data[:1] == bytes((Channel.STDIN,)):
            await self._end_input()

    async def _write(self, target: int, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        while data:
            written = await loop.run_in_executor(self._threads, os.write, target, data)
            data = data[written:]

    async def _end_input(self) -> None:
        """Tell the program that nothing more comes; a terminal has a character for that."""
        target, execution = self._execution.stdin, self._execution
        if target is None:
            return
        if execution.terminal:
            await self._write(target, _END_OF_FILE)
        else:
            execution.end_input()


def _message(data: bytes) -> Message:
    return {"type": "websocket.send", "bytes": data}
