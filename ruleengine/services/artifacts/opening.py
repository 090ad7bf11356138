"""From the location of an artifact to the store that it lies in."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from ruleengine.model.artifact_places import DIRECTORY
from ruleengine.model.names import ARTIFACT_CLAIM
from ruleengine.model.values import Object
from ruleengine.services.artifacts.directory import DirectoryStore
from ruleengine.services.artifacts.store import Access, ArtifactError, ArtifactStore

Opened = tuple[ArtifactStore, str]
"""A store, and the key of the artifact in it."""

_Opener = Callable[[Object, Access], Opened]


def load(artifact: Object, target: Path, access: Access) -> None:
    """Write the content of an artifact to a path that does not exist. Raises ``ArtifactError``.

    An artifact has a ``location``, and what else is said of it.
    """
    location = artifact["location"]
    raw = location.get("raw")
    if raw is not None:
        target.write_text(str(raw.get("data") or ""), encoding="utf-8")
        return
    store, key = open_store(location, access, artifact)
    store.load(key, target)


def save(artifact: Object, source: Path, access: Access) -> None:
    """Keep a file or a tree as the content of an artifact. Raises ``ArtifactError``."""
    store, key = open_store(artifact["location"], access, artifact)
    store.save(source, key)


def location_in(artifact: Object) -> Object:
    """Return the location of an artifact without what else is said of it."""
    return {kind: artifact[kind] for kind in _OPENERS if isinstance(artifact.get(kind), dict)}


def open_store(location: Object, access: Access, artifact: Object | None = None) -> Opened:
    """Return the store of a location, and the key in it. Raises ``ArtifactError``.

    ``artifact`` is what else is said of the artifact there; a driver is told.
    """
    for kind, body in location.items():
        opener = _OPENERS.get(kind)
        if kind == "plugin" and body.get("name", DIRECTORY) != DIRECTORY:
            opener = partial(_driver, artifact or {})
        if opener is not None:
            return _opened(opener, kind, body, access)
    raise ArtifactError(f"there is no store of artifacts for {', '.join(location) or 'nothing'}")


def _opened(opener: _Opener, kind: str, body: Object, access: Access) -> Opened:
    try:
        return opener(body, access)
    except KeyError as error:
        raise ArtifactError(f"the location in {kind} states no {error.args[0]}") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(f"the store {kind} cannot be as it is stated: {error}") from error


def _directory(body: Object, access: Access) -> Opened:
    claim = str(body.get("configuration") or ARTIFACT_CLAIM)
    return DirectoryStore(access.folder(claim)), str(body.get("key") or "")


def _driver(artifact: Object, body: Object, access: Access) -> Opened:
    from ruleengine.services.artifacts.drivers import DriverStore

    told = {**artifact, "path": artifact.get("stepPath") or artifact.get("path")}
    return DriverStore(body, access.driver(str(body["name"])), told), str(body.get("key") or "")


def _s3(body: Object, access: Access) -> Opened:
    from ruleengine.services.artifacts.s3 import S3Store

    return S3Store(body, access), str(body.get("key") or "").lstrip("/")


def _gcs(body: Object, access: Access) -> Opened:
    from ruleengine.services.artifacts.gcs import GcsStore

    return GcsStore(body, access), str(body.get("key") or "").lstrip("/")


def _azure(body: Object, access: Access) -> Opened:
    from ruleengine.services.artifacts.azure import AzureStore

    return AzureStore(body, access), str(body.get("blob") or "").lstrip("/")


def _oss(body: Object, access: Access) -> Opened:
    from ruleengine.services.artifacts.oss import OssStore

    return OssStore(body, access), str(body.get("key") or "").lstrip("/")


def _hdfs(body: Object, access: Access) -> Opened:
    from ruleengine.services.artifacts.hdfs import HdfsStore

    return HdfsStore(body, access), str(body.get("path") or "")


def _http(body: Object, access: Access) -> Opened:
    from ruleengine.services.artifacts.http import HttpStore

    return HttpStore(body, access), str(body.get("url") or "")


_OPENERS: Final[dict[str, _Opener]] = {
    "plugin": _directory,
    "s3": _s3,
    "gcs": _gcs,
    "azure": _azure,
    "oss": _oss,
    "hdfs": _hdfs,
    "http": _http,
    "artifactory": _http,
}
