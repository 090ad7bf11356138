"""Who says when the turn of a pod is, so that no more are created a second than was asked for.

Turns are given out in the order in which they are asked for, ``limit`` of them a second and
``burst`` at once: a bucket of ``burst`` tokens that is filled at that rate, of which only the
moments are kept when there is a token for whom. What does not want its turn any more leaves it to
those behind it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from ruleengine.model.decisions import Answer, Request
from ruleengine.pipelines.pod_turns import POD_TURN, rate_of, turn_at
from ruleengine.reconcile.standing import News

_LONGEST: Final = 86400.0
"""Seconds after which a pod is created at any rate above none."""


class _Given(NamedTuple):
    """A turn, in seconds since 1970.

    When it is, when it was asked for, and when the bucket is full but for it; ``number`` counts
    turns in their order.
    """

    request: Request
    number: int
    moment: float
    asked: float
    full_before: float


class PodTurns:
    """Gives out the turns of pods. ``now`` returns the time, ``news`` hears of turns that move."""

    exclusive = True

    def __init__(self, now: Callable[[], datetime], news: News) -> None:
        self._now = now
        self._news = news
        self._given: dict[str, _Given] = {}
        self._freed: _Given | None = None
        self._count = 0
        self._full_at = 0.0
        self._latest = 0.0

    def answer(self, request: Request) -> Answer:
        """Return when the turn of a pod is."""
        self._close_up()
        if request.key not in self._given:
            self._give(request)
        given = self._given[request.key]
        return turn_at(given.moment, given.asked)

    def end(self, request: Request) -> None:
        """Note that a pod was created, or is not to be: then those behind it move up."""
        given, now = self._given.pop(request.key, None), self._time()
        if given is None or given.moment <= now or now < given.asked:
            return
        if self._freed is None or given.number < self._freed.number:
            self._freed = given
        self._news.tell(POD_TURN)

    def _close_up(self) -> None:
        """Give out anew the turns behind the first that was freed, once: many end together."""
        freed, self._freed = self._freed, None
        if freed is None:
            return
        self._full_at = freed.full_before
        for one in [one for one in self._given.values() if one.number > freed.number]:
            del self._given[one.request.key]
            self._give(one.request)

    def _give(self, request: Request) -> None:
        """Give out the next turn: the first moment at which the bucket holds a token for it.

        ``_full_at`` is when the bucket is full again if no more turns are given out.
        """
        rate, now, before = rate_of(request), self._time(), self._full_at
        moment = max(now, before - (rate.burst - 1) / rate.limit)
        moment = min(moment, now + _LONGEST)
        self._full_at = max(before, moment) + 1 / rate.limit
        self._count += 1
        self._given[request.key] = _Given(request, self._count, moment, now, before)

    def _time(self) -> float:
        """Return the time; a bucket is full where the clock was set back, as nobody knows."""
        now = self._now().timestamp()
        if now < self._latest:
            self._full_at, self._freed = now, None
        self._latest = now
        return now
