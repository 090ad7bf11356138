"""Driving: under which leases we write, and whether the world was observed since we hold them.

A lease that we acquire after somebody else drove begins a new term: what we observed before
may be what they have changed since. Nothing is decided on it; the world is read anew, from
the server and not from a watch that may lag (decision 0004).
"""

from collections.abc import Callable, Iterator, Mapping

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ForbiddenError, NotFoundError
from ruleengine.model.actions import Target
from ruleengine.model.values import version_of
from ruleengine.reconcile.indexes import Kind
from ruleengine.reconcile.leases import AreaLease
from ruleengine.reconcile.observations import Observations, Seen


class Driving:
    """Which areas we drive. An area without a lease is ours."""

    def __init__(self, leases: Mapping[str, AreaLease] | None = None) -> None:
        self._leases = leases or {}
        self._terms: dict[str, int] = {}

    def begin(self) -> None:
        """Look at the leases; call it before the world is observed."""
        for lease in self._leases.values():
            lease.look()
        self._terms = self._current()

    def may_write(self, area: str) -> bool:
        """Tell whether an area is ours to drive; takes its lease if it is free."""
        lease = self._leases.get(area)
        return lease is None or lease.hold()

    def is_idle(self, area: str) -> bool:
        """Tell whether the area has a lease that is not in our hands."""
        lease = self._leases.get(area)
        return lease is not None and not lease.held

    def is_outdated(self, area: str) -> bool:
        """Tell whether somebody else may have driven an area since the world was observed."""
        lease = self._leases.get(area)
        return lease is not None and lease.term != self._terms[area]

    def why_not(self, area: str) -> str:
        """Return who drives an area in our place."""
        return self._leases[area].why

    def pause(self, area: str) -> float:
        """Return the seconds after which it is worth looking at the lease of an area again."""
        lease = self._leases.get(area)
        return 0.0 if lease is None else lease.pause

    def client(self, area: str, client: Client) -> Client:
        """Return the client whose writes end with the present term of an area's lease."""
        lease = self._leases.get(area)
        return client if lease is None else client.fenced(self._left(lease, area))

    def look_anew(self, observations: Observations, client: Client, changed: list[Seen]) -> None:
        """Read everything that was observed from the server; add what differs to ``changed``.

        Raises ``ApiError`` where that fails; then all remains outdated, and what differed until
        then is told all the same: who reads on later finds it known.
        """
        terms = self._current()
        for kind in observations.kinds():
            changed.extend(_read_kind(observations, client, kind))  # one by one, up to a failure
        self._terms = terms

    def _left(self, lease: AreaLease, area: str) -> Callable[[], float]:
        return lambda: lease.left(self._terms[area])

    def _current(self) -> dict[str, int]:
        return {area: lease.term for area, lease in self._leases.items()}


def read_anew(observations: Observations, client: Client, target: Target) -> list[Seen]:
    """Read one object from the server, whatever a watch has brought; return what differs.

    Raises ``ApiError``.
    """
    before, fresh = observations.seen(target), client.get(target)
    if version_of(before) == version_of(fresh):
        return []
    if fresh is None:
        observations.remove(target)
    else:
        observations.put(fresh)
    return [(target, before, fresh)]


def _read_kind(observations: Observations, client: Client, kind: Kind) -> Iterator[Seen]:
    """Read a kind anew; where it cannot be listed, each of its objects that is known."""
    known = observations.known(kind)
    try:
        listed = client.list(*kind)
    except NotFoundError:
        return
    except ForbiddenError:
        for one in sorted(known):
            yield from read_anew(observations, client, one)
        return
    live = {Target.of(one): one for one in listed.items}
    wanted = live.keys() | known if observations.holds(kind) else known
    for target in sorted(wanted):
        before, after = observations.seen(target), live.get(target)
        version = listed.resource_version if after is None else version_of(after)
        if observations.observe(target, after, version):
            yield target, before, after
