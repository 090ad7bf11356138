"""Gathering: the events of a trigger's dependencies until its conditions hold.

A pure state machine, as Argo Events has it on JetStream (reference, Events 10): the newest
event of each dependency is kept; once the conditions hold, the trigger fires with all that it
kept, and begins anew. Where every dependency is enough by itself, nothing is ever kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ruleengine.triggers.combinations import Combination

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Gathered(Generic[Event]):
    """What is kept after an event, and what the trigger fires with (``None``: it does not)."""

    held: Mapping[str, Event]
    fired: Mapping[str, Event] | None = None


def gather(
    combination: Combination, held: Mapping[str, Event], dependency: str, event: Event
) -> Gathered[Event]:
    """Return what becomes of one event of a dependency."""
    if dependency not in combination.names:
        return Gathered(held)
    if combination.is_any:
        return Gathered(held, {dependency: event})
    together = {**held, dependency: event}
    if not combination.holds(together):
        return Gathered(together)
    return Gathered({}, {name: together[name] for name in combination.names if name in together})
