"""A workspace: one config repo on disk, found from wherever the user stands in it."""

from dataclasses import dataclass
from pathlib import Path

from ruleengine.model.documents import FOLDERS

CONFIGURATION_FILE = "ruleengine.yaml"
STATE_FOLDER = ".ruleengine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where a config repo lies. ``git_root`` is absent for a folder outside Git.

    ``root`` may be a folder of a larger Git repository.
    """

    root: Path
    git_root: Path | None

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
    """Return the workspace that a folder belongs to.

    That is the nearest folder upwards with a ``ruleengine.yaml``, else the nearest with one
    of the four folders, else the root of the Git repository, else the folder itself.
    Nothing above the root of a Git repository is looked at.
    """
    start = directory.resolve()
    above = [start, *start.parents]
    git_root = next((one for one in above if (one / ".git").exists()), None)
    inside = above[: above.index(git_root) + 1] if git_root else [start]
    root = next((one for one in inside if (one / CONFIGURATION_FILE).is_file()), None)
    root = root or next(
        (one for one in inside if any((one / name).is_dir() for name in FOLDERS)), None
    )
    return Workspace(root=root or git_root or start, git_root=git_root)


def _lexical(path: Path) -> str:
    from os.path import normpath

    return normpath(path)
