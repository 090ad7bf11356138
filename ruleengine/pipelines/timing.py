"""Durations of workflows: Go's form, or bare seconds (reference, Workflows 11)."""

from datetime import datetime, timedelta
from typing import Final

from ruleengine.apimachinery.durations import parse_argo_duration
from ruleengine.formats.go_durations import DurationError
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines.problems import NodeError

MOST_SECONDS: Final = 2**31 - 1
"""The longest that Kubernetes lets a pod run, 68 years: whatever is longer means no end."""
_TIME: Final = "2026-01-02T03:04:05Z"


def duration_of(text: Value, what: str) -> timedelta:
    """Return a duration. Raises ``NodeError`` that names ``what`` it belongs to."""
    try:
        return parse_argo_duration(str(text), days=False)
    except DurationError as error:
        raise NodeError(f"{what}: {error}") from error


def seconds_of(number: int) -> timedelta:
    """Return so many seconds, and no more than any date bears: a field may hold any int64."""
    return timedelta(seconds=max(-MOST_SECONDS, min(int(number), MOST_SECONDS)))


def end_of(workflow: Object) -> datetime | None:
    """Return when a workflow ended; ``None`` where its status, which others may write, lacks that.

    Raises ``NodeError`` for what is no time.
    """
    text = lookup(workflow, "status", "finishedAt")
    try:
        return parse_time(str(text)) if text else None
    except ValueError as error:
        raise NodeError(f"status.finishedAt: {error}; set it to a time like {_TIME}") from error
