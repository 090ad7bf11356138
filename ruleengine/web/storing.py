"""Between the receivers and the bus: events wait in a queue and are stored many at a time.

A request is answered when its event is stored. One thread takes whatever has come meanwhile
and stores it in one transaction, so that a disk that needs milliseconds for one event does
not limit how many come in a second.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from ruleengine.model.errors import StoreError
from ruleengine.model.events import CloudEvent

_MOST: Final = 1000
"""How many events one transaction stores at most."""

_LINGER: Final = 0.0005
"""Seconds for which the next event is waited for, where the last came together with others.

Whoever was just answered sends the next one: the first of them would otherwise be stored
alone, and all others would wait for that.
"""

Stored: TypeAlias = tuple[str, CloudEvent]
"""An event, and the bus that it goes to."""

_Waiting: TypeAlias = tuple[Stored, "asyncio.Future[str]"]


class Storing:
    """The thread that stores.

    ``store`` raises ``StoreError``. ``tell`` is called after each transaction, with an empty
    text or with what is wrong; senders learn only that it failed.
    """

    def __init__(
        self, store: Callable[[Sequence[Stored]], None], tell: Callable[[str], None]
    ) -> None:
        self._store = store
        self._tell = tell
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    async def put(self, bus: str, event: CloudEvent) -> str:
        """Store an event; return why it could not be, or an empty text."""
        waiting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._queue.put(((bus, event), waiting))
        return await waiting

    def close(self) -> None:
        """Store what has come, and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        many = False
        while (first := self._queue.get()) is not None:
            batch, ends = self._gather(first, _LINGER if many else 0.0)
            many = len(batch) > 1
            _answer(batch, self._try(batch))
            if ends:
                return

    def _gather(self, first: _Waiting, linger: float) -> tuple[list[_Waiting], bool]:
        """Return what waits now or comes at once, and whether the end was among it."""
        batch = [first]
        while len(batch) < _MOST:
            try:
                following = self._queue.get(block=linger > 0, timeout=linger)
            except Empty:
                break
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False

    def _try(self, batch: Sequence[_Waiting]) -> str:
        problem = ""
        try:
            self._store([one for one, _ in batch])
        except StoreError as error:
            problem = f"{error.message}; {error.remedy}"
        self._tell(problem)
        return problem


def _answer(batch: Sequence[_Waiting], problem: str) -> None:
    """Resolve what was waited for, in the loop that waits."""
    loop = batch[0][1].get_loop()

    def resolve() -> None:
        for _, waiting in batch:
            if not waiting.done():  # its sender may have gone
                waiting.set_result(problem)

    try:
        loop.call_soon_threadsafe(resolve)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more
