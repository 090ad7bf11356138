"""From the location of an artifact to the store that it lies in."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ruleengine.model.names import ARTIFACT_CLAIM
from ruleengine.model.values import Object
from ruleengine.services.artifacts.directory import DirectoryStore
from ruleengine.services.artifacts.store import Access, ArtifactError, ArtifactStore

Opened = tuple[ArtifactStore, str]
"""A store, and the key of the artifact in it."""


def load(location: Object, target: Path, access: Access) -> None:
    """Write the content of an artifact to a path that does not exist. Raises ``ArtifactError``."""
    raw = location.get("raw")
    if raw is not None:
        target.write_text(str(raw.get("data") or ""), encoding="utf-8")
        return
    store, key = open_store(location, access)
    store.load(key, target)


def save(location: Object, source: Path, access: Access) -> None:
    """Keep a file or a tree as the content of an artifact. Raises ``ArtifactError``."""
    store, key = open_store(location, access)
    store.save(source, key)


def open_store(location: Object, access: Access) -> Opened:
    """Return the store of a location, and the key in it. Raises ``ArtifactError``."""
    for kind, body in location.items():
        opener = _OPENERS.get(kind)
        if opener is not None:
            return opener(body, access)
    raise ArtifactError(f"there is no store of artifacts for {', '.join(location) or 'nothing'}")


def _directory(body: Object, access: Access) -> Opened:
    claim = str(body.get("configuration") or ARTIFACT_CLAIM)
    return DirectoryStore(access.folder(claim)), str(body.get("key") or "")


_OPENERS: Final[dict[str, Callable[[Object, Access], Opened]]] = {"plugin": _directory}
