"""Events live for an hour after they were told last."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ruleengine.local.controllers.work import Delete, Reader, Reconciled
from ruleengine.local.store import Event, Key
from ruleengine.model.times import parse_time

_LIFE: Final = timedelta(hours=1)


class ExpiringEvents:
    """Deletes events an hour after they were told last."""

    manager: ClassVar[str] = "kube-controller-manager"

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """Every event has a key of its own."""
        del reader
        return [event.key] if event.key.resource in ("events", "events.events.k8s.io") else []

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Delete an event that is old enough, or say when it will be."""
        live = reader.get(key)
        if live is None:
            return Reconciled()
        told = live.get("lastTimestamp") or live["metadata"]["creationTimestamp"]
        end = max(parse_time(told), parse_time(live["metadata"]["creationTimestamp"])) + _LIFE
        return Reconciled((Delete(live),)) if now >= end else Reconciled(again=end)
