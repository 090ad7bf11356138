"""The methods of Go's times and durations that need no clock."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats import go_durations, go_times
from ruleengine.formats.go_durations import Duration, SpokenInt, from_timedelta, to_timedelta
from ruleengine.formats.go_text import type_name

MethodTable = Mapping[str, tuple[Callable[..., Any], tuple[Kind, ...]]]
"""Methods by name: what each does with its value, and the types of its arguments."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO: Final = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Method(Function):
    """A function that is bound to a value."""

    __slots__ = ()


def method(value: Any, name: str) -> Method | None:
    """Return a method of a value, bound to it; ``None`` where it has no such method.

    Classes of our own name theirs in ``go_methods``.
    """
    table: MethodTable | None = getattr(type(value), "go_methods", None)
    if table is None:
        table = next((table for kind, table in _METHODS if isinstance(value, kind)), {})
    found = table.get(name)
    if found is None:
        return None
    call, parameters = found
    return Method(name, lambda *arguments: call(value, *arguments), parameters)


def moved(moment: datetime, duration: int) -> datetime:
    """Return a time so many nanoseconds later. Raises ``ExpressionError`` beyond the calendar."""
    return _within(lambda: moment + to_timedelta(duration))


def moved_by_date(moment: datetime, years: int, months: int, days: int) -> datetime:
    """Return a time so much later by the calendar. Raises ``ExpressionError`` beyond it.

    A day that a month does not have is one of the next month, as in Go.
    """
    month = moment.month - 1 + months

    def add() -> datetime:
        first = moment.replace(year=moment.year + years + month // 12, month=month % 12 + 1, day=1)
        return first + timedelta(days=moment.day - 1 + days)

    return _within(add)


def _within(compute: Callable[[], datetime]) -> datetime:
    try:
        return compute()
    except (OverflowError, ValueError):
        raise ExpressionError("a time before the year 1 or after the year 9999") from None


def truncated(duration: int, unit: int) -> Duration:
    """Return a duration rounded towards zero to a multiple of a unit."""
    if unit <= 0:
        return Duration(duration)
    size = abs(duration) // unit * unit
    return Duration(-size if duration < 0 else size)


def rounded(duration: int, unit: int) -> Duration:
    """Return a duration rounded to the nearest multiple of a unit, halves away from zero."""
    if unit <= 0:
        return Duration(duration)
    size = (2 * abs(duration) + unit) // (2 * unit) * unit
    return Duration(-size if duration < 0 else size)


def _in_zone(moment: datetime, zone: Any) -> datetime:
    if not isinstance(zone, tzinfo):
        raise ExpressionError(f"a time zone is expected, not {type_name(zone)}")
    return _within(lambda: moment.astimezone(zone))


_TIME: Final[MethodTable] = {
    "Year": (lambda moment: moment.year, ()),
    "Month": (lambda moment: go_times.Month(moment.month), ()),
    "Day": (lambda moment: moment.day, ()),
    "Hour": (lambda moment: moment.hour, ()),
    "Minute": (lambda moment: moment.minute, ()),
    "Second": (lambda moment: moment.second, ()),
    "Nanosecond": (lambda moment: moment.microsecond * 1000, ()),
    "YearDay": (lambda moment: moment.timetuple().tm_yday, ()),
    "Weekday": (lambda moment: go_times.Weekday(moment.isoweekday() % 7), ()),
    "Unix": (lambda moment: (moment - EPOCH) // timedelta(seconds=1), ()),
    "UnixMilli": (lambda moment: (moment - EPOCH) // timedelta(milliseconds=1), ()),
    "UnixMicro": (lambda moment: (moment - EPOCH) // _MICROSECOND, ()),
    "UnixNano": (lambda moment: (moment - EPOCH) // _MICROSECOND * 1000, ()),
    "UTC": (lambda moment: moment.astimezone(UTC), ()),
    "In": (_in_zone, (Kind.ANY,)),
    "IsZero": (lambda moment: moment == _ZERO, ()),
    "String": (go_times.time_text, ()),
    "Format": (go_times.format_time, (Kind.STRING,)),
    "Add": (moved, (Kind.DURATION,)),
    "AddDate": (moved_by_date, (Kind.INT, Kind.INT, Kind.INT)),
    "Sub": (lambda moment, other: from_timedelta(moment - other), (Kind.TIME,)),
    "Before": (lambda moment, other: moment < other, (Kind.TIME,)),
    "After": (lambda moment, other: moment > other, (Kind.TIME,)),
    "Equal": (lambda moment, other: moment == other, (Kind.TIME,)),
}

_DURATION: Final[MethodTable] = {
    "Hours": (lambda duration: int(duration) / go_durations.HOUR, ()),
    "Minutes": (lambda duration: int(duration) / go_durations.MINUTE, ()),
    "Seconds": (lambda duration: int(duration) / go_durations.SECOND, ()),
    "Milliseconds": (lambda duration: int(int(duration) / go_durations.MILLISECOND), ()),
    "Microseconds": (lambda duration: int(int(duration) / go_durations.MICROSECOND), ()),
    "Nanoseconds": (int, ()),
    "String": (str, ()),
    "Abs": (lambda duration: Duration(abs(duration)), ()),
    "Round": (rounded, (Kind.DURATION,)),
    "Truncate": (truncated, (Kind.DURATION,)),
}

_METHODS: Final[tuple[tuple[type, MethodTable], ...]] = (
    (datetime, MappingProxyType(_TIME)),
    (Duration, MappingProxyType(_DURATION)),
    (SpokenInt, MappingProxyType({"String": (str, ())})),
)
