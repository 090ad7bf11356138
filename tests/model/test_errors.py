"""Errors about what the system refuses."""

import errno
from pathlib import Path

import pytest

from ruleengine.model.errors import ExitCode, cannot_write


@pytest.mark.parametrize(
    ("number", "code", "remedy"),
    [
        (errno.EACCES, ExitCode.USAGE, "choose another"),
        (errno.ENOSPC, ExitCode.UNREACHABLE, "free space on its disk, then run it again"),
        (errno.EDQUOT, ExitCode.UNREACHABLE, "free space on its disk, then run it again"),
    ],
)
def test_a_full_disk_has_a_remedy_of_its_own(number: int, code: ExitCode, remedy: str) -> None:
    """Another folder of the same disk would help nobody."""
    error = cannot_write(Path("here"), OSError(number, "No"), "choose another")
    assert (error.message, error.remedy) == ("here cannot be written: No", remedy)
    assert error.exit_code is code
