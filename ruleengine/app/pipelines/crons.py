"""``pipeline cron``: what runs by schedule, when it did and will, and the times it missed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ruleengine.app.pipelines import changing, finding
from ruleengine.app.pipelines.places import Place
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.cron_reconciler import workflow_at
from ruleengine.pipelines.problems import WorkflowError
from ruleengine.pipelines.schedules import Schedules

_KIND: Final = "CronWorkflow"
MOST: Final = 100
"""How many times are made up for at once at most."""

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before this there is no time to make up for: names count the seconds since then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A CronWorkflow: when it runs, ran last, and runs next; ``problem`` says what is wrong."""

    value: Object
    schedules: tuple[str, ...]
    last: str
    following: datetime | None
    problem: str = ""

    @property
    def suspended(self) -> bool:
        """Whether it is told to wait."""
        return bool(lookup(self.value, "spec", "suspend"))


def scheduled(value: Object, now: datetime) -> Scheduled:
    """Return when a CronWorkflow runs."""
    spec = value.get("spec") or {}
    old = [spec["schedule"]] if spec.get("schedule") else []
    problem, following = "", None
    try:
        following = Schedules(spec).next(now)
    except WorkflowError as error:
        problem = str(error)
    return Scheduled(
        value=value,
        schedules=tuple(map(str, [*(spec.get("schedules") or ()), *old])),
        last=str(lookup(value, "status", "lastScheduledTime", default="")),
        following=following,
        problem=problem,
    )


def crons(place: Place, *, everywhere: bool) -> Sequence[Scheduled]:
    """Return the CronWorkflows of a namespace, or of all of them."""
    namespace = "" if everywhere else place.namespace
    return [scheduled(one, changing.now()) for one in finding.objects(place, _KIND, namespace)]


def cron(place: Place, name: str) -> Scheduled:
    """Return one CronWorkflow. Raises ``UsageError``."""
    return scheduled(finding.live(place, _KIND, name), changing.now())


def suspend(place: Place, name: str) -> Object:
    """Have a CronWorkflow start nothing; return it."""
    return _set_suspend(place, name, suspended=True)


def resume(place: Place, name: str) -> Object:
    """Have a CronWorkflow start again what it schedules; return it."""
    return _set_suspend(place, name, suspended=False)


def _set_suspend(place: Place, name: str, *, suspended: bool) -> Object:
    def verb(value: Object) -> Object:
        return {**value, "spec": {**value["spec"], "suspend": suspended}}

    return changing.change(place, name, verb, _KIND)


def missed(value: Object, start: datetime, end: datetime) -> list[Object]:
    """Return the workflows for the times of a CronWorkflow from ``start`` to before ``end``.

    Raises ``UsageError`` where the times make no sense or are too many, ``FailedError`` for a
    schedule that is none.
    """
    if start >= end:
        raise UsageError("there is no time between these", "choose an --end after --start")
    try:
        schedules = Schedules(value["spec"])
    except WorkflowError as error:
        raise FailedError(str(error), "correct its schedules") from error
    times = list(_times(schedules, start, end))
    if len(times) > MOST:
        raise UsageError(
            f"there are more than {MOST} times between {format_time(start)} and {format_time(end)}",
            "choose a shorter time; a time whose workflow is there is not run again",
        )
    return [workflow_at(value, one) for one in times]


def _times(schedules: Schedules, start: datetime, end: datetime) -> Iterator[datetime]:
    last = max(start, _FIRST) - timedelta(seconds=1)
    for _ in range(MOST + 1):
        following = schedules.next(last)
        if following is None or following >= end:
            return
        yield following
        last = following


def backfill(place: Place, name: str, start: datetime, end: datetime) -> tuple[list[Object], int]:
    """Create the workflows of times that were missed; return them, and how many are there.

    Those that are there may have come meanwhile: of the schedule itself, say.
    """
    value = finding.runnable(place, _KIND, name)
    wanted = missed(value, start, end)
    made = [made for one in wanted if (made := changing.create_new(place, one)) is not None]
    return made, len(wanted) - len(made)
