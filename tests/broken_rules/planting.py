"""Breaks are planted in a copy of the project, and the one test that has to fall is run there."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.broken_rules.entries import PROJECT, BrokenRule

_LONGEST_SECONDS: Final = 300
_FAILED: Final = re.compile(r"\b[1-9]\d* failed\b")
_OPTIONS: Final = ("-q", "-x", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist")


def copy_project(target: Path) -> None:
    """Copy what Git would keep of the project into an empty folder."""
    told = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(told, cwd=PROJECT, check=True, capture_output=True).stdout
    for name in os.fsdecode(listed).split("\0"):
        if name and (PROJECT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, target / name)


def problem_of(entry: BrokenRule, tree: Path) -> str | None:
    """Plant one break in a copy of the project; say what is wrong where its test does not fail."""
    path = tree / entry.file
    whole = path.read_bytes()
    try:
        path.write_text(entry.breaks(whole.decode()), encoding="utf-8")
        _forget_compiled(path)
        return _problem_of_run(entry, tree)
    except ValueError as error:
        return str(error)
    finally:
        path.write_bytes(whole)
        _forget_compiled(path)


def _problem_of_run(entry: BrokenRule, tree: Path) -> str | None:
    environment = {key: value for key, value in os.environ.items() if key != "RULEENGINE_CI"}
    environment["PYTHONPATH"] = str(tree)
    command = [sys.executable, "-m", "pytest", *_OPTIONS, entry.test]
    try:
        run = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"{entry.test} had no end after {_LONGEST_SECONDS} s"
    if run.returncode == 0:
        return f"{entry.test} does not fail"
    if run.returncode != 1 or not _FAILED.search(run.stdout):
        return f"{entry.test} could not be run:\n{run.stdout[-2000:]}{run.stderr[-500:]}"
    return None


def _forget_compiled(path: Path) -> None:
    """Forget a compiled module: two breaks of one size within a second look the same to Python."""
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
