"""One harness for all benchmarks: whole processes, medians, and a table.

Every number is wall-clock time of a process from its start to its end, seen from outside.
The bare interpreter is measured in the same sitting, so that numbers of different machines
can be compared as ratios.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

RUNS = 9
RULEENGINE = (sys.executable, "-c", "from ruleengine.cli.main import main; main()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What running one command several times gave, in milliseconds; memory in MB."""

    name: str
    median: float
    fastest: float
    slowest: float
    target: float = 0.0


def measure(
    name: str,
    command: Sequence[str],
    folder: Path,
    *,
    prepare: Callable[[int], None] | None = None,
    runs: int = RUNS,
    target: float = 0.0,
) -> Measured:
    """Run a command ``runs`` times in ``folder`` and return how long it took.

    ``prepare`` gets the number of the run before each and is not measured; ``target`` is in
    milliseconds. Raises ``RuntimeError`` where the command fails: a failure is no measurement.
    """
    times = []
    for number in range(runs):
        if prepare:
            prepare(number)
        begin = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        times.append((time.perf_counter() - begin) * 1000)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stdout.decode()}{done.stderr.decode()}")
    return Measured(
        name=name,
        median=statistics.median(times),
        fastest=min(times),
        slowest=max(times),
        target=target,
    )


def interpreter() -> Measured:
    """Return how long the bare interpreter takes."""
    return measure("bare interpreter", [sys.executable, "-c", "pass"], Path.cwd())


def largest_process() -> float:
    """Return the largest memory of any process that was run so far, in MB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def table(measured: Sequence[Measured]) -> str:
    """Return the results as a Markdown table; the first row is what ratios refer to."""
    base = measured[0].median
    cores = len(os.sched_getaffinity(0))
    lines = [
        f"Python {platform.python_version()}, {cores} cores, load {os.getloadavg()[0]:.1f}",
        "",
        "| what | median ms | fastest | slowest | x interpreter | target ms |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.median:.0f} | {one.fastest:.0f} | {one.slowest:.0f} "
        f"| {one.median / base:.1f} | {f'{one.target:.0f}' if one.target else ''} |"
        for one in measured
    ]
    return "\n".join(lines)
