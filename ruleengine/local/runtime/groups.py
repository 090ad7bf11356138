"""Limits by control groups (cgroup v2), where this machine has them and lets us use them.

A group of ours holds the launchers and, one each, the containers. As root it lies at the top;
otherwise in the highest group above our own that belongs to us, as systemd delegates it to the
sessions of users. Where there is none, processes are limited one by one (``setrlimit``).
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ruleengine.local.runtime.values import Limits

MOUNT: Final = Path("/sys/fs/cgroup")
_NAME: Final = "ruleengine"
_MOST_PROCESSES: Final = 8192
_PERIOD: Final = 100_000
"""Microseconds over which the use of the CPUs is counted."""

_CONTROLLERS: Final = ("cpu", "memory", "pids")


def files_of(limits: Limits) -> Mapping[str, str]:
    """Return what is written into the files of a group, by the name of the file."""
    found = {"pids.max": str(_MOST_PROCESSES)}
    if limits.memory:
        found |= {"memory.max": str(limits.memory), "memory.swap.max": "0", "memory.oom.group": "1"}
    if limits.cpu:
        found["cpu.max"] = f"{limits.cpu * _PERIOD // 1000} {_PERIOD}"
    return found


@dataclass(frozen=True, slots=True)
class Group:
    """The group of one container."""

    folder: Path

    def was_out_of_memory(self) -> bool:
        """Tell whether the system ended a process of it for want of memory."""
        with contextlib.suppress(OSError):
            lines = (self.folder / "memory.events").read_text().splitlines()
            return any(name == "oom_kill" and count != "0" for name, count in map(str.split, lines))
        return False

    def remove(self) -> None:
        """Remove it; nothing runs in it any more."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()


class Groups:
    """The groups of one server. ``problem`` says why there are none; empty where there are.

    ``mount`` is where the system has them, ``own`` the file that says in which this process is,
    ``user`` who it is; ``make`` makes one.
    """

    def __init__(
        self,
        mount: Path = MOUNT,
        own: Path = Path("/proc/self/cgroup"),
        user: int | None = None,
        make: Callable[[Path], object] = Path.mkdir,
    ) -> None:
        self._mkdir = make
        self._base: Path | None = None
        self._controllers: tuple[str, ...] = ()
        self.problem = ""
        try:
            self._base = self._make(mount, own, os.geteuid() if user is None else user)
        except OSError as error:
            self.problem = f"no control groups (cgroup v2) can be used: {error}"

    def _make(self, mount: Path, own: Path, user: int) -> Path:
        if not (mount / "cgroup.controllers").exists():
            raise FileNotFoundError("this machine has none")
        parent = mount if user == 0 else _delegated(mount, _own_group(mount, own))
        for left in parent.glob(f"{_NAME}-*"):  # of a server that was killed
            if not Path("/proc", left.name.rpartition("-")[2]).exists():
                _remove(left)
        base = parent / f"{_NAME}-{os.getpid()}"
        self._mkdir(base)
        self._controllers = tuple(
            one for one in _CONTROLLERS if one in (base / "cgroup.controllers").read_text().split()
        )
        if "memory" not in self._controllers:
            _remove(base)
            raise PermissionError("memory is not delegated to us")
        enabled = " ".join(f"+{one}" for one in self._controllers)
        (base / "cgroup.subtree_control").write_text(enabled)
        return base

    def adopt(self, pid: int) -> None:
        """Take a launcher in, so that it can move what it forks."""
        if self._base is None:
            return
        try:
            folder = self._base / "launchers"
            if not folder.is_dir():
                self._mkdir(folder)
            (folder / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            self.close()
            self.problem = f"no control groups (cgroup v2) can be used: {error}"

    def make(self, name: str, limits: Limits) -> Group | None:
        """Return a group with limits; ``None`` where there are none. Raises ``OSError``."""
        if self._base is None:
            return None
        folder = self._base / name
        if not folder.is_dir():
            self._mkdir(folder)
        for file, text in files_of(limits).items():
            if file.partition(".")[0] in self._controllers and (folder / file).exists():
                (folder / file).write_text(text)
        return Group(folder)

    def close(self) -> None:
        """Remove the groups; once nothing runs in them."""
        base, self._base = self._base, None
        if base is not None:
            _remove(base)


def _remove(base: Path) -> None:
    """Remove a group and those in it; one in which something runs stays."""
    for folder in (*base.glob("*/"), base):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _own_group(mount: Path, own: Path) -> Path:
    for line in own.read_text().splitlines():
        if line.startswith("0::"):
            return mount / line.removeprefix("0::").strip("/")
    raise FileNotFoundError("this process is in none")


def _delegated(mount: Path, group: Path) -> Path:
    """Return the highest group at or above ``group`` in which we may make others."""
    found = None
    for one in (group, *group.parents):
        if one == mount or not os.access(one, os.W_OK):
            break
        # what has processes of its own cannot hand its controllers on
        if not (one / "cgroup.procs").read_text().strip():
            found = one
    if found is None:
        raise PermissionError("no group above this process belongs to its user")
    return found
