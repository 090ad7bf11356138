"""Events wait in a queue and are stored many at a time; each sender hears of its own."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from ruleengine.model.errors import StoreError
from ruleengine.web.storing import Stored, Storing
from tests.services.test_embedded_bus import BUS, event


@dataclass
class Bus:
    """A bus whose first transaction lasts until the gate opens."""

    entered: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event = field(default_factory=threading.Event)
    batches: list[int] = field(default_factory=list)
    failing: bool = False
    told: int = 0

    def store(self, events: Sequence[Stored]) -> None:
        """Store, or fail."""
        self.entered.set()
        assert self.gate.wait(10)
        self.batches.append(len(events))
        if self.failing and len(events) > 1:
            raise StoreError("the disk is full", "free space")

    def tell(self, problem: str) -> None:
        """Count what went well."""
        self.told += not problem


async def send(bus: Bus, storing: Storing, count: int) -> list[str]:
    """Send one event, and the others while that is stored; return what each sender hears."""
    senders = [asyncio.ensure_future(storing.put(BUS, event("0")))]
    await asyncio.to_thread(bus.entered.wait, 10)
    senders += [
        asyncio.ensure_future(storing.put(BUS, event(f"{number}"))) for number in range(1, count)
    ]
    await asyncio.sleep(0)
    bus.gate.set()
    return await asyncio.gather(*senders)


def test_what_comes_while_one_is_stored_is_stored_together() -> None:
    """One transaction for all of them, and each is acknowledged."""
    bus = Bus()
    storing = Storing(bus.store, bus.tell)
    assert asyncio.run(send(bus, storing, 20)) == [""] * 20
    assert (bus.batches, bus.told) == ([1, 19], 2)
    storing.close()


def test_a_transaction_that_fails_is_told_to_all_in_it_and_to_no_other() -> None:
    """Nobody is acknowledged whose event is not there."""
    bus = Bus(failing=True)
    storing = Storing(bus.store, bus.tell)
    assert asyncio.run(send(bus, storing, 3)) == ["", *["the disk is full; free space"] * 2]
    assert bus.told == 1
    storing.close()


def test_closing_stores_what_has_come() -> None:
    """A stop loses nothing that was already taken in."""
    bus = Bus()

    async def run() -> list[str]:
        storing = Storing(bus.store, bus.tell)
        waiting = asyncio.ensure_future(send(bus, storing, 3))
        await asyncio.sleep(0)
        answers = await waiting
        await asyncio.to_thread(storing.close)
        return answers

    assert asyncio.run(run()) == ["", "", ""]
    assert sum(bus.batches) == 3
