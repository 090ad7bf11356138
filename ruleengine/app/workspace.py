"""A workspace: one config repo on disk, found from wherever the user stands in it."""

from pathlib import Path
from typing import NamedTuple

from ruleengine.model.errors import UsageError
from ruleengine.repository.entries import STATE_FOLDER
from ruleengine.repository.git import git_folder, is_bare, no_repository
from ruleengine.repository.trees import find_root

_OF_THE_PROJECT = ("rules/expressions.json", "ruleengine/py.typed")
"""Files that no config repo has together: the built-in rules beside the package."""


class Workspace(NamedTuple):
    """Where a config repo lies. ``git_root`` is absent for a folder outside Git.

    ``root`` may be a folder of a larger Git repository. ``found`` is false for a folder that
    nothing marks as a config repo.
    """

    root: Path
    git_root: Path | None
    found: bool = True

    @property
    def prefix(self) -> str:
        """The path of the config repo inside its Git repository, with a slash at its end."""
        if self.git_root is None or self.git_root == self.root:
            return ""
        return f"{self.root.relative_to(self.git_root).as_posix()}/"

    @property
    def state_folder(self) -> Path:
        """Where the index and the state of the local control plane are kept."""
        return self.root / STATE_FOLDER

    def relative(self, path: Path) -> str | None:
        """Return a path relative to the root with ``/`` between its parts.

        ``None`` where the path lies outside; the root itself is an empty text. Links
        are not followed: a link is a file of the repo, whatever it points at.
        """
        absolute = Path(_lexical(Path.cwd() / path))
        for root in (self.root, Path(_lexical(Path.cwd() / self.root))):
            if absolute.is_relative_to(root):
                text = absolute.relative_to(root).as_posix()
                return "" if text == "." else text
        parent = absolute.parent.resolve() / absolute.name
        if not parent.is_relative_to(self.root):
            return None
        text = parent.relative_to(self.root).as_posix()
        return "" if text == "." else text


def open_workspace(directory: Path) -> Workspace:
    """Return the workspace that a folder belongs to; a folder in none is one of its own."""
    _require_utf8_names()
    try:
        root = find_root(directory)
    except UsageError:
        if not directory.is_dir():
            raise
        return Workspace(root=directory.resolve(), git_root=None, found=False)
    return Workspace(root=root, git_root=git_folder(root), found=not is_project(root))


def config_repo(directory: Path) -> Workspace:
    """Return the workspace that a folder belongs to.

    Raises ``UsageError`` where the folder lies in no config repo.
    """
    workspace = open_workspace(directory)
    require_config_repo(workspace)
    return workspace


def require_config_repo(workspace: Workspace) -> None:
    """Raise ``UsageError`` for a folder that nothing marks as a config repo."""
    if is_project(workspace.root):
        raise UsageError(
            f"{workspace.root} is the project ruleengine itself, whose rules/ and schemas/ are "
            "those that every config repo has already",
            "go to your config repo, or to sample-repo/ in there",
        )
    if not workspace.found:
        if is_bare(workspace.root):
            raise no_repository(workspace.root)
        raise UsageError(
            f"{workspace.root} lies in no config repo",
            "go to your config repo, or make one with `ruleengine init DIR`",
        )


def named_workspace(directory: Path, paths: tuple[Path, ...]) -> Workspace:
    """Return the workspace of a folder; without one named, that of the first path."""
    if directory == Path() and paths:
        first = Path.cwd() / paths[0]
        here = open_workspace(directory)
        if not here.found or here.relative(first) is None:
            directory = first if first.is_dir() else first.parent
    workspace = open_workspace(directory)
    if is_project(workspace.root):
        require_config_repo(workspace)
    return workspace


def is_project(root: Path) -> bool:
    """Tell whether a folder is a checkout of this project."""
    return all((root / name).is_file() for name in _OF_THE_PROJECT)


def _require_utf8_names() -> None:
    """Raise ``UsageError`` where this process takes file names for another encoding than Git."""
    from sys import getfilesystemencoding

    if getfilesystemencoding() != "utf-8":
        raise UsageError(
            f"names of files are read as {getfilesystemencoding()} here, not as UTF-8",
            "set PYTHONUTF8=1, or choose a locale of UTF-8, for instance LC_ALL=C.UTF-8",
        )


def _lexical(path: Path) -> str:
    from os.path import normpath

    return normpath(path)
