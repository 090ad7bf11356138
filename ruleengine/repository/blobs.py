"""Git's blobs: their ids, and their content through one running ``git cat-file``."""

import hashlib
import subprocess
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from ruleengine.repository.git import Git

_SHA1_LENGTH: Final = 40
_Item = TypeVar("_Item")


def blob_id(data: bytes, length: int = _SHA1_LENGTH) -> str:
    """Return the id that Git gives to a file's content; ``length`` 64 means SHA-256."""
    header = b"blob %d\0" % len(data)
    if length == _SHA1_LENGTH:
        return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(header + data).hexdigest()


class LazyMapping(Mapping[str, _Item]):
    """A mapping whose values are worked out when they are asked for, once each."""

    __slots__ = ("_find", "_found", "_keys")

    def __init__(self, keys: Mapping[str, object], find: Callable[[str], _Item]) -> None:
        self._keys = keys
        self._find = find
        self._found: dict[str, _Item] = {}

    def __getitem__(self, key: str) -> _Item:
        if key not in self._found:
            if key not in self._keys:
                raise KeyError(key)
            self._found[key] = self._find(key)
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys


class BlobReader:
    """Reads blobs through one ``git cat-file --batch``, started when first needed."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, blob: str) -> bytes:
        """Return the content of a blob. Raises ``KeyError`` for one that is not there."""
        if self._process is None:
            self._process = self._git.start("cat-file", "--batch")
            weakref.finalize(self, _end, self._process)
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise KeyError(blob)
        process.stdin.write(f"{blob}\n".encode())
        process.stdin.flush()
        header = process.stdout.readline().split()
        if len(header) != len(("id", "type", "size")):
            raise KeyError(blob)
        data = process.stdout.read(int(header[2]))
        process.stdout.read(1)
        return data


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.communicate()
