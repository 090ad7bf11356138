"""Durations of workflows: Go's form, or bare seconds (reference, Workflows 11)."""

from datetime import timedelta
from typing import Final

from ruleengine.apimachinery.durations import parse_argo_duration
from ruleengine.formats.go_durations import DurationError
from ruleengine.model.values import Value
from ruleengine.pipelines.problems import NodeError

MOST_SECONDS: Final = 2**31 - 1
"""The longest that Kubernetes lets a pod run, 68 years: whatever is longer means no end."""


def duration_of(text: Value, what: str) -> timedelta:
    """Return a duration. Raises ``NodeError`` that names ``what`` it belongs to."""
    try:
        return parse_argo_duration(str(text), days=False)
    except DurationError as error:
        raise NodeError(f"{what}: {error}") from error


def seconds_of(number: int) -> timedelta:
    """Return so many seconds, and no more than any date bears: a field may hold any int64."""
    return timedelta(seconds=max(-MOST_SECONDS, min(int(number), MOST_SECONDS)))
