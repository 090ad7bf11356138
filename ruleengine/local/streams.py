"""Answers without an end: watches on the event loop, logs that are followed in threads.

A watch never waits by itself. Whoever writes to the store wakes the loop, which asks each watch
what there is to say; so hundreds of them cost neither threads nor turns.
"""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Final

from ruleengine.local.api.watching import Watch
from ruleengine.local.websockets import Message, Receive, Send

_UNREAD: Final = 60.0
"""Seconds that a client may leave its stream unread before the stream ends."""

_LOOK_AROUND: Final = 1.0
"""Seconds after which a watch is asked again although nothing was written: its time may be over."""


class Streams:
    """The streams of one server. ``stop`` ends all of them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._count = 0
        self._called = False
        self._waiting: set[asyncio.Future[None]] = set()

    def stop(self) -> None:
        """Let every stream come to its end."""
        self._stopping.set()
        self._wake()

    def news(self) -> None:
        """Have watches look at the store; for any thread, after each write."""
        if self._loop is not None and self._count and not self._called:
            self._called = True
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:
                return  # the loop is closed: the process ends

    def _wake(self) -> None:
        self._called = False
        waiting, self._waiting = self._waiting, set()
        for one in waiting:
            _tell(one)

    async def watch(self, watch: Watch, receive: Receive, send: Send) -> None:
        """Tell a client what a watch has to say, until either comes to its end."""
        self._loop = asyncio.get_running_loop()
        self._count += 1  # from before the first look: what is written after it is news
        leaving = asyncio.ensure_future(_disconnected(receive))
        leaving.add_done_callback(lambda _: self._wake())
        try:
            # the headers have to leave at once: clients wait for them before the first event
            await send(_part(b""))
            while not leaving.done():
                chunk = None if self._stopping.is_set() else watch.take()
                if chunk:
                    if not await _sent(_part(chunk), send):
                        return
                    await asyncio.sleep(0)  # others have their turn between two pieces
                    continue
                if chunk is None:
                    await send(_part(b"", more=False))
                    return
                await self._news()
        finally:
            self._count -= 1
            leaving.cancel()

    async def _news(self) -> None:
        """Wait until something was written, or a moment has passed."""
        loop = asyncio.get_running_loop()
        news: asyncio.Future[None] = loop.create_future()
        self._waiting.add(news)
        timer = loop.call_later(_LOOK_AROUND, _tell, news)
        try:
            await news
        finally:
            timer.cancel()
            self._waiting.discard(news)

    async def follow(self, stream: Iterator[bytes], receive: Receive, send: Send) -> None:
        """Send what comes out of an iterator that waits; it gets a thread of its own."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=64)
        gone = threading.Event()
        pump = threading.Thread(
            target=self._pump, args=(stream, chunks, loop, gone), name="stream", daemon=True
        )
        await send(_part(b""))
        pump.start()
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            while True:
                taking = asyncio.ensure_future(chunks.get())
                await asyncio.wait({taking, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if leaving.done():
                    taking.cancel()
                    return
                chunk = taking.result()
                if chunk is None:
                    break
                if not await _sent(_part(chunk), send):
                    return
            await send(_part(b"", more=False))
        finally:
            gone.set()
            leaving.cancel()

    def _pump(
        self,
        stream: Iterator[bytes],
        chunks: "asyncio.Queue[bytes | None]",
        loop: asyncio.AbstractEventLoop,
        gone: threading.Event,
    ) -> None:
        """Move chunks from a blocking iterator to the loop, until either side ends."""

        def put(chunk: bytes | None) -> bool:
            waiting = asyncio.run_coroutine_threadsafe(chunks.put(chunk), loop)
            try:
                waiting.result(_UNREAD)
            except (TimeoutError, CancelledError):
                waiting.cancel()
                return False
            return True

        try:
            for chunk in stream:
                if gone.is_set() or self._stopping.is_set():
                    break
                if chunk and not put(chunk):
                    break
            if not gone.is_set():
                put(None)
        except RuntimeError:
            return  # the loop is closed: the process ends


def _tell(news: "asyncio.Future[None]") -> None:
    if not news.done():
        news.set_result(None)


def _part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _sent(message: Message, send: Send) -> bool:
    """Send a part; false where the client has not read for too long, so that it is given up."""
    try:
        async with asyncio.timeout(_UNREAD):
            await send(message)
    except TimeoutError:
        return False
    return True


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
