"""Durations as Go has them: whole nanoseconds, written ``1h30m0s``, ``1.5s`` or ``250ms``."""

import re
from datetime import timedelta
from typing import Final

NANOSECOND: Final = 1
MICROSECOND: Final = 1000
MILLISECOND: Final = 10**6
SECOND: Final = 10**9
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

LONGEST: Final = 2**63 - 1
"""The longest duration: about 292 years."""

_UNITS: Final = {
    "ns": NANOSECOND,
    "us": MICROSECOND,
    "µs": MICROSECOND,
    "μs": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
    "d": DAY,
}
_PART: Final = re.compile(r"(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(ns|us|µs|μs|ms|s|m|h|d)")
_SECONDS: Final = re.compile("[+-]?[0-9]+")
_LONGEST_TEXT: Final = 1000
"""No duration needs as many characters; longer texts would only cost time."""


class DurationError(ValueError):
    """A text that is no duration."""


class SpokenInt(int):
    """An integer with a text of its own, as Go's durations and months are."""

    __slots__ = ()
    go_type = "int"
    """The name of its type in Go."""


class Duration(SpokenInt):
    """A number of nanoseconds that prints as Go prints a duration."""

    __slots__ = ()
    go_type = "time.Duration"

    def __str__(self) -> str:
        """Return Go's text."""
        return format_duration(self)

    def __repr__(self) -> str:
        """Return what a reader of a test wants to see."""
        return f"Duration({format_duration(self)})"

    def __format__(self, spec: str) -> str:
        """Return Go's text, laid out as asked for."""
        return format(format_duration(self), spec)


def parse_duration(text: str) -> Duration:
    """Return the duration that a Go text means, such as ``1h30m``, ``-1.5s`` or ``0``.

    What is finer than a nanosecond is cut off. Raises :class:`DurationError` for other
    texts, for instance a number without a unit.
    """
    return _parse(text, days=False)


def parse_argo_duration(text: str | int, *, days: bool = True) -> Duration:
    """Return the duration that a field of an Argo document means.

    Besides Go's form these take a bare number of seconds and, unless a field does not,
    days (``1d``). Raises :class:`DurationError`.
    """
    if isinstance(text, int) or (len(text) < _LONGEST_TEXT and _SECONDS.fullmatch(text)):
        return _limited(int(text) * SECOND, str(text))
    return _parse(text, days=days)


def _parse(text: str, *, days: bool) -> Duration:
    sign = -1 if text[:1] == "-" else 1
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return Duration()
    total, at = 0, 0
    while at < len(rest) < _LONGEST_TEXT:
        match = _PART.match(rest, at)
        if match is None or (match[4] == "d" and not days):
            break
        total += _part(match)
        at = match.end()
    if not rest or at < len(rest):
        raise DurationError(f"{text[:100]!r} is no duration, such as 90s, 1h30m or 500ms")
    return _limited(sign * total, text)


def _part(match: re.Match[str]) -> int:
    unit = _UNITS[match[4]]
    fraction = match[2] or match[3] or ""
    part = int(fraction) * unit // 10 ** len(fraction) if fraction else 0
    return int(match[1] or 0) * unit + part


def _limited(nanoseconds: int, text: str) -> Duration:
    if not -LONGEST - 1 <= nanoseconds <= LONGEST:
        raise DurationError(f"the duration {text[:100]!r} is too long")
    return Duration(nanoseconds)


def from_timedelta(duration: timedelta) -> Duration:
    """Return a duration of the standard library as Go's, at most the longest."""
    nanoseconds = duration // timedelta(microseconds=1) * MICROSECOND
    return Duration(min(max(nanoseconds, -LONGEST - 1), LONGEST))


def to_timedelta(nanoseconds: int) -> timedelta:
    """Return a duration of the standard library; what is finer than it is cut off."""
    micro = abs(nanoseconds) // MICROSECOND
    return timedelta(microseconds=micro if nanoseconds >= 0 else -micro)


def format_duration(nanoseconds: int) -> str:
    """Return a duration as Go prints it: ``1h30m0s``, ``1.5s``, ``250ms``, ``0s``."""
    sign, rest = ("-", -int(nanoseconds)) if nanoseconds < 0 else ("", int(nanoseconds))
    if rest == 0:
        return "0s"
    for unit, name, larger in (
        (NANOSECOND, "ns", MICROSECOND),
        (MICROSECOND, "µs", MILLISECOND),
        (MILLISECOND, "ms", SECOND),
    ):
        if rest < larger:
            return f"{sign}{_decimal(rest, unit)}{name}"
    minutes, rest = divmod(rest, MINUTE)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, SECOND)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else f"{sign}{text}"


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    digits = str(rest).zfill(len(str(unit)) - 1).rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)
