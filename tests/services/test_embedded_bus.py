"""The embedded event bus: what is stored stays, in order, once, for as long as it is needed."""

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.model.errors import StoreError
from ruleengine.model.events import CloudEvent
from ruleengine.services.embedded_bus import STEPS, EmbeddedBus, Need

BUS = "shop/default"
PUSH = ("on-push", "push")
WRITER = """
import sys
from pathlib import Path
from ruleengine.services.embedded_bus import EmbeddedBus
from tests.services.test_embedded_bus import BUS, event
bus = EmbeddedBus(Path(sys.argv[1]))
for number in range(100000):
    bus.append([(BUS, event(f"{number}"))])
    print(number, flush=True)
"""


def event(name: str, subject: str = "push", time: str = "2026-01-02T03:04:05Z") -> CloudEvent:
    """Return an event of the source ``on-push``."""
    data = f'{{"body": {{"number": "{name}"}}}}'
    return CloudEvent(
        id=name, source="on-push", subject=subject, type="webhook", time=time, data=data
    )


def ids(bus: EmbeddedBus, after: int = 0, **options: int) -> list[str]:
    """Return the ids of the pushes after a sequence."""
    return [one.event.id for one in bus.read(BUS, [PUSH], after, **options)]


def fill(bus: EmbeddedBus, *names: str, **fields: str) -> None:
    """Store events, each in a transaction of its own."""
    for name in names:
        bus.append([(BUS, event(name, **fields))])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a bus may lie."""
    return tmp_path / "bus.sqlite"


def test_events_come_in_order_and_as_they_were(path: Path) -> None:
    """Also after the file was closed and opened again."""
    bus = EmbeddedBus(path)
    bus.append([(BUS, event("a")), (BUS, event("b", "tag")), ("other/default", event("c"))])
    fill(bus, "d")
    identity = bus.identity
    bus.close()
    bus = EmbeddedBus(path)
    first, second = bus.read(BUS, [PUSH], 0)
    assert (first.event, second.event) == (event("a"), event("d"))
    assert [one.event.id for one in bus.read(BUS, [PUSH, ("on-push", "tag")], 1)] == ["b", "d"]
    assert ids(bus, first.sequence) == ["d"]
    assert ids(bus, second.sequence) == []
    assert (bus.identity, bus.end) == (identity, second.sequence)
    bus.close()


def test_an_event_that_comes_twice_is_one(path: Path) -> None:
    """The same id of the same subject, in one go or later; another subject is another event."""
    bus = EmbeddedBus(path)
    bus.append([(BUS, event("a")), (BUS, event("a")), (BUS, event("a", "tag"))])
    fill(bus, "a")
    assert ids(bus) == ["a"]
    assert len(bus.read(BUS, [("on-push", "tag")], 0)) == 1
    bus.close()


def test_every_stored_event_survives_kill_9(path: Path) -> None:
    """What a sender was told of is there, whatever became of the process."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(200)]
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.readlines()
    told = [line.strip() for line in lines if line.endswith("\n")]
    bus = EmbeddedBus(path)
    assert ids(bus, most=100_000)[: len(told)] == told
    bus.close()


def test_two_processes_share_one_log(path: Path) -> None:
    """Each sees what the other stored once it looks, and misses nothing in between."""
    ours, theirs = EmbeddedBus(path), EmbeddedBus(path)
    fill(theirs, "a")
    fill(ours, "b")
    assert ids(ours) == ["a", "b"]
    fill(theirs, "c")
    assert ids(ours, 2) == []
    assert ours.refresh()
    assert ids(ours, 2) == ["c"]
    assert not ours.refresh()
    assert ours.identity == theirs.identity
    ours.close()
    theirs.close()


def test_a_batch_has_a_limit_but_is_never_empty(path: Path) -> None:
    """By number and by size; one event that is larger than the limit comes alone."""
    bus = EmbeddedBus(path)
    fill(bus, "a", "b", "c")
    assert ids(bus, most=2) == ["a", "b"]
    assert ids(bus, most_bytes=1) == ["a"]
    assert [one.event.id for one in bus.get([3, 99]).values()] == ["c"]
    bus.close()


def test_what_is_old_goes_except_what_a_reader_holds(path: Path) -> None:
    """A week after, by the time of the events themselves."""
    bus = EmbeddedBus(path)
    fill(bus, "a", "b")
    bus.note("sensor", Need(bus=BUS, subjects=(PUSH,), after=2, held=frozenset({1})))
    bus.append([(BUS, event(f"{number}", time="2026-01-10T00:00:00Z")) for number in range(600)])
    assert ids(bus, most=1000)[:2] == ["a", "0"]
    bus.close()


def test_what_is_too_many_goes_once_it_was_read(path: Path) -> None:
    """Who lags behind keeps its events; who said farewell or was never heard of again does not."""
    bus = EmbeddedBus(path, most_events=10)
    bus.append([(BUS, event(f"{number}")) for number in range(600)])
    assert len(ids(bus, most=1000)) == 10
    bus.note("sensor", Need(bus=BUS, subjects=(PUSH,), after=595))
    bus.append([(BUS, event(f"more-{number}")) for number in range(600)])
    assert ids(bus, most=1)[0] == "595"
    bus.close()
    bus = EmbeddedBus(path, most_events=10)
    later = "2026-03-01T00:00:00Z"
    bus.append([(BUS, event(f"later-{number}", time=later)) for number in range(600)])
    bus.append([(BUS, event(f"last-{number}", time=later)) for number in range(600)])
    assert len(ids(bus, most=2000)) == 10
    bus.note("sensor", Need(bus=BUS, subjects=(PUSH,), after=bus.end - 600))
    bus.forget("sensor")
    bus.append([(BUS, event(f"end-{number}", time=later)) for number in range(600)])
    assert len(ids(bus, most=2000)) == 10
    bus.close()


def test_a_newer_format_and_a_broken_file_are_refused(path: Path) -> None:
    """With a remedy; nothing is changed."""
    EmbeddedBus(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={len(STEPS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match="this version knows up to"):
        EmbeddedBus(path)
    broken = path.with_name("broken.sqlite")
    broken.write_bytes(b"no database at all, whatever its name says" * 100)
    with pytest.raises(StoreError, match=r"event bus .* cannot be used") as refused:
        EmbeddedBus(broken)
    assert "restore a backup" in refused.value.remedy


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["push", "tag"]), st.booleans()),
        max_size=12,
    )
)
def test_a_reader_that_goes_on_where_it_stood_sees_every_event_once(
    arrivals: list[tuple[str, str, bool]],
) -> None:
    """Whatever arrives in which order, and wherever the process ends in between."""
    connection_path = Path(os.environ["HOME"]) / "property.sqlite"
    for path in connection_path.parent.glob("property.sqlite*"):
        path.unlink()
    bus = EmbeddedBus(connection_path)
    after, seen, expected = 0, [], []
    for number, (name, subject, restart) in enumerate(arrivals):
        fresh = replace(event(name, subject), data=f'{{"n": {number}}}')
        bus.append([(BUS, fresh)])
        if (name, subject) not in expected:
            expected.append((name, subject))
        if restart:
            bus.close()
            bus = EmbeddedBus(connection_path)
        for one in bus.read(BUS, [PUSH, ("on-push", "tag")], after, most=1):
            after = one.sequence
            seen.append((one.event.id, one.event.subject))
    seen += [
        (one.event.id, one.event.subject)
        for one in bus.read(BUS, [PUSH, ("on-push", "tag")], after)
    ]
    bus.close()
    assert seen == expected
