"""Durations as Go writes them (``1h30m``, ``1.5s``), and the wider forms that Argo takes.

Microseconds are the finest step; what is finer is cut off.
"""

import re
from datetime import timedelta
from fractions import Fraction
from typing import Final

_MICROSECONDS: Final = {
    "ns": Fraction(1, 1000),
    "us": Fraction(1),
    "µs": Fraction(1),
    "μs": Fraction(1),
    "ms": Fraction(1000),
    "s": Fraction(10**6),
    "m": Fraction(60 * 10**6),
    "h": Fraction(3600 * 10**6),
    "d": Fraction(86400 * 10**6),
}
_PART: Final = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d)")
_LONGEST: Final = Fraction(2**63 - 1, 1000)
"""What a Go duration can hold: about 292 years."""


class DurationError(ValueError):
    """A text that is no duration."""


def parse_duration(text: str) -> timedelta:
    """Return the duration that a Go text means, such as ``1h30m``, ``-1.5s`` or ``0``.

    Raises :class:`DurationError` for other texts, for instance a number without a unit.
    """
    return _parse(text, days=False)


def parse_argo_duration(text: str | int) -> timedelta:
    """Return the duration that a field of an Argo document means.

    Besides Go's form these take a bare number of seconds and days (``1d``). Raises
    :class:`DurationError`.
    """
    if isinstance(text, int) or re.fullmatch(r"[+-]?[0-9]+", text):
        return _limited(Fraction(int(text) * 10**6), str(text))
    return _parse(text, days=True)


def _parse(text: str, *, days: bool) -> timedelta:
    sign = -1 if text[:1] == "-" else 1
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return timedelta()
    total, at = Fraction(0), 0
    while at < len(rest):
        match = _PART.match(rest, at)
        if match is None or (match[2] == "d" and not days):
            break
        total += Fraction(match[1].rstrip(".")) * _MICROSECONDS[match[2]]
        at = match.end()
    if not rest or at < len(rest):
        raise DurationError(f"{text!r} is no duration, such as 90s, 1h30m or 500ms")
    return _limited(sign * total, text)


def _limited(microseconds: Fraction, text: str) -> timedelta:
    if abs(microseconds) > _LONGEST:
        raise DurationError(f"the duration {text!r} is too long")
    return timedelta(microseconds=int(microseconds))


def format_duration(duration: timedelta) -> str:
    """Return a duration as Go prints it: ``1h30m0s``, ``1.5s``, ``250ms``, ``0s``."""
    micro = duration // timedelta(microseconds=1)
    sign, micro = ("-", -micro) if micro < 0 else ("", micro)
    if micro == 0:
        return "0s"
    if micro < 1000:
        return f"{sign}{micro}µs"
    if micro < 10**6:
        return f"{sign}{_fraction(micro, 1000)}ms"
    minutes, rest = divmod(micro, 60 * 10**6)
    hours, minutes = divmod(minutes, 60)
    text = f"{_fraction(rest, 10**6)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else f"{sign}{text}"


def _fraction(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    digits = str(rest).zfill(len(str(unit)) - 1).rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
