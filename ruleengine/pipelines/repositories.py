"""The artifact repository of a workflow (reference, Workflows 14).

It is named by ``artifactRepositoryRef``, or is the default one of the ConfigMap
``artifact-repositories``, or the one that the configuration names. It is noted in the status,
so that a workflow on its way goes on as it began.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import World
from ruleengine.model.names import ARTIFACT_CLAIM, CONTROL_NAMESPACE, PIPELINES_MANAGER
from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines.locations import joined, location_of
from ruleengine.pipelines.problems import NodeError

USUAL_NAME: Final = "artifact-repositories"
"""The ConfigMap of repositories where a reference names none."""

_USUAL_KEY: Final = "workflows.argoproj.io/default-artifact-repository"
_USUAL_FORMAT: Final = "{{workflow.name}}/{{pod.name}}"
_FORMATS: Final = {"hdfs": "pathFormat", "azure": "blobNameFormat"}
_ADDRESS: Final = "repoURL"
_CLAIMED: Final = "10Gi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository: its location without a key, and the folder of a pod's artifacts with tags."""

    location: Object
    key_format: str
    archives_logs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around a workflow: where artifacts go by default, and how our containers run.

    ``default`` is the repository that the configuration names, as Argo's controller has it;
    ``executor`` the fields of containers of our image. ``archived`` says that there is an archive
    of workflows that are over. ``transient`` is a regular expression of messages that tell of
    passing trouble, besides those that are known.
    """

    control_namespace: str = CONTROL_NAMESPACE
    default: Object | None = None
    executor: Mapping[str, Value] = field(default_factory=dict)
    archived: bool = False
    transient: str = ""


def read_repository(stated: Object) -> Repository:
    """Return a repository as its document states it. Raises ``NodeError``."""
    location = location_of(stated)
    if len(location) != 1:
        raise NodeError("an artifact repository has one location: s3, gcs, azure, oss, hdfs, …")
    ((kind, body),) = location.items()
    if kind == "plugin" and not body.get("name"):
        raise NodeError("an artifact repository behind a plugin names it: `plugin: {name: …}`")
    kept = dict(body)
    form = kept.pop(_FORMATS.get(kind, "keyFormat"), None)
    prefix = kept.pop("keyPrefix", None)
    if form is None:
        form = joined(str(prefix or ""), _USUAL_FORMAT)
    if kind == "artifactory":
        address = str(kept.pop(_ADDRESS, ""))
        form = joined(address, str(form))
    return Repository(
        location={kind: kept},
        key_format=str(form),
        archives_logs=bool(stated.get("archiveLogs")),
    )


class Repositories:
    """The repository of one workflow during one decision, looked for when it is needed.

    ``stated`` is how the workflow refers to it.
    """

    def __init__(self, value: Object, spec: Object, world: World, around: Around) -> None:
        self._namespace = str(lookup(value, "metadata", "namespace", default=""))
        self.stated: Object | None = spec.get("artifactRepositoryRef")
        self._world = world
        self._around = around
        self._is_found = False
        self._claims = False
        self._repository: Repository | None = None
        self.reference: Object | None = lookup(value, "status", "artifactRepositoryRef")

    @property
    def own(self) -> Repository | None:
        """The repository; ``None`` where none is configured. Raises ``NodeError``."""
        if not self._is_found:
            if self.reference is None:
                self.reference = _reference(self.stated, self._namespace, self._around, self._world)
            stated = (self.reference or {}).get("artifactRepository")
            self._repository = None if stated is None else read_repository(stated)
            self._is_found = True
        return self._repository

    def missing_claims(self, claims: Iterable[str]) -> Iterator[Action]:
        """Yield the creation of the claim that a namespace keeps its artifacts in by default."""
        target = Target("v1", "PersistentVolumeClaim", self._namespace, ARTIFACT_CLAIM)
        if self._claims or ARTIFACT_CLAIM not in claims or self._world.get(target) is not None:
            return
        self._claims = True
        yield Action(
            verb=Verb.APPLY,
            target=target,
            manager=PIPELINES_MANAGER,
            object={
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": ARTIFACT_CLAIM, "namespace": self._namespace},
                "spec": {
                    "accessModes": ["ReadWriteMany"],
                    "resources": {"requests": {"storage": _CLAIMED}},
                },
            },
            reason="artifacts",
        )


def _reference(
    stated: Object | None, namespace: str, around: Around, world: World
) -> Object | None:
    """Return the repository of a workflow as its status notes it; ``None`` where there is none.

    Raises ``NodeError`` for a reference to nothing.
    """
    reference = stated or {}
    name = str(reference.get("configMap") or USUAL_NAME)
    places = tuple(dict.fromkeys((namespace, around.control_namespace)))
    for place in places:
        found = world.get(Target("v1", "ConfigMap", place, name))
        key = reference.get("key") or lookup(found, "metadata", "annotations", _USUAL_KEY)
        text = lookup(found, "data", str(key)) if key else None
        if text is not None:
            noted = {"configMap": name, "key": str(key), "namespace": place}
            return {**noted, "artifactRepository": _parsed(str(text), f"{name}/{key}")}
    if stated:
        raise NodeError(
            f"no artifact repository '{reference.get('key') or 'default'}' in the ConfigMap "
            f"'{name}' of {' or '.join(places)}"
        )
    if around.default is None:
        return None
    return {"default": True, "artifactRepository": around.default}


def _parsed(text: str, where: str) -> Object:
    from ruleengine.formats import yaml_reader  # late: few workflows need it

    parsed = yaml_reader.read(text.encode(), where)
    values = [one.value for one in parsed.documents]
    if parsed.findings or len(values) != 1 or not isinstance(values[0], dict):
        raise NodeError(f"the artifact repository {where} of a ConfigMap is no map in YAML")
    return values[0]
