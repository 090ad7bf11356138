"""The content of files of a state: from the disk for the working tree, from Git otherwise."""

from pathlib import Path
from typing import Protocol

from ruleengine.repository.blobs import BlobReader
from ruleengine.repository.git import Git
from ruleengine.repository.worktree import is_refused, read_file


class Contents(Protocol):
    """Reads files of one state of the repo. Can be sent to another process."""

    def read(self, path: str, blob: str) -> bytes:
        """Return the content of a regular file. Raises ``KeyError`` where there is none."""


class DiskContents:
    """The files of a working tree. Links are never followed.

    ``absent`` gives the files that Git has and a sparse checkout leaves out.
    """

    def __init__(self, root: Path, absent: "Contents | None" = None) -> None:
        self._root = root
        self._absent = absent
        self._safe: dict[str, bool] = {}

    def read(self, path: str, blob: str) -> bytes:
        """Return the content of a file as it lies there, whatever its blob id."""
        data = read_file(self._root, path, self._safe)
        if data is not None:
            return data
        if self._absent is None or is_refused(self._root, path, self._safe):
            raise KeyError(path)
        return self._absent.read(path, blob)


class GivenContents:
    """What somebody hands over under a name of its own, beside the files of a state."""

    def __init__(self, name: str, data: bytes, others: Contents) -> None:
        self._name = name
        self._data = data
        self._others = others

    def read(self, path: str, blob: str) -> bytes:
        """Return the content of a file, or what was handed over."""
        return self._data if path == self._name else self._others.read(path, blob)


class BlobContents:
    """The blobs of a Git repository, through one ``git cat-file`` that stays open."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._reader: BlobReader | None = None

    def __getstate__(self) -> Path:
        """Leave the process behind: another process starts its own."""
        return self._root

    def __setstate__(self, root: Path) -> None:
        """Begin without a process."""
        self._root = root
        self._reader = None

    def read(self, path: str, blob: str) -> bytes:
        """Return the content of a blob, wherever it lies."""
        del path
        if self._reader is None:
            self._reader = BlobReader(Git(self._root))
        return self._reader.read(blob)
