"""A feed of watch events under control of the schedule, without a thread.

It behaves as the cache of a process does: a kind is listed, then watched from there; a lost
connection or a 410 leads to a new list. In between events come late, twice, in another
order or never.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError, GoneError
from ruleengine.cluster.events import EventType, WatchEvent
from ruleengine.cluster.watches import Changed
from ruleengine.model.actions import Target
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.indexes import Kind
from ruleengine.reconcile.sources import ClientSource
from tests.simulation.faults import Channel, FaultKind, Injector


@dataclass(frozen=True, slots=True)
class _Held:
    turn: int
    changed: Changed


class ScheduledFeed:
    """A :class:`~ruleengine.reconcile.feeds.Feed` whose watch events the schedule rules.

    ``pause`` lets virtual time pass, where there was nothing to tell. With every other pair of
    seeds its watches are quick: what they bring is in the cache before it is told, as where a
    thread takes it in.
    """

    def __init__(self, client: Client, injector: Injector, pause: Callable[[float], None]) -> None:
        self._quick = injector.schedule.seed % 4 >= 2
        self._client = client
        self._source = ClientSource(client)
        self._injector = injector
        self._pause = pause
        self._objects: dict[Kind, dict[Target, Object]] = {}
        self._versions: dict[Kind, str] = {}
        self._relist_at: dict[Kind, int] = {}
        self._held: list[_Held] = []
        self._told: list[Changed] = []
        self._turn = 0

    def get(self, target: Target) -> Object | None:
        """Return one object as the cache has it; its kind is followed from now on."""
        kind = (target.api_version, target.kind)
        if not self._follow(kind):
            return self._source.get(target)
        return self._objects[kind].get(target)

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return every object of a kind as the cache has it."""
        if follow and self._follow((api_version, kind)):
            return tuple(self._objects[(api_version, kind)].values())
        return self._source.list(api_version, kind)

    def cached(self, api_version: str, kind: str) -> Iterable[Object]:
        """Return every object of a followed kind as it was told last."""
        return tuple(self._objects.get((api_version, kind), {}).values())

    def kinds(self) -> Sequence[Kind]:
        """Return the kinds that an index over all kinds looks at."""
        return self._source.kinds()

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell whether a kind is watched."""
        return (api_version, kind) in self._objects

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Return what the watches brought; time passes only where that is nothing."""
        self._turn += 1
        for kind in list(self._objects):
            self._watch(kind)
        due = [one for one in self._held if one.turn <= self._turn]
        self._held = [one for one in self._held if one.turn > self._turn]
        for one in due:
            self._tell(one.changed)
        told, self._told = self._told, []
        self._pause(0.01 if told else max(timeout, 0.01))
        return told

    def _follow(self, kind: Kind) -> bool:
        if kind not in self._objects:
            if self._client.kind(*kind) is None:
                return False
            try:
                self._relist(kind)
            except ApiError:
                return False
        elif self._quick:
            self._watch(kind)
        return True

    def _relist(self, kind: Kind) -> None:
        listed = self._client.list(*kind)
        found = {Target.of(one): one for one in listed.items}
        before = self._objects.get(kind)
        self._objects[kind] = found
        self._versions[kind] = listed.resource_version
        self._relist_at.pop(kind, None)
        for target, value in found.items() if before is not None else ():
            if _version(before.get(target)) != _version(value):
                self._told.append(Changed(target=target, object=value, version=_version(value)))
        for target in (before or {}).keys() - found.keys():
            changed = Changed(target=target, object=None, version=listed.resource_version)
            self._told.append(changed)

    def _watch(self, kind: Kind) -> None:
        try:
            if self._turn >= self._relist_at.get(kind, self._turn + 1):
                self._relist(kind)
                return
            for event in self._client.watch(*kind, resource_version=self._versions[kind]):
                self._versions[kind] = event.resource_version or self._versions[kind]
                if event.type is not EventType.BOOKMARK:
                    self._take(kind, event)
        except GoneError:
            self._relist_at[kind] = 0
        except (ApiError, UnreachableError):
            return  # the next turn tries again

    def _take(self, kind: Kind, event: WatchEvent) -> None:
        target = Target.of(event.object)
        value = None if event.type is EventType.DELETED else event.object
        changed = Changed(target=target, object=value, version=event.resource_version)
        fault = self._injector.next(Channel.EVENT)
        if fault is None:
            self._tell(changed)
            return
        later = _Held(self._turn + fault.amount, changed)
        match fault.kind:
            case FaultKind.EVENT_LOST:
                self._relist_at[kind] = self._turn + fault.amount
            case FaultKind.WATCH_GONE:
                self._relist_at[kind] = 0
            case FaultKind.EVENT_LATE:
                self._held.append(later)
                self._relist_at[kind] = max(later.turn + 1, self._relist_at.get(kind, 0))
            case FaultKind.EVENT_DUPLICATED:
                self._tell(changed)
                self._held.append(later)
            case _:
                self._held.append(_Held(self._turn, changed))

    def _tell(self, changed: Changed) -> None:
        """Take a change into the cache and tell it, as it comes."""
        known = self._objects[(changed.target.api_version, changed.target.kind)]
        if changed.object is None:
            known.pop(changed.target, None)
        else:
            known[changed.target] = changed.object
        self._told.append(changed)


def _version(value: Object | None) -> str:
    return str(lookup(value, "metadata", "resourceVersion", default=""))
