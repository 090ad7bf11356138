"""Suspend, resume, stop, terminate, and the setting of nodes (reference, Workflows 13 and 22)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.suggestions import some_of, suggestion
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import COMPLETED, NodeType, Phase, is_fulfilled
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.suspending import choices_of, filled_outputs
from ruleengine.pipelines.verbs.parameters import not_allowed
from ruleengine.pipelines.verbs.selecting import NodeSelector

EVERY = NodeSelector()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeChange:
    """What is to become of suspended nodes: supplied outputs, a phase, a message."""

    outputs: Mapping[str, str] = field(default_factory=dict)
    phase: str = ""
    message: str = ""


def suspend(workflow: Object) -> Object:
    """Return a workflow that begins nothing new. Raises ``FailedError`` where it is over."""
    _require_active(workflow, "suspended")
    return _with_spec(workflow, suspend=True)


def resume(
    workflow: Object,
    now: datetime,
    selector: NodeSelector = EVERY,
    supplied: Mapping[str, str] | None = None,
) -> Object:
    """Return a workflow that goes on: as a whole, or from the suspended nodes selected.

    ``supplied`` are values of outputs that nodes wait for. Raises ``FailedError`` where there
    is nothing to resume or an output has no value, ``UsageError`` for outputs nobody asks for
    and for values that may not be chosen.
    """
    _require_active(workflow, "resumed")
    nodes = _suspended(workflow, selector)
    if not nodes and (selector or not lookup(workflow, "spec", "suspend")):
        raise _nothing(workflow, selector, "there is nothing to resume")
    if supplied:
        nodes = _supplied(nodes, supplied)
    resumed = [_resumed(one, now) for one in nodes]
    changed = _with_nodes(workflow, resumed)
    return changed if selector else _with_spec(changed, suspend=None)


def stop(
    workflow: Object, now: datetime, selector: NodeSelector = EVERY, message: str = ""
) -> Object:
    """Return a workflow that shuts down, its exit handlers excepted.

    With a selector only the suspended nodes that it selects fail. Raises ``FailedError`` where
    it is over or was told already, ``UsageError`` for a message to nodes that are not selected.
    """
    _require_active(workflow, "stopped")
    if message and not selector:
        raise UsageError("a message is for nodes", "select some with --node-field-selector")
    if not selector:
        return _shut_down(workflow, "Stop")
    nodes = _suspended(workflow, selector)
    if not nodes:
        raise _nothing(workflow, selector, "no suspended node is selected")
    change = NodeChange(phase=str(Phase.FAILED), message=message)
    return _with_nodes(workflow, [_changed(one, change, now) for one in nodes])


def terminate(workflow: Object) -> Object:
    """Return a workflow that shuts down at once, exit handlers and all. Raises ``FailedError``."""
    _require_active(workflow, "terminated")
    return _shut_down(workflow, "Terminate")


def set_nodes(
    workflow: Object, now: datetime, selector: NodeSelector, change: NodeChange
) -> Object:
    """Return a workflow whose suspended nodes have outputs, a phase or a message.

    Raises ``FailedError`` where no suspended node is selected, ``UsageError`` for outputs that
    nobody asks for, values that may not be chosen, and phases that are no end.
    """
    _require_active(workflow, "changed")
    phases = [str(one) for one in (*COMPLETED, Phase.SKIPPED)]
    if change.phase and change.phase not in phases:
        raise UsageError(
            f"a node cannot be set to {change.phase!r}", f"phases: {', '.join(sorted(phases))}"
        )
    nodes = _suspended(workflow, selector)
    if not nodes:
        raise _nothing(workflow, selector, "no suspended node is selected")
    if change.outputs:
        nodes = _supplied(nodes, change.outputs)
    return _with_nodes(workflow, [_changed(one, change, now) for one in nodes])


def _require_active(workflow: Object, what: str) -> None:
    phase = lookup(workflow, "status", "phase", default="")
    if phase in COMPLETED:
        name = workflow["metadata"]["name"]
        raise FailedError(
            f"the workflow {name} cannot be {what}: it is over ({phase})",
            f"see it: ruleengine pipeline get {name}; or run it anew: pipeline resubmit {name}",
        )


def _shut_down(workflow: Object, strategy: str) -> Object:
    told = lookup(workflow, "spec", "shutdown", default="")
    if told in (strategy, "Terminate"):
        name = workflow["metadata"]["name"]
        raise FailedError(
            f"the workflow {name} is already shut down with strategy {told!r}",
            f"wait for its end: ruleengine pipeline wait {name}",
        )
    return _with_spec(workflow, shutdown=strategy)


def _suspended(workflow: Object, selector: NodeSelector) -> list[Object]:
    """Return the suspended nodes on their way that a selector means."""
    nodes: Object = lookup(workflow, "status", "nodes", default={})
    return [
        one
        for one in nodes.values()
        if one["type"] == NodeType.SUSPEND and not is_fulfilled(one) and selector.matches(one)
    ]


def _nothing(workflow: Object, selector: NodeSelector, message: str) -> FailedError:
    waiting = [one["displayName"] for one in _suspended(workflow, EVERY)]
    name = workflow["metadata"]["name"]
    if selector and waiting:
        remedy = f"nodes that wait: {some_of(waiting)}"
    else:
        remedy = f"see its nodes: ruleengine pipeline get {name}"
    return FailedError(f"{message} in the workflow {name}", remedy)


def _supplied(nodes: list[Object], values: Mapping[str, str]) -> list[Object]:
    """Return nodes with values for the outputs that they wait for. Raises ``UsageError``."""
    wanted = list(dict.fromkeys(name for one in nodes for name in _wanted(one)))
    unknown = [name for name in values if name not in wanted]
    if unknown:
        raise UsageError(
            f"no suspended node waits for the output {unknown[0]!r}",
            suggestion(unknown[0], wanted, "outputs that wait for a value: "),
        )
    for node in nodes:
        for name, choices in _wanted(node).items():
            if choices and values.get(name, choices[0]) not in choices:
                raise UsageError(*not_allowed("output", name, values[name], choices))
    return [_with_outputs(one, values) for one in nodes]


def _wanted(node: Object) -> dict[str, list[str]]:
    """Return what a suspended node waits for, and what each may be; nothing says anything."""
    return {
        str(one["name"]): choices_of(one, node)
        for one in lookup(node, "outputs", "parameters", default=())
        if lookup(one, "valueFrom", "supplied") is not None
    }


def _with_outputs(node: Object, values: Mapping[str, str]) -> Object:
    outputs = node.get("outputs") or {}
    parameters = [
        {**one, "value": values[one["name"]]}
        if one["name"] in values and lookup(one, "valueFrom", "supplied") is not None
        else one
        for one in outputs.get("parameters") or ()
    ]
    return {**node, "outputs": {**outputs, "parameters": parameters}} if parameters else node


def _resumed(node: Object, now: datetime) -> Object:
    try:
        outputs = filled_outputs(node)
    except NodeError as error:
        raise FailedError(
            f"{node['displayName']}: {error}", "supply it: ruleengine pipeline resume -p NAME=VALUE"
        ) from error
    ended = {**node, "phase": str(Phase.SUCCEEDED), "finishedAt": format_time(now)}
    return {**ended, "outputs": outputs} if outputs else ended


def _changed(node: Object, change: NodeChange, now: datetime) -> Object:
    if change.phase == Phase.SUCCEEDED:
        node = _resumed(node, now)
    elif change.phase:
        node = {**node, "phase": change.phase, "finishedAt": format_time(now)}
    return {**node, "message": change.message} if change.message else node


def _with_nodes(workflow: Object, nodes: list[Object]) -> Object:
    status = workflow.get("status") or {}
    changed = {**(status.get("nodes") or {}), **{one["id"]: one for one in nodes}}
    return {**workflow, "status": {**status, "nodes": changed}} if nodes else workflow


def _with_spec(workflow: Object, **fields: object) -> Object:
    merged = {**workflow["spec"], **fields}
    spec = {key: value for key, value in merged.items() if value is not None}
    return {**workflow, "spec": spec}
