"""Events live for an hour after they were told last."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ruleengine.local.controllers.work import Delete, Reader, Reconciled
from ruleengine.local.store import Event, Key
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object

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
        end = _told_last(live) + _LIFE
        return Reconciled((Delete(live),)) if now >= end else Reconciled(again=end)


def _told_last(event: Object) -> datetime:
    """Return when an event was told last; what its writer says counts only if it is a time."""
    created = parse_time(event["metadata"]["creationTimestamp"])
    try:
        return max(parse_time(str(event.get("lastTimestamp"))), created)
    except ValueError:
        return created
