"""Break every rule on purpose: ``python -m tests.broken_rules [SECTION ...]``."""

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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
    problems = _plant(chosen, asked.jobs)
    for section, times in Counter(one.section for one in chosen).items():
        held = times - sum(one.section == section for one in problems)
        print(f"{section}: {held} of {times} rules have a test that falls without them")
    return 1 if problems or not chosen else 0


def _plant(chosen: list[BrokenRule], jobs: int) -> list[BrokenRule]:
    """Plant breaks, each job in a copy of its own; return those that no test noticed."""
    (PROJECT / "build").mkdir(exist_ok=True)
    trees: SimpleQueue[Path] = SimpleQueue()
    problems = []
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
        for entry, problem in zip(chosen, pool.map(look, chosen), strict=True):
            if problem is not None:
                problems.append(entry)
                print(f"{entry.section}: {entry.rule}\n  {problem}", flush=True)
    return problems


if __name__ == "__main__":
    sys.exit(main())
