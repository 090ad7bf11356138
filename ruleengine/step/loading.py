"""Artifacts on their way into a step: loaded, unpacked, and put where the step looks for them.

Everything is prepared beside its place, which is never followed through a link, and moved
there when it is whole.
"""

import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ruleengine.formats.archives import ArchiveError, ArchiveKind, Limits, kind_of, unpack
from ruleengine.model.values import Object
from ruleengine.services.artifacts.opening import load
from ruleengine.services.artifacts.store import Access, ArtifactError, ArtifactMissingError
from ruleengine.step.plan import StepError

_FILL: Final = 0.5
"""How much of the free space an archive may fill."""


def load_all(artifacts: Iterable[Object], access: Access) -> None:
    """Load the artifacts of a step. Raises ``StepError``."""
    for one in artifacts:
        try:
            load_one(one, Path(one["path"]), access)
        except (ArtifactError, ArchiveError, OSError) as error:
            raise StepError(f"the artifact {one['name']!r} cannot be loaded: {error}") from error


def load_one(artifact: Object, place: Path, access: Access) -> None:
    """Load one artifact to a place.

    Nothing happens for an optional one that is not there. Raises ``ArtifactError``,
    ``ArchiveError`` or ``OSError``.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with _beside(place) as folder:
        loaded = folder / "loaded"
        try:
            _fetch(artifact, loaded, access)
        except ArtifactMissingError:
            if artifact.get("optional"):
                return
            raise
        content = _unpacked(artifact, loaded, folder / "unpacked")
        _put(content, place)
    _set_modes(artifact, place)


def _fetch(artifact: Object, target: Path, access: Access) -> None:
    if "git" in artifact["location"]:
        from ruleengine.step.git import check_out_artifact

        check_out_artifact(artifact["location"]["git"], target, access)
    else:
        load(artifact, target, access)


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """Make a folder on the file system of a place, gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix=".artifact-", dir=place.parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _unpacked(artifact: Object, loaded: Path, folder: Path) -> Path:
    """Return the content of what was loaded: unpacked where it is an archive to be unpacked."""
    kind = _archive_kind(artifact, loaded)
    if kind is None:
        return loaded
    folder.mkdir()
    limits = Limits(size=int(shutil.disk_usage(folder).free * _FILL))
    with loaded.open("rb") as file:
        unpack(file, folder, kind, limits)
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 else folder


def _archive_kind(artifact: Object, loaded: Path) -> ArchiveKind | None:
    stated = artifact.get("archive") or {}
    if loaded.is_dir() or "none" in stated:
        return None
    for kind in ArchiveKind:
        if str(kind) in stated:
            return kind
    return kind_of(loaded)


def _set_modes(artifact: Object, content: Path) -> None:
    mode = artifact.get("mode")
    if mode is None or content.is_symlink():
        return
    if not isinstance(mode, int):
        raise ArtifactError(f"`mode` must be a whole number such as 0644, not {mode!r}")
    below = content.rglob("*") if artifact.get("recurseMode") else ()
    for path in (*below, content):
        if not path.is_symlink():
            path.chmod(mode & 0o777)


def _put(content: Path, place: Path) -> None:
    """Move content to its place, in place of what is there."""
    try:
        kind = place.lstat().st_mode
    except FileNotFoundError:
        kind = 0
    if stat.S_ISDIR(kind):
        shutil.rmtree(place)
    elif kind:
        place.unlink()
    if content.is_symlink() or not content.is_dir():
        content.rename(place)
        return
    mode = content.stat().st_mode
    content.chmod(mode | stat.S_IWUSR)  # a folder that moves is written to
    content.rename(place)
    place.chmod(mode)


def manifest_text(artifact: Object, access: Access) -> str:
    """Return the text of the artifact that is the manifest of a resource template.

    Raises ``StepError``.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "manifest")
        load_all([{**artifact, "path": str(place)}], access)
        try:
            return place.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StepError(f"the manifest in the artifact is no text: {error}") from error
