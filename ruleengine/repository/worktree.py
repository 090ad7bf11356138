"""The working tree as Git users expect it: tracked files, and untracked ones not ignored.

Git's index knows by file times which files are unmodified, so only modified and untracked
ones are read and hashed.
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from ruleengine.model.findings import Finding
from ruleengine.model.trees import Entry
from ruleengine.repository.blobs import BlobReader, LazyMapping, blob_id
from ruleengine.repository.entries import (
    STATE_FOLDER,
    UNMERGED,
    UNREADABLE,
    sort_entries,
    unreadable,
)
from ruleengine.repository.git import Git

_AS_IT_IS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Opens neither what a link points at nor the other end of a pipe."""

_CLOSED: Final = re.compile(r"could not open directory '(.*)/': ")
"""What Git says of a folder that it passes over; the path is from the top of the repository."""

_LEAST_READ: Final = 4096
_NO_COMMIT: Final = "(initial)"
_REGULAR: Final = "100644"
_REFUSED: Final = (_REGULAR, UNREADABLE)
"""Modes on the disk of what was not read although it is there."""


class WorkTree:
    """A :class:`ruleengine.model.trees.Tree` of the files as they lie in a folder now."""

    def __init__(
        self,
        folder: Path,
        blobs: Mapping[str, str],
        findings: Iterable[Finding],
        *,
        revision: str = "",
        dirty: bool = False,
        reader: BlobReader | None = None,
    ) -> None:
        self._folder = folder
        self._blobs = blobs
        self._reader = reader
        self._safe_folders: dict[str, bool] = {}
        self.findings = tuple(findings)
        self.revision = revision
        self.dirty = dirty

    @cached_property
    def _entries(self) -> LazyMapping[Entry]:
        return LazyMapping(self._blobs, self._entry)

    def blobs(self) -> Mapping[str, str]:
        """Return the blob id of every file by path, without looking at sizes."""
        return self._blobs

    def files(self) -> Mapping[str, Entry]:
        """Return every regular file by path, in the order of the paths."""
        return self._entries

    def read(self, path: str) -> bytes:
        """Return the content of a file. Raises ``KeyError`` for a path that is not there."""
        if path not in self._blobs:
            raise KeyError(path)
        data = read_file(self._folder, path, self._safe_folders)
        if data is not None:
            return data
        if self._reader is None or is_refused(self._folder, path, self._safe_folders):
            raise KeyError(path)
        return self._reader.read(self._blobs[path])  # a sparse checkout leaves files out

    def _entry(self, path: str) -> Entry:
        try:
            size = (self._folder / path).lstat().st_size
        except OSError:
            size = self._size_elsewhere(path)
        return Entry(self._blobs[path], size)

    def _size_elsewhere(self, path: str) -> int:
        """Return the size of a file that is not in the folder: of none if it went away."""
        try:
            return len(self.read(path))
        except KeyError:
            return 0


def read_git_worktree(git: Git, prefix: str) -> WorkTree:
    """Return the working tree of ``git.folder``, which is ``prefix`` inside its repository."""
    listing = git.start("ls-files", "-s", "-z", "--", ".")
    status = git.start(
        *("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"),
        *("--no-renames", "--ignore-submodules=all", "--", "."),
    )
    files, findings = sort_entries(parse_listing(git.finish(listing)))
    printed, complaint = git.finish_complaining(status)
    revision, changed, untracked = _parse_status(printed, prefix)
    changed += passed_over(git.folder, prefix, complaint, files)
    length = len(next(iter(files.values()), revision)) or len(blob_id(b""))
    files, more = _with_changes(git.folder, files, (*changed, *untracked), length)
    unread = {one.place.path for one in more}
    return WorkTree(
        git.folder,
        files,
        [*(one for one in findings if one.place.path not in unread), *more],
        revision=revision,
        dirty=bool(changed or untracked),
        reader=BlobReader(git),
    )


def passed_over(folder: Path, prefix: str, complaint: str, tracked: Iterable[str]) -> list[str]:
    """Return what the system does not let Git look at: tracked files, and other folders.

    Git complains of them, goes on, and says of none that it changed. ``prefix`` is the path of
    ``folder`` inside the Git repository.
    """
    if not complaint:
        return []
    found = [path for path in tracked if mode_on_disk(folder / path) == UNREADABLE]
    closed = (
        one.removeprefix(prefix) for one in _CLOSED.findall(complaint) if one.startswith(prefix)
    )
    return found + [
        one
        for one in closed
        if mode_on_disk(folder / one) == UNREADABLE
        and one.partition("/")[0] != STATE_FOLDER
        and not any(path.startswith(f"{one}/") for path in found)
    ]


def parse_listing(output: bytes) -> Iterable[tuple[str, str, str]]:
    """Return mode, blob id and path of each entry that ``git ls-files -s -z`` printed."""
    for record in output.decode("utf-8", "surrogateescape").split("\0"):
        if record:
            meta, _, path = record.partition("\t")
            mode, blob, stage = meta.split(" ")
            yield (mode if stage == "0" else UNMERGED), blob, path


def walk_folder(folder: Path) -> WorkTree:
    """Return the files of a folder without Git; hidden folders are left out.

    Without Git's cache each file has to be read for its blob id, so that is put off until
    somebody asks.
    """
    entries: list[tuple[str, str, str]] = []
    closed: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        relative = os.path.relpath(parent, folder).replace(os.sep, "/")
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        for name in [*names, *linked]:
            path = name if relative == "." else f"{relative}/{name}"
            entries.append((mode_on_disk(folder / path), "", path))
    for one in closed:
        path = os.path.relpath(one.filename, folder).replace(os.sep, "/")
        entries.append((mode_on_disk(folder / path), "", path))
    files, findings = sort_entries(sorted(entries, key=lambda one: one[2]))
    safe: dict[str, bool] = {}
    blobs = LazyMapping(files, lambda path: blob_id(read_file(folder, path, safe) or b""))
    return WorkTree(folder, blobs, findings)


def read_file(folder: Path, path: str, safe: dict[str, bool]) -> bytes | None:
    """Return the content of a regular file, or ``None``; links are not followed.

    ``safe`` remembers which parent folders are known to lie inside ``folder``.
    """
    if not _is_inside(folder, path, safe):
        return None
    try:
        number = os.open(f"{folder}/{path}", _AS_IT_IS)
    except (OSError, ValueError):
        return None
    try:
        state = os.fstat(number)
        return _whole(number, state.st_size) if stat.S_ISREG(state.st_mode) else None
    except OSError:
        return None
    finally:
        os.close(number)


def _whole(number: int, size: int) -> bytes:
    """Return all that an open file holds. Files are many and small: no object is made for each."""
    parts = []
    while part := os.read(number, max(size + 1, _LEAST_READ)):
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def is_refused(folder: Path, path: str, safe: dict[str, bool]) -> bool:
    """Tell whether a file is there that the system does not let us read. ``safe`` as above."""
    return _is_inside(folder, path, safe) and mode_on_disk(folder / path) in _REFUSED


def _is_inside(folder: Path, path: str, safe: dict[str, bool]) -> bool:
    """Tell whether no parent folder of a path is a link."""
    parent = path.rstrip("/").rpartition("/")[0]
    if parent not in safe:
        top = os.path.realpath(folder)
        safe[parent] = not parent or os.path.realpath(Path(top, parent)) == str(Path(top, parent))
    return safe[parent]


def _with_changes(
    folder: Path, files: dict[str, str], changed: Iterable[str], length: int
) -> tuple[dict[str, str], list[Finding]]:
    """Return the blob ids as the files lie in the folder now."""
    findings: list[Finding] = []
    safe: dict[str, bool] = {}
    added = False
    for path in changed:
        mode = mode_on_disk(folder / path) if _is_inside(folder, path, safe) else ""
        if not mode:
            files.pop(path, None)
            continue
        regular, wrong = sort_entries([(mode, "", path.rstrip("/"))])
        findings += wrong
        data = read_file(folder, path, safe) if regular else None
        if data is None:
            files.pop(path, None)
            if not wrong:
                findings.append(unreadable(path))
            continue
        added = added or path not in files
        files[path] = blob_id(data, length)
    return (dict(sorted(files.items())) if added else files), findings


def mode_on_disk(path: Path) -> str:
    """Return the mode that Git would store, or an empty text for what is not there.

    Git stores no folders, except another repository. One that nobody may look into is there.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return ""
    except OSError:
        return UNREADABLE
    if stat.S_ISREG(mode):
        return _REGULAR
    if stat.S_ISLNK(mode):
        return "120000"
    if stat.S_ISDIR(mode):
        return _mode_of_folder(path)
    return f"{mode:o}"


def _mode_of_folder(path: Path) -> str:
    if not os.access(path, os.R_OK | os.X_OK):
        return UNREADABLE
    return "160000" if (path / ".git").exists() else ""


def _parse_status(output: bytes, prefix: str) -> tuple[str, list[str], list[str]]:
    """Return the commit, the changed paths and the untracked ones of ``git status``."""
    revision = ""
    changed: list[str] = []
    untracked: list[str] = []
    for record in output.decode("utf-8", "surrogateescape").split("\0"):
        if record.startswith("# branch.oid "):
            revision = record.removeprefix("# branch.oid ")
        elif record.startswith("1 "):
            changed.append(record.split(" ", 8)[8].removeprefix(prefix))
        elif record.startswith("u "):
            changed.append(record.split(" ", 10)[10].removeprefix(prefix))
        elif record.startswith("? "):
            untracked.append(record[2:].removeprefix(prefix))
    untracked = [path for path in untracked if not path.startswith(f"{STATE_FOLDER}/")]
    return ("" if revision == _NO_COMMIT else revision), changed, untracked
