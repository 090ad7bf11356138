"""Files of ours that are whole or not there."""

import errno
import os
from pathlib import Path

import pytest

from ruleengine.formats.private_files import write_private


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays as it was, and nothing lies beside it."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "port"
    write_private(path, b"1")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(path, b"2")
    assert [(one, one.read_bytes()) for one in tmp_path.iterdir()] == [(path, b"1")]
