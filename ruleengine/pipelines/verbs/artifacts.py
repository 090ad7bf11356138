"""The artifacts that a workflow made, and where each lies (reference, Workflows 14)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ruleengine.model.errors import FailedError
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.artifacts import Archive, whole_location
from ruleengine.pipelines.locations import key_of
from ruleengine.pipelines.phases import NodeType
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.repositories import read_repository
from ruleengine.pipelines.verbs.nesting import in_order
from ruleengine.pipelines.verbs.selecting import NodeSelector

_HOLDING: Final = (NodeType.POD, NodeType.CONTAINER, NodeType.SKIPPED)
"""Nodes that made what they hold; others show it once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One artifact: the step that made it, its name, and what the status says of it."""

    step: str
    artifact: Object

    @property
    def name(self) -> str:
        """The name of the artifact."""
        return str(self.artifact["name"])

    @property
    def path(self) -> tuple[str, str]:
        """Step and name as parts of a path on this machine: neither leads out of its folder."""
        return _part(self.step), _part(self.name)

    @property
    def is_deleted(self) -> bool:
        """Whether it was collected as garbage."""
        return bool(self.artifact.get("deleted"))


def _part(text: str) -> str:
    safe = text.replace("/", "_").replace("\\", "_")
    return f"_{safe}" if safe.startswith(".") else safe


def artifacts_of(workflow: Object, selector: NodeSelector | None = None) -> list[Kept]:
    """Return the artifacts of a workflow's steps, in the order of time.

    A step that is shown under the same name as another, inside of other steps, has its whole
    name: each can be told from the others.
    """
    nodes: Object = lookup(workflow, "status", "nodes", default={})
    holding = [
        one
        for one in nodes.values()
        if one["type"] in _HOLDING and lookup(one, "outputs", "artifacts")
    ]
    often = Counter(one["displayName"] for one in holding)
    taken = [one for one in holding if selector is None or selector.matches(one)]
    whole = {
        one["id"]: str(one["name"]).removeprefix(str(workflow["metadata"]["name"])).lstrip(".")
        for one in taken
        if often[one["displayName"]] > 1
    }
    return [
        kept
        for one in in_order(taken, nodes)
        for kept in artifacts_in(one, whole.get(one["id"], ""))
    ]


def artifacts_in(node: Object, step: str = "") -> Iterator[Kept]:
    """Yield the artifacts of one node; without a ``step`` under the name it is shown under."""
    for one in lookup(node, "outputs", "artifacts", default=()):
        yield Kept(step=step or str(node["displayName"]), artifact=one)


def location_in(workflow: Object, kept: Kept) -> Object:
    """Return the whole location of an artifact. Raises ``FailedError`` where nobody knows it."""
    stated = lookup(workflow, "status", "artifactRepositoryRef", "artifactRepository")
    try:
        archive = Archive(location=read_repository(stated).location) if stated else None
        return whole_location(kept.artifact, archive)
    except NodeError as error:
        raise FailedError(
            f"{kept.step}/{kept.name}: {error}", "look at status.artifactRepositoryRef"
        ) from error


def key_in(workflow: Object, kept: Kept) -> str:
    """Return the key under which an artifact lies; empty where its place has no keys."""
    try:
        return key_of(location_in(workflow, kept))
    except FailedError:
        return ""
