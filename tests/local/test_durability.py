"""What the store promises: an acknowledged write survives."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ruleengine.local.memory_store import MemoryStore
from ruleengine.local.reserve import Reserve
from ruleengine.local.sqlite_store import STEPS, SqliteJournal, open_store
from ruleengine.local.store import ChangedError, CompactedError, Event, Key
from ruleengine.model.errors import StoreError

WRITER = """
import sys, threading
from pathlib import Path
from ruleengine.local.sqlite_store import open_store
from ruleengine.local.store import Key
store = open_store(Path(sys.argv[1]))
lock = threading.Lock()
def write(worker):
    for number in range(100000):
        name = f"w{worker}-{number}"
        value = {"metadata": {"name": name}, "data": "x" * 500}
        found = store.write(Key("things", "", name), value, expected=0)
        with lock:
            sys.stdout.write(f"{name} {found['metadata']['resourceVersion']}\\n")
            sys.stdout.flush()
for worker in range(4):
    threading.Thread(target=write, args=(worker,)).start()
"""


def thing(name: str, **more: object) -> dict[str, object]:
    """Return an object."""
    return {"metadata": {"name": name}, **more}


def test_every_acknowledged_write_survives_kill_9(tmp_path: Path) -> None:
    """Killed under load, the store has each of them, whole, and goes on counting."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(400)]
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.readlines()
    acknowledged = dict(line.split() for line in lines if line.endswith("\n"))
    store = open_store(tmp_path)
    for name, version in acknowledged.items():
        found = store.get(Key("things", "", name))
        assert found is not None
        assert found["metadata"]["resourceVersion"] == version
        assert found["data"] == "x" * 500
    highest = max(map(int, acknowledged.values()))
    made = store.write(Key("things", "", "after"), thing("after"), expected=0)
    assert int(made["metadata"]["resourceVersion"]) > highest
    store.close()


def test_a_watch_resumes_over_a_restart(tmp_path: Path) -> None:
    """Events are kept as long as objects are."""
    store = open_store(tmp_path)
    store.write(Key("things", "", "a"), thing("a"), expected=0)
    store.write(Key("things", "", "a"), thing("a", x=1), expected=1)
    store.write(Key("things", "", "a"), None, expected=2)
    store.close()
    store = open_store(tmp_path)
    assert [str(one.type) for one in store.events(0)] == ["ADDED", "MODIFIED", "DELETED"]
    assert store.get(Key("things", "", "a")) is None
    assert store.revision == 3
    store.close()


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    """A second process is refused with a remedy."""
    store = open_store(tmp_path)
    with pytest.raises(StoreError, match="in use by another process") as refused:
        open_store(tmp_path)
    assert "--state" in refused.value.remedy
    store.close()
    open_store(tmp_path).close()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """Nothing is changed in a store that a newer version wrote."""
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.execute(f"PRAGMA user_version={len(STEPS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match=f"has format {len(STEPS) + 1}"):
        open_store(tmp_path)


def test_a_path_that_sqlite_does_not_take_is_told(tmp_path: Path) -> None:
    """Its length is what is wrong, not the disk; one byte less is taken."""
    longest = 504 - len(f"{tmp_path}//store.sqlite")
    inner = "/".join(["x" * 99] * (longest // 100)) + "/" + "y" * (longest % 100)
    open_store(tmp_path / inner).close()
    with pytest.raises(StoreError, match="has more than the 504 bytes that SQLite takes") as told:
        open_store(tmp_path / f"{inner}y")
    assert told.value.remedy == "choose a folder with a shorter path with --state"


def test_a_file_that_is_no_store_is_said(tmp_path: Path) -> None:
    """Damage is an error with a remedy, never a traceback."""
    (tmp_path / "store.sqlite").write_bytes(b"something else, long enough to be looked at" * 40)
    with pytest.raises(StoreError) as refused:
        open_store(tmp_path)
    assert "reset" in refused.value.remedy


class FullDisk:
    """A journal whose disk gets full."""

    def __init__(self) -> None:
        self.full = False

    def commit(self, events: Sequence[Event], oldest: int) -> None:
        """Refuse while the disk is full."""
        del events, oldest
        if self.full:
            raise StoreError("the store cannot be used: database or disk is full", "free space")

    def close(self) -> None:
        """Do nothing."""


def test_a_full_disk_leaves_nothing_half_written() -> None:
    """The write fails, readers see what was there, and later writes work again."""
    disk = FullDisk()
    store = MemoryStore(disk)
    key = Key("things", "", "a")
    first = store.write(key, thing("a"), expected=0)
    disk.full = True
    with pytest.raises(StoreError, match="full"):
        store.write(key, thing("a", x=1), expected=1)
    assert store.get(key) == first
    assert store.revision == 1
    disk.full = False
    second = store.write(key, thing("a", x=2), expected=1)
    assert second["x"] == 2
    assert [one.object.get("x") for one in store.events(0)] == [None, 2]


class Pages(Reserve):
    """A reserve on a disk that has room for so many pages; it gives back some more, twice."""

    connection: sqlite3.Connection
    given = 0

    def fill(self) -> None:
        """Take nothing."""

    def limit(self, more: int) -> None:
        """Let the file grow by so many pages at most."""
        (count,) = self.connection.execute("PRAGMA page_count").fetchone()
        self.connection.execute(f"PRAGMA max_page_count={count + more}")

    def release(self) -> bool:
        """Let the file grow, as long as there is something left to give."""
        self.given += 1
        self.limit(6 * self.given)
        return self.given < 3


def test_who_deletes_is_not_kept_from_it_by_a_full_disk(tmp_path: Path) -> None:
    """Neither who has an object go, nor who takes it away; nobody else has of what is kept."""
    reserve = Pages(tmp_path / "room")
    with (tmp_path / "lock").open("w") as lock:
        journal = SqliteJournal(tmp_path / "store", lock, reserve)
        reserve.connection = journal._connection
        store = MemoryStore(journal)
        key, large = Key("things", "", "a"), thing("a", data="x" * 40_000)
        store.write(key, large, expected=0)
        reserve.limit(0)
        with pytest.raises(StoreError, match="full"):
            store.write(Key("things", "", "b"), {**large, "metadata": {"name": "b"}}, expected=0)
        assert reserve.given == 0
        going = {**large, "metadata": {"name": "a", "deletionTimestamp": "2026-01-02T03:04:05Z"}}
        told = store.write(key, going, expected=1)
        assert reserve.given == 2
        reserve.given = 0
        store.write(key, None, expected=int(told["metadata"]["resourceVersion"]))
        assert store.get(key) is None
        with pytest.raises(StoreError, match="full"):
            store.write(Key("things", "", "b"), thing("b", data="x" * 200_000), expected=0)
        store.close()


def test_the_reserve_is_given_back_in_pieces_and_taken_again(tmp_path: Path) -> None:
    """As long as there is any; the blocks are really taken."""
    path, piece = tmp_path / "reserve", 128 * 1024
    reserve = Reserve(path, 2 * piece)
    assert path.stat().st_blocks * 512 >= 2 * piece
    assert [reserve.release() for _ in range(3)] == [True, True, False]
    assert path.stat().st_size == 0
    reserve.fill()
    assert path.stat().st_size == 2 * piece


def test_where_the_disk_has_too_little_nothing_is_kept(tmp_path: Path) -> None:
    """The room is others' then, and what is asked of it is no error."""
    reserve = Reserve(tmp_path / "reserve", 1 << 60)
    assert (list(tmp_path.iterdir()), reserve.release()) == ([], False)


def test_where_the_system_cannot_hold_room_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS, where the call for it is missing."""
    monkeypatch.delattr("os.posix_fallocate")
    reserve = Reserve(tmp_path / "reserve")
    assert (list(tmp_path.iterdir()), reserve.release()) == ([], False)


def test_of_parallel_writers_one_wins() -> None:
    """A revision is used up by one write only."""
    store = MemoryStore()
    key = Key("things", "", "a")
    store.write(key, thing("a"), expected=0)
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            store.write(key, thing("a", x=number), expected=1)
            outcomes.append("written")
        except ChangedError:
            outcomes.append("refused")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) == ["refused"] * 19 + ["written"]


def test_forgotten_events_are_compacted() -> None:
    """Who asks for them is told."""
    store = MemoryStore(most_events=10)
    for number in range(50):
        store.write(Key("things", "", f"t{number}"), thing(f"t{number}"), expected=0)
    with pytest.raises(CompactedError):
        store.events(1)
    assert len(store.events(45)) == 5


class Gate:
    """A journal whose commits wait until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Event()

    def commit(self, events: Sequence[Event], oldest: int) -> None:
        """Wait, and keep nothing."""
        del events, oldest
        self.entered.set()
        assert self.opened.wait(20)

    def close(self) -> None:
        """Have nothing to finish."""


def test_who_is_refused_sees_what_changed_the_object() -> None:
    """Even while that is not committed yet: reading again and trying again then succeeds."""
    gate, key = Gate(), Key("things", "", "a")
    gate.opened.set()
    store = MemoryStore(gate)
    first = store.write(key, thing("a", data=1), expected=0)
    revision = int(first["metadata"]["resourceVersion"])
    gate.opened.clear()
    gate.entered.clear()
    seen: list[object] = []

    def refused() -> None:
        with pytest.raises(ChangedError):
            store.write(key, thing("a", data=3), expected=revision)
        found = store.get(key)
        seen.append(found and found["data"])

    def write() -> None:
        store.write(key, thing("a", data=2), expected=revision)

    threads = [threading.Thread(target=write), threading.Thread(target=refused)]
    threads[0].start()
    assert gate.entered.wait(20)
    threads[1].start()
    gate.opened.set()
    for one in threads:
        one.join()
    assert seen == [2]


def test_objects_share_what_they_have_in_common(tmp_path: Path) -> None:
    """Equal sets of owned fields are kept once, also after a restart, and stay what they were."""
    fields = {"f:data": {"f:x": {}}}
    entry = {"manager": "m", "operation": "Update", "fieldsType": "FieldsV1"}

    def owned(name: str) -> dict[str, object]:
        copied = {name: dict(inner) for name, inner in fields.items()}
        return {"metadata": {"name": name, "managedFields": [{**entry, "fieldsV1": copied}]}}

    store = open_store(tmp_path)
    for again in (False, True):
        if again:
            store.close()
            store = open_store(tmp_path)
        else:
            for name in ("a", "b"):
                store.write(Key("things", "", name), owned(name), expected=0)
        one, other = (
            found["metadata"]["managedFields"][0]
            for name in ("a", "b")
            if (found := store.get(Key("things", "", name)))
        )
        assert one == {**entry, "fieldsV1": fields}
        assert one["fieldsV1"] is other["fieldsV1"]
    store.close()


def test_old_events_leave_the_disk_and_objects_stay(tmp_path: Path) -> None:
    """Compaction forgets what watches no longer need, and the counter goes on."""
    store = open_store(tmp_path, most_events=50)
    for number in range(1500):
        store.write(Key("things", "", f"t{number}"), thing(f"t{number}"), expected=0)
    store.close()
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        (kept,) = connection.execute("SELECT count(*) FROM events").fetchone()
    assert kept < 700
    store = open_store(tmp_path, most_events=50)
    assert len(store.list("things").items) == store.revision == 1500
    with pytest.raises(CompactedError):
        store.events(10)
    made = store.write(Key("things", "", "new"), thing("new"), expected=0)
    assert made["metadata"]["resourceVersion"] == "1501"
    store.close()


def test_whoever_waits_is_woken_by_a_write() -> None:
    """It is the write that ends the waiting, and not its time."""
    store = MemoryStore()
    begun = threading.Event()
    asked: list[int] = []

    def never() -> bool:
        asked.append(store.revision)
        begun.set()
        return False

    waiting = threading.Thread(target=store.wait, args=(0, 600.0, never), daemon=True)
    waiting.start()
    begun.wait()
    store.write(Key("things", "", "a"), thing("a"), expected=0)
    waiting.join(60)
    assert not waiting.is_alive()


def test_of_what_was_restored_a_last_write_is_known(tmp_path: Path) -> None:
    """So that nobody takes it for a resource that was never written."""
    with closing(open_store(tmp_path)) as store:
        store.write(Key("things", "", "a"), thing("a"), expected=0)
        store.write(Key("others", "", "b"), thing("b"), expected=0)
        assert [store.last_write(one) for one in ("things", "others", "none")] == [1, 2, 0]
    with closing(open_store(tmp_path)) as store:
        assert store.last_write("things") >= 1
