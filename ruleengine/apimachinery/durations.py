"""Durations in fields of documents, as the deciders reckon with them.

Microseconds are the finest step; what is finer is cut off.
"""

from datetime import timedelta

from ruleengine.formats import go_durations


def parse_duration(text: str) -> timedelta:
    """Return the duration that a Go text means, such as ``1h30m``, ``-1.5s`` or ``0``.

    Raises ``formats.go_durations.DurationError`` for other texts, for instance a number
    without a unit.
    """
    return go_durations.to_timedelta(go_durations.parse_duration(text))


def parse_argo_duration(text: str | int, *, days: bool = True) -> timedelta:
    """Return the duration that a field of an Argo document means.

    Besides Go's form these take a bare number of seconds and, unless a field does not,
    days (``1d``). Raises ``formats.go_durations.DurationError``.
    """
    return go_durations.to_timedelta(go_durations.parse_argo_duration(text, days=days))


def format_duration(duration: timedelta) -> str:
    """Return a duration as Go prints it: ``1h30m0s``, ``1.5s``, ``250ms``, ``0s``."""
    return go_durations.format_duration(go_durations.from_timedelta(duration))
