"""Between the receivers and the bus: events wait in a queue and are stored many at a time.

A request is answered when its event is stored. One thread takes whatever has come meanwhile
and stores it in one transaction, so that a disk that needs milliseconds for one event does
not limit how many come in a second.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final, TypeAlias

from ruleengine.model.errors import StoreError
from ruleengine.model.events import CloudEvent

_MOST: Final = 1000
"""How many events one transaction stores at most."""

Stored: TypeAlias = tuple[str, CloudEvent]
"""An event, and the bus that it goes to."""

_Waiting: TypeAlias = tuple[Stored, "asyncio.Future[str]"]


class Storing:
    """The thread that stores. ``store`` raises ``StoreError``; ``stored`` is told of success."""

    def __init__(
        self, store: Callable[[Sequence[Stored]], None], stored: Callable[[], None]
    ) -> None:
        self._store = store
        self._stored = stored
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
        while (first := self._queue.get()) is not None:
            batch, ends = self._gather(first)
            problem = self._try(batch)
            _tell(batch, problem)
            if ends:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """Return what waits now, and whether the end was among it."""
        batch = [first]
        while len(batch) < _MOST and not self._queue.empty():
            following = self._queue.get()
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False

    def _try(self, batch: Sequence[_Waiting]) -> str:
        try:
            self._store([one for one, _ in batch])
        except StoreError as error:
            return error.message
        self._stored()
        return ""


def _tell(batch: Sequence[_Waiting], problem: str) -> None:
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
