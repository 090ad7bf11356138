"""Which sandbox works on this machine, found out once by trying, and how it is entered.

``unshare`` gives a process namespaces of its own for mounts, processes, names and System V
objects; ``enter`` then builds its file system from an allow-list: the host's programs and
libraries, read-only, and nothing else of the host. As root the processes become an
unprivileged user that looks like root inside; otherwise they keep the user, and ``unshare``
makes the user namespace.
"""

import os
import posixpath
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from ruleengine.formats import json_text

ALLOW: Final = "RULEENGINE_ALLOW_UNSANDBOXED"
NOBODY: Final = 65534
ENTER: Final = Path(__file__).with_name("enter.py")
_PATIENCE: Final = 20.0
_NAMESPACES: Final = ("--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child")
_DEVICES: Final = ("null", "zero", "full", "random", "urandom")
_COPIED: Final = (
    "group",
    "hosts",
    "ld.so.cache",
    "localtime",
    "nsswitch.conf",
    "passwd",
    "protocols",
    "resolv.conf",
    "services",
    "ssl/openssl.cnf",
)
_BOUND: Final = ("alternatives", "ca-certificates", "ssl/certs", "pki/tls/certs")
_EMPTY: Final = ("home", "mnt", "opt", "proc", "root", "run", "srv", "tmp", "var/tmp", "work")


class Isolation(StrEnum):
    """How processes are kept apart from the host."""

    ROOT = "unshare as root"
    USER = "unshare with a user namespace"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """How to enter the sandbox of this machine.

    ``problem`` says why nothing may be run, with the remedy; it is empty where it may.
    """

    isolation: Isolation
    problem: str = ""

    @property
    def user(self) -> int:
        """The host's user that owns what a container writes; 0 for the present one."""
        return NOBODY if self.isolation is Isolation.ROOT else 0

    def command(self, spec: int, failure: int) -> list[str]:
        """Return the command that starts ``enter`` with two inherited descriptors."""
        inner = [sys.executable, "-I", "-S", str(ENTER), str(spec), str(failure)]
        if self.isolation is Isolation.NONE:
            return inner
        user = ["--user", "--map-root-user"] if self.isolation is Isolation.USER else []
        return ["unshare", *user, *_NAMESPACES, "--", *inner]

    def prepare(self, root: Path) -> None:
        """Fill the private root folder with what a program expects to find."""
        for name in _EMPTY:
            (root / name).mkdir(parents=True, exist_ok=True)
        for name in ("tmp", "var/tmp"):
            (root / name).chmod(0o1777)
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            host = Path("/", name)
            if host.is_symlink():
                (root / name).symlink_to(str(host.readlink()).lstrip("/"))
        (root / "dev").mkdir(exist_ok=True)
        for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
            (root / "dev" / name).symlink_to(f"/proc/self/fd{target}")
        (root / "dev" / "shm").mkdir()
        for name in _COPIED:
            source = Path("/etc", name)
            if source.is_file() and os.access(source, os.R_OK):
                copy = root / "etc" / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)
        (root / "etc" / "mtab").symlink_to("/proc/self/mounts")
        if self.user:
            own(root, self.user)


def own(folder: Path, user: int) -> None:
    """Give a folder and what is in it to a user, following no link."""
    os.lchown(folder, user, user)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(Path(place, name), user, user)


def host_binds() -> list[Mapping[str, Any]]:
    """Return what every container sees of the host, all of it read-only."""
    folders = ["/usr", *(f"/etc/{name}" for name in _BOUND)]
    folders += [
        f"/{name}"
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
        if not Path("/", name).is_symlink()
    ]
    # the interpreter that runs us, so that steps can count on a Python
    if not sys.base_prefix.startswith("/usr"):
        folders.append(sys.base_prefix)
    binds = [bind(one, one, read_only=True) for one in dict.fromkeys(folders) if Path(one).is_dir()]
    devices = (f"/dev/{name}" for name in _DEVICES)
    return [*binds, *(bind(one, one) for one in devices if Path(one).exists())]


def bind(source: str | Path, target: str, *, read_only: bool = False) -> Mapping[str, Any]:
    """Return one bind mount as ``enter`` reads it."""
    inside = posixpath.normpath("/" + target.lstrip("/"))
    return {"source": str(source), "target": inside, "read_only": read_only}


def specification(  # noqa: PLR0913 - what enter reads, by name
    sandbox: Sandbox,
    root: Path,
    *,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    binds: Sequence[Mapping[str, Any]] = (),
    working_directory: str = "/",
    memory: int = 0,
) -> bytes:
    """Return the document that ``enter`` reads."""
    return json_text.dump_bytes(
        {
            "isolated": sandbox.isolation is not Isolation.NONE,
            "root": str(root),
            "user": sandbox.user,
            "arguments": list(arguments),
            "environment": dict(environment),
            "binds": [*host_binds(), *binds],
            "working_directory": working_directory,
            "memory": memory,
        }
    )


def detect(*, allow_unsandboxed: bool = False) -> Sandbox:
    """Try what works on this machine, the strongest first. It takes a few hundredths of a second.

    The folder for the trial is made and removed below the system's folder for such things.
    """
    ways = (Isolation.ROOT,) if os.geteuid() == 0 else ()
    told = "unshare is not installed"
    for way in (*ways, Isolation.USER) if shutil.which("unshare") else ():
        told = attempt(Sandbox(isolation=way))
        if not told:
            return Sandbox(isolation=way)
    if allow_unsandboxed or os.environ.get(ALLOW) == "1":
        return Sandbox(isolation=Isolation.NONE)
    problem = (
        f"no sandbox works on this machine ({told}); allow user namespaces, or set {ALLOW}=1 for "
        "the local control plane if you trust what your pods run"
    )
    return Sandbox(isolation=Isolation.NONE, problem=problem)


def attempt(sandbox: Sandbox) -> str:
    """Run ``true`` in a sandbox; return what went wrong, empty for nothing."""
    with tempfile.TemporaryDirectory(prefix="ruleengine-sandbox-") as folder:
        root = Path(folder, "root")
        root.mkdir()
        sandbox.prepare(root)
        spec = specification(sandbox, root, arguments=["true"], environment={"PATH": os.defpath})
        command, descriptors = opened(sandbox, spec)
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                command,
                pass_fds=descriptors,
                env={"PATH": os.environ.get("PATH", os.defpath)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
            if done.returncode == 0:
                return ""
            os.lseek(descriptors[1], 0, os.SEEK_SET)
            text = os.read(descriptors[1], 1000) or done.stderr[-1000:]
            return text.decode(errors="replace").strip() or f"exit code {done.returncode}"
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
        finally:
            for one in descriptors:
                os.close(one)


def opened(sandbox: Sandbox, spec: bytes) -> tuple[list[str], tuple[int, int]]:
    """Return the command for a specification, and the descriptors it needs; close them after.

    Both are files in memory, so that the secrets of an environment never reach a disk. The
    second takes the reason where the process could not be started.
    """
    given, failure = os.memfd_create("specification"), os.memfd_create("failure")
    view = memoryview(spec)
    while view:
        view = view[os.write(given, view) :]
    os.lseek(given, 0, os.SEEK_SET)
    return sandbox.command(given, failure), (given, failure)
