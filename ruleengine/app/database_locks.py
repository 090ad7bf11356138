"""Who performs requests for locks of a database: one that machines share, or a file.

Requests come from the loop's thread; a thread beside it gives back what could not be given back
before, and tells now and then that it is time to look again, as other controllers tell us nothing.
All of this is for who drives: another process of the same controller goes on with the same rows.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruleengine.app.clusters import Connected, database_path
from ruleengine.app.repeating import repeating
from ruleengine.model.actions import Target
from ruleengine.model.configuration import Configuration
from ruleengine.model.decisions import Answer, Request
from ruleengine.model.errors import RuleEngineError, UsageError
from ruleengine.model.values import Object, uid_of
from ruleengine.pipelines.database_locks import DATABASE_LOCKS, Claim, InLine, row_of
from ruleengine.pipelines.locks import holders_in, kinds_in, workflow_of
from ruleengine.reconcile.leases import AreaLease
from ruleengine.reconcile.standing import News, StandingPerformer

if TYPE_CHECKING:
    from ruleengine.services.archives.locks import Line, LockTable

_LOOK_EVERY: Final = 5.0
"""Seconds after which it is looked for what other controllers gave back."""

_BEAT_EVERY: Final = timedelta(seconds=60)


class DatabaseLocks:
    """Stands in line for locks, takes them when it is their turn, and gives them back.

    ``workflow`` returns a workflow as it is stored: what is held in our name although no status
    says so was left by a run that ended in between, and is given back. ``term`` returns the number
    of the term in which we drive, ``None`` while others do: with another one nothing is taken for
    true that was known, and no row is touched that may be theirs by now.
    """

    exclusive = True

    def __init__(
        self,
        opening: Callable[[], "LockTable"],
        workflow: Callable[[Target], Object | None],
        now: Callable[[], datetime],
        news: News,
        term: Callable[[], int | None],
    ) -> None:
        self._opening = opening
        self._workflow = workflow
        self._now = now
        self._news = news
        self._term = term
        self._lock = threading.Lock()
        self._current: dict[str, str] = {}
        self._table: LockTable | None = None
        self._known_in: int | None = None
        self._forget()

    def answer(self, request: Request) -> Answer | None:
        """Return how it stands with a claim, having taken its locks where it is its turn."""
        with self._lock:
            claim, now = Claim.of(request), self._now()
            self._current[claim.holder] = request.key
            if not self._drives():
                return Answer(error="another process drives", remedy="it stands in line, too")
            return self._stand(claim, self._opened(), now).answer()

    def end(self, request: Request) -> None:
        """Give back what a claim holds that nobody reads any more, if it is still the one."""
        holder = Claim.of(request).holder
        with self._lock:
            if self._current.get(holder) != request.key:
                return
            del self._current[holder]
            if self._drives():
                self._owed.add(holder)
                self._give_back()
        self._news.tell(DATABASE_LOCKS)

    def look_again(self) -> None:
        """Have everything asked again that waits, and give back what is owed; from any thread."""
        with self._lock:
            if self._drives():
                self._give_back()
                self._lines.clear()
            waits = bool(self._current)
        if waits:
            self._news.tell(DATABASE_LOCKS)

    def close(self) -> None:
        """Stand in line no longer; what is held stays so, as its holders run on."""
        with self._lock:
            if self._drives():
                self._owed |= self._entered.keys() - self._held
                self._give_back()
            self._forget()

    def _drives(self) -> bool:
        """Tell whether we drive; what was known in another term is forgotten."""
        term = self._term()
        if term is None or term != self._known_in:
            self._forget()
            self._known_in = term
        return term is not None

    def _forget(self) -> None:
        if self._table is not None:
            self._table.close()
        self._table = self._known_in = None
        self._lines: dict[str, Line] = {}
        self._beaten: datetime | None = None
        self._entered: dict[str, tuple[str, ...]] = {}
        self._held: set[str] = set()
        self._owed: set[str] = set()

    def _stand(self, claim: Claim, table: "LockTable", now: datetime) -> InLine:
        if self._beaten is None or now - self._beaten >= _BEAT_EVERY:
            table.beat(now)
            self._beaten = now
        if claim.holder in self._held and not claim.take:
            self._leave(table, claim.holder)
        if claim.holder in self._held and self._entered[claim.holder] == claim.rows:
            return InLine(held=True, ready=True)
        return self._in_line(table, claim, now)

    def _in_line(self, table: "LockTable", claim: Claim, now: datetime) -> InLine:
        if self._entered.get(claim.holder) != claim.rows:
            table.enter(claim.holder, claim.rows, claim.priority, claim.created)
            self._entered[claim.holder] = claim.rows
            self._owed.discard(claim.holder)
            self._lines.clear()
        lines = {row: self._line(table, row, now) for row in claim.rows}
        us = table.key(claim.holder)
        blocked = [row for row, line in lines.items() if not line.lets(us)]
        unlimited = next((row for row in blocked if lines[row].limit is None), "")
        if unlimited:
            return InLine(unlimited=unlimited)
        if blocked:
            return _waiting(blocked[0], lines[blocked[0]], us)
        if not claim.take:
            return InLine(ready=True)
        self._lines.clear()
        if table.take(claim.holder, claim.rows, now):
            self._held.add(claim.holder)
            return InLine(held=True, ready=True)
        return _waiting(claim.rows[0], lines[claim.rows[0]], us)  # somebody was quicker

    def _line(self, table: "LockTable", row: str, now: datetime) -> "Line":
        if row not in self._lines:
            self._lines[row] = table.look(row, now)
        return self._lines[row]

    def _opened(self) -> "LockTable":
        """Return the table, what was left by runs before cleared away when it is opened."""
        if self._table is None:
            table = self._opening()
            try:
                self._clear(table)
            except BaseException:
                table.close()
                raise
            self._table = table
        self._give_back()
        return self._table

    def _clear(self, table: "LockTable") -> None:
        for row, holder, held in list(table.mine()):
            if not held or not self._says_so(holder, row):
                table.leave(holder)

    def _says_so(self, holder: str, row: str) -> bool:
        """Tell whether the status of a workflow names a holder of a lock."""
        value = self._workflow(workflow_of(holder))
        kinds = {} if value is None else kinds_in(value)
        return any(
            holder in holders and row_of(kinds[lock], lock) == row
            for lock, holders in holders_in(value).items()
        )

    def _give_back(self) -> None:
        """Give back what is owed; what cannot be now is with the next look."""
        if self._table is None:
            return
        for holder in tuple(self._owed):
            try:
                self._leave(self._table, holder)
            except RuleEngineError:
                return

    def _leave(self, table: "LockTable", holder: str) -> None:
        table.leave(holder)
        self._owed.discard(holder)
        self._held.discard(holder)
        self._entered.pop(holder, None)
        self._lines.clear()


def _waiting(row: str, line: "Line", us: tuple[str, str]) -> InLine:
    """Return how it stands with a claim that has to wait for a lock."""
    before = [*line.before(us)[::-1], *line.holders][: max(line.limit or 0, 1)]
    return InLine(
        blocked=row,
        limit=line.limit or 0,
        taken=len(line.holders),
        before=tuple(key for key, _ in before),
    )


@contextmanager
def database_locks(
    configuration: Configuration,
    cluster: Connected,
    state: Path,
    news: News,
    lease: AreaLease | None,
) -> Iterator[Mapping[str, StandingPerformer]]:
    """Offer who performs requests for locks of the database, for the time of a run.

    It does while the run has the ``lease`` of workflows; without one nobody else can drive.
    """

    def opening() -> "LockTable":
        return open_lock_table(configuration, cluster, state)

    def term() -> int | None:
        if lease is None:
            return 0
        number = lease.term
        return number if lease.left(number) else None

    locks = DatabaseLocks(opening, cluster.client.get, lambda: datetime.now(UTC), news, term)
    with repeating(locks.look_again, _LOOK_EVERY, "locks"):
        try:
            yield {DATABASE_LOCKS: locks}
        finally:
            locks.close()


def open_lock_table(configuration: Configuration, cluster: Connected, state: Path) -> "LockTable":
    """Open the locks that the settings name; in the state folder where they name none.

    A controller is called after its cluster, so that one which comes back knows what is its own.
    Raises ``StoreError``, ``UnreachableError`` or ``UsageError`` where they cannot be used.
    """
    from ruleengine.services.archives.opening import open_locks

    settings, archive = configuration.synchronization, configuration.archive
    url = settings.database or (archive.database if archive else "")
    controller = settings.controller or _identity(cluster)
    return open_locks(url, database_path(cluster, state), controller)


def _identity(cluster: Connected) -> str:
    """Return what nobody but one cluster is called. Raises ``UsageError`` where it cannot say."""
    first = cluster.client.get(Target("v1", "Namespace", "", "kube-system"))
    uid = uid_of(first) if first else ""
    if not uid:
        raise UsageError(
            f"{cluster.name} does not say which cluster it is, by its namespace kube-system",
            "write a name of your own as `synchronization.controller` into ruleengine.yaml",
        )
    return f"ruleengine-{uid}"
