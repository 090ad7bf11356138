"""One turn of a trigger: the events that arrived, filtered and gathered, and what fires.

A pure fold. What it returns is the progress that may be recorded once everything that fired
is done; until then a turn may be repeated and comes to the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ruleengine.model.events import StoredEvent
from ruleengine.triggers.filters import judge
from ruleengine.triggers.gathering import gather
from ruleengine.triggers.requests import Arrived
from ruleengine.triggers.resets import still_held
from ruleengine.triggers.sensor_progress import Progress
from ruleengine.triggers.sensor_specification import Dependency, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What events came to: how far the trigger is then, and with what it fires, in order.

    ``errors`` tell what went wrong in filters, by dependency.
    """

    progress: Progress
    firings: tuple[Mapping[str, StoredEvent], ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


def take_turn(
    trigger: Trigger, dependencies: tuple[Dependency, ...], progress: Progress, arrived: Arrived
) -> Turn:
    """Return what the events that arrived come to."""
    if arrived.log != progress.log:
        return Turn(progress=replace(progress, log=arrived.log, after=arrived.after, held={}))
    held: Mapping[str, StoredEvent] = {
        name: arrived.held[sequence]
        for name, sequence in progress.held.items()
        if sequence in arrived.held
    }
    firings: list[Mapping[str, StoredEvent]] = []
    errors: dict[tuple[str, str], None] = {}
    after = progress.after
    for stored in arrived.events:
        after = stored.sequence
        for one in dependencies:
            if (one.source, one.event) != (stored.event.source, stored.event.subject):
                continue
            verdict = judge(one.filters, stored.event)
            if verdict.error:
                errors[one.name, verdict.error] = None
            if verdict.passed:
                held = still_held(trigger.resets, held, stored)
                gathered = gather(trigger.combination, held, one.name, stored)
                held = gathered.held
                if gathered.fired is not None:
                    firings.append(gathered.fired)
    return Turn(
        progress=replace(
            progress,
            after=after,
            held={name: stored.sequence for name, stored in sorted(held.items())},
        ),
        firings=tuple(firings),
        errors=tuple(errors),
    )
