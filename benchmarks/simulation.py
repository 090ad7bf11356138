"""How many decisions a second are simulated.

Run it with ``python -m benchmarks.simulation`` in the project's folder (a number as argument
says how many objects; 200 without).

Every decision is taken by the real settle loop on the control plane in memory, in virtual
time and one thread: *at rest* all objects are decided that need nothing, *work* counts the
decisions that make those objects with three children each (nearly every one writes two
objects at the real API), *faults* are whole runs of the gate, with processes that crash and
start anew. It is processor time, the best of a few rounds: the work is in one thread, and the
machine may be shared. *Side by side* is the work of one process for each core, as the gate does it
with ``--jobs``; that one is timed by the clock on the wall, so the cores have to be free. The
target of 5,000 decisions a second on two cores is meant for what rests, and for work side by side.
"""

import gc
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from ruleengine.cluster.client import Client
from ruleengine.cluster.retrying import Retrying
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.model.decisions import Answer
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from tests.simulation.gate import expected_of, pass_through
from tests.simulation.scenarios.counters import Counters, Counting, counter

TARGET = 5000
CHILDREN = 3
SEEDS = 100
ROUNDS = 3


def settled(plane: ControlPlane) -> Settled:
    """Let a new process settle everything."""
    client = Client(plane, Retrying(attempts=1))
    performers = {"publish": lambda request: Answer(value=request.key)}
    clock = plane.clock
    feed = PollFeed(client, lambda _: None)
    settling = Settling(now=clock.now, feed=feed, deadline=clock.now() + timedelta(hours=1))
    return settle(Surroundings.of(client, [Counting()], performers), settling)


def populated(count: int) -> ControlPlane:
    """Return a control plane with so many Counters and none of their children."""
    plane = in_memory_plane()
    client = Client(plane, Retrying(attempts=1))
    Counters().prepare(client)
    for number in range(count):
        client.create(counter(f"many-{number:05}", CHILDREN), "user")
    plane.settle()
    return plane


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """Return how many decisions some work took, and the processor seconds."""
    gc.collect()
    begin = time.process_time()
    decisions = work()
    return decisions, time.process_time() - begin


def side_by_side(count: int, processes: int) -> tuple[int, float]:
    """Return how many decisions so many processes took at once, and in how many seconds."""
    together = multiprocessing.get_context("fork")
    begin, told = together.Barrier(processes), together.Queue()
    workers = [together.Process(target=_work, args=(count, begin, told)) for _ in range(processes)]
    for one in workers:
        one.start()
    found = [told.get() for _ in workers]
    for one in workers:
        one.join()
    decisions, begun, ended = zip(*found, strict=True)
    return sum(decisions), max(ended) - min(begun)


def _work(count: int, begin: Barrier, told: Queue) -> None:
    planes = [populated(count) for _ in range(ROUNDS)]
    gc.collect()
    begin.wait()
    begun = time.perf_counter()
    decisions = sum(settled(one).decisions for one in planes)
    told.put((decisions, begun, time.perf_counter()))


def main() -> None:
    """Measure and print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    works, rests = [], []
    for _ in range(ROUNDS):
        plane = populated(count)
        works.append(timed(lambda: settled(plane).decisions))  # noqa: B023 - called in this turn
        rests += [timed(lambda: settled(plane).decisions) for _ in range(ROUNDS)]  # noqa: B023
    work, rest = (min(one, key=lambda pair: pair[1]) for one in (works, rests))
    scenario = Counters()
    expected = expected_of(scenario)
    faults = timed(lambda: pass_through(scenario, range(SEEDS), expected).decisions)
    cores = len(os.sched_getaffinity(0))
    beside = side_by_side(count, cores)
    print(f"Python {platform.python_version()}, {cores} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| what | decisions | seconds | decisions a second | target |")
    print("|---|---|---|---|---|")
    for name, (decisions, seconds), target in (
        (f"at rest, {count} objects", rest, TARGET),
        (f"work, {count} objects with {CHILDREN} children", work, 0),
        (f"work, {cores} processes side by side", beside, TARGET),
        (f"faults, {SEEDS} seeds", faults, 0),
    ):
        rate = decisions / seconds
        print(f"| {name} | {decisions} | {seconds:.2f} | {rate:,.0f} | {target or ''} |")


if __name__ == "__main__":
    main()
