"""Where the time comes from: the system, or a test that moves it by hand."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from ruleengine.model.times import format_time


class Clock(Protocol):
    """Says what time it is, in UTC."""

    def now(self) -> datetime:
        """Return the current moment."""


class Told:
    """Tells the time of a clock as objects state it; what it last told is put into words once.

    Safe to use from threads.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: tuple[datetime | None, str] = (None, "")

    def __call__(self) -> str:
        """Return the current moment as text."""
        moment, last = self._clock.now(), self._last
        if moment is not last[0]:
            self._last = last = (moment, format_time(moment))
        return last[1]


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the current moment."""
        return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the moment the clock was moved to."""
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Move forward to ``moment``; an earlier one is ignored."""
        self._now = max(self._now, moment)

    def move_by(self, seconds: float) -> None:
        """Move forward by ``seconds``."""
        self._now += timedelta(seconds=seconds)
