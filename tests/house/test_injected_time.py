"""What decides has no clock: the time is given to it, so that it can be tried at any moment.

Only the shell asks what time it is, or waits: the modules that are listed here with their reason.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "ruleengine"
ROOMS = (
    *("apimachinery", "environments", "formats", "local", "model", "pipelines", "reconcile"),
    *("rendering", "repository", "rollouts", "rules", "triggers", "validation"),
)
CLOCKS = {
    "time": {"monotonic", "monotonic_ns", "perf_counter", "sleep", "time", "time_ns"},
    "datetime": {"now", "today", "utcnow"},
    "date": {"today"},
}
ALLOWED = {
    "local/api/watching.py": "a client says for how many seconds of its own it watches",
    "local/bridge.py": "the patience of a client is that of its own time",
    "local/clock.py": "the system's clock, which is handed to all others",
    "local/material.py": "certificates are checked by clients, by their own clocks",
    "local/process.py": "waits for a process to start or to end",
    "local/runtime/checking.py": "a process is given the time that a probe states",
    "local/runtime/container_engine.py": "commands of an engine take their time",
    "local/runtime/inside/output.py": "stamps what a process writes",
    "local/runtime/logs.py": "looks again whether a process has written",
    "local/runtime/processes.py": "processes are given time to end",
    "local/sqlite_store.py": "waits for the lock of another process",
    "reconcile/patience.py": "hands out the clock by which a stuck decision is known",
}
"""Modules of the shell, and what they need a clock for."""


def clocks(path: Path) -> Iterator[str]:
    """Yield what a module asks of a clock."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (one.name for one in node.names if one.name in CLOCKS["time"])
        if isinstance(node, ast.Attribute):
            of = node.value
            name = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
            if node.attr in CLOCKS.get(name, ()):
                yield f"{name}.{node.attr}"


def test_time_is_given_to_what_decides() -> None:
    """A module that asks for it by itself is one of the shell, and says what for."""
    found = {
        path.relative_to(PACKAGE).as_posix()
        for room in ROOMS
        for path in sorted((PACKAGE / room).rglob("*.py"))
        if any(clocks(path))
    }
    assert found == ALLOWED.keys()
