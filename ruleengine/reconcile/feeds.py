"""Feeds: sources of observations that also tell what has changed since.

:class:`WatchFeed` follows the kinds in use by watches; :class:`PollFeed` reads them again,
which needs no threads and is what simulations use.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ruleengine.cluster.client import Client
from ruleengine.cluster.watches import Changed, WatchCache
from ruleengine.model.actions import Target
from ruleengine.model.values import Object, version_of
from ruleengine.reconcile.indexes import Kind
from ruleengine.reconcile.sources import ClientSource, Source


class Feed(Source, Protocol):
    """A source that tells what happens to the kinds that were read from it."""

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell whether changes of a kind are told from now on."""

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Return what changed, waiting up to ``timeout`` seconds for something."""


class PollFeed:
    """Reads the kinds in use again after each pause of at most ``interval`` seconds."""

    def __init__(
        self, client: Client, sleep: Callable[[float], None], interval: float = 0.5
    ) -> None:
        self._source = ClientSource(client)
        self._sleep = sleep
        self._interval = interval
        self._seen: dict[Kind, dict[Target, Object]] = {}

    def get(self, target: Target) -> Object | None:
        """Return one object; its kind is in use from now on."""
        kind = (target.api_version, target.kind)
        if kind not in self._seen:
            self.list(*kind)
        return self._seen[kind].get(target)

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return every object of a kind."""
        listed = self._source.list(api_version, kind, follow=follow)
        found = {Target.of(one): one for one in listed}
        if follow:
            self._seen[(api_version, kind)] = found
        return tuple(found.values())

    def kinds(self) -> Sequence[Kind]:
        """Return the kinds that an index over all kinds looks at."""
        return self._source.kinds()

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell whether a kind is among those that are read again."""
        return (api_version, kind) in self._seen

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Pause, read again and return what differs."""
        self._sleep(min(timeout, self._interval))
        changed: list[Changed] = []
        for kind, before in list(self._seen.items()):
            self.list(*kind)
            changed.extend(_differences(before, self._seen[kind]))
        return changed


class WatchFeed:
    """Follows the kinds in use by watches, one thread each.

    Every settling needs a new cache, for one that lags behind would hide the writes of the
    settling before. Close the cache when done.
    """

    def __init__(self, client: Client, cache: WatchCache) -> None:
        self._source = ClientSource(client)
        self._cache = cache

    def get(self, target: Target) -> Object | None:
        """Return one object; its kind is followed from now on."""
        if not self._cache.follow(target.api_version, target.kind):
            return self._source.get(target)
        return self._cache.get(target)

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return every object of a kind."""
        if follow and self._cache.follow(api_version, kind):
            return self._cache.objects(api_version, kind)
        return self._source.list(api_version, kind, follow=follow)

    def kinds(self) -> Sequence[Kind]:
        """Return the kinds that an index over all kinds looks at."""
        return self._source.kinds()

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell whether a kind is watched."""
        return self._cache.follows(api_version, kind)

    def wake(self) -> None:
        """End the waiting in :meth:`changes`; may be called from any thread."""
        self._cache.wake()

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Return what the watches brought, waiting for something."""
        return self._cache.wait_for_change(timeout)


def _differences(before: dict[Target, Object], after: dict[Target, Object]) -> Iterable[Changed]:
    for target, value in after.items():
        version = version_of(value)
        if target not in before or version_of(before[target]) != version:
            yield Changed(target=target, object=value, version=version)
    for target in before.keys() - after.keys():
        yield Changed(target=target, object=None, version="")
