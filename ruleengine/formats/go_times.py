"""Times as Go writes and reads them: layouts shown by Go's reference time.

The reference time is ``Mon Jan 2 15:04:05 MST 2006``; a layout shows how it would look.
Python's times have microseconds: finer digits are read and dropped, and written as zeros.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ruleengine.formats.go_durations import SpokenInt

ANSIC: Final = "Mon Jan _2 15:04:05 2006"
UNIX_DATE: Final = "Mon Jan _2 15:04:05 MST 2006"
RUBY_DATE: Final = "Mon Jan 02 15:04:05 -0700 2006"
RFC822: Final = "02 Jan 06 15:04 MST"
RFC822Z: Final = "02 Jan 06 15:04 -0700"
RFC850: Final = "Monday, 02-Jan-06 15:04:05 MST"
RFC1123: Final = "Mon, 02 Jan 2006 15:04:05 MST"
RFC1123Z: Final = "Mon, 02 Jan 2006 15:04:05 -0700"
RFC3339: Final = "2006-01-02T15:04:05Z07:00"
RFC3339_NANO: Final = "2006-01-02T15:04:05.999999999Z07:00"
KITCHEN: Final = "3:04PM"
STAMP: Final = "Jan _2 15:04:05"
STAMP_MILLI: Final = "Jan _2 15:04:05.000"
STAMP_MICRO: Final = "Jan _2 15:04:05.000000"
STAMP_NANO: Final = "Jan _2 15:04:05.000000000"
DATE_TIME: Final = "2006-01-02 15:04:05"
DATE_ONLY: Final = "2006-01-02"
TIME_ONLY: Final = "15:04:05"

LAYOUTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ANSIC": ANSIC,
        "UnixDate": UNIX_DATE,
        "RubyDate": RUBY_DATE,
        "RFC822": RFC822,
        "RFC822Z": RFC822Z,
        "RFC850": RFC850,
        "RFC1123": RFC1123,
        "RFC1123Z": RFC1123Z,
        "RFC3339": RFC3339,
        "RFC3339Nano": RFC3339_NANO,
        "Kitchen": KITCHEN,
        "Stamp": STAMP,
        "StampMilli": STAMP_MILLI,
        "StampMicro": STAMP_MICRO,
        "StampNano": STAMP_NANO,
        "DateTime": DATE_TIME,
        "DateOnly": DATE_ONLY,
        "TimeOnly": TIME_ONLY,
    }
)
"""The layouts that Go names, by Go's names."""

_STRING: Final = "2006-01-02 15:04:05.999999999 -0700 MST"
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONGEST_LAYOUT: Final = 1000

_STRFTIME: Final = MappingProxyType(
    {
        "A": "Monday",
        "a": "Mon",
        "B": "January",
        "b": "Jan",
        "d": "02",
        "H": "15",
        "I": "03",
        "M": "04",
        "m": "01",
        "p": "PM",
        "S": "05",
        "Y": "2006",
        "y": "06",
        "Z": "MST",
        "z": "-0700",
    }
)

_ELEMENT: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2(?!006)|002"
    r"|01|02|03|04|05|06|15|1|2|3|4|5|PM|pm"
    r"|[-Z]07(?::00:00|0000|:00|00|)|[.,](?:0+|9+)(?![0-9])"
)


class Month(SpokenInt):
    """A month that prints as its name, January being 1."""

    __slots__ = ()
    go_type = "time.Month"

    def __str__(self) -> str:
        """Return the name."""
        return MONTHS[int(self) - 1]


class Weekday(SpokenInt):
    """A day of the week that prints as its name, Sunday being 0."""

    __slots__ = ()
    go_type = "time.Weekday"

    def __str__(self) -> str:
        """Return the name."""
        return DAYS[int(self) - 1]


@lru_cache(maxsize=256)
def elements(layout: str) -> tuple[tuple[str, str], ...]:
    """Return a layout in parts: a literal text, and the element that follows it.

    The element of the last part may be empty. Raises ``ValueError`` for a layout that is
    longer than any sensible one.
    """
    if len(layout) > _LONGEST_LAYOUT:
        raise ValueError(f"a layout of more than {_LONGEST_LAYOUT} characters")
    parts: list[tuple[str, str]] = []
    at = 0
    for match in _ELEMENT.finditer(layout):
        parts.append((layout[at : match.start()], match[0]))
        at = match.end()
    parts.append((layout[at:], ""))
    return tuple(parts)


def format_time(moment: datetime, layout: str) -> str:
    """Return a time in a layout. Raises ``ValueError`` for an overlong layout."""
    return "".join(
        literal + (_written(moment, element) if element else "")
        for literal, element in elements(layout)
    )


def time_text(moment: datetime) -> str:
    """Return a time as Go prints it: ``2026-03-04 05:06:07 +0000 UTC``."""
    return format_time(moment, _STRING)


def strftime(moment: datetime, pattern: str) -> str:
    """Return a time in a pattern of percent signs and letters, as Argo reads them.

    ``%L`` is milliseconds. Letters that Argo does not know stay as they are.
    """
    return re.sub("%([A-Za-z%])", lambda match: _letter(moment, match[1]), pattern)


def _letter(moment: datetime, letter: str) -> str:
    if letter == "%":
        return "%"
    if letter == "L":
        return f"{moment.microsecond // 1000:03d}"
    layout = _STRFTIME.get(letter)
    return f"%{letter}" if layout is None else format_time(moment, layout)


def zone_name(moment: datetime) -> str:
    """Return the short name of a time's zone; its offset where it has none."""
    name = moment.tzname() or "UTC"
    return name if name.isalpha() else _offset(moment, "-0700")


def _written(moment: datetime, element: str) -> str:
    if element[0] in ".,":
        return _fraction(moment, element)
    if element[0] in "-Z":
        return _offset(moment, element)
    return _WRITERS[element](moment)


def _fraction(moment: datetime, element: str) -> str:
    places = len(element) - 1
    digits = f"{moment.microsecond:06d}".ljust(places, "0")[:places]
    if element[1] == "9":
        digits = digits.rstrip("0")
    return element[0] + digits if digits else ""


def _offset(moment: datetime, element: str) -> str:
    seconds = (moment.utcoffset() or timedelta()) // timedelta(seconds=1)
    if element[0] == "Z" and seconds == 0:
        return "Z"
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    parts = [f"{part:02d}" for part in (seconds // 3600, seconds // 60 % 60, seconds % 60)]
    shown = element.replace(":", "")
    joint = ":" if ":" in element else ""
    return sign + joint.join(parts[: (len(shown) - 1) // 2])


def _hour_of_twelve(moment: datetime) -> int:
    return moment.hour % 12 or 12


_WRITERS: Final[Mapping[str, Callable[[datetime], str]]] = MappingProxyType(
    {
        "January": lambda moment: MONTHS[moment.month - 1],
        "Jan": lambda moment: MONTHS[moment.month - 1][:3],
        "1": lambda moment: str(moment.month),
        "01": lambda moment: f"{moment.month:02d}",
        "Monday": lambda moment: DAYS[moment.weekday()],
        "Mon": lambda moment: DAYS[moment.weekday()][:3],
        "2": lambda moment: str(moment.day),
        "_2": lambda moment: f"{moment.day:2d}",
        "02": lambda moment: f"{moment.day:02d}",
        "__2": lambda moment: f"{moment.timetuple().tm_yday:3d}",
        "002": lambda moment: f"{moment.timetuple().tm_yday:03d}",
        "15": lambda moment: f"{moment.hour:02d}",
        "3": lambda moment: str(_hour_of_twelve(moment)),
        "03": lambda moment: f"{_hour_of_twelve(moment):02d}",
        "4": lambda moment: str(moment.minute),
        "04": lambda moment: f"{moment.minute:02d}",
        "5": lambda moment: str(moment.second),
        "05": lambda moment: f"{moment.second:02d}",
        "2006": lambda moment: f"{moment.year:04d}",
        "06": lambda moment: f"{moment.year % 100:02d}",
        "MST": zone_name,
        "PM": lambda moment: "PM" if moment.hour >= 12 else "AM",
        "pm": lambda moment: "pm" if moment.hour >= 12 else "am",
    }
)
