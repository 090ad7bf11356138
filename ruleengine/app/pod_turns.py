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

    When it is, when it was asked for, and when the bucket is full but for it.
    """

    request: Request
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
        self._full_at = 0.0
        self._latest = 0.0

    def answer(self, request: Request) -> Answer:
        """Return when the turn of a pod is."""
        if request.key not in self._given:
            self._give(request)
        given = self._given[request.key]
        return turn_at(given.moment, given.asked)

    def end(self, request: Request) -> None:
        """Note that a pod was created, or is not to be: then those behind it move up."""
        given = self._given.get(request.key)
        if given is None:
            return
        order = list(self._given)
        behind = order[order.index(request.key) + 1 :]
        del self._given[request.key]
        if given.moment <= self._time():
            return
        self._full_at = given.full_before
        for waiting in [self._given.pop(one) for one in behind]:
            self._give(waiting.request)
        if behind:
            self._news.tell(POD_TURN)

    def _give(self, request: Request) -> None:
        """Give out the next turn: the first moment at which the bucket holds a token for it.

        ``_full_at`` is when the bucket is full again if no more turns are given out.
        """
        rate, now, before = rate_of(request), self._time(), self._full_at
        moment = max(now, before - (rate.burst - 1) / rate.limit)
        moment = min(moment, now + _LONGEST)
        self._full_at = max(before, moment) + 1 / rate.limit
        self._given[request.key] = _Given(request, moment, now, before)

    def _time(self) -> float:
        """Return the time; a bucket is full where the clock was set back, as nobody knows."""
        now = self._now().timestamp()
        if now < self._latest:
            self._full_at = now
        self._latest = now
        return now
