"""Standing in line for locks of a database: who performs it, over restarts and failures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from ruleengine.app.database_locks import DatabaseLocks
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Request
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import Object
from ruleengine.pipelines.database_locks import DATABASE_LOCKS, Claim, InLine
from ruleengine.pipelines.problems import NodeError
from ruleengine.reconcile.standing import News
from ruleengine.services.archives.locks import LockTable
from ruleengine.services.archives.opening import open_locks

ROW = "mtx/jobs/printer"


@dataclass
class Controllers:
    """Controllers that share one database, and the workflows of their clusters."""

    url: str
    path: Path
    workflows: dict[Target, Object] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 28, 12, tzinfo=UTC)

    def start(
        self, name: str, term: Callable[[], int | None] = lambda: 0
    ) -> tuple[DatabaseLocks, News]:
        """Start a controller, which drives all the time unless its ``term`` says otherwise."""

        def opening() -> LockTable:
            return open_locks(self.url, self.path, name)

        news = News()
        return DatabaseLocks(opening, self.workflows.get, self.clock, news, term), news

    def clock(self) -> datetime:
        """Return the time."""
        return self.now


@pytest.fixture(params=["sqlite", "postgresql"])
def controllers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Controllers]:
    """Return controllers that share an empty database."""
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else ""
    made = Controllers(url, tmp_path / "locks.sqlite")
    yield made
    table = open_locks(url, made.path, "cleaner")
    for one in table.entries():
        of_one = open_locks(url, made.path, one.controller)
        of_one.leave(one.key)
        of_one.close()
    table.close()


def claim(name: str, *, second: int = 0, take: bool = True, row: str = ROW) -> Request:
    """Return the request of a workflow for a lock: the mutex, unless it says which."""
    created = f"2026-11-28T11:00:{second:02}Z"
    holder = f"jobs/{name}"
    return Claim(holder=holder, rows=(row,), priority=0, created=created, take=take).request()


def ask(locks: DatabaseLocks, request: Request) -> InLine:
    """Return how it stands with a claim."""
    answer = locks.answer(request)
    assert answer is not None
    return InLine.of(answer)


def test_a_lock_goes_from_one_controller_to_the_other(controllers: Controllers) -> None:
    """Whoever waits names the holder; it has its turn once that one is not read any more."""
    one, _ = controllers.start("one")
    two, _ = controllers.start("two")
    first, second = claim("first"), claim("second", second=1)
    assert ask(one, first).held
    waiting = ask(two, second)
    assert (waiting.held, waiting.blocked, waiting.limit, waiting.taken, waiting.before) == (
        *(False, ROW, 1, 1),
        ("jobs/first",),
    )
    one.end(first)
    two.look_again()
    assert ask(two, second).held
    one.close()
    two.close()


def test_a_release_is_news_for_those_who_wait_here(controllers: Controllers) -> None:
    """They are asked again at once, and by others with the next look."""
    locks, news = controllers.start("one")
    first, second = claim("first"), claim("second", second=1)
    assert ask(locks, first).held
    assert not ask(locks, second).held
    news.take()
    locks.end(first)
    assert news.take() == {DATABASE_LOCKS}
    assert ask(locks, second).held
    locks.close()


def test_who_only_waits_for_its_turn_takes_nothing(controllers: Controllers) -> None:
    """It is told that it could, and takes the lock when it says so."""
    locks, _ = controllers.start("one")
    waiting, taking = claim("first", take=False), claim("first")
    found = ask(locks, waiting)
    assert (found.ready, found.held) == (True, False)
    assert ask(locks, taking).held
    locks.end(waiting)  # it asks for something else now
    assert not ask(locks, claim("second", second=1)).held
    assert not ask(locks, waiting).held, "it gave way"
    locks.close()


def test_a_controller_that_ends_waits_no_longer_and_holds_on(controllers: Controllers) -> None:
    """Its workflow is not over: when it comes back it has the lock still."""
    one, _ = controllers.start("one")
    two, _ = controllers.start("two")
    held, waiting = claim("held"), claim("waiting", second=1)
    assert ask(one, held).held
    assert not ask(one, waiting).held
    one.close()
    assert ask(two, claim("third", second=2)).before == ("jobs/held",)
    again, _ = controllers.start("one")
    controllers.workflows[Target("argoproj.io/v1alpha1", "Workflow", "jobs", "held")] = {
        "status": {
            "synchronization": {
                "mutex": {"holding": [{"mutex": "jobs/Database/printer", "holder": "jobs/held"}]}
            }
        }
    }
    assert not ask(again, claim("other", second=3)).held
    assert ask(again, held).held
    two.close()
    again.close()


def test_what_a_run_that_died_left_behind_is_given_back(controllers: Controllers) -> None:
    """Where no status of a workflow says that it holds the lock, nobody does."""
    died, _ = controllers.start("one")
    assert ask(died, claim("gone")).held
    again, _ = controllers.start("one")
    assert ask(again, claim("next", second=1)).held
    again.close()
    died.close()


def test_who_comes_back_holds_on_without_a_limit(tmp_path: Path) -> None:
    """Nobody else gets the lock then, and it is told why."""
    controllers = Controllers("", tmp_path / "locks.sqlite")
    table = open_locks("", controllers.path, "one")
    table.set_limit("jobs/licences", 1)
    held = claim("held", row="sem/jobs/licences")
    other = claim("other", row="sem/jobs/licences")
    before, _ = controllers.start("one")
    assert ask(before, held).held
    table.drop_limit("jobs/licences")
    target = Target("argoproj.io/v1alpha1", "Workflow", "jobs", "held")
    controllers.workflows[target] = holding_of("held")
    again, _ = controllers.start("one")
    assert ask(again, held).held
    with pytest.raises(NodeError, match="is missing: there is no row 'jobs/licences'"):
        ask(again, other)
    for one in (before, again, table):
        one.close()


def test_who_drives_no_longer_touches_no_row(controllers: Controllers) -> None:
    """Another process of the same controller drives on with it: what that one has stays its own."""
    terms: list[int | None] = [1]
    other, _ = controllers.start("two")
    before, _ = controllers.start("one", lambda: terms[-1])
    held, waiting = claim("held"), claim("waiting", second=1)
    assert ask(other, held).held
    assert not ask(before, waiting).held
    terms.append(None)
    after, _ = controllers.start("one")
    assert not ask(after, waiting).held
    other.end(held)
    after.look_again()
    assert ask(after, waiting).held
    assert ask(before, waiting).problem.startswith("another process drives")
    before.look_again()
    before.end(waiting)
    before.close()
    assert ask(other, claim("third", second=2)).before == ("jobs/waiting",)
    after.close()
    other.close()


def test_who_drives_again_takes_nothing_for_true_that_it_knew(controllers: Controllers) -> None:
    """What it held may have been given back by whoever drove meanwhile."""
    terms: list[int | None] = [1]
    before, _ = controllers.start("one", lambda: terms[-1])
    other, _ = controllers.start("two")
    request = claim("first")
    assert ask(before, request).held
    meanwhile, _ = controllers.start("one")
    assert not ask(meanwhile, claim("unheld", take=False)).held  # it has cleared up
    meanwhile.close()
    assert ask(other, claim("second", second=1)).held
    terms.append(2)
    assert ask(before, request).before == ("jobs/second",)
    before.close()
    other.close()


class Flaky(LockTable):
    """A table in which nobody can give back a lock while it ``fails``."""

    fails = False
    closed = False

    def leave(self, key: str) -> None:
        """Give back what somebody holds."""
        if self.fails:
            raise UnreachableError("the database does not answer", "wait")
        super().leave(key)

    def close(self) -> None:
        """Close the connection."""
        self.closed = True
        super().close()


def flaky(path: Path) -> tuple[Flaky, DatabaseLocks]:
    """Return such a table, and a controller that uses it."""
    table = Flaky(open_locks("", path, "one")._database, "one")
    now = datetime(2026, 11, 28, tzinfo=UTC)
    return table, DatabaseLocks(lambda: table, lambda _: None, lambda: now, News(), lambda: 0)


def test_a_lock_that_cannot_be_given_back_now_is_later(tmp_path: Path) -> None:
    """A database that does not answer keeps nobody's lock for ever."""
    table, locks = flaky(tmp_path / "locks.sqlite")
    first, second = claim("first"), claim("second", second=1)
    assert ask(locks, first).held
    table.fails = True
    locks.end(first)
    assert not ask(locks, second).held
    table.fails = False
    assert ask(locks, second).held
    locks.close()


def test_a_lock_is_given_back_later_even_if_nobody_here_asks_for_one(tmp_path: Path) -> None:
    """Those who wait for it elsewhere do not wait for the end of this run."""
    table, locks = flaky(tmp_path / "locks.sqlite")
    assert ask(locks, claim("first")).held
    table.fails = True
    locks.end(claim("first"))
    locks.look_again()
    assert [one.key for one in table.entries()] == ["jobs/first"]
    table.fails = False
    locks.look_again()
    assert table.entries() == []
    locks.close()


def test_a_table_that_cannot_be_cleared_is_closed_and_tried_again(tmp_path: Path) -> None:
    """No connection is left open for each time that somebody asks."""
    died = open_locks("", tmp_path / "locks.sqlite", "one")
    died.enter("jobs/gone", (ROW,), 0, "2026-11-28T11:00:00Z")
    died.close()
    table, locks = flaky(tmp_path / "locks.sqlite")
    table.fails = True
    with pytest.raises(UnreachableError):
        locks.answer(claim("next"))
    assert table.closed


def test_a_living_controller_says_so_now_and_then(controllers: Controllers) -> None:
    """Otherwise others would take it for dead and go before it."""
    one, _ = controllers.start("one")
    two, _ = controllers.start("two")
    holder, waiting, late = claim("a"), claim("b", second=1), claim("c", second=2)
    assert ask(one, holder).held
    assert not ask(one, waiting).held
    controllers.now += timedelta(seconds=550)
    one.look_again()
    assert not ask(one, waiting).held
    controllers.now += timedelta(seconds=100)
    assert ask(two, late).before == ("jobs/b",)
    one.end(holder)
    assert not ask(two, late).held
    one.close()
    two.close()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_no_more_hold_a_lock_than_may_and_all_get_it(
    tmp_path: Path, seed: int
) -> None:
    """Controllers ask, die, come back and end in any order; nobody waits for ever."""
    chance = Random(seed)
    controllers = Controllers("", tmp_path / "locks.sqlite")
    limit = chance.randint(1, 3)
    table = open_locks("", controllers.path, "limits")
    table.set_limit("jobs/licences", limit)
    names = ("one", "two", "three")
    running = {name: controllers.start(name)[0] for name in names}
    waiting = {f"{name}-{number}": name for name in names for number in range(chance.randint(1, 4))}
    holding: set[str] = set()

    def wish(job: str) -> Request:
        return claim(job, second=int(job[-1]), row="sem/jobs/licences")

    for _ in range(2000):
        if not waiting and not holding:
            break
        name = chance.choice(names)
        if chance.random() < 0.1:
            told = {Target("argoproj.io/v1alpha1", "Workflow", "jobs", one) for one in holding}
            controllers.workflows.clear()
            controllers.workflows.update({one: holding_of(one.name) for one in told})
            running[name] = controllers.start(name)[0]
            continue
        own = [job for job in (*waiting, *holding) if job.startswith(f"{name}-")]
        if not own:
            continue
        job = chance.choice(own)
        running[name].look_again()
        held = ask(running[name], wish(job)).held
        if job in holding:
            assert held, "what is held stays so"
            if chance.random() < 0.5:
                running[name].end(wish(job))
                holding.discard(job)
        elif held:
            del waiting[job]
            holding.add(job)
        assert len(holding) <= limit
        assert len(table.look("sem/jobs/licences", controllers.now).holders) <= limit
    assert not waiting
    table.close()


def holding_of(name: str) -> Object:
    """Return a workflow whose status says that it holds the semaphore."""
    held = [{"semaphore": "jobs/Database/licences", "holders": [f"jobs/{name}"]}]
    return {"status": {"synchronization": {"semaphore": {"holding": held}}}}


def test_without_a_lock_in_use_no_database_is_opened(tmp_path: Path) -> None:
    """Nor is a file made."""

    def refuse() -> LockTable:
        raise AssertionError("opened")

    unused: Callable[[Target], Object | None] = lambda _: None  # noqa: E731
    locks = DatabaseLocks(
        refuse, unused, lambda: datetime(2026, 11, 28, tzinfo=UTC), News(), lambda: 0
    )
    locks.look_again()
    locks.close()
    assert list(tmp_path.iterdir()) == []
