"""Leases: who drives an area, so that two processes never act on one state at once.

One ``Lease`` (coordination.k8s.io/v1) per area lies in the control namespace. It is taken
when something has to be written, not before: a run that finds everything unchanged never
touches it. Clocks of different machines are never compared: a lease has run out when its
record was seen unchanged for its whole duration, by our own monotonic clock (design,
section 2, "Who drives").

A *term* lasts from an acquisition to the loss. What was observed before a term may have been
changed by whoever drove until then, so nothing is decided on it; and every write of a term
ends with it (decision 0004).

Writes of leases carry a field manager of their own and do not count as writes of ours.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError, ConflictError
from ruleengine.model.actions import Target
from ruleengine.model.errors import UnreachableError
from ruleengine.model.names import CONTROL_NAMESPACE, LEASE_API_VERSION, LEASE_MANAGER
from ruleengine.model.values import Object, lookup, version_of
from ruleengine.reconcile.writing import STORE_FULL, store_full

SECONDS: Final = 15
"""How long a lease lasts that is not renewed, as Kubernetes' own components have it."""

_MARGIN: Final = 1.0
"""Seconds before its end in which a term is not relied on."""

_GIVEN_BACK: Final = 1
"""How long a lease lasts, in seconds, that its holder gave back; the API allows no 0."""

_ABSENT: Final = "absent"


def nobody_is_gone(_: str) -> bool:
    """Tell that no holder is known to be gone: only time shows it."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A process that may hold leases.

    ``identity`` tells it from every other process, ``now`` and ``monotonic`` are its clocks
    (the second in seconds, from any beginning). ``gone`` tells that a holder certainly ended,
    a process of this machine for instance; its lease is taken over without waiting.
    """

    identity: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    seconds: int = SECONDS
    gone: Callable[[str], bool] = nobody_is_gone


class AreaLease:
    """The lease of one area. Safe to use from several threads."""

    def __init__(
        self, client: Client, area: str, candidate: Candidate, namespace: str = CONTROL_NAMESPACE
    ) -> None:
        self._client = client
        self._area = area
        self._candidate = candidate
        self._lock = threading.Lock()
        self._record: Object | None = None
        self._renewed: float | None = None
        self._seen: tuple[str, float] = ("", 0.0)
        self._next_try = 0.0
        self._tried = False
        self._why = ""
        self._free = ""
        self._term = 0
        self.target = lease_target(area, namespace)

    @property
    def held(self) -> bool:
        """Whether the lease was ours when last looked at; nothing is asked."""
        return self._renewed is not None

    @property
    def term(self) -> int:
        """The number of the term: another one means that others may have driven meanwhile."""
        return self._term

    def left(self, term: int) -> float:
        """Return for how many seconds of a term nobody else can take the lease."""
        renewed = self._renewed  # read before the term, for another thread may renew
        if renewed is None or term != self._term:
            return 0.0
        age = self._candidate.monotonic() - renewed
        return max(self._candidate.seconds - _MARGIN - age, 0.0)

    def look(self) -> None:
        """Remember whether anybody holds it, before the world is observed.

        If it is still as free when we acquire it, nobody drove since, and what was observed
        holds.
        """
        with self._lock:
            if self._renewed is not None:
                return
            try:
                live = self._client.get(self.target)
            except ApiError:
                self._free = ""
                return
            self._free = _version(live) if _is_given_back(live) else ""

    @property
    def pause(self) -> float:
        """Seconds after which it is worth trying again."""
        return self._candidate.seconds / 6

    @property
    def why(self) -> str:
        """Why we do not drive, in words; empty while we do."""
        return "" if self.held else self._why

    def hold(self) -> bool:
        """Acquire or renew where that is due; tell whether we may write now.

        Raises ``UnreachableError`` where the server does not answer, or has no room left.
        """
        with self._lock:
            moment = self._candidate.monotonic()
            if self._renewed is not None:
                if moment - self._renewed < self._candidate.seconds / 3:
                    return True
                return self._renew(moment)
            if self._tried and moment < self._next_try:
                return False
            self._tried, self._next_try = True, moment + self.pause
            return self._acquire(moment)

    def renew(self) -> bool:
        """Renew a lease that is held; one that is not held is left alone."""
        return self.held and self.hold()

    def release(self) -> None:
        """Give the lease back, so that the next one need not wait."""
        with self._lock:
            if self._renewed is None or self._record is None:
                return
            self._renewed = None
            spec = {
                **self._record["spec"],
                "holderIdentity": "",
                "leaseDurationSeconds": _GIVEN_BACK,
            }
            try:
                self._client.replace({**self._record, "spec": spec}, LEASE_MANAGER)
            except (ApiError, UnreachableError):
                return  # it runs out by itself

    def _renew(self, moment: float) -> bool:
        record = self._record or {}
        spec = {**record["spec"], "renewTime": _micro_time(self._candidate.now())}
        try:
            written = self._client.replace({**record, "spec": spec}, LEASE_MANAGER)
        except ConflictError:
            self._renewed = None
            return self._acquire(moment)
        except (ApiError, UnreachableError) as error:
            age = self._candidate.monotonic() - (self._renewed or 0.0)
            if age < self._candidate.seconds * 2 / 3:
                return True
            self._renewed = None
            self._why = f"the lease of {self._area} cannot be renewed: {error.message}"
            return False
        self._record, self._renewed = written.object, moment
        return True

    def _acquire(self, moment: float) -> bool:
        try:
            live = self._client.get(self.target)
            if live is not None and not self._is_free(live, moment):
                holder = lookup(live, "spec", "holderIdentity", default="")
                self._why = f"{self._area} is driven by {holder or 'somebody who lost its lease'}"
                return False
            same_term = self._is_ours(live) or self._free == _version(live)
            self._record = self._take(live)
        except ConflictError:
            self._why = f"{self._area} was taken by another process just now"
            return False
        except ApiError as error:
            if error.status == STORE_FULL:
                raise store_full(error) from error
            self._why = f"the lease of {self._area} cannot be acquired: {error.message}"
            return False
        self._term += 0 if same_term else 1
        self._renewed, self._free = moment, ""
        return True

    def _is_ours(self, live: Object | None) -> bool:
        """Tell whether nobody had the lease since we took it: we only missed an answer."""
        ours, there = (lookup(one, "spec", default={}) for one in (self._record, live))
        names = ("holderIdentity", "leaseTransitions")
        return bool(ours) and all(ours.get(name) == there.get(name) for name in names)

    def _is_free(self, live: Object, moment: float) -> bool:
        """Tell whether nobody else holds the lease, or its holder has stopped renewing.

        A lease that names nobody and was not given back was taken away from its holder, who
        drives until it sees that.
        """
        holder = str(lookup(live, "spec", "holderIdentity", default=""))
        ours = holder == self._candidate.identity
        if ours or _is_given_back(live) or self._candidate.gone(holder):
            return True
        version = _version(live)
        if self._seen[0] != version:
            self._seen = (version, self._candidate.monotonic())  # written before, not after
            return False
        duration = lookup(live, "spec", "leaseDurationSeconds", default=SECONDS)
        return moment - self._seen[1] >= float(duration)

    def _take(self, live: Object | None) -> Object:
        moment = _micro_time(self._candidate.now())
        spec = {
            "holderIdentity": self._candidate.identity,
            "leaseDurationSeconds": self._candidate.seconds,
            "acquireTime": moment,
            "renewTime": moment,
        }
        if live is None:
            metadata = {"name": self.target.name, "namespace": self.target.namespace}
            kind = {"apiVersion": self.target.api_version, "kind": self.target.kind}
            value = {**kind, "metadata": metadata, "spec": {**spec, "leaseTransitions": 0}}
            return self._client.create(value, LEASE_MANAGER).object
        transitions = lookup(live, "spec", "leaseTransitions", default=0)
        value = {**live, "spec": {**spec, "leaseTransitions": int(transitions) + 1}}
        return self._client.replace(value, LEASE_MANAGER).object


def lease_target(area: str, namespace: str = CONTROL_NAMESPACE) -> Target:
    """Return the Lease of an area.

    >>> str(lease_target("rollouts"))
    'Lease/ruleengine/ruleengine-rollouts'
    """
    return Target(LEASE_API_VERSION, "Lease", namespace, f"ruleengine-{area}")


def _version(live: Object | None) -> str:
    return version_of(live) or _ABSENT


def _is_given_back(live: Object | None) -> bool:
    """Tell whether a lease is nobody's and was never lost: its last holder gave it back."""
    spec = lookup(live, "spec", default={})
    return not spec.get("holderIdentity") and spec.get("leaseDurationSeconds") in (
        None,
        _GIVEN_BACK,
    )


def _micro_time(moment: datetime) -> str:
    """Return a time as Kubernetes' MicroTime."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
