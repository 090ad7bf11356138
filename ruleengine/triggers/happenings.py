"""Kubernetes Events about a sensor: what went wrong with events.

A filter that fails is told once for each cause, for it may fail for every event; a trigger
that starts nothing is told for each firing.
"""

from collections.abc import Mapping

from ruleengine.model.event_objects import warning_about
from ruleengine.model.events import StoredEvent
from ruleengine.model.values import Object


def filter_failed(sensor: Object, dependency: str, error: str) -> Object:
    """Return the Event of a filter that could not be evaluated."""
    return warning_about(sensor, "FilterFailed", f"the filters of {dependency}: {error}")


def trigger_failed(
    sensor: Object, trigger: str, events: Mapping[str, StoredEvent], error: str
) -> Object:
    """Return the Event of a trigger that fired and started nothing."""
    cause = ", ".join(f"{name} {one.event.id}" for name, one in sorted(events.items()))
    return warning_about(sensor, "TriggerFailed", f"{trigger} started nothing for {cause}: {error}")
