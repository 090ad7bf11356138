"""Opens trees of files: the working tree, the index, any revision; and compares two.

Importing this module is cheap: libgit2 is loaded only where a revision is opened.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from ruleengine.model.documents import CONFIGURATION_FILE, FOLDERS
from ruleengine.model.errors import UsageError
from ruleengine.model.findings import Finding
from ruleengine.model.trees import Entry, Tree
from ruleengine.repository.blobs import BlobReader, LazyMapping
from ruleengine.repository.entries import sort_entries
from ruleengine.repository.git import Git, git_folder, no_repository
from ruleengine.repository.worktree import parse_listing, read_git_worktree, walk_folder

_NAMES_ONLY: Final = ("--name-only", "--no-renames", "--relative", "-z")


class Changes(NamedTuple):
    """The paths in which one tree differs from another, sorted."""

    added: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that differs, sorted."""
        return tuple(sorted((*self.added, *self.modified, *self.deleted)))


def find_root(start: Path) -> Path:
    """Return the root of the config repo that ``start`` (a file or folder) lies in.

    That is the nearest folder with a ``ruleengine.yaml``, a Git repository, or without
    either the nearest folder that has one of the four folders. Raises ``UsageError`` where
    there is none.
    """
    here = start.resolve()
    candidates = [here, *here.parents] if here.is_dir() else list(here.parents)
    for one in candidates:
        if (one / CONFIGURATION_FILE).is_file() or (one / ".git").exists():
            return one
    for one in candidates:
        if any((one / folder).is_dir() for folder in FOLDERS):
            return one
    if not start.exists():
        raise UsageError(f"{start} does not exist", "correct the path")
    raise UsageError(
        f"{start} lies in no config repo: no {CONFIGURATION_FILE}, no Git repository, "
        f"none of the folders {', '.join(FOLDERS)}",
        "go to your config repo, or make one with `ruleengine init DIR`",
    )


def open_worktree(root: Path, environment: Mapping[str, str] | None = None) -> Tree:
    """Return the files of ``root`` as they lie there now: tracked, or untracked and not ignored.

    Without a Git repository every file counts that is in no hidden folder, and the tree has
    no revision. Raises ``UsageError`` for a folder that is missing or that git refuses.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is no folder", "correct the path")
    top = git_folder(root.resolve())
    if top is None:
        return walk_folder(root.resolve())
    return read_git_worktree(Git(root.resolve(), environment), _prefix(root, top))


def open_index(root: Path, environment: Mapping[str, str] | None = None) -> Tree:
    """Return what would be committed: the index, inside a hook the one that Git names.

    Raises ``UsageError`` where there is no Git repository.
    """
    git = _git(root, environment)
    output = git.run("ls-files", "-s", "-z", "--", ".", index=True)
    files, findings = sort_entries(parse_listing(output))
    return IndexTree(git, files, tuple(findings))


def open_revision(root: Path, revision: str) -> Tree:
    """Return the tree of a commit, branch or tag (any name that Git understands).

    Raises ``UsageError`` where there is no Git repository, no commit yet, or no such revision.
    """
    top = git_folder(root.resolve())
    if top is None:
        raise no_repository(root)
    from ruleengine.repository.revisions import Repository

    return Repository(top).tree(revision, _prefix(root, top))


def commit_of(git: Git, revision: str) -> str:
    """Return the commit id that a name stands for. Raises ``UsageError`` where there is none."""
    commit = git.ask("rev-parse", "--verify", "-q", "--end-of-options", revision + "^{commit}")
    if commit is None:
        open_revision(git.folder, revision)  # explains what is wrong with the name
        raise UsageError(f"{revision} is no commit", "name a commit, branch or tag")
    return commit


def changes(old: Tree, new: Tree) -> Changes:
    """Return which files were added, modified and deleted from ``old`` to ``new``."""
    before, after = blobs(old), blobs(new)
    return Changes(
        added=tuple(sorted(path for path in after if path not in before)),
        modified=tuple(
            sorted(path for path in after if path in before and before[path] != after[path])
        ),
        deleted=tuple(sorted(path for path in before if path not in after)),
    )


def blobs(tree: Tree) -> Mapping[str, str]:
    """Return the blob id of every file by path, the cheapest way that the tree offers."""
    quick = getattr(tree, "blobs", None)
    if quick is not None:
        found: Mapping[str, str] = quick()
        return found
    return {path: entry.blob for path, entry in tree.files().items()}


def staged_paths(root: Path, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the paths whose staged content differs from the last commit, deleted ones too."""
    git = _git(root, environment)
    return _names(git.run("diff", "--cached", *_NAMES_ONLY, index=True))


def changed_since(
    root: Path, revision: str, environment: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return the paths of the working tree that differ from ``revision``, untracked ones too.

    Raises ``UsageError`` where there is no Git repository or no such revision.
    """
    git = _git(root, environment)
    commit = commit_of(git, revision)
    differing = git.start("diff", *_NAMES_ONLY, commit, "--")
    others = git.run(*["ls-files", "--others", "--exclude-standard", "-z", "--", "."])
    return tuple(sorted({*_names(git.finish(differing)), *_names(others)}))


class IndexTree:
    """A :class:`ruleengine.model.trees.Tree` of what would be committed."""

    def __init__(self, git: Git, files: Mapping[str, str], findings: tuple[Finding, ...]) -> None:
        self._git = git
        self._blobs = files
        self._reader = BlobReader(git)
        self.findings = findings

    @cached_property
    def revision(self) -> str:
        """The commit that the next one will follow, or an empty text."""
        return self._git.ask("rev-parse", "--verify", "-q", "HEAD") or ""

    @cached_property
    def dirty(self) -> bool:
        """Whether anything is staged."""
        return bool(self._git.run("diff", "--cached", "--name-only", "-z", index=True))

    @cached_property
    def _entries(self) -> LazyMapping[Entry]:
        return LazyMapping(self._blobs, lambda path: Entry(self._blobs[path], len(self.read(path))))

    def blobs(self) -> Mapping[str, str]:
        """Return the blob id of every file by path, without looking at sizes."""
        return self._blobs

    def files(self) -> Mapping[str, Entry]:
        """Return every regular file by path, in the order of the paths."""
        return self._entries

    def read(self, path: str) -> bytes:
        """Return the content of a file. Raises ``KeyError`` for a path that is not there."""
        return self._reader.read(self._blobs[path])


def _git(root: Path, environment: Mapping[str, str] | None) -> Git:
    if git_folder(root.resolve()) is None:
        raise no_repository(root)
    return Git(root.resolve(), environment)


def _prefix(root: Path, top: Path) -> str:
    """Return where ``root`` lies in its repository, with a slash at the end unless at the top."""
    relative = root.resolve().relative_to(top).as_posix()
    return "" if relative == "." else f"{relative}/"


def _names(output: bytes) -> tuple[str, ...]:
    names = output.decode("utf-8", "surrogateescape").split("\0")
    return tuple(sorted(name for name in names if name))
