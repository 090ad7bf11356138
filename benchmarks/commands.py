"""What a person waits for at the command line of pipelines.

    python benchmarks/commands.py [--smoke]

From the start of ``pipeline run`` to the first instruction of its first step, on a control plane
that runs already: the step writes down the time. Once the command itself drives the workflow, once
``ruleengine run`` drives it, and once the file was changed since the run before, so that it has to
be read, checked and evaluated, and its template applied. Beside it the processor time of the
command, and that of the bare interpreter in the same sitting. The config repo is a Git repository.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import RULEENGINE, machine, surroundings

RUNS = 9
SURROUNDINGS = surroundings()
PIPELINE = """\
entrypoint: main
templates:
- name: main
  container: {image: alpine, command: [date, "+%s.%N"]}
"""


def main() -> None:
    """Measure and print."""
    runs = 2 if "--smoke" in sys.argv else RUNS
    with tempfile.TemporaryDirectory() as folder:
        rows = list(_rows(Path(folder), runs))
    print(f"{machine()}\n\n| what | median | fastest |\n|---|---|---|")
    for what, times in rows:
        print(f"| {what} | {statistics.median(times):,.0f} ms | {min(times):,.0f} ms |")


def _rows(folder: Path, runs: int) -> Iterator[tuple[str, list[float]]]:
    (folder / "pipelines").mkdir()
    (folder / "ruleengine.yaml").write_text("namespace: ci\n")
    (folder / "pipelines/when.yaml").write_text(PIPELINE)
    who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com")
    for words in (
        ("init", "--quiet"),
        ("add", "--all"),
        (*who, "commit", "--quiet", "-m", "Begin"),
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    _call(folder, "local", "start")
    try:
        bare = [_processor([sys.executable, "-c", "pass"], folder) for _ in range(runs)]
        yield "the bare interpreter, processor", bare
        _call(folder, "pipeline", "run", "when")
        own = [_once(folder, number) for number in range(runs)]
        yield "to the first process, driven by the command", own
        command = [*RULEENGINE, "pipeline", "run", "when", "-o", "name"]
        yield (
            "the same, processor of the command",
            [_processor(command, folder) for _ in range(runs)],
        )
        changed = [_once(folder, number + 2 * runs, changes=True) for number in range(runs)]
        yield "to the first process, where the file was changed", changed
        with _driver(folder):
            yield (
                "to the first process, driven by `ruleengine run`",
                [_once(folder, number + runs) for number in range(runs)],
            )
    finally:
        _call(folder, "local", "stop")


def _once(folder: Path, number: int, *, changes: bool = False) -> float:
    """Return the milliseconds from the start of the command to that of the step."""
    if changes:
        (folder / "pipelines/when.yaml").write_text(f"priority: {number}\n{PIPELINE}")
    name = f"when-{number}"
    begin = time.time()
    _call(folder, "pipeline", "run", "when", "--name", name, "-o", "name")
    logged = _call(folder, "pipeline", "logs", name)
    return (float(logged.rpartition(":")[2]) - begin) * 1000


def _processor(command: list[str], folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=SURROUNDINGS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


@contextmanager
def _driver(folder: Path) -> Iterator[None]:
    child = subprocess.Popen(
        [*RULEENGINE, "run"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=SURROUNDINGS,
    )
    try:
        time.sleep(5)
        yield
    finally:
        child.terminate()
        child.wait()


def _call(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [*RULEENGINE, *words],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env=SURROUNDINGS,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
