"""Kubernetes Events about a sensor: what went wrong with events.

A filter that fails is told once for each cause, for it may fail for every event; a trigger
that starts nothing is told for each firing.
"""

from collections.abc import Mapping
from typing import Final

from ruleengine.model.events import StoredEvent
from ruleengine.model.names import MANAGER
from ruleengine.model.values import Object, lookup

_LONGEST: Final = 1000
"""How many characters of a message an Event holds."""


def filter_failed(sensor: Object, dependency: str, error: str) -> Object:
    """Return the Event of a filter that could not be evaluated."""
    return _event(sensor, "FilterFailed", f"the filters of {dependency}: {error}")


def trigger_failed(
    sensor: Object, trigger: str, events: Mapping[str, StoredEvent], error: str
) -> Object:
    """Return the Event of a trigger that fired and started nothing."""
    cause = ", ".join(f"{name} {one.event.id}" for name, one in sorted(events.items()))
    return _event(sensor, "TriggerFailed", f"{trigger} started nothing for {cause}: {error}")


def _event(sensor: Object, reason: str, message: str) -> Object:
    metadata = sensor["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": sensor["apiVersion"],
            "kind": sensor["kind"],
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": lookup(sensor, "metadata", "uid", default=""),
        },
        "type": "Warning",
        "reason": reason,
        "message": message[:_LONGEST],
        "source": {"component": MANAGER},
    }
