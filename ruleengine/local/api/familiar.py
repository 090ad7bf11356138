"""Which objects of a store are known to be right for their kind as it is served now.

What was completed and checked when it was written need not be looked at again by the next write,
which leaves most of it as it was. That is known by identity, because values in the store are
never changed in place, and only for as long as the kind is served with the same schema.
"""

from ruleengine.local.api import preparing
from ruleengine.local.api.admission import ALLOCATED
from ruleengine.local.api.catalog import Served
from ruleengine.local.store import Key
from ruleengine.model.values import Object


class Familiar:
    """The objects of one store that need not be looked at again. Safe to use from threads."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[Served, Object]] = {}
        self._last: tuple[Served, Object] | None = None

    def note(self, key: Key, served: Served, stored: Object) -> None:
        """Remember an object that was stored as this kind after all checks."""
        if (served.info.group, served.info.kind) not in ALLOCATED:
            self._known[key] = (served, stored)

    def drop(self, key: Key) -> None:
        """Forget an object that is gone."""
        self._known.pop(key, None)

    def presented(self, key: Key, served: Served, stored: Object) -> Object:
        """Return a stored object in the version it is asked for, with defaults added since."""
        return stored if self._knows(key, served, stored) else preparing.presented(stored, served)

    def of(self, served: Served, live: Object) -> Object | None:
        """Return an object out of the store if it is known to be right."""
        last = self._last
        if last is not None and last[1] is live and last[0] is served:
            return live  # one request asks several times
        metadata = live["metadata"]
        key = served.key(metadata.get("namespace") or "", metadata["name"])
        return live if self._knows(key, served, live) else None

    def _knows(self, key: Key, served: Served, stored: Object) -> bool:
        found = self._known.get(key)
        if found is None or found[0] is not served or found[1] is not stored:
            return False
        self._last = found
        return True
