"""Retry: the same workflow goes on where it failed (reference, Workflows 22).

What went wrong and everything after it is forgotten, what holds it together runs again, and
what succeeded is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ruleengine.model.actions import Target
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.names import RETRIES
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import naming
from ruleengine.pipelines.labels import ARCHIVING_LABEL, COMPLETED_LABEL, PHASE_LABEL
from ruleengine.pipelines.phases import WITH_POD, NodeType, Phase, is_fulfilled, is_wrong
from ruleengine.pipelines.tree import DURATIONS, is_attempt
from ruleengine.pipelines.verbs.kinship import Kinship, is_exit_handler, is_hooked, is_inner
from ruleengine.pipelines.verbs.parameters import changed_parameters
from ruleengine.pipelines.verbs.selecting import NodeSelector

_OF_ITS_END: Final = ("Completed", "ArtifactGCError")
"""Conditions of a workflow that was over: what it makes now is deleted at its next end."""

_GROUPS: Final = (NodeType.STEP_GROUP, NodeType.TASK_GROUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How to retry: with other values of parameters; with what a selector means, done or not."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    restart_successful: bool = False
    selector: NodeSelector = field(default_factory=NodeSelector)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """The workflow as it goes on, and the pods of its nodes that are begun again."""

    workflow: Object
    pods: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What becomes of the nodes of a retried workflow, by their ids.

    ``gone`` nodes are begun again, ``reset`` ones hold others and are on their way again.
    """

    gone: frozenset[str]
    reset: frozenset[str]


def retry(workflow: Object, now: datetime, asked: Retry) -> Retried:
    """Return a workflow that goes on where it failed.

    Raises ``FailedError`` for one that is not over, that succeeded, unless its successful nodes
    are to be restarted, or of which no node is selected; ``UsageError`` for parameters it does
    not have, and for a selector without a restart or the other way round.
    """
    _check(workflow, asked)
    nodes: dict[str, Object] = lookup(workflow, "status", "nodes", default={})
    name = str(workflow["metadata"]["name"])
    if asked.selector and not any(map(asked.selector.matches, nodes.values())):
        raise FailedError(
            f"no node of the workflow {name} is selected",
            f"see its nodes: ruleengine pipeline get {name}",
        )
    parts = split(nodes, name, asked)
    kept = {
        key: _kept(node, parts, drop=bool(asked.parameters))
        for key, node in nodes.items()
        if key not in parts.gone
    }
    namespace = str(lookup(workflow, "metadata", "namespace", default=""))
    pods = [
        Target("v1", "Pod", namespace, pod_of(name, nodes[one]))
        for one in sorted(parts.gone)
        if nodes[one]["type"] in WITH_POD
    ]
    return Retried(workflow=_going_on(workflow, kept, now, asked), pods=tuple(pods))


def pod_of(workflow: str, node: Object) -> str:
    """Return the name of a node's pod."""
    template = lookup(node, "templateRef", "template") or node.get("templateName") or ""
    return naming.pod_name(workflow, str(node["name"]), str(template))


def split(nodes: Mapping[str, Object], workflow: str, asked: Retry) -> Split:
    """Return which nodes are begun again, and which are on their way again.

    Daemons are needed again by whatever is beside them: they have an address, others have none.
    The node of the workflow itself is on its way again, unless it never was.
    """
    kin = Kinship(nodes)
    root = {workflow} if lookup(nodes, workflow, "type") != NodeType.SKIPPED else set()
    exits = {key for key, one in nodes.items() if is_exit_handler(one, workflow)}
    failed = {
        key
        for key, one in nodes.items()
        if is_wrong(one) and (not is_inner(one) or is_attempt(one)) and not _is_made_good(kin, key)
    }
    chosen: set[str] = set()
    if asked.restart_successful:
        chosen = {key for key, one in nodes.items() if asked.selector.matches(one)} - {workflow}
    gone = kin.after(failed | chosen | exits) - root
    around = kin.around(gone - exits)
    wrong = {
        key
        for key, one in nodes.items()
        if (is_inner(one) or key == workflow) and not _is_good(one)
    }
    again = (around | wrong) - gone
    gone |= {
        key
        for key, one in nodes.items()
        if one.get("podIP") and again.intersection(kin.directly_around(key))
    }
    return Split(gone=frozenset(gone), reset=frozenset(again))


def _is_good(node: Object) -> bool:
    return is_fulfilled(node) and not is_wrong(node)


def _is_made_good(kin: Kinship, failed: str) -> bool:
    """Tell whether the workflow went on after a failed node: an attempt, or it was excused."""
    if any(
        kin.nodes[one]["type"] == NodeType.RETRY and kin.nodes[one]["phase"] == Phase.SUCCEEDED
        for one in kin.around([failed])
    ):
        return True
    if is_attempt(kin.nodes[failed]):
        return False
    later = (kin.nodes[one] for one in kin.after([failed]) - {failed})
    return any(
        one["phase"] == Phase.SUCCEEDED
        and not (is_inner(one) or is_hooked(one) or one["type"] == NodeType.CONTAINER)
        for one in later
    )


def _check(workflow: Object, asked: Retry) -> None:
    if asked.restart_successful is not bool(asked.selector):
        raise UsageError(
            "what is begun again although it succeeded is said by both options together",
            "give --restart-successful with --node-field-selector, or neither of them",
        )
    name, phase = workflow["metadata"]["name"], lookup(workflow, "status", "phase", default="")
    if phase in (Phase.FAILED, Phase.ERROR):
        return
    if phase != Phase.SUCCEEDED:
        raise FailedError(
            f"the workflow {name} cannot be retried: it is {phase or 'not begun'}",
            f"wait for its end, or end it: ruleengine pipeline stop {name}",
        )
    if not asked.restart_successful:
        raise FailedError(
            f"the workflow {name} succeeded: there is nothing to retry",
            "restart some of its nodes with --restart-successful and --node-field-selector, "
            f"or run it anew: ruleengine pipeline resubmit {name}",
        )


def _kept(node: Object, parts: Split, *, drop: bool) -> Object:
    """Return a node that stays, without what is gone, on its way again where it has to be.

    Groups forget their members where parameters changed: loops may have others then.
    """
    found = dict(node)
    if "children" in found:
        found["children"] = [one for one in found["children"] if one not in parts.gone]
    if node["id"] not in parts.reset:
        return found
    if drop and node["type"] in _GROUPS:
        found["children"] = []
    for field_name in ("finishedAt", "message", "outboundNodes", "outputs", "daemoned", DURATIONS):
        found.pop(field_name, None)
    return {**found, "phase": str(Phase.RUNNING)}


def _going_on(workflow: Object, nodes: dict[str, Object], now: datetime, asked: Retry) -> Object:
    status = {
        key: value
        for key, value in (workflow.get("status") or {}).items()
        if key not in ("finishedAt", "message", "artifactGCStatus", DURATIONS)
    }
    status |= {"phase": str(Phase.RUNNING), "startedAt": format_time(now), "nodes": nodes}
    status["conditions"] = [
        one for one in status.get("conditions") or () if one.get("type") not in _OF_ITS_END
    ]
    spec = {key: value for key, value in workflow["spec"].items() if key != "shutdown"}
    if spec.get("activeDeadlineSeconds") == 0:
        del spec["activeDeadlineSeconds"]
    changed = {**workflow, "metadata": _metadata(workflow), "spec": spec, "status": status}
    return _with_parameters(changed, asked.parameters) if asked.parameters else changed


def _metadata(workflow: Object) -> Object:
    metadata = workflow["metadata"]
    labels = {
        key: text
        for key, text in (metadata.get("labels") or {}).items()
        if key not in (COMPLETED_LABEL, ARCHIVING_LABEL)
    }
    annotations = metadata.get("annotations") or {}
    known = str(annotations.get(RETRIES) or "0")
    number = int(known) + 1 if known.isdecimal() else 1
    return {
        **metadata,
        "labels": {**labels, PHASE_LABEL: str(Phase.RUNNING)},
        "annotations": {**annotations, RETRIES: str(number)},
    }


def _with_parameters(workflow: Object, parameters: Mapping[str, str]) -> Object:
    """Return a workflow with other values of its parameters, wherever its spec lies."""
    stored: Any = lookup(workflow, "status", "storedWorkflowTemplateSpec")
    spec = stored or workflow["spec"]
    declared = lookup(spec, "arguments", "parameters", default=[])
    source = f"the workflow {workflow['metadata']['name']}"
    values = changed_parameters(declared, parameters, source)
    arguments = {"arguments": {**(spec.get("arguments") or {}), "parameters": values}}
    changed = {**workflow, "spec": {**workflow["spec"], **arguments}}
    if stored:
        changed["status"] = {
            **workflow["status"],
            "storedWorkflowTemplateSpec": {**stored, **arguments},
        }
    return changed
