"""Settling: reconcilers are asked and their decisions performed until nothing is left to do.

An object is decided when something that its last decision read has changed, when the time
it named has come, or when its own decision changed something. So the cost follows the
change. A reconciler that fails on one object, or never comes to rest about it, loses that
one object only.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ruleengine.cluster.errors import ApiError
from ruleengine.cluster.retrying import Retrying
from ruleengine.cluster.watches import Changed
from ruleengine.model.actions import Outcome, Target
from ruleengine.model.decisions import Stop
from ruleengine.model.findings import Finding, order_findings
from ruleengine.model.values import Object, version_of
from ruleengine.reconcile.deciding import Decider
from ruleengine.reconcile.driving import Driving
from ruleengine.reconcile.feeds import Feed
from ruleengine.reconcile.garbage import RARELY_COLLECTED
from ruleengine.reconcile.hands import Manner
from ruleengine.reconcile.keys import Key, Keys
from ruleengine.reconcile.leases import AreaLease
from ruleengine.reconcile.observations import Observations, Seen
from ruleengine.reconcile.patience import Patience
from ruleengine.reconcile.standing import News
from ruleengine.reconcile.steps import Told
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.reconcile.unseen import Unseen

_LONGEST_WORK: Final = timedelta(seconds=1)
"""How long decisions are taken one after another before changes are looked at."""

_MOST_OUTCOMES: Final = 1000
"""How many outcomes a loop without an end keeps."""

_MANY_ANSWERS: Final = 1000
"""From how many answers on those are dropped that nobody reads."""

_SET_BACK: Final = timedelta(seconds=1)
"""By how much a clock goes back that was set; less is no matter."""

_LONGEST_WAIT: Final = 1.0
"""Seconds after which cancelling and the deadline are looked at, whatever happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """How to settle: the clock, where changes come from, when to give up.

    Without a ``deadline`` the loop goes on when everything has settled, until it is cancelled;
    ``news`` then tells it of what happens outside.
    ``progress`` is told every outcome as it comes, ``found`` what the run cannot see. ``leases``
    say by area who drives it: one that is held elsewhere is only watched; an area without a
    lease is ours. ``seed`` spreads retries. After ``longest_wait`` seconds cancelling is looked
    at, whatever happens.
    """

    now: Callable[[], datetime]
    feed: Feed
    deadline: datetime | None
    news: News = field(default_factory=News)
    cancel: threading.Event = field(default_factory=threading.Event)
    progress: Callable[[Outcome], None] = field(default=lambda _: None, repr=False)
    found: Callable[[Finding], None] = field(default=lambda _: None, repr=False)
    retrying: Retrying = field(default_factory=Retrying)
    leases: Mapping[str, AreaLease] = field(default_factory=dict)
    seed: int = 0
    longest_wait: float = _LONGEST_WAIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How it ended.

    ``waiting`` objects wait for a human, an event or a schedule, which is success;
    ``unsettled`` ones were still on their way at the deadline; ``failed`` ones could not be
    written as the last decision wanted, or their reconciler failed; ``watched`` ones are
    driven by another process (they are unsettled too). Each comes with its reason.
    """

    outcomes: tuple[Outcome, ...] = ()
    waiting: tuple[Told, ...] = ()
    unsettled: tuple[Told, ...] = ()
    failed: tuple[Told, ...] = ()
    watched: tuple[Told, ...] = ()
    findings: tuple[Finding, ...] = ()
    timed_out: bool = False
    cancelled: bool = False
    decisions: int = 0
    writes: int = 0


def settle(surroundings: Surroundings, settling: Settling) -> Settled:
    """Decide and perform until nothing is ``on`` an object or ``at`` a time, or the deadline.

    Raises ``UnreachableError`` where no server answers.
    """
    with RARELY_COLLECTED, Patience(surroundings.longest_decision) as patience:
        loop = _Loop(surroundings, settling, patience)
        before = surroundings.client.writes
        loop.run()
    return loop.settled(surroundings.client.writes - before)


class _Loop:
    def __init__(self, surroundings: Surroundings, settling: Settling, patience: Patience) -> None:
        self._surroundings = surroundings
        self._settling = settling
        self._observations = Observations(settling.feed, told=True)
        self._keys = Keys(area=surroundings.area_of)
        self._driving = Driving(settling.leases)
        manner = Manner(
            progress=settling.progress,
            retrying=settling.retrying,
            seed=settling.seed,
            cancel=settling.cancel,
            most_outcomes=None if settling.deadline is not None else _MOST_OUTCOMES,
        )
        self._decider = Decider(surroundings, self._observations, self._driving, manner, patience)
        self._unseen = Unseen(surroundings.client, settling.found)
        self._timed_out = False
        self._deadline = settling.deadline
        self._latest = self._taken_at = settling.now()

    def run(self) -> None:
        """Work until settled, cancelled or out of time."""
        self._driving.begin()
        for reconciler in self._surroundings.reconcilers:
            for one in self._observations.list(reconciler.api_version, reconciler.kind):
                self._wake(Target.of(one), one)
        self._unseen.tell(self._surroundings.reconcilers)
        for target, before, after in self._decider.hands.collect():
            self._keys.changed(target, before, after)
        while not self._settling.cancel.is_set():
            now = self._look_at_the_clock()
            self._keys.wake_due(now)
            self._hear()
            key = self._keys.next()
            if self._is_late(now) and (key or self._keys.unsettled()):
                self._timed_out = True
                return
            if key is not None:
                self._step(key, now)
                self._look_up(now)
            elif not self._wait(now):
                return

    def _look_at_the_clock(self) -> datetime:
        """Return the time; where it was set back, nothing waits for what it showed before."""
        now, latest = self._settling.now(), self._latest
        self._latest = now
        if latest - now > _SET_BACK:
            self._taken_at = now
            if self._deadline is not None:
                self._deadline -= latest - now
            self._keys.set_back(now)
        return now

    def _is_late(self, now: datetime) -> bool:
        return self._deadline is not None and now >= self._deadline

    def _hear(self) -> None:
        """Ask again what there are news of, and wake those who read it."""
        for kind in self._settling.news.take():
            for answer in self._decider.standing.ask_again(kind):
                self._keys.answered(answer)

    def _step(self, key: Key, now: datetime) -> None:
        failures = key.failures
        self._tell(self._decider.decide(key, now))
        self._forget_answers(self._keys.note(key))
        following = key.following
        try:
            for target in following.targets if following else ():
                self._follow(target)
        except ApiError as error:  # what is awaited cannot be read now
            key.failures = failures
            self._decider.try_later(key, now, error)
        self._tell(self._observations.noticed())
        if self._observations.get(key.target) is None:
            self._decider.hands.forget(key.target)
            self._forget_answers(self._keys.drop(key.target))

    def _tell(self, changed: Iterable[Seen]) -> None:
        for target, before, after in changed:
            self._keys.changed(target, before, after)
            if before is None and after is not None:
                self._wake(target, after)

    def _forget_answers(self, unread: Iterable[str]) -> None:
        """Drop answers that nobody reads, once there are many: they can be had again.

        Standing requests end at once.
        """
        answers = self._observations.answers
        for answer in unread:
            self._decider.standing.end(answer)
            if len(answers) > _MANY_ANSWERS:
                answers.pop(answer, None)

    def _look_up(self, now: datetime) -> None:
        """Take in what changed even while there is always something to decide."""
        if now - self._taken_at >= _LONGEST_WORK:
            self._taken_at = now
            self._take(self._settling.feed.changes(0.0))

    def _follow(self, target: Target) -> None:
        """Have changes of an object told from now on.

        What happened to its kind between our reading (or writing) and the first telling is
        taken over here, for nobody would tell it later.
        """
        feed = self._settling.feed
        kind = (target.api_version, target.kind)
        if feed.follows(*kind):
            return
        self._observations.get(target)
        feed.get(target)
        if feed.follows(*kind):
            found = {one: feed.get(one) for one in self._observations.known(kind)}
            self._take(
                Changed(target=one, object=value, version=version_of(value))
                for one, value in found.items()
            )

    def _wait(self, now: datetime) -> bool:
        """Wait for a change or a time; false where there is nothing to wait for."""
        self._unseen.tell()
        unsettled = self._keys.unsettled()
        deadline = self._deadline
        if not unsettled and deadline is not None:
            return False
        if deadline is not None and all(one.waits_beyond(deadline) for one in unsettled):
            self._timed_out = True
            return False
        times = [one for one in (deadline, self._keys.due()) if one is not None]
        longest = self._settling.longest_wait
        until = min(times, default=now + timedelta(seconds=longest))
        seconds = min(max((until - now) / timedelta(seconds=1), 0.0), longest)
        self._take(self._settling.feed.changes(seconds))
        self._taken_at = self._settling.now()
        return True

    def _take(self, changes: Iterable[Changed]) -> None:
        for one in changes:
            before = self._observations.seen(one.target)
            if self._observations.observe(one.target, one.object, one.version):
                self._keys.changed(one.target, before, one.object)
                if one.object is not None:
                    self._wake(one.target, one.object)

    def _wake(self, target: Target, value: Object) -> None:
        """Have an object decided that is ours to decide about, or was until now."""
        if self._unseen.leaves_alone(target):
            return
        if self._surroundings.decides(target, value) or target in self._keys:
            self._keys.wake(target)

    def settled(self, writes: int) -> Settled:
        """Return how it ended."""
        decider = self._decider
        keys = sorted(self._keys, key=lambda one: one.target)
        failed = {target: why for one in keys for target, why in one.failed.items()}
        failed |= {one.target: one.problem for one in keys if one.problem}
        return Settled(
            outcomes=tuple(decider.outcomes),
            waiting=tuple(
                Told(one.target, one.following.message)
                for one in keys
                if one.following and one.following.stop is Stop.FOR
            ),
            unsettled=tuple(Told(one.target, one.reason()) for one in self._keys.unsettled()),
            watched=tuple(Told(one.target, one.watched) for one in keys if one.watched),
            failed=tuple(Told(target, message) for target, message in sorted(failed.items())),
            findings=order_findings((*decider.findings, *self._unseen.findings)),
            timed_out=self._timed_out,
            cancelled=self._settling.cancel.is_set(),
            decisions=decider.decisions,
            writes=writes,
        )
