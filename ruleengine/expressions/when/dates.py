"""Quoted texts that are times: govaluate counts with them as seconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from ruleengine.formats import go_times
from ruleengine.formats.go_time_parsing import TimeError, parse_time

_LAYOUTS: Final = (
    go_times.ANSIC,
    go_times.UNIX_DATE,
    go_times.RUBY_DATE,
    go_times.KITCHEN,
    go_times.RFC3339,
    go_times.DATE_ONLY,
    "2006-01-02 15:04",
    go_times.DATE_TIME,
    "2006-01-02 15:04:05-07:00",
    "2006-01-02T15Z0700",
    "2006-01-02T15:04Z0700",
    "2006-01-02T15:04:05Z0700",
)
"""In the order in which they are tried."""

_LIKELY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-|[0-9]{1,2}:[0-9]{2}|(?:Mon|T|Wed|Fri|S)[a-z]* ")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def seconds_of(text: str) -> int | None:
    """Return the seconds since 1970 of a text that is a time; ``None`` for any other."""
    if not _LIKELY.match(text):
        return None
    for layout in _LAYOUTS:
        try:
            return (parse_time(layout, text) - _EPOCH) // timedelta(seconds=1)
        except TimeError:
            continue
    return None
