"""Resets of conditions: at certain times a trigger forgets the events that it holds.

What came before a reset does not count for what comes at it or after it (reference,
Events 10). Nothing has to be done at that time: an event that arrives finds out by its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

from ruleengine.expressions import cron
from ruleengine.expressions.language import ExpressionError
from ruleengine.model.events import StoredEvent
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.values import mapping, text
from ruleengine.triggers.zones import find_zone

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Reset:
    """A schedule, and the time zone in which it is read."""

    schedule: cron.Schedule
    zone: tzinfo = UTC

    @classmethod
    def read(cls, value: Object, where: str) -> Self:
        """Read an entry of ``conditionsReset``. Raises ``WrongError``."""
        if value.get("byTime") is None:
            raise WrongError(f"{where}: invalid conditionsReset, byTime must be set")
        by_time = mapping(value, "byTime", where)
        written = text(by_time, "cron", f"{where}.byTime")
        name = text(by_time, "timezone", f"{where}.byTime")
        try:
            schedule = cron.compile(written, descriptors=False)
        except ExpressionError as error:
            raise WrongError(f'invalid cron expression "{written}"') from error
        zone = find_zone(name)
        if zone is None:
            raise WrongError(f'invalid timezone "{name}"')
        return cls(schedule, zone)

    def last(self, at: datetime) -> datetime | None:
        """Return the last time of a reset, ``at`` included; ``None`` where there was none."""
        return self.schedule.previous(at.astimezone(self.zone) + _MOMENT)


def still_held(
    resets: Sequence[Reset], held: Mapping[str, StoredEvent], event: StoredEvent
) -> Mapping[str, StoredEvent]:
    """Return which of the events that are held count when another one arrives."""
    if not resets or not held:
        return held
    at = parse_time(event.event.time)
    times = [one for one in (reset.last(at) for reset in resets) if one is not None]
    if not times:
        return held
    last = max(times)
    return {name: one for name, one in held.items() if parse_time(one.event.time) >= last}
