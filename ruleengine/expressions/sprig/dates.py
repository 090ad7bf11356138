"""Functions of dates. The clock and the local zone come from the surroundings."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.go_methods import EPOCH, moved, rounded
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.surroundings import Surroundings
from ruleengine.formats import go_durations
from ruleengine.formats.go_durations import Duration, from_timedelta, parse_duration
from ruleengine.formats.go_time_parsing import TimeError, parse_time
from ruleengine.formats.go_times import format_time

_ANY, _STRING, _TIME = Kind.ANY, Kind.STRING, Kind.TIME

_ZERO: Final = datetime(1, 1, 1, tzinfo=UTC)
_DATE: Final = "2006-01-02"
_SPANS: Final = (
    (365 * go_durations.DAY, "y"),
    (30 * go_durations.DAY, "mo"),
    (go_durations.DAY, "d"),
    (go_durations.HOUR, "h"),
    (go_durations.MINUTE, "m"),
    (go_durations.SECOND, "s"),
)


def functions(surroundings: Surroundings) -> tuple[Function, ...]:
    """Return the functions of dates for a clock and a zone."""
    clock = _Clock(surroundings)
    return (
        Function("now", surroundings.time),
        Function("ago", clock.ago, (_ANY,)),
        Function("date", lambda layout, at: clock.written(layout, at, "Local"), (_STRING, _ANY)),
        Function("dateInZone", clock.written, (_STRING, _ANY, _STRING)),
        Function("date_in_zone", clock.written, (_STRING, _ANY, _STRING)),
        Function("htmlDate", lambda at: clock.written(_DATE, at, "Local"), (_ANY,)),
        Function(
            "htmlDateInZone", lambda at, zone: clock.written(_DATE, at, zone), (_ANY, _STRING)
        ),
        Function("dateModify", modified, (_STRING, _TIME)),
        Function("date_modify", modified, (_STRING, _TIME)),
        Function("mustDateModify", must_modify, (_STRING, _TIME)),
        Function("must_date_modify", must_modify, (_STRING, _TIME)),
        Function("duration", lambda seconds: str(Duration(_seconds(seconds))), (_ANY,)),
        Function("durationRound", clock.coarse, (_ANY,)),
        Function("toDate", clock.read, (_STRING, _STRING)),
        Function("mustToDate", clock.must_read, (_STRING, _STRING)),
        Function("unixEpoch", lambda at: str((at - EPOCH) // timedelta(seconds=1)), (_TIME,)),
    )


class _Clock:
    """The functions that need the time or the local zone."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def written(self, layout: str, at: Any, zone: str) -> str:
        moment = self._moment(at)
        try:
            return format_time(moment.astimezone(self._zone(zone)), layout)
        except OverflowError:
            return format_time(moment, layout)

    def _moment(self, at: Any) -> datetime:
        """Return a time; whole numbers are seconds since 1970, all else is now."""
        if isinstance(at, datetime):
            return at
        if isinstance(at, int) and not isinstance(at, bool):
            return moved(EPOCH, int(at) * go_durations.SECOND)
        return self._surroundings.time()

    def _zone(self, name: str) -> tzinfo:
        if name == "Local":
            return self._surroundings.zone
        try:
            return ZoneInfo(name) if name else UTC
        except (OSError, ValueError, KeyError):
            return UTC

    def ago(self, at: Any) -> str:
        passed = from_timedelta(self._surroundings.time() - self._moment(at))
        return str(rounded(passed, go_durations.SECOND))

    def coarse(self, value: Any) -> str:
        """Return the largest unit that fits a duration more than once."""
        span = abs(int(self._span(value)))
        for size, unit in _SPANS:
            if span > size:
                return f"{span // size}{unit}"
        return "0s"

    def _span(self, value: Any) -> int:
        if isinstance(value, datetime):
            return from_timedelta(self._surroundings.time() - value)
        if isinstance(value, str):
            try:
                return parse_duration(value)
            except ValueError:
                return 0
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else 0

    def read(self, layout: str, text: str) -> datetime:
        try:
            return self.must_read(layout, text)
        except TimeError:
            return _ZERO

    def must_read(self, layout: str, text: str) -> datetime:
        return parse_time(layout, text, self._surroundings.zone)


def must_modify(change: str, at: datetime) -> datetime:
    """Return a time changed by a duration. Raises ``ExpressionError`` for other texts."""
    try:
        duration = parse_duration(change)
    except ValueError:
        raise ExpressionError("the change is no duration", hint="such as -1.5h or 90s") from None
    return moved(at, duration)


def modified(change: str, at: datetime) -> datetime:
    """Return a time changed by a duration; unchanged where that is none."""
    try:
        duration = parse_duration(change)
    except ValueError:
        return at
    return moved(at, duration)


def _seconds(value: Any) -> int:
    number = 0
    if isinstance(value, str):
        digits = value[1:] if value[:1] in ("+", "-") else value
        number = int(value) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0
    elif isinstance(value, int) and not isinstance(value, bool):
        number = int(value)
    longest = go_durations.LONGEST // go_durations.SECOND
    return max(min(number, longest), -longest) * go_durations.SECOND
