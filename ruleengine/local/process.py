"""Starting, finding and stopping the process of a state folder.

Everything rests on locks that the system gives back when a process dies, also by kill -9:
the server holds ``store.lock``; each client holds a shared lock on ``clients.lock``, and a
server that is not kept stops when it could have that one alone. ``server.json`` says where
the server is and counts only while ``store.lock`` is held.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Self

from ruleengine.formats import json_text
from ruleengine.formats.private_files import write_private
from ruleengine.local import settings
from ruleengine.local.material import FILES, USER_FILES
from ruleengine.model.configuration import LocalSettings
from ruleengine.model.errors import FailedError, StoreError, UnreachableError, is_disk_full

_PATIENCE: Final = 30.0
_POLL: Final = 0.02
_MEMORY: Final = {"MALLOC_MMAP_THRESHOLD_": str(256 * 1024)}
"""Has glibc give the memory of long answers back; else it keeps the most there ever was."""
_EVERYTHING: Final = b"*\n"
_ROOM: Final = 1_000_000
"""Bytes that a disk must have left, lest a server that says nothing has ended for lack of them."""

_CHILDREN: list[subprocess.Popen[bytes]] = []
"""Servers that this process has started; kept so that they can be reaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that runs. While this object lives and is not closed, so does the server."""

    kubeconfig: Path
    url: str
    pid: int
    kept: bool = False
    lease: IO[str] | None = field(default=None, repr=False, compare=False)

    def close(self) -> None:
        """Give up the claim on the server; it may stop now if nobody else has one."""
        if self.lease is not None:
            self.lease.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def status(state: Path) -> Running | None:
    """Return the server of a state folder, ``None`` where none runs."""
    if not _is_locked(state / "store.lock"):
        return None
    try:
        found = json_text.loads((state / "server.json").read_bytes())
        pid, url = int(found["pid"]), str(found["url"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    kept = (state / "keep").exists()
    return Running(kubeconfig=state / "kubeconfig", url=url, pid=pid, kept=kept)


def ensure(state: Path, local: LocalSettings | None = None) -> Running:
    """Return the server of a state folder, started where none runs, with a claim on it.

    ``local`` is what a config repo says to it; ``None`` leaves what is known.
    Raises ``StoreError`` or ``FailedError`` where it does not come up.
    """
    state = state.resolve()
    with _usable(state):
        make_folder(state)
        if local is not None:
            settings.SettingsFile(state).write(local)
        lease = (state / "clients.lock").open("a")
        try:
            fcntl.flock(lease, fcntl.LOCK_SH)
            with (state / "start.lock").open("a") as starting:
                fcntl.flock(starting, fcntl.LOCK_EX)
                found = status(state) or _start(state)
        except BaseException:
            lease.close()
            raise
    return Running(
        kubeconfig=found.kubeconfig, url=found.url, pid=found.pid, kept=found.kept, lease=lease
    )


def start(state: Path, *, keep: bool = True) -> Running:
    """Start the server of a state folder; with ``keep`` it stays without clients.

    Raises as :func:`ensure` does.
    """
    state = state.resolve()
    make_folder(state)
    if keep:
        with _usable(state):
            (state / "keep").touch()
    return ensure(state)


def stop(state: Path) -> bool:
    """Stop the server of a state folder; return whether there was one.

    Raises ``FailedError`` where it does not stop.
    """
    with _usable(state):
        (state / "keep").unlink(missing_ok=True)
    found = status(state)
    if found is None:
        return False
    _signal(found.pid, signal.SIGTERM)
    if not _wait_for(state, 10.0):
        _signal(found.pid, signal.SIGKILL)
        if not _wait_for(state, 10.0):
            raise FailedError(
                f"the local control plane (process {found.pid}) does not stop",
                "end that process by hand",
            )
    _reap()
    return True


def reset(state: Path, others: Sequence[str] = ()) -> None:
    """Stop the server and forget everything that it has stored, its keys and address too.

    ``others`` names further SQLite files of the folder.
    """
    if not state.is_dir():
        return
    stop(state)
    forget(state, others)
    with _usable(state):
        for path in state.iterdir():
            ours = path.name in (*FILES, settings.FILE, "port") or path.name.startswith(USER_FILES)
            report = path.name.startswith("report-") and path.suffix == ".txt"
            if ours or report:
                path.unlink(missing_ok=True)


def forget(state: Path, others: Sequence[str] = ()) -> None:
    """Remove what a server that does not run has stored; its keys and its address stay."""
    with _usable(state):
        for name in ("store.sqlite", *others):
            for path in state.glob(f"{name}*"):
                path.unlink(missing_ok=True)
        for name in ("server.json", "server.log", "keep"):
            (state / name).unlink(missing_ok=True)
    for name in ("pods", "claims", "sandbox", "launchers"):
        shutil.rmtree(state / name, ignore_errors=True)


def make_folder(state: Path) -> None:
    """Make the folder of a state, for its owner alone. Raises ``StoreError``."""
    with _usable(state):
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        _ignore_by_git(state)


@contextlib.contextmanager
def _usable(state: Path) -> Iterator[None]:
    """Say of what the system refuses in a state folder what is to be done."""
    try:
        yield
    except OSError as error:
        first = "free space on its disk" if is_disk_full(error) else "check its permissions"
        raise StoreError(
            f"the state folder {state} cannot be used: {error.strerror or error}",
            f"{first}, or choose another folder with --state",
        ) from error


def _ignore_by_git(state: Path) -> None:
    path = state / ".gitignore"
    if not path.is_file() or path.read_bytes() != _EVERYTHING:
        write_private(path, _EVERYTHING)


def _start(state: Path) -> Running:
    log = state / "server.log"
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        child = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "ruleengine.local", "--state", str(state)],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            env={**os.environ, **_MEMORY},
        )
    finally:
        os.close(descriptor)
    if not _CHILDREN:
        atexit.register(_release)
    _CHILDREN.append(child)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = status(state)
        if found is not None and found.pid == child.pid:
            return found
        if child.poll() is not None:
            _reap()
            words = log.read_text(errors="replace").strip()
            raise failed_start(state, words, shutil.disk_usage(state).free)
        time.sleep(_POLL)
    child.kill()
    child.wait()
    raise UnreachableError(
        f"the local control plane did not come up within {_PATIENCE:.0f} seconds",
        f"look at {log}",
    )


def failed_start(state: Path, words: str, free: int) -> StoreError:
    """Return why a server ended at its start: its last ``words``, which a full disk swallows.

    ``free`` is how many bytes the disk of the state has left.
    """
    if not words and free < _ROOM:
        return StoreError(
            f"the local control plane has no room: the disk of {state} is full",
            "free space on it, or choose another folder with --state",
        )
    message, known, remedy = words.rpartition("\n  remedy: ")
    if not known:
        return StoreError(
            "the local control plane ended at its start", f"look at {state / 'server.log'}"
        )
    return StoreError(message.rpartition("\n")[2], remedy)


def _is_locked(path: Path) -> bool:
    try:
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    except OSError:
        return False
    return False


def _wait_for(state: Path, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _reap()
        if not _is_locked(state / "store.lock"):
            return True
        time.sleep(_POLL)
    return False


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _reap() -> None:
    _CHILDREN[:] = [child for child in _CHILDREN if child.poll() is None]


def _release() -> None:
    """Leave the servers that still run to themselves; Python would complain about each."""
    _reap()
    for child in _CHILDREN:
        child.returncode = 0
