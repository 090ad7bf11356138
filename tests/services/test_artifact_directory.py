"""Artifacts in a directory, where no repository is configured."""

from pathlib import Path

import pytest

from ruleengine.services.artifacts.directory import DirectoryStore
from ruleengine.services.artifacts.store import ArtifactError, ArtifactMissingError


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """Return a store in a folder that does not exist yet."""
    return DirectoryStore(tmp_path / "store")


def tree(tmp_path: Path, **files: str) -> Path:
    """Return a folder with files in it."""
    folder = tmp_path / "tree"
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_file_comes_back_and_is_replaced_as_a_whole(
    store: DirectoryStore, tmp_path: Path
) -> None:
    """Also by a tree."""
    (tmp_path / "one").write_text("1")
    store.save(tmp_path / "one", "a/b")
    store.load("a/b", tmp_path / "back")
    assert (tmp_path / "back").read_text() == "1"
    store.save(tree(tmp_path, x="x", d__y="y"), "a/b")
    store.load("a/b", tmp_path / "folder")
    assert sorted(one.name for one in (tmp_path / "folder").rglob("*")) == ["d", "x", "y"]
    assert list(store.list("a/")) == ["a/b/d/y", "a/b/x"]
    assert list(store.list("")) == ["a/b/d/y", "a/b/x"]


def test_deleting_leaves_no_empty_folders(store: DirectoryStore, tmp_path: Path) -> None:
    """And may be repeated."""
    for key in ("a/b/c", "a/d"):
        store.save(tree(tmp_path, x="x") / "x", key)
    for _ in range(2):
        store.delete("a/b/c")
    assert list(store.list("")) == ["a/d"]
    assert not (tmp_path / "store/a/b").exists()


def test_what_is_not_there_is_told(store: DirectoryStore, tmp_path: Path) -> None:
    """As an error of its own, which optional artifacts forgive."""
    with pytest.raises(ArtifactMissingError, match="no artifact under 'none'"):
        store.load("none", tmp_path / "x")
    assert list(store.list("")) == []


@pytest.mark.parametrize("key", ["", "/", "..", "a/../../b", "a\0b", ".unfinished/x"])
def test_a_key_leads_nowhere_else(store: DirectoryStore, tmp_path: Path, key: str) -> None:
    """Nor does it name all of the store."""
    for act in (lambda: store.delete(key), lambda: store.load(key, tmp_path / "x")):
        with pytest.raises(ArtifactError, match="leads out of the store"):
            act()


def test_links_in_the_store_are_not_followed(store: DirectoryStore, tmp_path: Path) -> None:
    """Nothing of ours makes one."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store/link").symlink_to(tmp_path)
    with pytest.raises(ArtifactError, match="leads through a link"):
        store.load("link/x", tmp_path / "y")
