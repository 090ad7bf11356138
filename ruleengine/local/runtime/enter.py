"""The first process inside a sandbox; a script, run by path with ``python -I -S``.

It is started in namespaces of its own (see :mod:`ruleengine.local.runtime.sandbox`), reads
what to do from an inherited file, builds the container's file system, gives up every
privilege, starts the container's process, and stays to reap what that leaves behind.
It imports the standard library only: inside, nothing else may be there.
"""

import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from typing import Any

_READ_ONLY, _NO_SUID, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 2, 32, 4096, 16384, 1 << 18
_DETACH = 2
_NEW_USER = 0x10000000
_DUMPABLE, _BOUNDING_DROP, _NO_NEW_PRIVILEGES = 4, 24, 38
_CAPABILITY_VERSION = 0x20080522
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_START_FAILED = 128
_LIBC = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    arguments = (source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None)
    _check(_LIBC.mount(*arguments), f"mount {target}")


def _bind(source: str, target: str, *, read_only: bool) -> None:
    if os.path.isdir(source):  # noqa: PTH112 - kept to cheap imports
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        open(target, "a").close()  # noqa: PTH123
    _mount(source, target, "none", _BIND | _RECURSIVE)
    if read_only:
        _mount("none", target, "none", _BIND | _REMOUNT | _READ_ONLY | _NO_SUID)


def _build(spec: dict[str, Any]) -> None:
    """Make the folder ``root`` the file system, with the host's tools in it, read-only.

    The root changes before anything is mounted in it: links that a container has left in a
    volume then lead to its own files, never to the host's.
    """
    root = spec["root"]
    _mount("none", "/", "none", _RECURSIVE | _PRIVATE)
    _mount(root, root, "none", _BIND)
    os.chdir(root)
    os.mkdir("old-root")  # noqa: PTH102
    number = _PIVOT_ROOT[os.uname().machine]
    _check(_LIBC.syscall(number, b".", b"old-root"), "pivot_root")
    os.chdir("/")
    for one in spec["binds"]:
        _bind("/old-root" + one["source"], one["target"], read_only=one["read_only"])
    _mount("proc", "/proc", "proc", _NO_SUID)
    for name in ("sys", "sysrq-trigger", "irq", "bus"):
        path = f"/proc/{name}"
        if os.path.exists(path):  # noqa: PTH110
            _bind(path, path, read_only=True)
    _check(_LIBC.umount2(b"/old-root", _DETACH), "umount of the host")
    os.rmdir("/old-root")  # noqa: PTH106


def _drop(spec: dict[str, Any]) -> None:
    """Give up the user, where it is the host's root, and every capability for good."""
    user = spec["user"]
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        _LIBC.prctl(_DUMPABLE, 1, 0, 0, 0)
        _check(_LIBC.unshare(_NEW_USER), "user namespace")
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"0 {user} 1"),
            ("gid_map", f"0 {user} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
                file.write(text)
    for number in range(64):
        _LIBC.prctl(_BOUNDING_DROP, number, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    _check(_LIBC.capset(header, none), "capset")
    _check(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")


def _run(spec: dict[str, Any]) -> int:
    """Run the container's process; return its exit code once it has ended."""
    environment = spec["environment"]
    os.makedirs(spec["working_directory"], exist_ok=True)  # noqa: PTH103
    program = shutil.which(spec["arguments"][0], path=environment.get("PATH"))
    if program is None:
        raise FileNotFoundError(f"{spec['arguments'][0]!r}: no such program inside the sandbox")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if spec["memory"]:
        resource.setrlimit(resource.RLIMIT_AS, (spec["memory"], spec["memory"]))
    # the process alone is asked to end, as in a container; its group ends with the namespace
    asked: list[int] = []
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _frame: object) -> None:
        asked.append(number)
        for one in children:
            one.send_signal(number)

    if spec["isolated"]:
        signal.signal(signal.SIGTERM, forward)
    child = subprocess.Popen(  # noqa: S603 - the container's own command
        spec["arguments"],
        executable=program,
        env=environment,
        cwd=spec["working_directory"],
        stdin=subprocess.DEVNULL,
        process_group=0 if spec["isolated"] else None,
    )
    children.append(child)
    if asked:
        child.terminate()
    while True:
        pid, status = os.wait()
        if pid == child.pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def main() -> int:
    """Read the file that the first argument names by number; return the exit code."""
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        spec = json.load(file)
    os.umask(0o022)
    try:
        if spec["isolated"]:
            _build(spec)
            _drop(spec)
        code = _run(spec)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        os.write(int(sys.argv[2]), str(error).encode())
        return _START_FAILED
    return code


if __name__ == "__main__":
    sys.exit(main())
