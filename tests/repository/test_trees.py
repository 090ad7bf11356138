"""Trees hold what Git users expect: tracked and new files, never ignored ones or links."""

import os
import sys
from pathlib import Path

import pytest

from ruleengine.model.errors import UsageError
from ruleengine.repository import trees
from ruleengine.repository.blobs import blob_id
from tests.repository.conftest import Repo

FILES = {
    "environments/s/a.yaml": "a: 1\n",
    "environments/s/b.yaml": "b: 1\n",
    ".gitignore": "*.log\n",
}


def test_the_working_tree_has_tracked_and_new_files(repo: Repo) -> None:
    """Modified content, new files, no ignored ones, no deleted ones."""
    commit = repo.commit(FILES)
    assert not trees.open_worktree(repo.folder).dirty
    repo.write({"environments/s/a.yaml": "a: 2\n", "new ü.yaml": "c: 1\n", "x.log": "noise"})
    (repo.folder / "environments/s/b.yaml").unlink()
    tree = trees.open_worktree(repo.folder)
    assert list(tree.files()) == [".gitignore", "environments/s/a.yaml", "new ü.yaml"]
    assert (tree.revision, tree.dirty, tree.findings) == (commit, True, ())
    assert tree.read("environments/s/a.yaml") == b"a: 2\n"
    assert tree.files()["environments/s/a.yaml"].size == 5
    for path in ("environments/s/a.yaml", "new ü.yaml"):
        assert tree.files()[path].blob == repo.git("hash-object", path)
    with pytest.raises(KeyError):
        tree.read("x.log")


def test_what_we_keep_beside_the_files_is_none_of_them(repo: Repo) -> None:
    """Git may look while the folder is made, before the file that makes it ignored says so."""
    commit = repo.commit(FILES)
    repo.write({".ruleengine/.gitignore": "", ".ruleengine/index.sqlite": "x"})
    tree = trees.open_worktree(repo.folder)
    assert (tree.revision, tree.dirty, list(tree.files())) == (commit, False, sorted(FILES))


def test_the_index_has_what_would_be_committed(repo: Repo) -> None:
    """Not what was changed afterwards."""
    repo.commit(FILES)
    repo.write({"environments/s/a.yaml": "a: 2\n"})
    repo.git("add", "-A")
    repo.write({"environments/s/a.yaml": "a: 3\n", "new.yaml": "x"})
    tree = trees.open_index(repo.folder)
    assert tree.read("environments/s/a.yaml") == b"a: 2\n"
    assert tree.dirty
    assert tree.revision == repo.git("rev-parse", "HEAD")
    assert trees.staged_paths(repo.folder) == ("environments/s/a.yaml",)
    assert trees.changed_since(repo.folder, "HEAD") == ("environments/s/a.yaml", "new.yaml")


def test_a_hook_reads_the_index_that_git_gives_it(repo: Repo) -> None:
    """``git commit FILE`` commits another index than the usual one."""
    repo.commit(FILES)
    other = repo.folder / ".git" / "next-index-1.lock"
    repo.write({"environments/s/a.yaml": "a: 2\n"})
    repo.git("add", "-A")
    (repo.folder / ".git" / "index").rename(other)
    repo.git("reset", "-q")
    hook = {**os.environ, "GIT_INDEX_FILE": str(other), "GIT_DIR": ".git", "GIT_PREFIX": ""}
    assert trees.staged_paths(repo.folder, hook) == ("environments/s/a.yaml",)
    assert trees.open_index(repo.folder, hook).read("environments/s/a.yaml") == b"a: 2\n"
    assert trees.staged_paths(repo.folder) == ()


def test_variables_of_another_repository_do_not_count(repo: Repo, tmp_path: Path) -> None:
    """A hook of one repository may look at another one."""
    repo.commit(FILES)
    other = Repo(tmp_path / "other")
    other.commit({"z.yaml": "z: 1\n"})
    hook = {**os.environ, "GIT_DIR": str(other.folder / ".git"), "GIT_WORK_TREE": str(other.folder)}
    hook["GIT_INDEX_FILE"] = str(other.folder / ".git" / "index")
    assert list(trees.open_index(repo.folder, hook).files()) == sorted(FILES)
    assert list(trees.open_worktree(repo.folder, hook).files()) == sorted(FILES)


@pytest.mark.parametrize("name", ["main", "v1", "HEAD", "HEAD~1"])
def test_a_revision_is_opened_by_any_name(repo: Repo, name: str) -> None:
    """Also with a detached head."""
    first = repo.commit(FILES)
    second = repo.commit({"environments/s/a.yaml": "a: 2\n"})
    repo.git("tag", "-a", "v1", "-m", "one")
    repo.git("checkout", "-q", "--detach")
    tree = trees.open_revision(repo.folder, name)
    expected = (first, b"a: 1\n") if name == "HEAD~1" else (second, b"a: 2\n")
    assert (tree.revision, tree.read("environments/s/a.yaml")) == expected
    assert list(tree.files()) == sorted(FILES)
    assert tree.files()["environments/s/b.yaml"].size == 5
    assert trees.open_worktree(repo.folder).revision == second


def test_changes_are_named_by_path(repo: Repo) -> None:
    """Between trees of any kind."""
    first = repo.commit(FILES)
    repo.write({"environments/s/a.yaml": "a: 2\n", "c.yaml": "c: 1\n"})
    (repo.folder / "environments/s/b.yaml").unlink()
    found = trees.changes(trees.open_revision(repo.folder, first), trees.open_worktree(repo.folder))
    assert found == trees.Changes(
        added=("c.yaml",),
        modified=("environments/s/a.yaml",),
        deleted=("environments/s/b.yaml",),
    )
    assert len(found.paths) == 3


def test_links_and_submodules_are_findings_and_never_followed(repo: Repo, tmp_path: Path) -> None:
    """In every kind of tree."""
    (tmp_path / "outside.yaml").write_text("secret: 1\n")
    repo.commit(FILES)
    (repo.folder / "environments/link.yaml").symlink_to(tmp_path / "outside.yaml")
    Repo(repo.folder / "vendor").commit({"v.yaml": "v: 1\n"})
    untracked = trees.open_worktree(repo.folder)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "links")
    expected = [
        ("repository-link-unread", "environments/link.yaml"),
        ("repository-submodule-unread", "vendor"),
    ]
    opened = [
        untracked,
        trees.open_worktree(repo.folder),
        trees.open_index(repo.folder),
        trees.open_revision(repo.folder, "HEAD"),
    ]
    for tree in opened:
        assert [(one.code, one.place.path) for one in tree.findings] == expected
        assert list(tree.files()) == sorted(FILES)


def test_a_file_or_folder_that_became_a_link_is_not_read(repo: Repo, tmp_path: Path) -> None:
    """Not even between opening the tree and reading it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.yaml").write_text("secret: 1\n")
    repo.commit(FILES)
    tree = trees.open_worktree(repo.folder)
    (repo.folder / "environments/s").rename(repo.folder / "moved")
    (repo.folder / "environments/s").symlink_to(tmp_path / "outside")
    assert tree.read("environments/s/a.yaml") == b"a: 1\n"  # from Git, not through the link
    again = trees.open_worktree(repo.folder)
    assert "environments/s/a.yaml" not in again.files()
    assert [one.place.path for one in again.findings] == ["environments/s"]


def test_a_merge_conflict_is_an_error(repo: Repo) -> None:
    """The index holds several versions of the file."""
    repo.commit(FILES)
    repo.git("checkout", "-q", "-b", "other")
    repo.commit({"environments/s/a.yaml": "a: 2\n"})
    repo.git("checkout", "-q", "main")
    repo.commit({"environments/s/a.yaml": "a: 3\n"})
    with pytest.raises(Exception, match="merge"):
        repo.git("merge", "-q", "other")
    codes = [one.code for one in trees.open_index(repo.folder).findings]
    assert codes == ["repository-file-unmerged"]


def test_a_folder_of_a_repository_is_a_tree_of_its_own(repo: Repo) -> None:
    """A config repo may be part of a larger repository."""
    repo.commit({"config/ruleengine.yaml": "", "config/environments/s/a.yaml": "a: 1\n", "x": ""})
    root = repo.folder / "config"
    assert trees.find_root(root / "environments" / "s") == root
    expected = ["environments/s/a.yaml", "ruleengine.yaml"]
    repo.write({"config/environments/s/a.yaml": "a: 2\n", "y": ""})
    worktree = trees.open_worktree(root)
    assert worktree.read("environments/s/a.yaml") == b"a: 2\n"
    assert worktree.files()["environments/s/a.yaml"].blob == blob_id(b"a: 2\n")
    for tree in (worktree, trees.open_index(root), trees.open_revision(root, "HEAD")):
        assert list(tree.files()) == expected
    assert trees.changed_since(root, "HEAD") == ("environments/s/a.yaml",)


def test_a_folder_without_git_is_walked(tmp_path: Path) -> None:
    """Blob ids are those that Git would give; hidden folders are left out."""
    for path in ("environments/s/a.yaml", ".cache/b.yaml"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("a: 1\n")
    (tmp_path / "environments/link").symlink_to("/etc")
    tree = trees.open_worktree(tmp_path)
    assert list(tree.files()) == ["environments/s/a.yaml"]
    assert tree.files()["environments/s/a.yaml"].blob == blob_id(b"a: 1\n")
    assert (tree.revision, tree.dirty) == ("", False)
    assert [one.code for one in tree.findings] == ["repository-link-unread"]
    assert trees.find_root(tmp_path / "environments") == tmp_path


def test_a_machine_without_git_is_told(repo: Repo, tmp_path: Path) -> None:
    """With what to install."""
    with pytest.raises(UsageError, match="git is not on the path"):
        trees.open_worktree(repo.folder, {"PATH": str(tmp_path)})


def test_what_needs_git_says_so(tmp_path: Path) -> None:
    """With a remedy."""
    with pytest.raises(UsageError, match="no Git repository"):
        trees.open_revision(tmp_path, "main")
    with pytest.raises(UsageError, match="no Git repository"):
        trees.open_index(tmp_path)
    with pytest.raises(UsageError, match="no config repo"):
        trees.find_root(tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        trees.open_worktree(tmp_path / "missing")


def test_an_empty_repository_has_files_but_no_revision(repo: Repo) -> None:
    """The first commit is checked like any other."""
    repo.write(FILES)
    with pytest.raises(UsageError, match="no commit yet"):
        trees.open_revision(repo.folder, "HEAD")
    repo.git("add", "environments")
    assert trees.open_worktree(repo.folder).revision == ""
    assert list(trees.open_worktree(repo.folder).files()) == sorted(FILES)
    index = trees.open_index(repo.folder)
    assert (index.revision, index.dirty) == ("", True)
    assert len(trees.staged_paths(repo.folder)) == 2


@pytest.mark.parametrize("name", ["mian", "--all", "main..HEAD", ""])
def test_an_unknown_revision_is_explained(repo: Repo, name: str) -> None:
    """A misspelt one with what may be meant."""
    repo.commit(FILES)
    with pytest.raises(UsageError) as caught:
        trees.open_revision(repo.folder, name)
    assert caught.value.remedy
    assert name != "mian" or caught.value.remedy == "did you mean main?"
    with pytest.raises(UsageError):
        trees.changed_since(repo.folder, name)


def test_the_working_tree_is_read_without_libgit2(repo: Repo) -> None:
    """Loading it takes longer than the whole hook may."""
    script = (
        "import sys; from pathlib import Path; from ruleengine.repository import trees;"
        f"trees.open_worktree(Path({str(repo.folder)!r})); sys.exit('pygit2' in sys.modules)"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", script]) == 0
