"""Times read by a layout, as Go's ``time.Parse`` reads them.

Months and days that a layout leaves out count as the first. Python has no year 0, so a time
without a year is one of year 4, which has as many days.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import Final

from ruleengine.formats.go_times import DAYS, MONTHS, elements

_FRACTION: Final = re.compile(r"[.,]([0-9]+)")
_ZONE: Final = re.compile(
    r"ChST|MeST|GMT[+-][0-9]{1,2}|(?:WITA|[A-Z]{3,4}T|[A-Z]{3})(?![A-Z])|[+-][0-9]{2}"
)
_OFFSETS: Final = MappingProxyType(
    {
        "07": re.compile(r"([+-])([0-9]{2})"),
        "0700": re.compile(r"([+-])([0-9]{2})([0-9]{2})"),
        "07:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2})"),
        "070000": re.compile(r"([+-])([0-9]{2})([0-9]{2})([0-9]{2})"),
        "07:00:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2}):([0-9]{2})"),
    }
)
_LEAP_YEAR: Final = 4
_OLDEST_SHORT_YEAR: Final = 69
"""Two digits from here on mean the twentieth century."""


class TimeError(ValueError):
    """A text that does not fit its layout, or names no time."""


@dataclass(slots=True)
class _Found:
    """What the elements of a layout found in a text."""

    year: int = _LEAP_YEAR
    month: int | None = None
    day: int | None = None
    day_of_year: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    afternoon: bool | None = None
    utc: bool = False
    zone: tzinfo | None = None
    zone_name: str = ""


_Reader = Callable[[str, _Found], str | None]


def parse_time(layout: str, text: str, zone: tzinfo = UTC) -> datetime:
    """Return the time that a text means in a layout; in ``zone`` where it names none.

    Raises :class:`TimeError` for a text that does not fit, without repeating it.
    """
    found, rest = _Found(), text
    try:
        parts = elements(layout)
    except ValueError as error:
        raise TimeError(str(error)) from None
    for index, (literal, element) in enumerate(parts):
        rest = _skip(literal, rest, layout)
        if not element:
            continue
        following = parts[index + 1] if index + 1 < len(parts) else ("", "")
        left = _read(element, rest, found)
        if left is None:
            raise TimeError(f"the text does not fit the layout {layout!r} at its {element!r}")
        rest = left
        if element in ("5", "05") and not (following[0] == "" and following[1][:1] in (".", ",")):
            rest = _unasked_fraction(rest, found)
    if rest:
        raise TimeError(f"the text is longer than the layout {layout!r}")
    return _moment(found, zone)


def _skip(literal: str, text: str, layout: str) -> str:
    rest = text
    while literal:
        if literal[0] == " ":
            if rest and rest[0] != " ":
                break
            literal, rest = literal.lstrip(" "), rest.lstrip(" ")
        elif rest[:1] == literal[0]:
            literal, rest = literal[1:], rest[1:]
        else:
            break
    if literal:
        raise TimeError(f"the text does not fit the layout {layout!r} at its {literal!r}")
    return rest


def _unasked_fraction(text: str, found: _Found) -> str:
    match = _FRACTION.match(text)
    if match is None:
        return text
    found.nanosecond = int(match[1][:9].ljust(9, "0"))
    return text[match.end() :]


def _read(element: str, text: str, found: _Found) -> str | None:
    """Take one element off a text; ``None`` where it does not fit."""
    if element[0] in ".,":
        return _read_fraction(element, text, found)
    if element[0] in "-Z":
        return _read_offset(element, text, found)
    return _READERS[element](text, found)


def _read_fraction(element: str, text: str, found: _Found) -> str | None:
    if element[1] == "9":
        return _unasked_fraction(text, found)
    size = len(element)
    match = _FRACTION.fullmatch(text[:size])
    if match is None or len(match[1]) != size - 1:
        return None
    found.nanosecond = int(match[1][:9].ljust(9, "0"))
    return text[size:]


def _read_offset(element: str, text: str, found: _Found) -> str | None:
    if element[0] == "Z" and text[:1] == "Z":
        found.utc = True
        return text[1:]
    match = _OFFSETS[element[1:]].match(text)
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in (*match.groups()[1:], "0", "0")[:3])
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    found.zone = _fixed(-offset if match[1] == "-" else offset)
    return text[match.end() :]


def _fixed(offset: timedelta) -> tzinfo:
    return timezone(offset) if offset else UTC


def _read_zone(text: str, found: _Found) -> str | None:
    if text[:3] == "UTC":
        found.utc = True
        return text[3:]
    match = _ZONE.match(text)
    if match is None:
        return None
    name = match[0]
    if name[:3] == "GMT" and len(name) > 3:
        if abs(int(name[3:])) > 23:
            return None
        found.zone = timezone(timedelta(hours=int(name[3:])), name)
    else:
        found.zone_name = name
    return text[match.end() :]


def _number(field: str, lowest: int, highest: int, *, digits: int = 0) -> _Reader:
    pattern = re.compile(f"[0-9]{{{digits}}}" if digits else "[0-9]{1,2}")

    def read(text: str, found: _Found) -> str | None:
        match = pattern.match(text)
        if match is None or not lowest <= int(match[0]) <= highest:
            return None
        setattr(found, field, int(match[0]))
        return text[match.end() :]

    return read


def _read_day(text: str, found: _Found) -> str | None:
    return _READERS["2"](text.removeprefix(" "), found)


def _read_day_of_year(text: str, found: _Found) -> str | None:
    match = re.match(" {0,2}([0-9]{1,3})", text)
    if match is None or not 1 <= int(match[1]) <= 366:
        return None
    found.day_of_year = int(match[1])
    return text[match.end() :]


def _name(names: tuple[str, ...], field: str, *, short: bool = False) -> _Reader:
    known = [name[:3] if short else name for name in names]

    def read(text: str, found: _Found) -> str | None:
        for number, name in enumerate(known, 1):
            if text[: len(name)].lower() == name.lower():
                if field:
                    setattr(found, field, number)
                return text[len(name) :]
        return None

    return read


def _read_short_year(text: str, found: _Found) -> str | None:
    match = re.match("[0-9]{2}", text)
    if match is None:
        return None
    found.year = int(match[0]) + (1900 if int(match[0]) >= _OLDEST_SHORT_YEAR else 2000)
    return text[2:]


def _half(before: str, after: str) -> _Reader:
    def read(text: str, found: _Found) -> str | None:
        if text[:2] not in (before, after):
            return None
        found.afternoon = text[:2] == after
        return text[2:]

    return read


_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        "January": _name(MONTHS, "month"),
        "Jan": _name(MONTHS, "month", short=True),
        "1": _number("month", 1, 12),
        "01": _number("month", 1, 12, digits=2),
        "Monday": _name(DAYS, ""),
        "Mon": _name(DAYS, "", short=True),
        "2": _number("day", 0, 31),
        "_2": _read_day,
        "02": _number("day", 0, 31, digits=2),
        "__2": _read_day_of_year,
        "002": _number("day_of_year", 1, 366, digits=3),
        "15": _number("hour", 0, 23),
        "3": _number("hour", 0, 12),
        "03": _number("hour", 0, 12, digits=2),
        "4": _number("minute", 0, 59),
        "04": _number("minute", 0, 59, digits=2),
        "5": _number("second", 0, 59),
        "05": _number("second", 0, 59, digits=2),
        "2006": _number("year", 1, 9999, digits=4),
        "06": _read_short_year,
        "MST": _read_zone,
        "PM": _half("AM", "PM"),
        "pm": _half("am", "pm"),
    }
)


def _moment(found: _Found, zone: tzinfo) -> datetime:
    hour = found.hour
    if found.afternoon and hour < 12:
        hour += 12
    elif found.afternoon is False and hour == 12:
        hour = 0
    month, day = _day(found)
    stated = UTC if found.utc else found.zone
    try:
        moment = datetime(
            found.year,
            month,
            day,
            hour,
            found.minute,
            found.second,
            found.nanosecond // 1000,
            tzinfo=stated or zone,
        )
    except ValueError:
        raise TimeError("there is no such day") from None
    if found.zone_name and stated is None and moment.tzname() != found.zone_name:
        return moment.replace(tzinfo=_named(found.zone_name))
    return moment


def _day(found: _Found) -> tuple[int, int]:
    """Return month and day, from the day of the year where that was found."""
    if found.day_of_year is None:
        return found.month or 1, 1 if found.day is None else found.day
    try:
        day = date(found.year, 1, 1) + timedelta(days=found.day_of_year - 1)
    except OverflowError:
        raise TimeError("there is no such day") from None
    if day.year != found.year or found.month not in (None, day.month):
        raise TimeError("the day of the year does not fit the rest")
    if found.day not in (None, day.day):
        raise TimeError("the day of the year does not fit the rest")
    return day.month, day.day


def _named(name: str) -> tzinfo:
    if name[0] in "+-":
        return _fixed(timedelta(hours=max(-23, min(23, int(name)))))
    return timezone(timedelta(), name)
