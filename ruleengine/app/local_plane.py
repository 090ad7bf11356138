"""``local``: the local control plane of a workspace as a process that stays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ruleengine.local import material, moving, process

_OTHERS: Final = ("bus.sqlite",)
"""What lies in the same folder and belongs to the state: events that were not handled yet."""


MovedState = moving.Exported
"""What was exported or imported."""


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


def start_for(state: Path, user: str, groups: Sequence[str]) -> LocalPlane:
    """Start it as :func:`start` does; its kubeconfig then speaks for a user of some groups."""
    found = start(state)
    path = material.write_user_kubeconfig(state, found.url, user, groups)
    return replace(found, kubeconfig=path)


def stop(state: Path) -> bool:
    """Stop it; tell whether it was running."""
    return process.stop(state)


def status(state: Path) -> LocalPlane | None:
    """Return the running one, or ``None``."""
    running = process.status(state)
    return None if running is None else _plane(running)


def reset(state: Path) -> None:
    """Stop it and remove every object, and every event that was not handled yet."""
    process.reset(state, _OTHERS)


def export_state(state: Path, file: Path) -> MovedState:
    """Write what it holds, and the events that were not handled yet, into a file.

    Raises ``StoreError``.
    """
    return moving.export_state(state, file, _OTHERS)


def import_state(state: Path, file: Path, *, replace: bool) -> MovedState:
    """Take over what a file holds. Raises ``UsageError`` and ``StoreError``."""
    return moving.import_state(state, file, _OTHERS, replace=replace)


def _plane(running: process.Running) -> LocalPlane:
    return LocalPlane(url=running.url, pid=running.pid, kubeconfig=running.kubeconfig)
