"""The files that let clients trust the server."""

import errno
import os
from pathlib import Path

import pytest

from ruleengine.local import material


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "server.crt", "server.key"])
@pytest.mark.parametrize("content", ["", "nonsense\n"])
def test_broken_files_are_made_anew(tmp_path: Path, name: str, content: str) -> None:
    """As missing ones are; those that are whole stay as they are."""
    first = material.prepare(tmp_path)
    texts = [path.read_text() for path in (first.authority, first.certificate, first.key)]
    assert material.prepare(tmp_path) == first
    assert [one.read_text() for one in (first.authority, first.certificate, first.key)] == texts
    (tmp_path / name).write_text(content)
    again = material.prepare(tmp_path)
    assert again.certificate.read_text() not in (texts[1], content)


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays as it was, and nothing lies beside it."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "port"
    material.write_private(path, b"1")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        material.write_private(path, b"2")
    assert [(one, one.read_bytes()) for one in tmp_path.iterdir()] == [(path, b"1")]
