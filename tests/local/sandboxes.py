"""Which sandbox the tests of real processes run in, and what they wait for."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ruleengine.local.runtime.detecting import detect
from ruleengine.local.runtime.launching import LauncherProcess
from ruleengine.local.runtime.logs import LogOptions, read_log
from ruleengine.local.runtime.processes import ProcessRunner
from ruleengine.local.runtime.values import ContainerPlan, Mount, Seen

T = TypeVar("T")
NO_SANDBOX = "no sandbox is available here"
_PATIENCE = 300.0


def require_sandbox() -> None:
    """Skip the test where this machine can run no pod."""
    launcher = LauncherProcess()
    try:
        if detect(launcher).problem:
            pytest.skip(NO_SANDBOX)
    finally:
        launcher.close()


def until(fact: Callable[[], T | None]) -> T | None:
    """Return the first thing that ``fact`` finds before the deadline."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = fact()
        if found:
            return found
        time.sleep(0.02)
    return None


class Shell:
    """Runs shell scripts as containers of one pod."""

    def __init__(self, runner: ProcessRunner, uid: str) -> None:
        self.runner = runner
        self.uid = uid
        self.count = 0

    def start(self, script: str, *mounts: Mount, **environment: str) -> str:
        """Start a script; return the name of its container."""
        return self.plan(script, environment=environment, mounts=mounts)

    def plan(self, script: str, **more: Any) -> str:
        """Start a script with more of a plan; return the name of its container."""
        self.count += 1
        name = f"c{self.count}"
        plan = {"environment": {}, "arguments": ("sh", "-c", script), **more}
        self.runner.start(ContainerPlan(uid=self.uid, container=name, attempt=0, **plan))
        return name

    def run(self, script: str, **more: Any) -> tuple[Seen, str]:
        """Run a script with more of a plan to its end."""
        name = self.plan(script, **more)
        return self.wait(name), self.log(name)

    def wait(self, name: str) -> Seen:
        """Wait until a container has ended."""

        def ended() -> Seen | None:
            one = self.runner.look(self.uid).get(name)
            return one if one is not None and one.finished is not None else None

        found = until(ended)
        assert found is not None, f"{name} has not ended"
        return found

    def log(self, name: str) -> str:
        """Return what a container wrote."""
        return read_log(self.runner.log_path(self.uid, name, 0), LogOptions()).decode()

    def __call__(self, script: str, *mounts: Mount, **environment: str) -> tuple[Seen, str]:
        """Run a script to its end; return how it ended and what it wrote."""
        name = self.start(script, *mounts, **environment)
        return self.wait(name), self.log(name)


def alive_below(folder: Path) -> list[str]:
    """Return the processes of the machine whose root lies below a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and str(folder) in (entry / "mountinfo").read_text():
                found.append(entry.name)
        except OSError:
            continue
    return found
