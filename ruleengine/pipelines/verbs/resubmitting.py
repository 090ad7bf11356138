"""Resubmit: a new workflow like one that ran (reference, Workflows 22).

``memoized`` takes over what succeeded: its pods count as skipped and keep their outputs.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ruleengine.model.errors import FailedError
from ruleengine.model.names import ARGO_API_VERSION, RETRIES
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import naming
from ruleengine.pipelines.labels import (
    ARCHIVING_LABEL,
    COMPLETED_LABEL,
    PHASE_LABEL,
    RESUBMITTED_LABEL,
)
from ruleengine.pipelines.phases import WITH_POD, Phase
from ruleengine.pipelines.tree import DURATIONS
from ruleengine.pipelines.verbs.kinship import is_exit_handler
from ruleengine.pipelines.verbs.parameters import changed_parameters
from ruleengine.pipelines.verbs.retrying import Retry, pod_of, split

_DROPPED: Final = (COMPLETED_LABEL, PHASE_LABEL, ARCHIVING_LABEL, RESUBMITTED_LABEL)
_PREFIX_LIMIT: Final = 57


def resubmit(
    workflow: Object,
    now: datetime,
    suffix: str,
    parameters: Mapping[str, str] | None = None,
    *,
    memoized: bool = False,
) -> Object:
    """Return a new workflow like one that ran; ``suffix`` makes its name unique.

    Raises ``FailedError`` where a memoized one did not fail, ``UsageError`` for parameters.
    """
    metadata = workflow["metadata"]
    name = f"{_prefix(metadata)[:_PREFIX_LIMIT]}{suffix}"
    created: Object = {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": _metadata(metadata, name),
        "spec": _spec(workflow, parameters or {}),
    }
    if memoized:
        created["status"] = _taken_over(workflow, name, now)
    return created


def _prefix(metadata: Object) -> str:
    return str(metadata.get("generateName") or f"{metadata['name']}-")


def _metadata(metadata: Object, name: str) -> Object:
    labels = {
        key: text for key, text in (metadata.get("labels") or {}).items() if key not in _DROPPED
    }
    annotations = {
        key: text for key, text in (metadata.get("annotations") or {}).items() if key != RETRIES
    }
    found: Object = {
        "name": name,
        "generateName": _prefix(metadata),
        "namespace": metadata.get("namespace"),
        "labels": {**labels, RESUBMITTED_LABEL: metadata["name"]},
        "annotations": annotations,
        "ownerReferences": metadata.get("ownerReferences"),
    }
    return {key: value for key, value in found.items() if value}


def _spec(workflow: Object, parameters: Mapping[str, str]) -> Object:
    spec = {
        key: value for key, value in workflow["spec"].items() if key not in ("shutdown", "suspend")
    }
    if parameters:
        effective = lookup(workflow, "status", "storedWorkflowTemplateSpec") or spec
        declared = lookup(effective, "arguments", "parameters", default=[])
        source = f"the workflow {workflow['metadata']['name']}"
        values = changed_parameters(declared, parameters, source)
        spec["arguments"] = {**(spec.get("arguments") or {}), "parameters": values}
    return spec


def _taken_over(workflow: Object, name: str, now: datetime) -> Object:
    """Return the status with which a memoized workflow begins."""
    status = workflow.get("status") or {}
    old = str(workflow["metadata"]["name"])
    if status.get("phase") not in (Phase.FAILED, Phase.ERROR):
        raise FailedError(
            f"the workflow {old} did not fail: there is nothing to take over",
            "resubmit it without --memoized",
        )
    nodes: dict[str, Object] = status.get("nodes") or {}
    parts = split(nodes, old, Retry())
    renaming = _Renaming(old=old, new=name, nodes=nodes)
    taken = {}
    for key, node in nodes.items():
        if is_exit_handler(node, old):
            continue
        if key in parts.gone and not _is_plain_failure(node):
            continue
        one = _begun(renaming.node(node, parts.gone), node, old, now, reset=key in parts.reset)
        taken[one["id"]] = one
    kept = {
        field: status[field]
        for field in ("storedTemplates", "storedWorkflowTemplateSpec")
        if field in status
    }
    return {**kept, "nodes": taken, "conditions": [{"type": "Completed", "status": "False"}]}


def _is_plain_failure(node: Object) -> bool:
    """Tell whether a failed pod stands for itself; attempts are counted from the first again."""
    attempt = bool(lookup(node, "nodeFlag", "retried"))
    failed = node["phase"] in (Phase.FAILED, Phase.ERROR)
    return node["type"] in WITH_POD and failed and not attempt


class _Renaming:
    """From the names and ids of one workflow's nodes to those of another's."""

    def __init__(self, *, old: str, new: str, nodes: Mapping[str, Object]) -> None:
        self._old = old
        self._new = new
        self._nodes = nodes

    def name(self, text: str) -> str:
        return self._new + text.removeprefix(self._old)

    def id(self, node_id: str) -> str:
        return naming.node_id(self._new, self.name(str(self._nodes[node_id]["name"])))

    def node(self, node: Object, gone: frozenset[str]) -> Object:
        found = {**node, "name": self.name(str(node["name"])), "id": self.id(node["id"])}
        if node["name"] == self._old:
            found["displayName"] = self._new
        if node.get("boundaryID") in self._nodes:
            found["boundaryID"] = self.id(node["boundaryID"])
        if node.get("templateScope") == f"local/{self._old}":
            found["templateScope"] = f"local/{self._new}"
        for field in ("children", "outboundNodes"):
            if field in node:
                known = [one for one in node[field] if one in self._nodes]
                found[field] = [
                    self.id(one)
                    for one in known
                    if one not in gone or _is_plain_failure(self._nodes[one])
                ]
        return found


def _begun(found: Object, node: Object, old: str, now: datetime, *, reset: bool) -> Object:
    """Return a node as the new workflow begins with it."""
    time = format_time(now)
    of_run = ("hostNodeName", "daemoned", DURATIONS)
    found = {key: value for key, value in found.items() if key not in of_run}
    if reset or _is_plain_failure(node):
        dropped = ("finishedAt", "message", "outboundNodes", "outputs")
        found = {key: value for key, value in found.items() if key not in dropped}
        phase = Phase.RUNNING if reset else Phase.PENDING
        return {**found, "phase": str(phase), "startedAt": time}
    found |= {"startedAt": time, "finishedAt": time}
    if node["type"] not in WITH_POD:
        return found
    message = f"original pod: {pod_of(old, node)}"
    return {**found, "type": "Skipped", "phase": str(Phase.SKIPPED), "message": message}
