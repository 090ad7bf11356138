"""Durations as Argo CD writes them: Go's ``1m30s``, or bare seconds."""

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse_duration(text: str | int) -> float:
    """Return the seconds that a duration names. Raises ``ValueError`` for other texts.

    >>> parse_duration("1m30s"), parse_duration("20"), parse_duration(5)
    (90.0, 20.0, 5.0)
    """
    written = str(text).strip()
    sign = -1.0 if written.startswith("-") else 1.0
    rest = written.lstrip("+-")
    if rest.isascii() and rest.isdigit():
        return sign * float(rest)
    parts = _PART.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        raise ValueError(f"{text!r} is no duration such as 5s or 1m30s")
    return sign * sum(float(number) * _UNITS[unit] for number, unit in parts)
