"""``local``: the local control plane of a workspace as a process that stays."""

from dataclasses import dataclass
from pathlib import Path

from ruleengine.local import process


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPlane:
    """A running local control plane: where it answers, who it is, how clients reach it."""

    url: str
    pid: int
    kubeconfig: Path


def start(state: Path) -> LocalPlane:
    """Start it where it does not run, and keep it until :func:`stop`."""
    with process.start(state, keep=True) as running:  # kept: it needs no claim of ours
        return _plane(running)


def stop(state: Path) -> bool:
    """Stop it; tell whether it was running."""
    return process.stop(state)


def status(state: Path) -> LocalPlane | None:
    """Return the running one, or ``None``."""
    running = process.status(state)
    return None if running is None else _plane(running)


def reset(state: Path) -> None:
    """Stop it and remove every object, and every event that was not handled yet."""
    process.reset(state)
    for path in state.glob("bus.sqlite*"):
        path.unlink(missing_ok=True)


def _plane(running: process.Running) -> LocalPlane:
    return LocalPlane(url=running.url, pid=running.pid, kubeconfig=running.kubeconfig)
