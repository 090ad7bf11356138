"""When a cron schedule happens: the walk of ``robfig/cron`` version 3, instant by instant.

From the next second on, field by field, a field that does not match is advanced in real time
until it does; what is below it starts again. On days when clocks change this decides: a time
that they skip does not happen, and one that they repeat happens twice. Documents rely on it, so
the walk is kept step by step. Instants are whole seconds since 1970.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_HORIZON = 5
"""How many years ahead and back an instant is looked for."""

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_NOON = 12

FIRST_YEAR, LAST_YEAR = 2, 9990
"""The years whose neighbours still have a number in every time zone."""

_EARLIEST = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Interval:
    """A fixed time between instants, in whole seconds."""

    seconds: int

    def next(self, instant: int, zone: tzinfo) -> int | None:
        """Return the instant after one."""
        del zone
        return instant + self.seconds

    def previous(self, instant: int, zone: tzinfo) -> int | None:
        """Return the instant before one."""
        del zone
        return instant - self.seconds


@dataclass(frozen=True, slots=True)
class Times:
    """What the five fields allow. Weekdays count from Sunday, 0, to 6."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    both_days: bool
    """Whether a day must match both its fields, because one of them is ``*``."""

    def next(self, instant: int, zone: tzinfo) -> int | None:
        """Return the first matching instant after one; ``None`` if none within five years."""
        start = instant + 1
        found = self._first_from(start, zone)
        while found is not None and found <= instant:
            # Clocks that repeat the hours before midnight lead the walk back to where it began.
            start += _HOUR
            found = self._first_from(start, zone)
        return found

    def _first_from(self, start: int, zone: tzinfo) -> int | None:
        walk = _Walk(start, zone)
        last_year = walk.local.year + _HORIZON
        while walk.local.year <= min(last_year, LAST_YEAR):
            if (
                self._reach_month(walk)
                and self._reach_day(walk)
                and self._reach_hour(walk)
                and self._reach_minute(walk)
                and walk.reach_whole_minute()
            ):
                return walk.instant
        return None

    def previous(self, instant: int, zone: tzinfo) -> int | None:
        """Return the last instant before one at which a clock on the wall shows what matches.

        ``None`` if there is none within five years.
        """
        walk = _Walk(instant - 1, zone)
        walk.move(-walk.local.second)
        first_year = max(walk.local.year - _HORIZON, FIRST_YEAR)
        while walk.local.year >= first_year:
            local = walk.local
            past_hours = local.hour * _HOUR + local.minute * _MINUTE
            if local.month not in self.months:
                walk.move_back((local.day - 1) * _DAY + past_hours + _MINUTE)
            elif not self._day_matches(local):
                walk.move_back(past_hours + _MINUTE)
            elif local.hour not in self.hours:
                walk.move_back(local.minute * _MINUTE + _MINUTE)
            elif local.minute not in self.minutes:
                walk.move(-_MINUTE)
            else:
                return walk.instant
        return None

    def _reach_month(self, walk: "_Walk") -> bool:
        while walk.local.month not in self.months:
            if not walk.fresh:
                walk.restart(day=1)
            walk.next_month()
            if walk.local.month == 1:
                return False
        return True

    def _reach_day(self, walk: "_Walk") -> bool:
        while not self._day_matches(walk.local):
            if not walk.fresh:
                walk.restart()
            walk.next_day()
            if walk.local.day == 1:
                return False
        return True

    def _day_matches(self, local: datetime) -> bool:
        day, weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        return day and weekday if self.both_days else day or weekday

    def _reach_hour(self, walk: "_Walk") -> bool:
        while walk.local.hour not in self.hours:
            if not walk.fresh:
                walk.restart(hour=walk.local.hour)
            walk.move(_HOUR)
            if walk.local.hour == 0:
                return False
        return True

    def _reach_minute(self, walk: "_Walk") -> bool:
        while walk.local.minute not in self.minutes:
            if not walk.fresh:
                walk.fresh = True
                walk.move(-(walk.instant % _MINUTE))
            walk.move(_MINUTE)
            if walk.local.minute == 0:
                return False
        return True


class _Walk:
    """A place in time that only moves on. ``fresh``: the fields below have started again."""

    __slots__ = ("fresh", "instant", "local", "zone")

    def __init__(self, instant: int, zone: tzinfo) -> None:
        self.zone = zone
        self.fresh = False
        self.move_to(instant)

    def move_to(self, instant: int) -> None:
        self.instant = instant
        self.local = datetime.fromtimestamp(instant, self.zone)

    def move(self, seconds: int) -> None:
        self.move_to(self.instant + seconds)

    def move_back(self, seconds: int) -> None:
        """Go back so far, or by the longest unit in which no clock is changed on the way."""
        instant, offset = self.instant, self.local.utcoffset()
        for step in (seconds, _DAY, _HOUR, _MINUTE):
            if step <= seconds:
                self.move_to(instant - step)
                if self.local.utcoffset() == offset:
                    return

    def restart(self, day: int | None = None, hour: int = 0) -> None:
        """Go to the start of the month, the day or the hour."""
        self.fresh = True
        start = self.local.replace(hour=hour, minute=0, second=0, microsecond=0)
        self._move_to_wall(start if day is None else start.replace(day=day))

    def next_month(self) -> None:
        local = self.local
        months = local.year * 12 + local.month - 1
        past = timedelta(days=local.day - 1)
        first = local.replace(day=1)
        self._advance(
            lambda more: (
                first.replace(year=(months + more) // 12, month=(months + more) % 12 + 1) + past
            )
        )

    def next_day(self) -> None:
        local = self.local
        self._advance(lambda more: local + timedelta(days=more))  # of the clock on the wall
        if self.local.hour:  # this day has no midnight
            past = self.local.hour - (24 if self.local.hour > _NOON else 0)
            self.move(-past * _HOUR)

    def _advance(self, wall_after: Callable[[int], datetime]) -> None:
        """Go one month or day on, and one more where time zones have left that one out."""
        before, more = self.instant, 1
        self._move_to_wall(wall_after(more))
        while self.instant <= before:
            more += 1
            self._move_to_wall(wall_after(more))

    def reach_whole_minute(self) -> bool:
        """Say whether the second is 0; move to the next minute otherwise."""
        if not self.local.second:
            return True
        self.fresh = True
        self.move(_MINUTE - self.local.second)
        return False

    def _move_to_wall(self, wall: datetime) -> None:
        """Go to what a clock on the wall shows, as ``time.Date`` of Go chooses the instant.

        Where no instant or two show it, the offset counts that holds at the same reading in UTC,
        or else the one that holds at the instant which that offset gives.
        """
        reading = int(wall.replace(tzinfo=UTC).timestamp())
        if offset := self._offset(reading):
            offset = self._offset(reading - offset)
        self.move_to(reading - offset)

    def _offset(self, instant: int) -> int:
        offset = datetime.fromtimestamp(instant, self.zone).utcoffset() or timedelta()
        return int(offset.total_seconds())
