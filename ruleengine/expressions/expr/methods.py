"""The methods of Go's times and durations, as far as they need no clock."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final

from ruleengine.expressions.expr.signatures import Function
from ruleengine.expressions.expr.values import Problem, kind_of
from ruleengine.formats import go_durations, go_times
from ruleengine.formats.go_durations import Duration, from_timedelta, to_timedelta

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO: Final = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Named(int):
    """An integer that prints as a name: a month or a day of the week."""

    name: str

    @classmethod
    def of(cls, number: int, name: str) -> "Named":
        """Return a number with a name."""
        made = cls(number)
        made.name = name
        return made

    def __str__(self) -> str:
        """Return the name."""
        return self.name


def method(value: Any, name: str) -> Function | None:
    """Return a method of a value, bound to it; ``None`` where it has no such method."""
    for kinds, table in _METHODS:
        if isinstance(value, kinds):
            found = table.get(name)
            if found is None:
                raise Problem(f"{kind_of(value)} has no method '{name}'", _known(table))
            least, apply = found
            return Function(name, partial(apply, value), least, least)
    return None


def _known(table: Mapping[str, Any]) -> str:
    return "it has " + ", ".join(sorted(table))


def seconds(moment: datetime) -> int:
    """Return a time as whole seconds since 1970."""
    return (moment - _EPOCH) // timedelta(seconds=1)


def _weekday(moment: datetime) -> Named:
    return Named.of(moment.isoweekday() % 7, go_times.DAYS[moment.weekday()])


def _moved(moment: datetime, duration: Any) -> datetime:
    if not isinstance(duration, Duration):
        raise Problem(f"{kind_of(duration)} stands where a duration must", 'write duration("1h")')
    return _within(lambda: moment + to_timedelta(duration))


def _moved_by_date(moment: datetime, years: Any, months: Any, days: Any) -> datetime:
    for one in (years, months, days):
        if type(one) is not int:
            raise Problem(f"{kind_of(one)} stands where an integer must")
    month = moment.month - 1 + months

    def add() -> datetime:
        first = moment.replace(year=moment.year + years + month // 12, month=month % 12 + 1, day=1)
        return first + timedelta(days=moment.day - 1 + days)

    return _within(add)


def _within(compute: Callable[[], datetime]) -> datetime:
    try:
        return compute()
    except (OverflowError, ValueError):
        raise Problem("a time before the year 1 or after the year 9999") from None


def _difference(moment: datetime, other: Any) -> Duration:
    return from_timedelta(moment - _moment(other))


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise Problem(f"{kind_of(value)} stands where a time must", 'write date("2006-01-02")')
    return value


def _in_zone(moment: datetime, zone: Any) -> datetime:
    if not isinstance(zone, tzinfo):
        raise Problem(f"{kind_of(zone)} stands where a time zone must", 'write timezone("UTC")')
    return _within(lambda: moment.astimezone(zone))


def _formatted(moment: datetime, layout: Any) -> str:
    if not isinstance(layout, str):
        raise Problem(f"{kind_of(layout)} stands where a layout must", "such as 2006-01-02")
    try:
        return go_times.format_time(moment, layout)
    except ValueError as error:
        raise Problem(str(error)) from None


def _truncated(duration: Duration, unit: Any) -> Duration:
    size = _unit(unit)
    return duration if size <= 0 else Duration(abs(duration) // size * size * _sign(duration))


def _rounded(duration: Duration, unit: Any) -> Duration:
    size = _unit(unit)
    if size <= 0:
        return duration
    return Duration((abs(duration) + size // 2) // size * size * _sign(duration))


def _unit(unit: Any) -> int:
    if not isinstance(unit, Duration):
        raise Problem(f"{kind_of(unit)} stands where a duration must", 'write duration("1h")')
    return int(unit)


def _sign(number: int) -> int:
    return -1 if number < 0 else 1


_TIME: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "Year": (0, lambda moment: moment.year),
    "Month": (0, lambda moment: Named.of(moment.month, go_times.MONTHS[moment.month - 1])),
    "Day": (0, lambda moment: moment.day),
    "Hour": (0, lambda moment: moment.hour),
    "Minute": (0, lambda moment: moment.minute),
    "Second": (0, lambda moment: moment.second),
    "Nanosecond": (0, lambda moment: moment.microsecond * 1000),
    "YearDay": (0, lambda moment: moment.timetuple().tm_yday),
    "Weekday": (0, _weekday),
    "Unix": (0, seconds),
    "UnixMilli": (0, lambda moment: (moment - _EPOCH) // timedelta(milliseconds=1)),
    "UnixMicro": (0, lambda moment: (moment - _EPOCH) // _MICROSECOND),
    "UnixNano": (0, lambda moment: (moment - _EPOCH) // _MICROSECOND * 1000),
    "UTC": (0, lambda moment: moment.astimezone(UTC)),
    "IsZero": (0, lambda moment: moment == _ZERO),
    "String": (0, go_times.time_text),
    "Format": (1, _formatted),
    "Add": (1, _moved),
    "AddDate": (3, _moved_by_date),
    "Sub": (1, _difference),
    "Before": (1, lambda moment, other: moment < _moment(other)),
    "After": (1, lambda moment, other: moment > _moment(other)),
    "Equal": (1, lambda moment, other: moment == _moment(other)),
    "In": (1, _in_zone),
}

_DURATION: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "Hours": (0, lambda duration: int(duration) / go_durations.HOUR),
    "Minutes": (0, lambda duration: int(duration) / go_durations.MINUTE),
    "Seconds": (0, lambda duration: int(duration) / go_durations.SECOND),
    "Milliseconds": (0, lambda duration: int(int(duration) / go_durations.MILLISECOND)),
    "Microseconds": (0, lambda duration: int(int(duration) / go_durations.MICROSECOND)),
    "Nanoseconds": (0, int),
    "String": (0, str),
    "Abs": (0, lambda duration: Duration(abs(duration))),
    "Round": (1, _rounded),
    "Truncate": (1, _truncated),
}

_NAMED: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {"String": (0, str)}

_METHODS: Final = ((datetime, _TIME), (Duration, _DURATION), (Named, _NAMED))
