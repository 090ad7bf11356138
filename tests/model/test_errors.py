"""Errors about what the system refuses."""

import errno
from pathlib import Path

import pytest

from ruleengine.model.errors import cannot_write


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EACCES, "choose another"),
        (errno.ENOSPC, "free space on its disk"),
        (errno.EDQUOT, "free space on its disk"),
    ],
)
def test_a_full_disk_has_a_remedy_of_its_own(number: int, remedy: str) -> None:
    """Another folder of the same disk would help nobody."""
    error = cannot_write(Path("here"), OSError(number, "No"), "choose another")
    assert (error.message, error.remedy) == ("here cannot be written: No", remedy)
