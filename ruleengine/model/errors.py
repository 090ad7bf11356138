"""Exceptions: a broken program or broken surroundings, never wrong user data.

Every exception that may reach a user says what went wrong and what to do, and
knows the exit code of the process (design, section 9).
"""

import errno
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What the process returns. Where several apply, ``PRECEDENCE`` decides."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    USAGE = 3
    UNREACHABLE = 4
    INTERNAL = 5
    INTERRUPTED = 130


PRECEDENCE = (
    ExitCode.INTERNAL,
    ExitCode.UNREACHABLE,
    ExitCode.USAGE,
    ExitCode.FAILED,
    ExitCode.CHANGES,
)
"""The strongest first: a run that failed in two ways exits with the first that applies."""


def strongest(*codes: ExitCode) -> ExitCode:
    """Return the exit code that wins among ``codes``; ``DONE`` where none is left."""
    return next((code for code in PRECEDENCE if code in codes), ExitCode.DONE)


class RuleEngineError(Exception):
    """The root of the tree. ``message`` says what is wrong, ``remedy`` what to do."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(RuleEngineError):
    """The command line or the configuration asks for something that cannot be."""

    exit_code = ExitCode.USAGE


class UnreachableError(RuleEngineError):
    """Something outside does not answer: a cluster, a remote, a registry."""

    exit_code = ExitCode.UNREACHABLE


class FailedError(RuleEngineError):
    """The work was understood and tried, and failed."""

    exit_code = ExitCode.FAILED


class StoreError(RuleEngineError):
    """The local store cannot be read or written, or a disk is full."""

    exit_code = ExitCode.UNREACHABLE


def cannot_write(what: Path | str, error: OSError, remedy: str) -> RuleEngineError:
    """Return the error for what the system does not let us write; a full disk has its own."""
    message = f"{what} cannot be written: {error.strerror or error}"
    if is_disk_full(error):
        return StoreError(message, "free space on its disk, then run it again")
    return UsageError(message, remedy)


def is_disk_full(error: OSError) -> bool:
    """Tell whether the system refused a write for lack of space."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
