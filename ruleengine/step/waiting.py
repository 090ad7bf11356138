"""``step wait``: waits until a step's command has ended, and reports what it made."""

import fcntl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ruleengine.model.values import Object
from ruleengine.step.plan import Plan, StepError, made

_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.25
_KEPT: Final = 256 * 1024
"""How many bytes of the standard output, its last ones, are the result (reference 15)."""


def wait(plan: Plan, pause: Callable[[float], None] = time.sleep) -> int | None:
    """Wait for the end of the step; return its exit code, ``None`` if it was killed."""
    seconds = _FIRST_PAUSE
    while True:
        code = _exit_code(plan.directory)
        if code is not None:
            return code
        if _is_gone(plan.directory):
            return _exit_code(plan.directory)
        pause(seconds)
        seconds = min(seconds * 1.2, _LONGEST_PAUSE)


def _exit_code(folder: Path) -> int | None:
    try:
        return int((folder / "exit-code").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def _is_gone(folder: Path) -> bool:
    """Tell whether the wrapper began and holds its lock no more."""
    if not (folder / "started").exists():
        return False
    with (folder / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def collect(plan: Plan, code: int | None) -> Object:
    """Return what the step made.

    Raises ``StepError`` for a declared file that is not there, unless the step failed: then
    that is what has to be told.
    """
    outputs: Object = {}
    if plan.result:
        outputs["result"] = _result(plan.directory / "output")
    parameters = []
    for number, declared in enumerate(plan.parameters):
        value = _parameter(plan.directory / "parameters" / str(number), declared)
        if value is None:
            if code:
                continue
            raise StepError(
                f"the output parameter {declared['name']!r} has no value: the step wrote no file "
                f"{declared.get('path')}"
            )
        parameters.append(made(declared, value))
    if parameters:
        outputs["parameters"] = parameters
    return outputs


def _parameter(copy: Path, declared: Object) -> str | None:
    try:
        return copy.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
    except FileNotFoundError:
        default = declared.get("default")
        return None if default is None else str(default)


def _result(output: Path) -> str:
    try:
        data = output.read_bytes()
    except FileNotFoundError:
        return ""
    return data[-_KEPT:].decode("utf-8", errors="replace").removesuffix("\n")
