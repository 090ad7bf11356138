"""What is used of ResourceQuotas, counted along with what happens.

The first count of a quota looks at every object that it counts; from then on each write adds
what it changes, so that a write costs the same however many objects there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ruleengine.local.api.pod_resources import NONE, Amounts
from ruleengine.local.api.quotas import counts, hard_of, resources_of, usage_of, used
from ruleengine.local.store import CompactedError, Event, EventType, Store
from ruleengine.model.values import Object

_MOST: Final = 1000
"""How many quotas are remembered."""


@dataclass(frozen=True, slots=True)
class _Tally:
    """What is used at a revision of the store, of a quota with a specification.

    Never changed but replaced: two threads that count on from one at the same time come to the
    same, and neither counts for the other once more.
    """

    specification: Object
    revision: int
    amounts: Amounts


class Tallies:
    """Counts for the quotas of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, str], _Tally] = {}

    def used(self, quota: Object) -> Amounts:
        """Return what is used of what a quota limits, now."""
        metadata = quota["metadata"]
        place = (str(metadata["namespace"]), str(metadata["name"]))
        known = self._known.get(place)
        if known is None or known.specification != quota.get("spec"):
            known = self._counted(quota)
        try:
            events = self._store.events(known.revision)
        except CompactedError:
            known = self._counted(quota)
            events = self._store.events(known.revision)
        amounts, revision = known.amounts, known.revision
        for event in events:
            amounts, revision = _with(amounts, event, quota), event.revision
        if len(self._known) > _MOST:
            self._known.clear()
        self._known[place] = replace(known, revision=revision, amounts=amounts)
        return amounts

    def _counted(self, quota: Object) -> _Tally:
        namespace, revision = str(quota["metadata"]["namespace"]), self._store.revision

        def objects(resource: str) -> Iterable[Object]:
            return self._store.list(resource, namespace, revision).items

        return _Tally(quota.get("spec") or {}, revision, used(quota, objects))


def _with(amounts: Amounts, event: Event, quota: Object) -> Amounts:
    """Return amounts with what an event has changed."""
    key = event.key
    if key.namespace != quota["metadata"]["namespace"] or key.resource not in resources_of(quota):
        return amounts
    before = {} if event.type is EventType.ADDED else _usage(event.previous, key.resource, quota)
    gone = event.type is EventType.DELETED
    after = {} if gone else _usage(event.object, key.resource, quota)
    return {
        name: amounts.get(name, NONE) - before.get(name, NONE) + after.get(name, NONE)
        for name in hard_of(quota)
    }


def _usage(value: Object | None, resource: str, quota: Object) -> Amounts:
    return usage_of(value, resource) if value and counts(quota, value, resource) else {}
