"""The calls of the Linux kernel that the standard library lacks."""

import ctypes
import os
import signal
from typing import Final

READ_ONLY: Final = 1
NO_SUID: Final = 2
REMOUNT: Final = 32
BIND: Final = 4096
RECURSIVE: Final = 16384
PRIVATE: Final = 1 << 18

NEW_MOUNTS: Final = 0x00020000
NEW_NAMES: Final = 0x04000000
NEW_IPC: Final = 0x08000000
NEW_USER: Final = 0x10000000
NEW_PROCESSES: Final = 0x20000000

_DETACH: Final = 2
_DEATH_SIGNAL, _DUMPABLE, _BOUNDING_DROP, _SUBREAPER, _NO_NEW_PRIVILEGES = 1, 4, 24, 36, 38
_JOIN_SESSION: Final = 1
_CAPABILITY_VERSION: Final = 0x20080522
_NUMBERS: Final = {
    "x86_64": {"clone": 56, "pivot_root": 155, "keyctl": 250},
    "aarch64": {"clone": 220, "pivot_root": 41, "keyctl": 219},
}
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_HOLDING: Final = ctypes.PyDLL(None, use_errno=True)
"""The same, but the interpreter's lock is kept during a call: a fork needs that."""


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _call(name: str) -> int:
    """Return the number of a system call. Raises ``OSError`` for an unknown kind of machine."""
    machine = os.uname().machine
    if machine not in _NUMBERS:
        raise OSError(f"sandboxes are not known on machines of the kind {machine}")
    return _NUMBERS[machine][name]


def fork_into(namespaces: int) -> int:
    """Fork as ``os.fork`` does, the child in new namespaces; only for one thread.

    Raises ``OSError`` where the kernel refuses.
    """
    if not namespaces:
        return os.fork()
    before, child, parent = (
        getattr(ctypes.pythonapi, f"PyOS_{name}")
        for name in ("BeforeFork", "AfterFork_Child", "AfterFork_Parent")
    )
    number = _call("clone")
    before()
    flags = ctypes.c_ulong(namespaces | signal.SIGCHLD)
    pid = int(_HOLDING.syscall(number, flags, None, None, None, None))
    if pid == 0:
        child()
        return 0
    failure = ctypes.get_errno()
    parent()
    if pid < 0:
        raise OSError(failure, f"new namespaces: {os.strerror(failure)}")
    return pid


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount; raises ``OSError``."""
    result = _LIBC.mount(
        source.encode(),
        target.encode(),
        kind.encode(),
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )
    _check(result, f"mount {target}")


def change_root(old: str) -> None:
    """Make the working directory the root, and the present root its folder ``old``."""
    _check(_LIBC.syscall(_call("pivot_root"), b".", old.encode()), "pivot_root")


def detach(target: str) -> None:
    """Take a mount away, also while it is in use."""
    _check(_LIBC.umount2(target.encode(), _DETACH), f"umount {target}")


def new_user_namespace() -> None:
    """Move this process into a user namespace of its own."""
    _check(_LIBC.unshare(NEW_USER), "user namespace")


def be_dumpable() -> None:
    """Let a process that has changed its user write its own maps of users."""
    _LIBC.prctl(_DUMPABLE, 1, 0, 0, 0)


def be_private() -> None:
    """Let nobody but the host's root look into this process, whoever it is."""
    _LIBC.prctl(_DUMPABLE, 0, 0, 0, 0)


def drop_capabilities() -> None:
    """Give up every capability for good, also what a program would bring."""
    for number in range(64):
        _LIBC.prctl(_BOUNDING_DROP, number, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    _check(_LIBC.capset(header, none), "capset")
    _check(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")


def new_keyring() -> None:
    """Leave the keyring of the session, where the user's secrets may lie, for an empty one."""
    _LIBC.syscall(_call("keyctl"), _JOIN_SESSION, None)


def end_with_parent() -> None:
    """Let this process be killed when its parent ends."""
    _LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    _LIBC.prctl(_SUBREAPER, 1, 0, 0, 0)
