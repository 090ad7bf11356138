"""What has to be loaded for a step and kept of it: its artifacts, each with its whole location.

Reference, Workflows 14. Locations that leave something out are completed by the template's
``archiveLocation``, or else by the workflow's repository.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.locations import (
    below,
    is_whole,
    joined,
    key_of,
    location_of,
    with_key,
)
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.repositories import Repository
from ruleengine.pipelines.substituting import substitute

LOGS: Final = "main-logs"
_LOG_FILE: Final = "main.log"
_ENDINGS: Final = {"tar": ".tgz", "zip": ".zip", "none": ""}
_READ_ONLY: Final = ("raw", "git")
_NO_REPOSITORY: Final = (
    "the artifact '{}' needs an artifact repository and none is configured: name one in the "
    "ConfigMap 'artifact-repositories', in ruleengine.yaml, or state its whole location"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactWork:
    """What has to be done about the artifacts of one step, in the words of its plan.

    Each has ``name``, ``path`` and ``location``; what is kept has ``reported`` besides, the
    location as the status states it.
    """

    inputs: tuple[Object, ...] = ()
    outputs: tuple[Object, ...] = ()
    logs: Object | None = None

    @property
    def is_kept(self) -> bool:
        """Whether anything is kept of the step."""
        return bool(self.outputs or self.logs)

    @property
    def locations(self) -> list[Object]:
        """Every place that is read or written."""
        kept = [*self.outputs, *([self.logs] if self.logs else ())]
        return [one["location"] for one in (*self.inputs, *kept)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Where a step's artifacts go that do not say it: a location whose key is their folder.

    ``is_usual`` says that it is the workflow's repository, so that a key says everything.
    """

    location: Object
    is_usual: bool = True


def archives_logs(spec: Object, template: Object, repository: Repository | None) -> bool:
    """Tell whether the logs of a step are kept as an artifact."""
    if repository is not None and repository.archives_logs:
        return True
    stated = lookup(template, "archiveLocation", "archiveLogs")
    return bool(spec.get("archiveLogs") if stated is None else stated)


def archive_of(
    template: Object, repository: Repository | None, variables: Mapping[str, Any]
) -> Archive | None:
    """Return where artifacts of a template go; ``None`` where nothing says it."""
    form = repository.key_format if repository else "{{workflow.name}}/{{pod.name}}"
    folder = str(substitute(form, variables))
    own = location_of(template.get("archiveLocation") or {})
    if is_whole(own):
        return Archive(location=with_key(own, key_of(own) or folder), is_usual=False)
    if repository is None:
        return None
    return Archive(location=with_key(repository.location, key_of(own) or folder))


def whole_location(artifact: Object, archive: Archive | None) -> Object:
    """Return the location of an artifact, completed where it has but a key.

    Raises ``NodeError`` where nothing completes it.
    """
    stated = location_of(artifact)
    if not is_whole(stated):
        if archive is None:
            raise NodeError(_NO_REPOSITORY.format(artifact.get("name")))
        stated = with_key(archive.location, key_of(stated))
    return below(_configured(stated, archive), str(artifact.get("subPath") or ""))


def _configured(location: Object, archive: Archive | None) -> Object:
    """Return a location with the configuration of its plugin, where only the repository says it.

    So does the status of what went to the repository: it has the name and a key.
    """
    plugin = location.get("plugin") or {}
    usual = archive.location.get("plugin") or {} if archive else {}
    configuration = plugin.get("configuration") or usual.get("configuration")
    if not configuration or plugin.get("name") != usual.get("name"):
        return location
    return {**location, "plugin": {**plugin, "configuration": configuration}}


def inputs_of(template: Object, archive: Archive | None) -> tuple[Object, ...]:
    """Return the artifacts that have to be loaded before a step. Raises ``NodeError``."""
    found = []
    for one in lookup(template, "inputs", "artifacts", default=()):
        if not location_of(one):
            if one.get("optional"):
                continue
            raise NodeError(f"inputs.artifacts.{one['name']} was not supplied")
        if one.get("deleted"):
            raise NodeError(f"the artifact '{one['name']}' was deleted")
        words = ("name", "mode", "recurseMode", "optional", "archive")
        kept = {key: one[key] for key in words if one.get(key) is not None}
        path = _path(one)
        found.append({**kept, "path": path, "location": whole_location(one, archive)})
    return tuple(found)


def own_inputs_of(template: Object, archive: Archive | None) -> tuple[Object, ...]:
    """Return the artifact that our own program works on: a manifest, or where paths are listed.

    Raises ``NodeError``.
    """
    stated = lookup(template, "resource", "manifestFrom", "artifact")
    paths = lookup(template, "data", "source", "artifactPaths")
    return tuple(
        {"name": one.get("name") or "artifactPaths", "location": whole_location(one, archive)}
        for one in (stated, paths)
        if one is not None
    )


def outputs_of(template: Object, archive: Archive | None) -> tuple[Object, ...]:
    """Return the artifacts that are kept of a step. Raises ``NodeError``."""
    found = []
    for one in lookup(template, "outputs", "artifacts", default=()):
        words = ("name", "globalName", "optional", "archive", "artifactGC")
        kept = {key: one[key] for key in words if one.get(key) is not None}
        location, reported = _kept_at(one, archive)
        found.append({**kept, "path": _path(one), "location": location, "reported": reported})
    return tuple(found)


def logs_of(archive: Archive | None) -> Object | None:
    """Return the artifact that the logs of a step become; none without a repository."""
    if archive is None:
        return None
    location = below(archive.location, _LOG_FILE)
    return {"name": LOGS, "location": location, "reported": _reported(location, archive)}


def _kept_at(artifact: Object, archive: Archive | None) -> tuple[Object, Object]:
    """Return where an output artifact goes, and the location as the status states it."""
    stated = location_of(artifact)
    wrong = next((kind for kind in _READ_ONLY if kind in stated), None)
    if wrong:
        raise NodeError(f"the output artifact '{artifact['name']}' cannot be kept in {wrong}")
    if is_whole(stated):
        return whole_location(artifact, archive), stated
    if archive is None:
        raise NodeError(_NO_REPOSITORY.format(artifact["name"]))
    name = f"{artifact['name']}{_ENDINGS[archive_kind(artifact)]}"
    key = key_of(stated) or joined(key_of(archive.location), name)
    location = whole_location(with_key(archive.location, key), archive)
    return location, _reported(location, archive)


def archive_kind(artifact: Object) -> str:
    """Return how an output artifact is packed: ``tar`` unless it says otherwise."""
    return next((kind for kind in _ENDINGS if kind in (artifact.get("archive") or {})), "tar")


def _reported(location: Object, archive: Archive) -> Object:
    if not archive.is_usual:
        return location
    ((kind, body),) = location.items()
    short = {kind: {"name": body["name"]}} if kind == "plugin" else {kind: {}}
    return with_key(short, key_of(location))


def _path(artifact: Object) -> str:
    path = str(artifact.get("path") or "")
    if not path.startswith("/") or ".." in path.split("/"):
        raise NodeError(
            f"the artifact '{artifact['name']}' needs an absolute path without '..', not {path!r}"
        )
    return posixpath.normpath(path)
