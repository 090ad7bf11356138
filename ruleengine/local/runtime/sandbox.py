"""The sandbox of this machine as a value, and what a container sees in it.

A container's file system is an allow-list: the host's programs and libraries, read-only, over
a private root; nothing else of the host. As root, containers become an unprivileged user that
looks like root inside; otherwise they keep the user, in a user namespace.
"""

import os
import posixpath
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruleengine.local.runtime.inside import kernel

NOBODY: Final = 65534
_NAMESPACES: Final = kernel.NEW_MOUNTS | kernel.NEW_PROCESSES | kernel.NEW_IPC | kernel.NEW_NAMES
_DEVICES: Final = ("null", "zero", "full", "random", "urandom")
_COPIED: Final = (
    "hosts",
    "ld.so.cache",
    "localtime",
    "nsswitch.conf",
    "os-release",
    "protocols",
    "resolv.conf",
    "services",
    "ssl/openssl.cnf",
)
_BOUND: Final = ("alternatives", "ca-certificates", "ssl/certs", "pki/tls/certs")
_EMPTY: Final = (
    *("dev/shm", "etc", "home", "mnt", "opt", "proc", "root", "run", "srv", "tmp", "var/tmp"),
    "work",
)
_WRITTEN: Final = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
}
"""Files of ``/etc`` that tell nothing of the host's users."""

_OPEN: Final = ("dev/shm", "tmp", "var/tmp")
_LINKS: Final = {
    "dev/fd": "/proc/self/fd",
    "dev/stdin": "/proc/self/fd/0",
    "dev/stdout": "/proc/self/fd/1",
    "dev/stderr": "/proc/self/fd/2",
    "etc/mtab": "/proc/self/mounts",
    "var/run": "/run",
}
_LIBRARIES: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class Isolation(StrEnum):
    """How processes are kept apart from the host."""

    ROOT = "namespaces as root"
    USER = "namespaces with a user namespace"
    BUBBLEWRAP = "bubblewrap"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """How to enter the sandbox of this machine.

    ``layered`` says that the private root is a layer over a template; else it is a copy.
    ``problem`` says why nothing may be run, with the remedy; it is empty where it may.
    """

    isolation: Isolation
    layered: bool = False
    problem: str = ""

    @property
    def told(self) -> str:
        """How containers are kept apart, and what they share with the machine all the same."""
        if self.isolation is Isolation.NONE:
            return (
                "nothing is isolated, as was allowed: pods see the files and processes of the host"
            )
        return (
            f"{self.isolation}; not isolated: the network, and the kernel (no system call filter)"
        )

    @property
    def user(self) -> int:
        """The host's user that owns what a container writes; 0 for the present one."""
        return NOBODY if self.isolation is Isolation.ROOT else 0

    @property
    def namespaces(self) -> int:
        """The namespaces that the launcher makes for a container."""
        match self.isolation:
            case Isolation.ROOT:
                return _NAMESPACES
            case Isolation.USER:
                return _NAMESPACES | kernel.NEW_USER
        return 0


def prepare(root: Path, user: int) -> None:
    """Fill a private root with what a program expects to find, owned by ``user`` (0: as it is)."""
    for name in _EMPTY:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in _OPEN:
        (root / name).chmod(0o1777)
    for name in _LIBRARIES:
        host = Path("/", name)
        if host.is_symlink():
            (root / name).symlink_to(str(host.readlink()).lstrip("/"))
    for name, target in _LINKS.items():
        (root / name).symlink_to(target)
    for name in _COPIED:
        source = Path("/etc", name)
        if source.is_file() and os.access(source, os.R_OK):
            copy = root / "etc" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    for name, text in _WRITTEN.items():
        (root / "etc" / name).write_text(text)
    if user:
        own(root, user)


def own(folder: Path, user: int) -> None:
    """Give a folder and what is in it to a user, following no link."""
    os.lchown(folder, user, user)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(Path(place, name), user, user)


@cache
def host_binds() -> list[Mapping[str, Any]]:
    """Return what every container sees of the host, all of it read-only."""
    folders = ["/usr", *(f"/etc/{name}" for name in _BOUND)]
    folders += [f"/{name}" for name in _LIBRARIES if not Path("/", name).is_symlink()]
    # the interpreter that runs us, so that steps can count on a Python
    if not sys.base_prefix.startswith("/usr"):
        folders.append(sys.base_prefix)
    binds = [bind(one, one, read_only=True) for one in dict.fromkeys(folders) if Path(one).is_dir()]
    devices = (f"/dev/{name}" for name in _DEVICES)
    return [*binds, *(bind(one, one) for one in devices if Path(one).exists())]


def bind(
    source: str | Path, target: str, *, inner: Sequence[str] = (), read_only: bool = False
) -> Mapping[str, Any]:
    """Return one bind mount as ``enter`` reads it. ``inner`` is a path in the source."""
    place = posixpath.normpath("/" + target.lstrip("/"))
    return {"source": str(source), "inner": [*inner], "target": place, "read_only": read_only}
