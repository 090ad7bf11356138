"""Times and durations. The clock comes with the environment: see ``now`` in the compiler."""

from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from ruleengine.expressions.expr.functions.taking import text
from ruleengine.expressions.expr.signatures import Function
from ruleengine.expressions.expr.values import Problem
from ruleengine.formats import go_times
from ruleengine.formats.go_durations import Duration, DurationError, parse_duration
from ruleengine.formats.go_time_parsing import TimeError, parse_time

_LAYOUTS: Final = (
    go_times.DATE_ONLY,
    go_times.TIME_ONLY,
    go_times.DATE_TIME,
    go_times.RFC3339,
    go_times.RFC822,
    go_times.RFC850,
    go_times.RFC1123,
)
"""The layouts that ``date`` tries where none is given."""


def _duration(value: Any) -> Duration:
    try:
        return parse_duration(text(value))
    except DurationError as error:
        raise Problem(str(error)) from None


def _date(value: Any, layout: Any = None, zone: Any = None) -> datetime:
    place = UTC if zone is None else _timezone(zone)
    for one in _LAYOUTS if layout is None else (text(layout),):
        try:
            return parse_time(one, text(value), place)
        except TimeError:
            continue
    hint = "name its layout, such as 2006-01-02" if layout is None else ""
    raise Problem("the text is no time in a known layout", hint)


def _timezone(name: Any) -> tzinfo:
    if text(name) in {"", "UTC"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise Problem("the time zone is unknown", "such as Europe/Zurich") from None


FUNCTIONS: Final = (
    Function("duration", _duration, 1, 1),
    Function("date", _date, 1, 3),
    Function("timezone", _timezone, 1, 1),
)
