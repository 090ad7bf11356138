"""Limits by control groups, where this machine has them and lets us use them.

A group of ours holds the launchers and, one each, the containers. As root it lies at the top;
otherwise in the highest group above our own that belongs to us, as systemd delegates it to the
sessions of users. Older machines have a tree of groups for each controller (cgroup v1), in which
root alone makes some. Where there is none, processes are limited one by one (``setrlimit``).
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
_PROCESSES: Final = "cgroup.procs"
_PROBLEM: Final = "no control groups can be used: {}"
_PERIOD: Final = 100_000
"""Microseconds over which the use of the CPUs is counted."""

_CONTROLLERS: Final = ("cpu", "memory", "pids")
_TREES: Final = ("cpu", "memory")
_COUNTED: Final = ("memory.events", "memory.oom_control")


def files_of(limits: Limits) -> Mapping[str, str]:
    """Return what is written into the files of a group, by the name of the file."""
    found = {"pids.max": str(_MOST_PROCESSES)}
    if limits.memory:
        found |= {"memory.max": str(limits.memory), "memory.swap.max": "0", "memory.oom.group": "1"}
    if limits.cpu:
        found["cpu.max"] = f"{limits.cpu * _PERIOD // 1000} {_PERIOD}"
    return found


def old_files_of(limits: Limits) -> Mapping[str, str]:
    """Return the same for groups of cgroup v1, of which a process joins one for each controller.

    That takes some milliseconds, so what is not limited is in none: how many processes there are
    is limited otherwise too.
    """
    found: dict[str, str] = {}
    if limits.memory:
        memory = str(limits.memory)
        found |= {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory}
    if limits.cpu:
        found["cpu.cfs_period_us"] = str(_PERIOD)
        found["cpu.cfs_quota_us"] = str(limits.cpu * _PERIOD // 1000)
    return found


@dataclass(frozen=True, slots=True)
class Group:
    """The group of one container: a folder, or one in each tree of groups."""

    folders: tuple[Path, ...]

    def was_out_of_memory(self) -> bool:
        """Tell whether the system ended a process of it for want of memory: it counts them."""
        for folder in self.folders:
            for file in _COUNTED:
                with contextlib.suppress(OSError):
                    lines = (folder / file).read_text().splitlines()
                    if any(one.startswith("oom_kill ") and one != "oom_kill 0" for one in lines):
                        return True
        return False

    def remove(self) -> None:
        """Remove it; nothing runs in it any more."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


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
        self._files = files_of
        self._launchers: Path | None = None
        self._bases: dict[str, Path] = {}
        self.problem = ""
        try:
            self._make(mount, own, os.geteuid() if user is None else user)
        except OSError as error:
            self.close()
            self.problem = _PROBLEM.format(error)

    def _make(self, mount: Path, own: Path, user: int) -> None:
        if not (mount / "cgroup.controllers").exists():
            self._make_old(mount, user)
            return
        parent = mount if user == 0 else _delegated(mount, _own_group(mount, own))
        base = self._make_base(parent)
        known = (base / "cgroup.controllers").read_text().split()
        found = [one for one in _CONTROLLERS if one in known]
        if "memory" not in found:
            _remove(base)
            raise PermissionError("memory is not delegated to us")
        (base / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in found))
        self._launchers = base / "launchers"
        self._bases = dict.fromkeys(found, base)

    def _make_old(self, mount: Path, user: int) -> None:
        """Make a group in the tree of each controller."""
        trees = {one: mount / one for one in _TREES if (mount / one / _PROCESSES).exists()}
        if "memory" not in trees:
            raise FileNotFoundError("this machine has none")
        if user != 0:
            raise PermissionError("those of this machine (cgroup v1) are for root alone")
        self._files = old_files_of
        for one, tree in trees.items():
            self._bases[one] = self._make_base(tree)

    def _make_base(self, parent: Path) -> Path:
        for left in parent.glob(f"{_NAME}-*"):  # of a server that was killed
            if not Path("/proc", left.name.rpartition("-")[2]).exists():
                _remove(left)
        base = parent / f"{_NAME}-{os.getpid()}"
        self._mkdir(base)
        return base

    def adopt(self, pid: int) -> None:
        """Take a launcher in, so that it can move what it forks."""
        if self._launchers is None:
            return
        try:
            if not self._launchers.is_dir():
                self._mkdir(self._launchers)
            (self._launchers / _PROCESSES).write_text(str(pid))
        except OSError as error:
            self.close()
            self.problem = _PROBLEM.format(error)

    def make(self, name: str, limits: Limits) -> Group | None:
        """Return a group with limits; ``None`` where there are none. Raises ``OSError``."""
        files = self._files(limits)
        limited = {one.partition(".")[0] for one in files}
        # one group has all controllers, or each of them has its own
        bases = {
            one: base for one, base in self._bases.items() if self._launchers or one in limited
        }
        if not bases:
            return None
        folders = {one: base / name for one, base in bases.items()}
        group = Group(tuple(dict.fromkeys(folders.values())))
        for folder in group.folders:
            if not folder.is_dir():
                self._mkdir(folder)
        for file, text in files.items():
            controller = file.partition(".")[0]
            if controller in folders and (folders[controller] / file).exists():
                (folders[controller] / file).write_text(text)
        return group

    def close(self) -> None:
        """Remove the groups; once nothing runs in them."""
        for base in self._bases.values():
            _remove(base)
        self._bases, self._launchers = {}, None


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
        if not (one / _PROCESSES).read_text().strip():
            found = one
    if found is None:
        raise PermissionError("no group above this process belongs to its user")
    return found
