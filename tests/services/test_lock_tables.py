"""Locks in a database: the same on SQLite and on a real PostgreSQL server."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ruleengine.model.errors import StoreError
from ruleengine.services.archives.locks import INACTIVE, Line, LockTable
from ruleengine.services.archives.opening import open_database, open_locks

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SEMAPHORE = "sem/jobs/licences"
MUTEX = "mtx/jobs/printer"

Opening = Callable[[str], LockTable]


@pytest.fixture(params=["sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Return what opens the table of a controller, each with a connection of its own."""
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else ""
    opened: list[LockTable] = []

    def open_one(controller: str) -> LockTable:
        table = open_locks(url, tmp_path / "locks.sqlite", controller)
        table.beat(NOW)
        opened.append(table)
        return table

    yield open_one
    database = open_database(url, tmp_path / "locks.sqlite")
    for name in ("sync_state", "sync_limit", "sync_controller", "sync_lock"):
        database.execute(f"DELETE FROM {name}", ())
    database.close()
    for one in opened:
        one.close()


def enter(table: LockTable, key: str, *names: str, priority: int = 0, second: int = 0) -> None:
    """Stand in line; workflows are created one after another."""
    table.enter(key, names or (MUTEX,), priority, f"2026-11-28T11:00:{second:02}Z")


def test_the_order_is_by_priority_and_then_by_age(opening: Opening) -> None:
    """Whatever controller they are of, and in whatever order they come."""
    one, two = opening("one"), opening("two")
    enter(one, "jobs/b", second=3)
    enter(two, "jobs/old", second=1)
    enter(one, "jobs/urgent", priority=5, second=9)
    enter(two, "jobs/a", second=3)
    waiting = one.look(MUTEX, NOW).waiting
    assert waiting == two.look(MUTEX, NOW).waiting
    assert [key for key, _ in waiting] == ["jobs/urgent", "jobs/old", "jobs/a", "jobs/b"]


def test_who_stands_in_line_again_has_the_new_priority_and_the_old_age(opening: Opening) -> None:
    """So a workflow whose priority was raised goes first, and no other loses its place."""
    table = opening("one")
    enter(table, "jobs/a", second=1)
    enter(table, "jobs/b", second=2)
    enter(table, "jobs/c", second=3)
    enter(table, "jobs/a", second=9)
    enter(table, "jobs/c", priority=5, second=9)
    waiting = [key for key, _ in table.look(MUTEX, NOW).waiting]
    assert waiting == ["jobs/c", "jobs/a", "jobs/b"]


def test_who_does_not_stand_in_line_comes_after_all_who_do() -> None:
    """Room that others wait for is not theirs."""
    other, us = ("jobs/other", "one"), ("jobs/us", "one")
    assert not Line(limit=1, holders=(), waiting=(other,)).lets(us)
    assert Line(limit=2, holders=(), waiting=(other,)).lets(us)
    assert Line(limit=1, holders=(us,), waiting=(other,)).lets(us)


def test_a_controller_leaves_the_rows_of_others_alone(opening: Opening) -> None:
    """Whatever they are called: workflows of two clusters may have one name."""
    one, two = opening("one"), opening("two")
    for table in (one, two):
        enter(table, "jobs/same", second=1)
        enter(table, "jobs/other", second=2)
    assert sorted(one.mine()) == [(MUTEX, "jobs/other", False), (MUTEX, "jobs/same", False)]
    one.leave("jobs/same")
    left = [("jobs/same", "two"), ("jobs/other", "one"), ("jobs/other", "two")]
    assert list(one.look(MUTEX, NOW).waiting) == left
    enter(one, "jobs/other", SEMAPHORE)
    assert list(one.look(MUTEX, NOW).waiting) == [("jobs/same", "two"), ("jobs/other", "two")]


def test_a_place_in_all_lines_is_taken_or_none(opening: Opening) -> None:
    """What fails half way leaves nothing behind."""
    table = opening("one")
    with pytest.raises(StoreError):
        table.enter("jobs/a", (MUTEX, None), 0, "2026-11-28T11:00:00Z")  # type: ignore[arg-type]
    assert list(table.mine()) == []


def test_rows_are_listed_with_their_holders_first_and_then_the_queue(opening: Opening) -> None:
    """Lock by lock."""
    table = opening("one")
    enter(table, "jobs/z-holder", MUTEX, SEMAPHORE, second=9)
    assert table.take("jobs/z-holder", (MUTEX,), NOW)
    enter(table, "jobs/b", second=2)
    enter(table, "jobs/c", second=1)
    enter(table, "jobs/d", priority=1, second=3)
    assert [(one.lock, one.key) for one in table.entries()] == [
        *((MUTEX, f"jobs/{name}") for name in ("z-holder", "d", "c", "b")),
        (SEMAPHORE, "jobs/z-holder"),
    ]


def test_a_mutex_has_one_holder_and_goes_to_the_next_in_line(opening: Opening) -> None:
    """To nobody else, however often they ask."""
    one, two = opening("one"), opening("two")
    enter(one, "jobs/first", second=1)
    enter(two, "jobs/second", second=2)
    enter(one, "jobs/third", second=3)
    assert not two.take("jobs/second", (MUTEX,), NOW)
    assert one.take("jobs/first", (MUTEX,), NOW)
    assert one.take("jobs/first", (MUTEX,), NOW), "it has it already"
    assert not two.take("jobs/second", (MUTEX,), NOW)
    one.leave("jobs/first")
    assert not one.take("jobs/third", (MUTEX,), NOW)
    assert two.take("jobs/second", (MUTEX,), NOW)
    assert two.look(MUTEX, NOW).holders == (("jobs/second", "two"),)


def test_a_semaphore_has_as_many_holders_as_the_table_says_now(opening: Opening) -> None:
    """Without a row there is no limit that could be kept; none are allowed by zero."""
    table = opening("one")
    for number in range(3):
        enter(table, f"jobs/{number}", SEMAPHORE, second=number)
    assert table.look(SEMAPHORE, NOW).limit is None
    assert not table.take("jobs/0", (SEMAPHORE,), NOW)
    table.set_limit("jobs/licences", 2)
    taken = [table.take(f"jobs/{number}", (SEMAPHORE,), NOW) for number in range(3)]
    assert taken == [True, True, False]
    table.set_limit("jobs/licences", 3)
    assert table.take("jobs/2", (SEMAPHORE,), NOW)
    assert table.limits() == {"jobs/licences": 3}
    table.drop_limit("jobs/licences")
    assert table.limits() == {}


def test_several_locks_are_taken_together_or_not_at_all(opening: Opening) -> None:
    """Whoever cannot have both holds neither."""
    table = opening("one")
    table.set_limit("jobs/licences", 1)
    enter(table, "jobs/holder", SEMAPHORE)
    assert table.take("jobs/holder", (SEMAPHORE,), NOW)
    enter(table, "jobs/both", MUTEX, SEMAPHORE, second=1)
    assert not table.take("jobs/both", (MUTEX, SEMAPHORE), NOW)
    assert table.look(MUTEX, NOW).holders == ()
    table.leave("jobs/holder")
    assert table.take("jobs/both", (MUTEX, SEMAPHORE), NOW)
    assert [(one.lock, one.held) for one in table.entries()] == [(MUTEX, True), (SEMAPHORE, True)]


def test_who_stands_in_line_for_others_leaves_the_first(opening: Opening) -> None:
    """What is held is held still after standing in line again."""
    table = opening("one")
    enter(table, "jobs/a", MUTEX)
    assert table.take("jobs/a", (MUTEX,), NOW)
    enter(table, "jobs/a", MUTEX)
    assert list(table.mine()) == [(MUTEX, "jobs/a", True)]
    enter(table, "jobs/a", SEMAPHORE)
    assert list(table.mine()) == [(SEMAPHORE, "jobs/a", False)]


def test_a_dead_controller_waits_no_longer_but_keeps_what_it_holds(opening: Opening) -> None:
    """Its workflow may run still: a lock is never taken away from anybody."""
    dead, living = opening("dead"), opening("living")
    enter(dead, "jobs/held", SEMAPHORE)
    dead.set_limit("jobs/licences", 1)
    assert dead.take("jobs/held", (SEMAPHORE,), NOW)
    enter(dead, "jobs/before", MUTEX, second=1)
    enter(living, "jobs/behind", MUTEX, SEMAPHORE, second=2)
    assert not living.take("jobs/behind", (MUTEX,), NOW + INACTIVE)
    later = NOW + INACTIVE + timedelta(seconds=1)
    living.beat(later)
    assert living.take("jobs/behind", (MUTEX,), later)
    assert not living.take("jobs/behind", (SEMAPHORE,), later)


def test_a_controller_that_shows_itself_keeps_its_place(opening: Opening) -> None:
    """However long it waits; of one that never did only what it holds counts."""
    one, two = opening("one"), opening("two")
    enter(one, "jobs/first", second=1)
    enter(two, "jobs/second", second=2)
    later = NOW + INACTIVE + timedelta(seconds=1)
    one.beat(later)
    two.beat(later)
    assert not two.take("jobs/second", (MUTEX,), later)
    one._database.execute("DELETE FROM sync_controller WHERE controller = ?", ("one",))
    assert two.look(MUTEX, later).waiting == (("jobs/second", "two"),)
    one._database.execute("UPDATE sync_state SET held = ? WHERE controller = ?", (True, "one"))
    assert two.look(MUTEX, later).holders == (("jobs/first", "one"),)


def test_somebody_who_takes_a_lock_right_now_is_waited_for(opening: Opening) -> None:
    """As Argo's controller says by a row; one that died over it is waited for no longer."""
    table = opening("one")
    enter(table, "jobs/a")
    database = table._database  # what another controller would write
    row = (MUTEX, "argo", "2026-11-28T12:00:00Z")
    database.execute("INSERT INTO sync_lock (name, controller, time) VALUES (?, ?, ?)", row)
    assert not table.take("jobs/a", (MUTEX,), NOW + INACTIVE)
    later = NOW + INACTIVE + timedelta(seconds=1)
    table.beat(later)
    assert table.take("jobs/a", (MUTEX,), later)
    assert database.execute("SELECT name FROM sync_lock", ()) == []


DYING = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from ruleengine.services.archives.opening import open_locks

url, path, mutex, semaphore, now = sys.argv[1:]
table, moment = open_locks(url, Path(path), "dead"), datetime.fromisoformat(now)
table.beat(moment)
table.enter("jobs/held", (semaphore,), 0, "2026-11-28T11:00:00Z")
table.take("jobs/held", (semaphore,), moment)
table.enter("jobs/first", (mutex,), 0, "2026-11-28T11:00:00Z")
with table._database.transaction():
    table._latch(mutex, moment)
    table._database.execute("UPDATE sync_state SET held = ? WHERE name = ?", (True, mutex))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_controller_that_is_killed_loses_its_place_in_time_and_never_a_lock(
    opening: Opening, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Half a step is undone; its turn goes to the next after its time, and not before."""
    param = request.node.callspec.params["opening"]
    url = request.getfixturevalue("postgresql") if param == "postgresql" else ""
    living = opening("living")
    living.set_limit("jobs/licences", 1)
    words = (url, str(tmp_path / "locks.sqlite"), MUTEX, SEMAPHORE, NOW.isoformat())
    ended = subprocess.run([sys.executable, "-c", DYING, *words], check=False)
    assert ended.returncode == -signal.SIGKILL
    enter(living, "jobs/next", MUTEX, SEMAPHORE, second=1)
    assert living.look(MUTEX, NOW).waiting == (("jobs/first", "dead"), ("jobs/next", "living"))
    assert not living.take("jobs/next", (MUTEX,), NOW + INACTIVE)
    later = NOW + INACTIVE + timedelta(seconds=1)
    assert not living.take("jobs/next", (MUTEX, SEMAPHORE), later)
    assert living.look(SEMAPHORE, later).holders == (("jobs/held", "dead"),)
    living.beat(later)
    assert living.take("jobs/next", (MUTEX,), later)


def test_many_who_ask_at_once_never_hold_more_than_may(opening: Opening) -> None:
    """Eight connections race for two slots, and both go."""
    tables = [opening(f"controller-{number}") for number in range(8)]
    tables[0].set_limit("jobs/licences", 2)
    for number, table in enumerate(tables):
        enter(table, f"jobs/{number}", SEMAPHORE, second=number)
    taken: list[int] = []

    def race(number: int) -> None:
        for _ in range(20):
            if tables[number].take(f"jobs/{number}", (SEMAPHORE,), NOW):
                taken.append(number)
                return

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(taken) == [0, 1]
    assert len(tables[0].look(SEMAPHORE, NOW).holders) == 2
