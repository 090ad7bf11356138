"""Which sandbox the tests of real processes run in, and what they wait for."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from ruleengine.local.runtime.detecting import detect
from ruleengine.local.runtime.launching import LauncherProcess

T = TypeVar("T")
NO_SANDBOX = "no sandbox is available here"
_PATIENCE = 30.0


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
