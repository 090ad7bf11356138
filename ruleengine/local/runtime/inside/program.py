"""Finds the program that a container asks for, and says why one that is there cannot be started.

The kernel has a word for the latter that says nothing about the program ("Exec format error"), or
one that sounds as if it were not there ("No such file or directory").
"""

import errno
import os
import re
import shutil

_HEAD = 4096
_SCRIPT = re.compile(rb"#![ \t]*([^ \t\n]+)")
_LOADER = re.compile(rb"(/[!-~]*/ld[-.][!-~]+)\0")
_ELF, _BIG = b"\x7fELF", b"\x02"
_ORDER, _MACHINE = 5, 18
"""Where the header of a program says in which order its bytes are, and for which machine it is."""

_MACHINES = {
    3: "i686",
    20: "ppc",
    21: "ppc64le",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
"""Numbers of machines in the ELF format, by what the system calls them."""


def find(name: str, path: str | None) -> str:
    """Return where a program lies. Raises ``FileNotFoundError``, with the remedy."""
    found = shutil.which(name, path=path)
    if found is None:
        raise FileNotFoundError(
            f"{name!r}: no such program inside the sandbox, which has those of this "
            "machine; install it here, or pull its image with podman or docker"
        )
    return found


def explain(error: OSError, name: str, program: str) -> OSError:
    """Return why a program that is there could not be started, in words that name the remedy."""
    try:
        with open(program, "rb") as file:  # noqa: PTH123 - kept to cheap imports
            head = file.read(_HEAD)
    except OSError:
        return error
    problem = ""
    if error.errno == errno.ENOEXEC:
        problem = _of_another_kind(head, os.uname().machine)
    elif error.errno == errno.ENOENT:
        problem = _without_interpreter(head)
    return OSError(f"{name!r} {problem}") if problem else error


def _of_another_kind(head: bytes, here: str) -> str:
    """Return for what else than this machine a program is; empty where that is not known."""
    if not head.startswith(_ELF):
        return (
            "is no program, and no script that says what interprets it: "
            "have it begin with a line such as #!/bin/sh"
        )
    number = int.from_bytes(
        head[_MACHINE : _MACHINE + 2], "big" if head[_ORDER : _ORDER + 1] == _BIG else "little"
    )
    kind = _MACHINES.get(number, f"number {number}")
    if kind == here:
        return ""
    return (
        f"is a program for machines of the kind {kind}, and this one is {here}: "
        f"take one that is made for {here}, or install an emulator (Debian: qemu-user-static)"
    )


def _without_interpreter(head: bytes) -> str:
    """Return what a program needs that is not there; empty where that is not known."""
    found = _SCRIPT.match(head) or (_LOADER.search(head) if head.startswith(_ELF) else None)
    if found is None or os.path.exists(found[1]):  # noqa: PTH110
        return ""
    return f"needs {os.fsdecode(found[1])}, which is not there: install it on this machine"
