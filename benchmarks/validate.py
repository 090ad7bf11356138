"""How long ``ruleengine validate`` takes: cold, with one changed file, as a hook, for help.

    python -m benchmarks.validate [--smoke] [DOCUMENTS ...]

Without numbers repos of 100, 1,000 and 10,000 documents are made in a temporary folder.
``--smoke`` measures one small repo once: it proves that the benchmark runs, not how fast.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

from benchmarks.generate import generate
from benchmarks.harness import RULEENGINE, RUNS, Measured, interpreter, measure, memory, table

SIZES = (100, 1_000, 10_000)
CHANGED = "pipelines/build-1.yaml"
THREE_CHECKS = "schema,identity,references"
COLD_TARGET = 5000.0
COLD_RUNS = 3
SMOKE = "--smoke"
SMOKE_SIZE = 40

Prepare = Callable[[int], None]
_numbers = count()


def main() -> None:
    """Measure and print."""
    smoke = SMOKE in sys.argv
    numbers = [int(one) for one in sys.argv[1:] if one != SMOKE]
    sizes = numbers or ([SMOKE_SIZE] if smoke else SIZES)
    runs = 1 if smoke else RUNS
    help_command = [*RULEENGINE, "--help"]
    results = [
        interpreter(),
        measure("--help", help_command, Path.cwd(), target=120, runs=runs),
    ]
    with tempfile.TemporaryDirectory(prefix="ruleengine-benchmark-") as folder:
        for size in sizes:
            repo = Path(folder, str(size))
            generate(repo, size)
            results += _measure_repo(repo, size, runs)
            _forget(repo)(0)
            held = memory([*RULEENGINE, "validate"], repo)
            print(f"{size:,} cold, all cores: {held:.0f} MB in all processes together")
    print(f"\n{table(results)}")


def _measure_repo(repo: Path, size: int, most: int) -> list[Measured]:
    validate = [*RULEENGINE, "validate"]
    alone, three = [*validate, "--jobs", "1"], [*validate, "--checks", THREE_CHECKS]
    forget, change, stage = _forget(repo), _change(repo), _change(repo, stage=True)
    cold = COLD_TARGET if size == SIZES[-1] else 0.0

    def one(
        name: str,
        command: list[str],
        prepare: Prepare | None,
        target: float = 0.0,
        runs: int = RUNS,
    ) -> Measured:
        title, times = f"{size:,} {name}", min(runs, most)
        return measure(title, command, repo, prepare=prepare, target=target, runs=times)

    return [
        one("cold, one process", alone, forget, cold, COLD_RUNS),
        one("cold, all cores", validate, forget, cold, COLD_RUNS),
        one("unchanged", validate, None),
        one(f"one changed, {THREE_CHECKS}", three, change, 200),
        one("one changed, all checks", validate, change, 350),
        one("one changed, only that path", [*validate, CHANGED], change, 350),
        one("one staged, --staged", [*validate, "--staged"], stage, 350),
    ]


def _forget(repo: Path) -> Prepare:
    def prepare(_: int) -> None:
        shutil.rmtree(repo / ".ruleengine", ignore_errors=True)

    return prepare


def _change(repo: Path, *, stage: bool = False) -> Prepare:
    original = (repo / CHANGED).read_text(encoding="utf-8")

    def prepare(_: int) -> None:
        # Never the same text twice: the index remembers what it has seen.
        text = f"{original}# change {next(_numbers)}\n"
        (repo / CHANGED).write_text(text, encoding="utf-8")
        if stage:
            subprocess.run(["git", "add", CHANGED], cwd=repo, check=True)

    return prepare


if __name__ == "__main__":
    main()
