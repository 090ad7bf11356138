"""What the runtime of reconcilers costs with many objects: memory, waking, being idle.

    python benchmarks/reconcile.py [OBJECTS]

A world of so many objects, half of them decided about and half of them read by one of
those, is settled beside a server that has nothing to tell. Memory is what Python allocates
beyond the objects themselves; waking is the time from an observed change to the decisions it
leads to; idle is the processor time of a loop that waits for what never comes. A list by index
costs what it finds: it takes the same time among a hundred objects and among all.
"""

import gc
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from harness import machine

from ruleengine.cluster.client import Client
from ruleengine.cluster.watches import Changed
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.model.actions import Target
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.values import Object
from ruleengine.reconcile.indexes import OWNER as OWNER_INDEX
from ruleengine.reconcile.indexes import Kind
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.settling import Settling, settle
from ruleengine.reconcile.surroundings import Surroundings

OBJECTS = 10_000
WAKES = 500
LISTS = 2000
IDLE_SECONDS = 20.0
MEGABYTE = 1024 * 1024
OWNER = ("example.com/v1", "Owner")
CHILD = ("example.com/v1", "Child")


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else OBJECTS
    memory = _run(count, idle=1.0, traced=True)
    timed = _run(count, idle=IDLE_SECONDS, traced=False)
    wakes = sorted(timed.wakes)
    print(machine())
    print()
    print(f"| with {count:,} objects | measured | target |")
    print("|---|---|---|")
    print(f"| memory beyond the objects, MB | {memory.memory:.1f} | 60 |")
    print(f"| first round of decisions, µs each | {timed.first / (count / 2) * 1e6:.0f} | |")
    print(f"| waking by one change, median µs | {wakes[len(wakes) // 2] * 1e6:.0f} | |")
    print(f"| decisions per change | {timed.decisions_per_change:.2f} | 1 |")
    print(f"| idle, % of a core | {timed.idle * 100:.2f} | 0.5 |")
    print(f"| requests while idle | {timed.requests} | 0 |")
    print()
    print("| children of one owner by index | µs a list | x of the smallest |")
    print("|---|---|---|")
    lists = {size: _listed(size) for size in (100, 1000, count)}
    for size, seconds in lists.items():
        share = seconds / lists[100]
        print(f"| among {size:,} objects | {seconds * 1e6:.1f} | {share:.1f} |")


def _listed(size: int) -> float:
    """Return the seconds that a list of three children takes among so many objects."""
    objects = [_child(number) for number in range(size)]
    script = Script({CHILD: {Target.of(one): one for one in objects}}, Toy(), threading.Event(), 0)
    observations = Observations(script)
    observations.list(*CHILD, "shop", (OWNER_INDEX, "u1"))
    begin = time.perf_counter()
    for number in range(LISTS):
        found = observations.list(*CHILD, "shop", (OWNER_INDEX, f"u{number % (size // 3)}"))
    seconds = (time.perf_counter() - begin) / LISTS
    assert len(found) == 3
    return seconds


def _child(number: int) -> Object:
    value = _object(CHILD, number)
    owners = [{"kind": "Owner", "uid": f"u{number // 3}"}]
    return {**value, "metadata": {**value["metadata"], "ownerReferences": owners}}


@dataclass
class Toy:
    """Reads one child each; one object waits for ever, which keeps the loop alive."""

    area: str = "toy"
    api_version: str = OWNER[0]
    kind: str = OWNER[1]
    manager: str = "toy"
    decided: int = 0

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Look at the child and be content."""
        del now, memo
        self.decided += 1
        name = value["metadata"]["name"]
        world.get(Target(*CHILD, "shop", name))
        return Decision(next=Next(stop=Stop.ON) if name == "o0" else DONE)


@dataclass
class Served:
    """A server in memory; counts the requests that it gets."""

    requests: int = 0
    plane: ControlPlane = field(default_factory=in_memory_plane)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        self.requests += 1
        return self.plane.send(request)


@dataclass
class Script:
    """A feed from memory: wakes one object after the other, then stays silent."""

    objects: dict[Kind, dict[Target, Object]]
    toy: Toy
    stop: threading.Event
    idle: float
    begun: float = field(default_factory=time.perf_counter)
    first: float = 0.0
    wakes: list[float] = field(default_factory=list)
    sent: float = 0.0
    decided_before: int = 0
    silent_since: tuple[float, float] | None = None
    idle_share: float = 0.0
    served: "Served | None" = None
    asked_before: int = 0

    def get(self, target: Target) -> Object | None:
        """Return one object."""
        return self.objects[(target.api_version, target.kind)].get(target)

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return the objects of a kind."""
        del follow
        return self.objects[(api_version, kind)].values()

    def kinds(self) -> Sequence[Kind]:
        """Return all kinds."""
        return tuple(self.objects)

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell that a kind is followed."""
        return (api_version, kind) in self.objects

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Return the next change of the script, or wait as a watch does."""
        now = time.perf_counter()
        if not self.first:
            self.first, self.decided_before = now - self.begun, self.toy.decided
        if self.sent:
            self.wakes.append(now - self.sent)
        if len(self.wakes) < WAKES:
            self.sent = time.perf_counter()
            return [_changed(len(self.wakes))]
        self.sent = 0.0
        self._wait(timeout)
        return ()

    def _wait(self, timeout: float) -> None:
        if self.silent_since is None:
            self.silent_since = (time.perf_counter(), time.process_time())
            self.asked_before = self.served.requests if self.served else 0
        threading.Event().wait(timeout)
        wall, busy = self.silent_since
        passed = time.perf_counter() - wall
        if passed >= self.idle:
            self.idle_share = (time.process_time() - busy) / passed
            self.stop.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Megabytes, seconds, shares of a core."""

    memory: float
    first: float
    wakes: list[float]
    decisions_per_change: float
    idle: float
    requests: int


def _run(count: int, *, idle: float, traced: bool) -> Measured:
    if traced:
        tracemalloc.start()
    toy, served, stop = Toy(), Served(), threading.Event()
    owners = {Target.of(one): one for one in (_object(OWNER, n) for n in range(count // 2))}
    children = {Target.of(one): one for one in (_object(CHILD, n) for n in range(count // 2))}
    script = Script({OWNER: owners, CHILD: children}, toy, stop, idle, served=served)
    peak = [0]
    before = tracemalloc.get_traced_memory()[0] if traced else 0

    def progress_memory() -> datetime:
        if traced and script.silent_since is not None and not peak[0]:
            gc.collect()
            peak[0] = tracemalloc.get_traced_memory()[0] - before
        return datetime.now(UTC)

    settle(
        Surroundings.of(Client(served), [toy]),
        Settling(
            now=progress_memory,
            feed=script,
            deadline=datetime.now(UTC) + timedelta(hours=1),
            cancel=stop,
        ),
    )
    if traced:
        tracemalloc.stop()
    return Measured(
        memory=peak[0] / MEGABYTE,
        first=script.first,
        wakes=script.wakes,
        decisions_per_change=(toy.decided - script.decided_before) / WAKES,
        idle=script.idle_share,
        requests=served.requests - script.asked_before,
    )


def _object(kind: Kind, number: int) -> Object:
    return {
        "apiVersion": kind[0],
        "kind": kind[1],
        "metadata": {"name": f"o{number}", "namespace": "shop", "resourceVersion": "1"},
        "spec": {"replicas": number % 7, "image": f"example.com/o{number}:1"},
    }


def _changed(number: int) -> Changed:
    version = str(number + 2)
    value = _object(CHILD, number + 1)
    metadata = {**value["metadata"], "resourceVersion": version}
    return Changed(
        target=Target.of(value),
        object={**value, "metadata": metadata, "status": {"ready": True}},
        version=version,
    )


if __name__ == "__main__":
    main()
