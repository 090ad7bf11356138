"""States of a config repo, told by one short git process each.

``git status`` names the few paths that differ from the commit, so that a run in a repo of
10,000 files does not have to look at them. Paths are relative to the root of the config
repo, which may be a folder of a larger Git repository.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ruleengine.model.errors import UsageError
from ruleengine.repository.blobs import blob_id
from ruleengine.repository.entries import FILE_MODES, STATE_FOLDER, UNMERGED, UNREADABLE
from ruleengine.repository.git import Git
from ruleengine.repository.trees import commit_of
from ruleengine.repository.worktree import mode_on_disk, passed_over, read_file, walk_folder
from ruleengine.validation.states import TreeState

PATH_INVALID = "path"
"""Stands for the mode of a file whose path is no UTF-8."""


class GitHistory:
    """The :class:`ruleengine.validation.states.History` of a Git repository.

    ``git`` works in the root of the config repo, ``prefix`` is the path of that inside the
    Git repository (empty, or ending with a slash).
    """

    def __init__(self, git: Git, prefix: str) -> None:
        self._git = git
        self._prefix = prefix

    def listing(self, commit: str, paths: Sequence[str] = ()) -> Mapping[str, str]:
        """Return every file of a commit, or those of ``paths``, with its blob id."""
        if not commit:
            return {}
        options = ["--literal-pathspecs", "ls-tree", "-r", "-z", commit]
        found = {}
        for chunk in _chunks(paths) if paths else [()]:
            for entry in self._records(*options, *(("--", *chunk) if chunk else ())):
                head, _, path = entry.partition("\t")
                mode, _, blob = head.split(" ")
                found[_shown(path)] = _blob(mode, blob, path)
        return found

    def changes(self, old: str, new: str) -> Mapping[str, str | None]:
        """Return what differs between two commits. Raises ``KeyError`` if ``old`` is gone."""
        if not old or not new:
            raise KeyError(old)
        try:
            return self._raw("diff-tree", "-r", old, new)
        except UsageError as error:
            raise KeyError(old) from error

    def worktree(self) -> Callable[[], TreeState]:
        """Let Git look at the working tree, and return what waits for the state of it.

        Files that Git ignores are not in it.
        """
        options = ["--branch", "--no-renames", "--untracked-files=all", "--ignore-submodules=all"]
        process = self._git.start("status", "--porcelain=v2", "-z", *options, "--", ".")
        return lambda: self._worktree(*self._git.finish_complaining(process))

    def _worktree(self, printed: bytes, complaint: str) -> TreeState:
        records, commit = _split(printed), ""
        overlay: dict[str, str | None] = {}
        for record in records:
            if record.startswith("# branch.oid "):
                commit = record.removeprefix("# branch.oid ").replace("(initial)", "")
            path = _status_path(record)
            if path and path.startswith(self._prefix):
                inside = path[len(self._prefix) :]
                if record[0] == "?" and inside.startswith(f"{STATE_FOLDER}/"):
                    continue
                blob = worktree_blob(self._git.folder, inside, len(commit) or 40)
                overlay[_shown(inside)] = _blob(UNMERGED, inside) if record[0] == "u" else blob
        if complaint:
            tracked = self._records("ls-files", "-z", "--", ".")
            for path in passed_over(self._git.folder, self._prefix, complaint, tracked):
                overlay[_shown(path)] = _blob(UNREADABLE, path)
        return TreeState(commit=commit, overlay=overlay)

    def staged(self) -> TreeState:
        """Return the state that the next commit would have."""
        commit = self._git.ask("rev-parse", "--verify", "--quiet", "HEAD") or ""
        if commit:
            return TreeState(
                commit=commit, overlay=self._raw("diff-index", "--cached", commit, index=True)
            )
        listing: dict[str, str | None] = {}
        for record in self._records("ls-files", "--stage", "-z", "--", ".", index=True):
            head, _, path = record.partition("\t")
            mode, blob, _ = head.split(" ")
            listing[_shown(path)] = _blob(mode, blob, path)
        return TreeState(overlay=listing)

    def commit(self, revision: str) -> str:
        """Return the commit id of a revision. Raises ``UsageError`` where there is none."""
        return commit_of(self._git, revision)

    def _raw(self, command: str, *arguments: str, index: bool = False) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        options = ["-z", "--raw", "--no-renames", "--no-abbrev", "--relative"]
        records = iter(self._records(command, *options, *arguments, index=index))
        for head in records:
            if head.startswith(":"):
                _, mode, _, blob, change = head.split(" ")
                path = next(records)
                mode = UNMERGED if change == "U" else mode
                found[_shown(path)] = None if change == "D" else _blob(mode, blob, path)
        return found

    def _records(self, *arguments: str, index: bool = False) -> Sequence[str]:
        return _split(self._git.run(*arguments, index=index))


class PlainHistory:
    """The history of a folder that is no Git repository: there is none.

    ``only`` names the files and folders in it that are looked at, where these are not all: it may
    be any folder, the root of a whole disk among them.
    """

    def __init__(self, root: Path, only: Sequence[str] = ()) -> None:
        self._root = root
        self._only = only

    def listing(self, commit: str, paths: Sequence[str] = ()) -> Mapping[str, str]:
        """Return nothing: no commit is known."""
        del commit, paths
        return {}

    def changes(self, old: str, new: str) -> Mapping[str, str | None]:
        """Raise ``KeyError``: no state of the past is known."""
        raise KeyError(old or new)

    def worktree(self) -> TreeState:
        """Return every file of the folder, and what stands there in place of one."""
        paths = [path for name in self._only or ("",) for path in self._paths(name)]
        blobs = {_shown(path): worktree_blob(self._root, path) for path in paths}
        return TreeState(overlay={path: blob for path, blob in blobs.items() if blob is not None})

    def _paths(self, name: str) -> Iterator[str]:
        if name and not _is_folder(self._root / name):
            yield name
            return
        found = walk_folder(self._root / name)
        for path in (*found.blobs(), *(one.place.path for one in found.findings)):
            yield f"{name}/{path}" if name else path


def _is_folder(path: Path) -> bool:
    """Tell whether there is a folder, and no link to one."""
    try:
        return path.is_dir() and not path.is_symlink()
    except OSError:
        return False


def worktree_blob(root: Path, path: str, length: int = 40) -> str | None:
    """Return the blob id that Git would give a file of the working tree, ``None`` if gone.

    What is no regular file that can be read gets an id that :func:`mode_of` tells.
    """
    if path != _shown(path):
        return f"{PATH_INVALID}:{_shown(path)}"
    mode = mode_on_disk(root / path)
    if not mode:
        return None
    if mode not in FILE_MODES:
        return _blob(mode, path)
    data = read_file(root, path, {})
    return _blob(UNREADABLE, path) if data is None else blob_id(data, length)


def mode_of(blob: str) -> str:
    """Return the mode of what is no regular file by its blob id; empty for regular files."""
    mode, colon, _ = blob.partition(":")
    return mode if colon else ""


def _split(output: bytes) -> Sequence[str]:
    """Part what git printed."""
    return [one for one in output.decode("utf-8", "surrogateescape").split("\0") if one]


def _shown(path: str) -> str:
    """Return a path as it can be stored and shown: what is no UTF-8 is written out."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _status_path(record: str) -> str:
    """Return the path of a record of ``git status --porcelain=v2``; empty for headers."""
    fields = {"1": 8, "2": 9, "u": 10, "?": 1}.get(record[:1], 0)
    return record.split(" ", fields)[fields] if fields else ""


def _blob(mode: str, blob: str, path: str = "") -> str:
    if path != _shown(path):
        return f"{PATH_INVALID}:{blob}"
    return blob if mode in FILE_MODES else f"{mode}:{blob}"


def _chunks(paths: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (paths[start : start + size] for start in range(0, len(paths), size))
