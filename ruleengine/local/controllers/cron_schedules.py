"""When a CronJob is due: a pure function of the CronJob and the moment (reference, section 9)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from ruleengine.expressions import cron
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup

_MANY: Final = 100
"""How many starts a CronJob may have missed without a word."""

_EVERY: Final = "@every"


@dataclass(frozen=True, slots=True)
class Due:
    """The latest start that is due (``None`` for none), how many are, and the one to come."""

    start: datetime | None
    many: bool
    following: datetime | None


def zone_of(cron_job: Object) -> tzinfo:
    """Return the time zone of a CronJob. Raises ``ValueError`` for one that is unknown."""
    name = cron_job["spec"].get("timeZone")
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, KeyError):  # no such zone, a folder of zones
        raise ValueError(f"there is no time zone {name!r}") from None


def due(cron_job: Object, now: datetime) -> Due:
    """Return what is due of a CronJob.

    Counts from the last start, or the creation; what is older than the starting deadline
    allows is not due any more. Raises ``ExpressionError`` for a schedule that is none, and
    ``ValueError`` for a time zone that is none.
    """
    schedule = cron.compile(str(cron_job["spec"].get("schedule")))
    zone = zone_of(cron_job)
    last = lookup(cron_job, "status", "lastScheduleTime")
    begin = parse_time(last or cron_job["metadata"]["creationTimestamp"])
    deadline = cron_job["spec"].get("startingDeadlineSeconds")
    if deadline is not None:
        begin = max(begin, now - timedelta(seconds=int(deadline)))
    following = schedule.next(now.astimezone(zone))
    starts: list[datetime] = []
    at = schedule.next(begin.astimezone(zone))
    while at is not None and at <= now and len(starts) <= _MANY:
        starts.append(at)
        at = schedule.next(at)
    many = len(starts) > _MANY
    start = starts[-1] if starts else None
    if many and schedule.text.startswith(_EVERY):
        step = starts[1] - starts[0]
        start = starts[0] + (now - starts[0]) // step * step
    elif many:
        start = schedule.previous(now.astimezone(zone) + timedelta(microseconds=1))
    return Due(start, many, following)
