"""``init`` writes a working config repo or nothing."""

from pathlib import Path

import pytest

from ruleengine.app.scaffold import scaffold
from ruleengine.model.documents import FOLDERS
from ruleengine.model.errors import UsageError


def test_a_new_config_repo_has_a_file_in_each_folder(tmp_path: Path) -> None:
    """One small file per folder, hidden files under their hidden names, a Git repository."""
    written = scaffold(tmp_path / "config")
    assert {path.parts[0] for path in written} >= set(FOLDERS)
    assert (tmp_path / "config" / ".pre-commit-config.yaml").is_file()
    assert (tmp_path / "config" / ".git").is_dir()


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    """A file in the way is named, and no other file is written."""
    (tmp_path / "ruleengine.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"already has ruleengine\.yaml"):
        scaffold(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ruleengine.yaml"]


def test_what_fails_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file that is in the way of a folder, nor a machine without git."""
    (tmp_path / "triggers").write_text("mine")
    with pytest.raises(UsageError, match="cannot be written"):
        scaffold(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["triggers"]
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="git is not on the path"):
        scaffold(tmp_path / "a" / "config")
    assert [path.name for path in tmp_path.iterdir()] == ["triggers"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """The remedy is to name another folder."""
    (tmp_path / "config").write_text("a file")
    with pytest.raises(UsageError, match="is a file"):
        scaffold(tmp_path / "config")


def test_inside_a_repository_no_second_one_is_made(tmp_path: Path) -> None:
    """A folder of an existing repository stays part of it."""
    (tmp_path / ".git").mkdir()
    scaffold(tmp_path / "config")
    assert not (tmp_path / "config" / ".git").exists()
