"""What stores of objects have in common: files and trees over keys, one object each.

A store brings four small methods that know its library; a library is imported when an artifact
needs it, and where it is missing the error names the extra that brings it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

from ruleengine.services.artifacts.store import (
    ArtifactError,
    ArtifactMissingError,
    files_below,
)


def library(name: str, extra: str, whose: str = "") -> Any:
    """Return the module of a library. Raises ``ArtifactError`` that names its extra.

    ``whose`` says which artifacts need it, where the extra is not called like their store.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ArtifactError(
            f"artifacts {whose or f'in {extra}'} need a library that is not installed here: "
            f"pip install 'ruleengine[{extra}]'"
        ) from error


class ObjectStore(ABC):
    """A store of objects under keys."""

    def load(self, key: str, target: Path) -> None:
        """Write the object under a key, or the tree of objects below it."""
        with self._speaking(f"load {key!r}"):
            if self._get(key, target):
                return
            found = False
            prefix = f"{key.rstrip('/')}/"
            for one in self._keys(prefix):
                if one.endswith("/"):
                    continue  # what some tools write to show an empty folder
                found = True
                place = place_below(target, one.removeprefix(prefix))
                place.parent.mkdir(parents=True, exist_ok=True)
                self._get(one, place)
        if not found:
            raise ArtifactMissingError(f"there is no artifact under {key!r}")

    def save(self, source: Path, key: str) -> None:
        """Write an object, or one for each file of a tree."""
        with self._speaking(f"keep {key!r}"):
            if not source.is_dir():
                self._put(source, key)
                return
            for path, inner in files_below(source):
                self._put(path, f"{key.rstrip('/')}/{inner}")

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a path."""
        with self._speaking(f"list {prefix!r}"):
            yield from self._keys(prefix)

    def delete(self, key: str) -> None:
        """Delete an object, or those of a tree."""
        with self._speaking(f"delete {key!r}"):
            for one in list(self._keys(key)):
                if one == key or one.startswith(f"{key.rstrip('/')}/"):
                    self._remove(one)

    @abstractmethod
    def _speaking(self, what: str) -> AbstractContextManager[None]:
        """Turn the library's errors into ``ArtifactError``: ``cannot`` do ``what``."""

    @abstractmethod
    def _get(self, key: str, target: Path) -> bool:
        """Write an object to a file; return false where there is none."""

    @abstractmethod
    def _put(self, source: Path, key: str) -> None: ...

    @abstractmethod
    def _keys(self, prefix: str) -> Iterator[str]: ...

    @abstractmethod
    def _remove(self, key: str) -> None: ...


def place_below(folder: Path, inner: str) -> Path:
    """Return where a file of a tree goes. Raises ``ArtifactError`` where that is outside of it."""
    if inner.startswith("/") or ".." in inner.split("/") or "\0" in inner:
        raise ArtifactError(f"the key {inner!r} in the store leads out of its folder")
    return folder / inner
