"""Cron schedules as Argo reads them: those of ``robfig/cron`` version 3.

Five fields (minute, hour, day of the month, month, day of the week), ``@hourly`` and its like,
``@every 1h30m``, and ``TZ=`` or ``CRON_TZ=`` before them. Days of the week count from 0 (Sunday)
to 6: there is no 7, no ``L`` and no ``#``. Where both kinds of days are restricted, either may
match. No library of Python agrees with that and with the days on which clocks change, so this is
our own. The instants are pure functions of an instant: nothing here knows what time it is.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from ruleengine.expressions.cron_times import FIRST_YEAR, LAST_YEAR, Interval, Times
from ruleengine.expressions.language import DEFAULT_LIMITS, INPUT, ExpressionError, Limits
from ruleengine.formats.go_durations import SECOND, DurationError, parse_duration


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field(
        "month",
        1,
        12,
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    _Field("day of the week", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)

_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "
_ZONES = ("TZ=", "CRON_TZ=")
_NUMBER = re.compile(r"\+?[0-9]{1,18}")
_LONGEST = 1000
_FORM = "write five fields: minute, hour, day of the month, month, day of the week"


class Schedule:
    """A compiled schedule: which instant comes after one, and which came before it."""

    __slots__ = ("_times", "text", "zone")

    def __init__(self, text: str, zone: tzinfo | None, times: Interval | Times) -> None:
        self.text = text
        self.zone = zone
        """The time zone that the text names. Where it names none, that of an instant counts."""
        self._times = times

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> datetime | None:
        """Return the instant after the one under ``input``. Raises ``ExpressionError``."""
        del limits  # a walk ends after five years
        at = env.get(INPUT)
        if not isinstance(at, datetime) or at.tzinfo is None:
            raise ExpressionError(f"a schedule takes an instant with a time zone as {INPUT!r}")
        return self.next(at)

    def next(self, at: datetime) -> datetime | None:
        """Return the first instant after ``at`` (aware), in the time zone of ``at``.

        ``None`` where there is none within five years, as for the 31st of February.
        """
        return self._look(self._times.next, at)

    def previous(self, at: datetime) -> datetime | None:
        """Return the last instant before ``at`` (aware), in the time zone of ``at``.

        ``None`` where there is none within five years.
        """
        return self._look(self._times.previous, at, later=at.microsecond > 0)

    def _look(
        self, search: Callable[[int, tzinfo], int | None], at: datetime, *, later: bool = False
    ) -> datetime | None:
        if at.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            return None
        instant = int(at.replace(microsecond=0).timestamp())
        found = search(instant + later, self.zone or at.tzinfo)
        return None if found is None else datetime.fromtimestamp(found, at.tzinfo)


@lru_cache(maxsize=1024)
def compile(text: str, *, descriptors: bool = True) -> Schedule:  # noqa: A001 - as every language
    """Return the schedule of a text. Raises ``ExpressionError``.

    Event sources and sensors take no ``descriptors``, such as ``@daily``; workflows do.
    """
    if len(text) > _LONGEST:
        raise ExpressionError("the schedule is too long", text=text, hint=_FORM)
    zone, rest = _zone(text)
    start = len(text) - len(rest)
    if not rest.startswith("@"):
        return Schedule(text, zone, _times(text, start))
    if not descriptors:
        raise ExpressionError(f"{rest} is not allowed here", offset=start, text=text, hint=_FORM)
    if rest.startswith(_EVERY):
        return Schedule(text, zone, _interval(text, start + len(_EVERY)))
    if rest not in _DESCRIPTORS:
        raise ExpressionError(
            f"there is no schedule {rest}",
            offset=start,
            text=text,
            hint=f"known are {', '.join(_DESCRIPTORS)} and @every",
        )
    return Schedule(text, zone, _times(_DESCRIPTORS[rest], 0))


def _zone(text: str) -> tuple[tzinfo | None, str]:
    """Return the time zone that the text begins with, and the rest of it."""
    if not text.startswith(_ZONES):
        return None, text
    start = text.index("=") + 1
    name, _, rest = text[start:].partition(" ")
    try:
        zone = ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError):  # no such zone, a folder of zones, no zone's name
        raise ExpressionError(
            f"there is no time zone {name}",
            offset=start,
            text=text,
            hint="write one such as Europe/Berlin, followed by a space",
        ) from None
    return zone, rest.strip()


def _interval(text: str, start: int) -> Interval:
    try:
        duration = parse_duration(text[start:])
    except DurationError as error:
        hint = "write @every 1h30m"
        raise ExpressionError(str(error), offset=start, text=text, hint=hint) from None
    return Interval(max(duration // SECOND, 1))


def _times(text: str, start: int) -> Times:
    found = list(re.finditer(r"\S+", text[start:]))
    if len(found) != len(_FIELDS):
        raise ExpressionError(
            f"a schedule has five fields, this one has {len(found)}",
            offset=len(text) if len(found) < len(_FIELDS) else start + found[5].start(),
            text=text,
            hint=_FORM,
        )
    values: list[frozenset[int]] = []
    starred: list[bool] = []
    for field, match in zip(_FIELDS, found, strict=True):
        numbers, star = _FieldReader(field, text, start + match.start()).read(match[0])
        values.append(numbers)
        starred.append(star)
    minutes, hours, days, months, weekdays = values
    return Times(minutes, hours, days, months, weekdays, both_days=starred[2] or starred[4])


class _FieldReader:
    """Reads one field: ranges with steps, separated by commas."""

    def __init__(self, field: _Field, text: str, start: int) -> None:
        self._field = field
        self._text = text
        self._at = start

    def read(self, field: str) -> tuple[frozenset[int], bool]:
        """Return the numbers that the field allows, and whether a star is among its ranges."""
        numbers: set[int] = set()
        starred = False
        for part in field.split(","):
            if part:
                some, star = self._range(part)
                numbers.update(some)
                starred = starred or star
            self._at += len(part) + 1
        if not numbers:
            self._at -= len(field) + 1
            raise self._error("there is nothing between commas")
        return frozenset(numbers), starred

    def _range(self, part: str) -> tuple[range, bool]:
        bounds, *steps = part.split("/")
        if len(steps) > 1:
            raise self._error(f"{part} has more than one slash")
        low, *highs = bounds.split("-")
        if low in ("*", "?"):
            first, last = self._field.least, self._field.most
        elif len(highs) > 1:
            raise self._error(f"{part} has more than one hyphen")
        else:
            first = self._number(low)
            last = self._number(highs[0]) if highs else first
            if steps and not highs:
                last = self._field.most
        step = self._step(steps[0]) if steps else 1
        if first < self._field.least or last > self._field.most:
            raise self._error(f"{part} is out of range")
        if first > last:
            raise self._error(f"{part} ends before it begins")
        return range(first, last + 1, step), low in ("*", "?") and step == 1

    def _number(self, text: str) -> int:
        if text.lower() in self._field.names:
            return self._field.names.index(text.lower()) + self._field.least
        if not _NUMBER.fullmatch(text):
            raise self._error(f"{text or 'nothing'} is no number")
        return int(text)

    def _step(self, text: str) -> int:
        if not _NUMBER.fullmatch(text) or int(text) == 0:
            raise self._error(f"{text or 'nothing'} is no step")
        return int(text)

    def _error(self, message: str) -> ExpressionError:
        field = self._field
        names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
        return ExpressionError(
            f"{field.name}: {message}",
            offset=self._at,
            text=self._text,
            hint=f"it takes {field.least} to {field.most}{names}, as in *, */5, 1-5 or 1,3",
        )
