"""Parts of times and durations. Times are told in UTC unless a time zone is named."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from ruleengine.expressions.cel.functions.function import Function, member
from ruleengine.expressions.cel.operators import integer
from ruleengine.expressions.cel.values import CelError, no_overload
from ruleengine.expressions.language import Meter
from ruleengine.formats.go_durations import HOUR, MILLISECOND, MINUTE, SECOND, Duration

_OFFSET = re.compile(r"([+-]?)([0-9]{2}):([0-9]{2})")


def _zone(name: Any) -> tzinfo:
    if not isinstance(name, str):
        raise no_overload("a time zone", name)
    if found := _OFFSET.fullmatch(name):
        minutes = int(found[2]) * 60 + int(found[3])
        sign = -1 if found[1] == "-" else 1
        if minutes < 24 * 60:
            return timezone(sign * timedelta(minutes=minutes))
    try:
        return ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError):
        raise CelError(f"there is no time zone {name[:50]}") from None


def _part(
    name: str, of_time: Callable[[datetime], int], of_duration: Callable[[int], int] | None = None
) -> Function:
    def function(meter: Meter, value: Any, zone: Any = "UTC") -> int:
        del meter
        if isinstance(value, Duration) and of_duration is not None and zone == "UTC":
            return of_duration(int(value))
        if not isinstance(value, datetime):
            raise no_overload(name, value)
        try:
            return of_time(value.astimezone(_zone(zone)))
        except OverflowError:
            raise CelError("the time is beyond the years 1 to 9999") from None

    return member(function, 1, 2)


def _whole(unit: int) -> Callable[[int], int]:
    def whole(nanoseconds: int) -> int:
        count = abs(nanoseconds) // unit
        return integer(count if nanoseconds >= 0 else -count)

    return whole


def _milliseconds(nanoseconds: int) -> int:
    return _whole(MILLISECOND)(nanoseconds)


FUNCTIONS: Mapping[str, Function] = {
    "getFullYear": _part("getFullYear", lambda time: time.year),
    "getMonth": _part("getMonth", lambda time: time.month - 1),
    "getDate": _part("getDate", lambda time: time.day),
    "getDayOfMonth": _part("getDayOfMonth", lambda time: time.day - 1),
    "getDayOfWeek": _part("getDayOfWeek", lambda time: time.isoweekday() % 7),
    "getDayOfYear": _part("getDayOfYear", lambda time: time.timetuple().tm_yday - 1),
    "getHours": _part("getHours", lambda time: time.hour, _whole(HOUR)),
    "getMinutes": _part("getMinutes", lambda time: time.minute, _whole(MINUTE)),
    "getSeconds": _part("getSeconds", lambda time: time.second, _whole(SECOND)),
    "getMilliseconds": _part(
        "getMilliseconds", lambda time: time.microsecond // 1000, _milliseconds
    ),
}
