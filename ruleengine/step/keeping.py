"""Artifacts on their way out of a step: what it left is packed, and put into a store."""

import shutil
import tempfile
from pathlib import Path
from typing import IO, Final

from ruleengine.formats.archives import ArchiveError, ArchiveKind, Limits, repack, unpack
from ruleengine.model.values import Object, lookup
from ruleengine.services.artifacts.opening import save
from ruleengine.services.artifacts.store import Access, ArtifactError
from ruleengine.step.leaving import open_left, said_of
from ruleengine.step.plan import Plan, StepError, reported

_FILL: Final = 0.5


def keep_all(plan: Plan, code: int | None, access: Access) -> list[Object]:
    """Keep what a step made and its logs; return the artifacts as they are reported.

    Raises ``StepError`` for a file that is not there, unless it is optional or the step failed:
    then that is what has to be told.
    """
    found = []
    for number, declared in enumerate(plan.artifacts):
        try:
            kept = _keep(plan.directory, number, declared, access)
        except (ArtifactError, ArchiveError, OSError) as error:
            raise StepError(f"the artifact {declared['name']!r} cannot be kept: {error}") from error
        if kept:
            found.append(reported(declared))
        elif not (code or code is None or declared.get("optional")):
            raise StepError(
                f"the output artifact {declared['name']!r} is not there: the step wrote nothing "
                f"to {declared['path']}"
            )
    return found


def keep_logs(plan: Plan, access: Access) -> list[Object]:
    """Keep the logs of a step, if they are asked for; return their artifact as reported.

    Raises ``StepError``.
    """
    if not plan.logs:
        return []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "log")
        left = open_left(plan.directory, "main.log")
        with copy.open("wb") as file:
            if left is not None:
                with left:
                    shutil.copyfileobj(left, file)
        try:
            save(plan.logs, copy, access)
        except ArtifactError as error:
            raise StepError(f"the logs cannot be kept: {error}") from error
    return [{"name": plan.logs["name"], "archive": {"none": {}}, **plan.logs["reported"]}]


def _keep(directory: Path, number: int, declared: Object, access: Access) -> bool:
    """Pack and keep one artifact; tell whether the step left it."""
    left = open_left(directory, "artifacts", f"{number}.tar")
    if left is None:
        if said := said_of(directory, "artifacts", number):
            raise ArtifactError(said)
        return False
    with left, tempfile.TemporaryDirectory() as folder:
        packed = _packed(declared, left, Path(folder))
        save(declared, packed, access)
    return True


def _packed(declared: Object, left: IO[bytes], folder: Path) -> Path:
    name = Path(declared["path"]).name
    archive = declared.get("archive") or {}
    if "none" in archive:
        content = folder / "content"
        content.mkdir()
        limits = Limits(size=int(shutil.disk_usage(folder).free * _FILL))
        unpack(left, content, ArchiveKind.TAR, limits)
        return next(content.iterdir())
    kind = ArchiveKind.ZIP if "zip" in archive else ArchiveKind.TAR
    target = folder / "packed"
    repack(left, target, kind, name, lookup(archive, "tar", "compressionLevel"))
    return target
