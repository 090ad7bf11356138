"""Leases for the time of a command: taken when first needed, renewed, given back at the end.

A process that was killed leaves its lease behind. Where that process ran on this machine,
its end can be proven, and nobody has to wait until the lease has run out.
"""

import os
import socket
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ruleengine.app.repeating import repeating
from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.model.digests import short_digest
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import lookup
from ruleengine.reconcile.leases import AreaLease, Candidate, lease_target
from ruleengine.reconcile.surroundings import Surroundings

_PROC: Final = Path("/proc")
_LIVE: Final[set[str]] = set()
"""The identities under which this very process is at work."""


@contextmanager
def area_leases(surroundings: Surroundings) -> Iterator[Mapping[str, AreaLease]]:
    """Offer the leases of all areas that reconcilers act in, by area.

    Held ones are renewed in a thread, and released at the end; not where the server does
    not answer any more, for that would only be another wait.
    """
    identity = make_identity()
    candidate = Candidate(
        identity=identity, now=lambda: datetime.now(UTC), monotonic=time.monotonic, gone=is_gone
    )
    leases = {
        area: AreaLease(surroundings.client, area, candidate, surroundings.control_namespace)
        for area in sorted({one.area for one in surroundings.reconcilers})
    }
    _LIVE.add(identity)
    try:
        with renewing(leases.values(), candidate.seconds / 6):
            yield leases
    except UnreachableError:
        leases.clear()
        raise
    finally:
        for lease in leases.values():
            lease.release()
        _LIVE.discard(identity)


@contextmanager
def renewing(leases: Iterable[AreaLease], pause: float) -> Iterator[None]:
    """Renew leases that are held, every ``pause`` seconds, in a thread."""
    leases = tuple(leases)

    def renew() -> None:
        for lease in leases:
            with suppress(UnreachableError):  # whoever writes next is told
                lease.renew()

    with repeating(renew, pause, "leases"):
        yield


def holder_of(client: Client, area: str, namespace: str) -> str:
    """Return who holds the lease of an area; empty where nobody is seen to.

    Whoever has nothing to write holds none, and takes it as soon as there is something.
    """
    with suppress(ApiError, UnreachableError):
        lease = client.get(lease_target(area, namespace))
        holder = str(lookup(lease, "spec", "holderIdentity", default=""))
        return "" if is_gone(holder) else holder
    return ""


def make_identity() -> str:
    """Return an identity that no other run has: host, process, its start, machine, run."""
    parts = (socket.gethostname(), os.getpid(), _started(os.getpid()), _machine())
    return "_".join((*map(str, parts), uuid.uuid4().hex[:8]))


def is_gone(identity: str) -> bool:
    """Tell whether the process of an identity certainly ended.

    That can be told of processes of this machine (and this container) only, and only where
    the system shows them under ``/proc``.
    """
    parts = identity.rsplit("_", 4)
    machine = _machine()
    if len(parts) != 5 or not machine or (parts[0], parts[3]) != (socket.gethostname(), machine):
        return False
    if not parts[1].isdecimal():
        return False
    if int(parts[1]) == os.getpid() and parts[2] == _started(os.getpid()):
        return identity not in _LIVE
    return _started(int(parts[1])) != parts[2]


def _machine() -> str:
    """Return what tells this boot of this machine, and this container, from any other."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return short_digest([boot, str((_PROC / "self/ns/pid").readlink())])
    except OSError:
        return ""


def _started(process: int) -> str:
    """Return when a process started, in ticks since boot; empty where there is none."""
    try:
        text = (_PROC / str(process) / "stat").read_text()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]
