"""The filter by time of day: from ``start`` until before ``stop``, over midnight if need be."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Self

from ruleengine.formats.go_time_parsing import TimeError, parse_time
from ruleengine.model.events import CloudEvent
from ruleengine.model.values import Object
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.values import text
from ruleengine.triggers.verdicts import Verdict
from ruleengine.triggers.zones import find_zone

_LAYOUT: Final = "2006-01-02 15:04:05"


@dataclass(frozen=True, slots=True)
class TimeFilter:
    """Two times of day in a time zone, whose name is empty for UTC."""

    start: str
    stop: str
    zone: str = ""

    @classmethod
    def read(cls, value: Object, where: str) -> Self:
        """Read ``filters.time``. Raises ``WrongError`` for what can never pass or never fail."""
        found = cls(*(text(value, name, where) for name in ("start", "stop", "timezone")))
        zone = find_zone(found.zone)
        if zone is None:
            raise WrongError(_unknown_zone(found.zone))
        try:
            moments = [_moment("2006-01-02", one, zone) for one in (found.start, found.stop)]
        except TimeError as error:
            raise WrongError(f"invalid event time filter: {error}") from error
        if moments[0] == moments[1]:
            raise WrongError(
                f"invalid event time filter: stop '{found.stop}' is equal to start '{found.start}"
            )
        return found

    def judge(self, event: CloudEvent) -> Verdict:
        """Tell whether an event passes; its own date is that of both times."""
        zone = find_zone(self.zone)
        if zone is None:
            return _failed(_unknown_zone(self.zone))
        try:
            moment = datetime.fromisoformat(event.time).astimezone(zone)
            day = moment.strftime("%Y-%m-%d")
            start, stop = (_moment(day, one, zone) for one in (self.start, self.stop))
        except (TimeError, ValueError) as error:
            return _failed(str(error))
        if stop < start:
            return Verdict(not stop <= moment.astimezone(UTC) < start)
        return Verdict(start <= moment.astimezone(UTC) < stop or start == stop)


def _failed(message: str) -> Verdict:
    return Verdict(passed=False, error=f"time filter error ({message})")


def _unknown_zone(name: str) -> str:
    return f"invalid timezone '{name}': unknown time zone {name}"


def _moment(day: str, time: str, zone: tzinfo) -> datetime:
    """Return an instant from a day and a time of day, as Go finds it around a change of clocks.

    The offset is that of the instant which the offset of the same time in UTC leads to.
    Raises ``TimeError``.
    """
    wall = parse_time(_LAYOUT, f"{day} {time}")
    guess = wall - _offset(wall, zone)
    return wall - _offset(guess, zone)


def _offset(instant: datetime, zone: tzinfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
