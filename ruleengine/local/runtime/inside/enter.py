"""Builds the file system of a container around the first process, and takes its privileges.

The process is in namespaces of its own already. What it is told comes from
:mod:`ruleengine.local.runtime.sandbox`.
"""

import contextlib
import os
import socket
import stat
from collections.abc import Sequence
from typing import Any

from ruleengine.local.runtime.inside import kernel

PROTECTED = ("sys", "sysrq-trigger", "irq", "bus")
"""What of ``/proc`` speaks of the whole machine: read-only inside."""


def enter(spec: dict[str, Any]) -> None:
    """Make the container's file system the only one, and give up every privilege.

    Raises ``OSError``.
    """
    if spec["user_namespace"]:
        # who this process was cannot be asked here: nobody is mapped yet
        _map_user(spec["outer"], (0, 0))
    socket.sethostname(spec["hostname"])
    kernel.new_keyring()
    settings = _build(spec)
    _drop(spec, settings)


def _map_user(outer: Sequence[int], inner: Sequence[int]) -> None:
    """Say who a user and a group outside this process's user namespace are inside it."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inner[0]} {outer[0]} 1"),
        ("gid_map", f"{inner[1]} {outer[1]} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - kept to cheap imports
            file.write(text)


def _make_folder(path: str, user: int) -> None:
    """Make a folder and those above it; what is new belongs to the container's user."""
    if os.path.isdir(path):  # noqa: PTH112
        return
    _make_folder(os.path.dirname(path), user)  # noqa: PTH120
    os.mkdir(path)  # noqa: PTH102
    if user:
        os.chown(path, user, user)


def open_inside(source: str, inner: Sequence[str]) -> int:
    """Return a descriptor of what lies below a folder; no link on the way is followed.

    Containers write there at this very moment: what was a folder before may be a link now.
    """
    found = os.open(source, os.O_PATH)
    for part in inner:
        outer, found = found, os.open(part, os.O_PATH | os.O_NOFOLLOW, dir_fd=found)
        os.close(outer)
        if stat.S_ISLNK(os.fstat(found).st_mode):
            raise OSError(f"{'/'.join(inner)} leads out of its volume")
    return found


def _bind(source: str, target: str, user: int, *, read_only: bool) -> None:
    if os.path.isdir(source):  # noqa: PTH112
        _make_folder(target, user)
    else:
        _make_folder(os.path.dirname(target), user)  # noqa: PTH120
        open(target, "a").close()  # noqa: PTH123
    kernel.mount(source, target, "none", kernel.BIND | kernel.RECURSIVE)
    if read_only:
        flags = kernel.BIND | kernel.REMOUNT | kernel.READ_ONLY | kernel.NO_SUID
        kernel.mount("none", target, "none", flags)


def _build(spec: dict[str, Any]) -> int:
    """Make the folder ``root`` the file system, with the host's tools in it, read-only.

    Returns a descriptor of the kernel's settings, which cannot be changed by their path any more.

    The root changes before anything is mounted in it: links that a container has left in a
    volume then lead to its own files, never to the host's.
    """
    root, user = spec["root"], spec["user"]
    kernel.mount("none", "/", "none", kernel.RECURSIVE | kernel.PRIVATE)
    if spec["layers"]:
        kernel.mount("overlay", root, "overlay", 0, spec["layers"])
    else:
        kernel.mount(root, root, "none", kernel.BIND)
    os.chdir(root)
    # a name that nobody knows: a link in a volume, or a mount's own path, could lead there
    old = f".{os.urandom(16).hex()}"
    os.mkdir(old)  # noqa: PTH102
    kernel.change_root(old)
    os.chdir("/")
    for one in spec["binds"]:
        source = open_inside(f"/{old}{one['source']}", one["inner"])
        path = f"/{old}/proc/self/fd/{source}"
        _bind(path, one["target"], user, read_only=one["read_only"])
        os.close(source)
    kernel.mount("proc", "/proc", "proc", kernel.NO_SUID)
    settings = os.open("/proc/sys", os.O_PATH)
    for name in PROTECTED:
        path = f"/proc/{name}"
        if os.path.exists(path):  # noqa: PTH110
            _bind(path, path, user, read_only=True)
    kernel.detach(f"/{old}")
    os.rmdir(f"/{old}")  # noqa: PTH106
    _make_folder(spec["working_directory"], user)
    if spec["read_only_root"]:
        kernel.mount("none", "/", "none", kernel.BIND | kernel.REMOUNT | kernel.READ_ONLY)
    return settings


def _drop(spec: dict[str, Any], settings: int) -> None:
    """Become the user that the container asks for, and give up every capability for good."""
    user, inner = spec["user"], spec["inner"]
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        kernel.be_dumpable()
    if user or any(inner):
        outer = os.geteuid(), os.getegid()
        kernel.new_user_namespace()
        _map_user(outer, inner)
    _forbid_namespaces(settings)
    kernel.drop_capabilities()


def _forbid_namespaces(settings: int) -> None:
    """Let nothing in here make a user namespace of its own, where it would have capabilities.

    The setting is that of the namespace that this process is in; a kernel without it forbids
    nothing.
    """
    with contextlib.suppress(OSError):
        place = os.open("user/max_user_namespaces", os.O_WRONLY, dir_fd=settings)
        os.write(place, b"0")
        os.close(place)
    os.close(settings)
