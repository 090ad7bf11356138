"""The files that let clients trust the server."""

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
