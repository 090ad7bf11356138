"""What every store of artifacts can do, and the errors that tell why it did not."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object


class ArtifactError(Exception):
    """An artifact cannot be loaded, kept or deleted; the message is for people."""


class ArtifactMissingError(ArtifactError):
    """There is nothing under a key."""


class ArtifactStore(Protocol):
    """Keeps files and trees of files under keys, which are paths without a leading ``/``.

    A tree is kept as one file for each of its files, under ``KEY/path/in/the/tree``. Every
    method raises ``ArtifactError``.
    """

    def load(self, key: str, target: Path) -> None:
        """Write what lies under a key to ``target``, which does not exist: a file or a tree.

        Raises ``ArtifactMissingError`` where there is nothing.
        """

    def save(self, source: Path, key: str) -> None:
        """Keep a file or a tree under a key, in place of what is there."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a path, in their order."""

    def delete(self, key: str) -> None:
        """Delete what lies under a key; nothing there is no error."""


class DriverPlace(NamedTuple):
    """Where the driver of an artifact plugin is to be found.

    ``folder`` holds its socket, and what is handed over lies beside that: where it ``shares`` the
    folder it sees the same files at the same paths. ``patience`` is for how many seconds the
    socket may be missing, since a driver begins when we do.
    """

    folder: Path
    shares: bool = True
    patience: float = 0.0


class Access(Protocol):
    """What a store needs of those who open it."""

    def secret(self, selector: Object) -> Secret | None:
        """Return the value that a key selector names; ``None`` for one that may be missing.

        Raises ``ArtifactError`` for one that is missing.
        """

    def folder(self, claim: str) -> Path:
        """Return where the files of a PersistentVolumeClaim lie. Raises ``ArtifactError``."""

    def driver(self, name: str) -> DriverPlace:
        """Return where the driver of an artifact plugin is. Raises ``ArtifactError``."""


def files_below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a tree, each with its path in it; what links stand for is left out."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, path.relative_to(folder).as_posix()
