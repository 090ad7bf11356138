"""HorizontalPodAutoscalers: taken, and honestly not acted on, since nothing measures pods here."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.local.controllers.work import (
    Reader,
    Reconciled,
    SetStatus,
    Tell,
    is_deleting,
)
from ruleengine.local.store import Event, Key
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "horizontalpodautoscalers.autoscaling"
_REASON: Final = "NoMetrics"
_MESSAGE: Final = (
    "the local control plane measures no pods, so it leaves the replicas as they are; scale by "
    "hand, or use a cluster"
)


class Autoscalers:
    """Says of every HorizontalPodAutoscaler that nothing acts on it."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """Only the object itself matters."""
        del reader
        return [event.key] if event.key.resource == RESOURCE else []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Say it in the status, and in an event for each generation of the object."""
        live = reader.get(key)
        if live is None or is_deleting(live):
            return Reconciled()
        generation = live["metadata"].get("generation", 0)
        if lookup(live, "status", "observedGeneration") == generation:
            return Reconciled()
        inactive = {
            "type": "ScalingActive",
            "status": "False",
            "reason": _REASON,
            "message": _MESSAGE,
            "lastTransitionTime": format_time(now),
        }
        status: Object = {
            **(live.get("status") or {}),
            "observedGeneration": generation,
            "currentReplicas": 0,
            "desiredReplicas": 0,
            "conditions": [inactive],
        }
        told = Tell(
            about=live,
            reason=_REASON,
            message=_MESSAGE,
            component="horizontal-pod-autoscaler",
            warning=True,
            of=str(generation),
        )
        return Reconciled((SetStatus(live, status), told))
