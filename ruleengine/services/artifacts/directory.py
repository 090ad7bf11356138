"""Artifacts in a directory: the default where no repository is configured.

Files appear whole or not at all. Keys are checked part by part, since they come from documents.
"""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from ruleengine.services.artifacts.store import (
    ArtifactError,
    ArtifactMissingError,
    files_below,
)

_UNFINISHED = ".unfinished"


class DirectoryStore:
    """Keeps artifacts below one folder, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str, target: Path) -> None:
        """Copy a file or a tree out of the folder."""
        source = self._place(key)
        try:
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copyfile(source, target)
        except FileNotFoundError as error:
            raise ArtifactMissingError(f"there is no artifact under {key!r}") from error
        except OSError as error:
            raise ArtifactError(f"the artifact {key!r} cannot be read: {error}") from error

    def save(self, source: Path, key: str) -> None:
        """Copy a file or a tree into the folder, and put it in its place at once."""
        place = self._place(key)
        draft = self._folder / _UNFINISHED / uuid.uuid4().hex
        try:
            draft.parent.mkdir(parents=True, exist_ok=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                draft.mkdir()
                for path, inner in files_below(source):
                    (draft / inner).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, draft / inner)
            else:
                shutil.copyfile(source, draft)
            _remove(place)
            draft.replace(place)
        except OSError as error:
            raise ArtifactError(f"the artifact {key!r} cannot be kept: {error}") from error
        finally:
            _remove(draft)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a path."""
        if not self._folder.is_dir():
            return
        for _, key in files_below(self._folder):
            if key.startswith(prefix) and not key.startswith(f"{_UNFINISHED}/"):
                yield key

    def delete(self, key: str) -> None:
        """Delete a file or a tree, and the folders that are empty then."""
        place = self._place(key)
        try:
            _remove(place)
            for parent in place.parents:
                if parent == self._folder or any(parent.iterdir()):
                    break
                parent.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            raise ArtifactError(f"the artifact {key!r} cannot be deleted: {error}") from error

    def _place(self, key: str) -> Path:
        parts = [part for part in key.split("/") if part not in ("", ".")]
        if not parts or ".." in parts or "\0" in key or parts[0] == _UNFINISHED:
            raise ArtifactError(f"the key {key!r} leads out of the store or names all of it")
        place = self._folder
        for part in parts:
            place = place / part
            if place.is_symlink():
                raise ArtifactError(f"the key {key!r} leads through a link")
        return place


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
