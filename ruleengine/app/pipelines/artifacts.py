"""``pipeline artifact``: what steps kept, brought from its store to this machine."""

import base64
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ruleengine.app.pipelines.places import Place
from ruleengine.formats.archives import ArchiveError
from ruleengine.model.actions import Target
from ruleengine.model.artifact_places import DRIVERS, SOCKET
from ruleengine.model.errors import FailedError, UsageError, cannot_write, is_disk_full
from ruleengine.model.secrets import Secret
from ruleengine.model.suggestions import near, some_of
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines.verbs.artifacts import Kept, artifacts_of, location_in
from ruleengine.services.artifacts.store import ArtifactError, DriverPlace
from ruleengine.step.loading import load_one


def find(workflow: Object, name: str) -> Kept:
    """Return the artifact that is named, as ``NAME`` or ``STEP/NAME``.

    Raises ``UsageError`` for one that there is not, or several times.
    """
    known = artifacts_of(workflow)
    step, _, rest = name.rpartition("/")
    found = [one for one in known if one.name == rest and step in ("", one.step)]
    if len(found) == 1:
        return found[0]
    own = workflow["metadata"]["name"]
    listed = [f"{one.step}/{one.name}" for one in (found or known)]
    if found:
        text = f"several steps of {own} made an artifact {name!r}"
        raise UsageError(text, f"name one: {some_of(listed)}")
    meant = near(name, [*listed, *(one.name for one in known)])
    remedy = f"did you mean {meant}?" if meant else f"there are: {some_of(listed)}"
    raise UsageError(f"the workflow {own} made no artifact {name!r}", remedy)


def fetch_all(
    place: Place,
    workflow: Object,
    wanted: Sequence[tuple[Kept, Path]],
    tell: Callable[[Kept, Path], None],
) -> None:
    """Bring artifacts to their paths, one after another, and tell each that is there.

    Raises as :func:`fetch`; ``UsageError`` before anything is fetched.
    """
    for _, target in wanted:
        _require_free(target)
    for kept, target in wanted:
        fetch(place, workflow, kept, target)
        tell(kept, target)


def _require_free(target: Path) -> None:
    """Raise ``UsageError`` where a path is taken, or is none that anything can be put to."""
    try:
        target.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise cannot_write(target, error, _ELSEWHERE) from error
    raise UsageError(f"{target} is there already", f"remove it, or {_ELSEWHERE}")


_ELSEWHERE: Final = "name another place with --to"


def fetch(place: Place, workflow: Object, kept: Kept, target: Path) -> None:
    """Bring an artifact to a path that does not exist: unpacked, a file or a folder.

    Raises ``FailedError`` where it is gone or cannot be loaded, ``UsageError`` for a path that
    is taken or cannot be written, ``StoreError`` where a disk is full.
    """
    if kept.is_deleted:
        raise FailedError(
            f"{kept.step}/{kept.name} was collected as garbage", "see artifactGC of the workflow"
        )
    _require_free(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(target, error, _ELSEWHERE) from error
    access = _Access(place, str(workflow["metadata"].get("namespace") or ""))
    artifact = {**kept.artifact, "location": location_in(workflow, kept)}
    try:
        load_one({key: artifact[key] for key in _WORDS if key in artifact}, target, access)
    except (ArtifactError, ArchiveError, OSError) as error:
        if isinstance(error, OSError) and _is_of_place(error, target.parent):
            raise cannot_write(target, error, _ELSEWHERE) from error
        raise FailedError(
            f"{kept.step}/{kept.name} cannot be loaded: {error}",
            "check that its store answers and that it was not deleted there",
        ) from error


def _is_of_place(error: OSError, folder: Path) -> bool:
    """Tell whether it is the folder of an artifact that the system refused, not its store."""
    at = error.filename
    return is_disk_full(error) or (isinstance(at, str) and Path(at).is_relative_to(folder))


_WORDS = ("name", "location", "archive", "mode", "recurseMode")


class _Access:
    """Secrets by the API, and claims of the local control plane as the folders that they are."""

    def __init__(self, place: Place, namespace: str) -> None:
        self._place = place
        self._namespace = namespace

    def secret(self, selector: Object) -> Secret | None:
        """Return the value of a key of a Secret. Raises ``ArtifactError``."""
        name, key = str(selector.get("name") or ""), str(selector.get("key") or "")
        found = self._place.client.get(Target("v1", "Secret", self._namespace, name))
        data = lookup(found, "data", key)
        if data is None:
            if selector.get("optional"):
                return None
            raise ArtifactError(f"the Secret {name!r} has no key {key!r} to be used")
        text = base64.b64decode(data).decode(errors="replace")
        return Secret(text.removesuffix("\n"))

    def folder(self, claim: str) -> Path:
        """Return where the files of a claim lie. Raises ``ArtifactError``."""
        if not self._place.cluster.local:
            raise ArtifactError(f"its volume {claim} is on the cluster: read it there with a pod")
        target = Target("v1", "PersistentVolumeClaim", self._namespace, claim)
        found = self._place.client.get(target)
        if found is None:
            raise ArtifactError(f"the claim {claim} is gone, and its files with it")
        return self._place.state / "claims" / uid_of(found)

    def driver(self, name: str) -> DriverPlace:
        """Return where a driver listens on this machine. Raises ``ArtifactError``."""
        return driver_here(name, os.geteuid())


def driver_here(name: str, user: int, root: Path = Path(DRIVERS)) -> DriverPlace:
    """Return where a driver listens on this machine, as beside a server of Argo's.

    It tells the content, since it may run in a container. Raises ``ArtifactError`` where there is
    none, and where it may be another user's: everybody may write to the folder around.
    """
    folder = root / name
    socket = folder / SOCKET
    if folder.parent != root or not socket.exists():
        raise ArtifactError(
            f"the artifact plugin {name!r} runs in the pods of steps and not on this machine: "
            f"start its driver here with the one argument {socket}"
        )
    for place in (root, folder, socket):
        if place.lstat().st_uid != user:
            raise ArtifactError(
                f"{place} belongs to another user, who may tell what they like for the artifact "
                f"plugin {name!r}: remove it, and start the driver as yourself"
            )
    return DriverPlace(folder, shares=False)
