"""The schedules of a CronWorkflow: which time is due, and which comes next.

A time is due if it has come since the last run, was not passed over before, and is not too
long ago: as long as ``startingDeadlineSeconds`` says, else a minute, within which a busy process
catches up (reference, Workflows 24).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from ruleengine.expressions import cron
from ruleengine.expressions.language import ExpressionError
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.problems import WorkflowError
from ruleengine.pipelines.timing import seconds_of

_LATENESS: Final = timedelta(minutes=1)


class Schedules:
    """Every schedule of a CronWorkflow; ``text`` tells them apart from others, as Argo notes it.

    Raises ``WorkflowError`` for one that is none.
    """

    def __init__(self, spec: Object) -> None:
        old = [spec["schedule"]] if spec.get("schedule") else []
        stated = [*(spec.get("schedules") or ()), *old]
        if not stated:
            raise WorkflowError("cron workflow must have at least one schedule")
        zone = str(spec.get("timezone") or "")
        self._schedules = [_compiled(str(one), zone) for one in stated]
        self.text = ",".join(one.text for one in self._schedules)
        self._window = max(seconds_of(spec.get("startingDeadlineSeconds") or 0), _LATENESS)

    def next(self, now: datetime) -> datetime | None:
        """Return the first time after ``now``; ``None`` where there is none any more."""
        return min(_present(one.next(now) for one in self._schedules), default=None)

    def due(self, now: datetime, since: datetime) -> datetime | None:
        """Return the last time after ``since`` that is due; ``None`` where none is."""
        past = _present(_last(one, now, since) for one in self._schedules)
        last = max(past, default=None)
        return None if last is None or now - last > self._window else last


def _last(schedule: cron.Schedule, now: datetime, since: datetime) -> datetime | None:
    """Return the last time of a schedule after ``since`` and up to ``now``."""
    first = schedule.next(since)
    if first is None or first > now:
        return None
    if "@every" in schedule.text:
        return first  # counted from the last run: what lies between has no times of its own
    return schedule.previous(now.replace(microsecond=0) + timedelta(seconds=1)) or first


def _compiled(text: str, zone: str) -> cron.Schedule:
    try:
        return cron.compile(f"CRON_TZ={zone} {text}" if zone else text)
    except ExpressionError as error:
        raise WorkflowError(f"cron schedule '{text}': {error}") from error


def _present(times: Iterable[datetime | None]) -> list[datetime]:
    return [one for one in times if one is not None]


def since(value: Object, considered: str) -> datetime:
    """Return the time after which times of a CronWorkflow count.

    That is its last run, the last time that was ``considered``, or its own beginning.
    """
    stated = (
        lookup(value, "status", "lastScheduledTime"),
        considered,
        lookup(value, "metadata", "creationTimestamp"),
    )
    return max(parse_time(str(one)) for one in stated if one)
