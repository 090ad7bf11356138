"""Durations of workflows: Go's form, or bare seconds (reference, Workflows 11)."""

from datetime import timedelta

from ruleengine.apimachinery.durations import parse_argo_duration
from ruleengine.formats.go_durations import DurationError
from ruleengine.model.values import Value
from ruleengine.pipelines.problems import NodeError


def duration_of(text: Value, what: str) -> timedelta:
    """Return a duration. Raises ``NodeError`` that names ``what`` it belongs to."""
    try:
        return parse_argo_duration(str(text), days=False)
    except DurationError as error:
        raise NodeError(f"{what}: {error}") from error
