"""Break every rule on purpose: ``python -m tests.broken_rules [SECTION ...]``."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue

from tests.broken_rules.entries import PROJECT, BrokenRule, entries, sections
from tests.broken_rules.planting import copy_project, problem_of


def main() -> int:
    """Say per section how many rules were broken, and which break no test noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.broken_rules", description=__doc__)
    parser.add_argument("section", nargs="*", help="only these (all)")
    parser.add_argument("--jobs", type=int, default=2, help="how many tests run at once (2)")
    parser.add_argument("--rule", default="", help="only rules whose sentence holds this text")
    asked = parser.parse_args()
    if unknown := set(asked.section) - set(sections()):
        parser.error(f"no table {', '.join(sorted(unknown))}; there are {', '.join(sections())}")
    chosen = [one for one in entries(asked.section or sections()) if asked.rule in one.rule]
    planted = _plant(chosen, asked.jobs)
    unnoticed = 0
    for section, looked in groupby(planted, lambda one: one[0].section):
        times = sum(one.section == section for one in chosen)
        held = sum(not _tell(entry, problem) for entry, problem in looked)
        unnoticed += times - held
        print(f"{section}: {held} of {times} rules have a test that falls without them", flush=True)
    return 1 if unnoticed or not chosen else 0


def _tell(entry: BrokenRule, problem: str | None) -> bool:
    """Tell what is wrong with an entry, if anything is."""
    if problem is not None:
        print(f"{entry.section}: {entry.rule}\n  {problem}", flush=True)
    return problem is not None


def _plant(chosen: list[BrokenRule], jobs: int) -> Iterator[tuple[BrokenRule, str | None]]:
    """Plant breaks, each job in a copy of its own; yield what is wrong with each, in order."""
    (PROJECT / "build").mkdir(exist_ok=True)
    trees: SimpleQueue[Path] = SimpleQueue()
    with ExitStack() as stack:
        for _ in range(jobs):
            folder = tempfile.TemporaryDirectory(prefix="broken-", dir=PROJECT / "build")
            tree = Path(stack.enter_context(folder))
            copy_project(tree)
            trees.put(tree)

        def look(entry: BrokenRule) -> str | None:
            tree = trees.get()
            try:
                return problem_of(entry, tree)
            finally:
                trees.put(tree)

        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        yield from zip(chosen, pool.map(look, chosen), strict=True)


if __name__ == "__main__":
    sys.exit(main())
