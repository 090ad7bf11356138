"""One harness for all benchmarks: whole processes, medians, and a table.

Every number is wall-clock time of a process from its start to its end, seen from outside.
The bare interpreter is measured in the same sitting, so that numbers of different machines
can be compared as ratios. Python's compiled files are kept in a folder of the run, as an
installed package has them; the first run, which makes them, is not counted.
"""

import atexit
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RUNS = 9
SAMPLE_SECONDS = 0.02
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
    for number in range(-1, runs):
        if prepare:
            prepare(number)
        begin = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, capture_output=True, check=False, env=surroundings()
        )
        if number >= 0:
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


def memory(command: Sequence[str], folder: Path) -> float:
    """Return the most memory that a command and its processes ever held together, in MB.

    Shared pages are counted once (the proportional set size of ``/proc``), and looked at
    every :data:`SAMPLE_SECONDS`. Linux only.
    """
    largest = 0.0
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=surroundings(),
    ) as process:
        while process.poll() is None:
            largest = max(largest, sum(_held(one) for one in _tree(process.pid)))
            time.sleep(SAMPLE_SECONDS)
    return largest / 1024


def _tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for one in found:
        try:
            text = Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii")
        except OSError:
            continue
        found += [int(child) for child in text.split()]
    return found


def _held(pid: int) -> int:
    """Return the proportional set size of a process in kB; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


@cache
def surroundings() -> dict[str, str]:
    """Return the environment of every run: as the user's, with compiled files kept."""
    compiled = tempfile.mkdtemp(prefix="ruleengine-benchmark-compiled-")
    atexit.register(shutil.rmtree, compiled, ignore_errors=True)
    kept = {key: one for key, one in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": compiled}


def machine() -> str:
    """Return what the numbers were measured with."""
    cores = len(os.sched_getaffinity(0))
    return f"Python {platform.python_version()}, {cores} cores, load {os.getloadavg()[0]:.1f}"


def table(measured: Sequence[Measured]) -> str:
    """Return the results as a Markdown table; the first row is what ratios refer to."""
    base = measured[0].median
    lines = [
        machine(),
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
