"""Writes what is used of each ResourceQuota (reference, Kubernetes API section 9)."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from ruleengine.local.api.quotas import RESOURCE, hard_of, resources_of, usage_of
from ruleengine.local.api.tallies import Tallies
from ruleengine.local.controllers.work import (
    Reader,
    Reconciled,
    SetStatus,
    is_deleting,
    key_of,
)
from ruleengine.local.store import Event, EventType, Key, Store


class Quotas:
    """The controller of ResourceQuotas."""

    manager: ClassVar[str] = "kube-controller-manager"

    def __init__(self, store: Store) -> None:
        self._tallies = Tallies(store)

    def keys(self, event: Event, reader: Reader) -> Iterable[Key]:
        """A quota is looked at when it changes, or what it counts does."""
        found = [event.key] if event.key.resource == RESOURCE else []
        if event.key.namespace:
            counting = [
                key_of(RESOURCE, one)
                for one in reader.objects(RESOURCE, event.key.namespace)
                if event.key.resource in resources_of(one)
            ]
            found += counting if counting and _matters(event) else []
        return found

    def reconcile(self, key: Key, reader: Reader, now: datetime) -> Reconciled:
        """Write what is used where it differs."""
        del now
        live = reader.get(key)
        if live is None or is_deleting(live):
            return Reconciled()

        status = {
            name: {one: str(amount) for one, amount in amounts.items()}
            for name, amounts in (("hard", hard_of(live)), ("used", self._tallies.used(live)))
        }
        return Reconciled((SetStatus(live, status),) if status != live.get("status") else ())


def _matters(event: Event) -> bool:
    """Tell whether an object counts for more or less than before."""
    if event.type is not EventType.MODIFIED or event.previous is None:
        return True
    resource = event.key.resource
    return usage_of(event.object, resource) != usage_of(event.previous, resource)
