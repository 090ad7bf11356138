"""The variables that tags and expressions see (reference, Workflows 5.1).

A set of variables is a flat map from dotted names to texts; ``None`` stands for an output
that a skipped step never made, and artifacts are the maps that describe them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from ruleengine.formats.go_times import strftime
from ruleengine.formats.json_text import dumps
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.loops import aggregate
from ruleengine.pipelines.phases import NodeType, Phase
from ruleengine.pipelines.texts import as_text
from ruleengine.pipelines.tree import Tree

Variables = Mapping[str, Any]

NOW: Final = ""
"""Under this name, which no tag has, stands the time of the decision."""

SCHEDULED_TIME: Final = "workflows.argoproj.io/scheduled-time"
_EXPORTS: Final = "workflow.outputs."
_STRFTIME: Final = "BbmAadHIMSYypZzL"


def global_variables(metadata: Object, spec: Object, given: Sequence[Object]) -> dict[str, Any]:
    """Return the variables of a workflow that are the same in all of its run.

    ``given`` are its parameters.
    """
    text = dumps(given, ordered=True)
    found: dict[str, Any] = {
        "workflow.name": metadata["name"],
        "workflow.namespace": metadata.get("namespace", ""),
        "workflow.uid": metadata.get("uid", ""),
        "workflow.serviceAccountName": spec.get("serviceAccountName") or "default",
        "workflow.mainEntrypoint": spec.get("entrypoint") or "",
        "workflow.parameters": text,
        "workflow.parameters.json": text,
        **_created(str(metadata.get("creationTimestamp") or "")),
        **_marks("labels", metadata.get("labels") or {}),
        **_marks("annotations", metadata.get("annotations") or {}),
        **{f"workflow.parameters.{one['name']}": one["value"] for one in given},
    }
    if spec.get("priority") is not None:
        found["workflow.priority"] = str(spec["priority"])
    scheduled = lookup(metadata, "annotations", SCHEDULED_TIME)
    if scheduled:
        found["workflow.scheduledTime"] = scheduled
    return found


def run_variables(phase: str, started: datetime, now: datetime) -> dict[str, str]:
    """Return the variables of a workflow that change while it runs."""
    return {
        "workflow.status": phase,
        "workflow.duration": f"{(now - started) / timedelta(seconds=1):f}",
    }


@lru_cache(maxsize=1024)
def _created(text: str) -> Mapping[str, str]:
    if not text:
        return {}
    moment = parse_time(text)
    name = "workflow.creationTimestamp"
    found = {name: text, f"{name}.RFC3339": text, f"{name}.s": str(int(moment.timestamp()))}
    for letter in _STRFTIME:
        found[f"{name}.{letter}"] = strftime(moment, f"%{letter}")
    return found


def _marks(kind: str, marks: Mapping[str, str]) -> dict[str, str]:
    text = dumps(dict(marks), ordered=True)
    named = {f"workflow.{kind}.{name}": str(value) for name, value in marks.items()}
    return {f"workflow.{kind}": text, f"workflow.{kind}.json": text, **named}


def exported_variables(outputs: Object) -> dict[str, Any]:
    """Return the variables of what nodes made for the whole workflow to see."""
    return {
        **{
            f"{_EXPORTS}parameters.{one['name']}": as_text(one.get("value", ""))
            for one in outputs.get("parameters") or ()
        },
        **{f"{_EXPORTS}artifacts.{one['name']}": one for one in outputs.get("artifacts") or ()},
    }


def without_exports(variables: Variables) -> dict[str, Any]:
    """Return variables without what nodes made for all to see: a later one may still change that.

    So steps and tasks see what there is when they begin, not when their template did.
    """
    return {key: known for key, known in variables.items() if not key.startswith(_EXPORTS)}


def input_variables(inputs: Object, outputs: Object) -> dict[str, Any]:
    """Return the variables of a template: its bound inputs, and where outputs are to be put."""
    parameters = inputs.get("parameters") or []
    found: dict[str, Any] = {"inputs.parameters": dumps(parameters, ordered=True)}
    found |= input_values(inputs)
    for one in inputs.get("artifacts") or ():
        if one.get("path"):
            found[f"inputs.artifacts.{one['name']}.path"] = one["path"]
    for one in outputs.get("artifacts") or ():
        if one.get("path"):
            found[f"outputs.artifacts.{one['name']}.path"] = one["path"]
    for one in outputs.get("parameters") or ():
        if path := lookup(one, "valueFrom", "path"):
            found[f"outputs.parameters.{one['name']}.path"] = path
    return found


def input_values(inputs: Object) -> dict[str, Any]:
    """Return the variables that stand for each parameter and artifact of bound inputs."""
    parameters = {
        f"inputs.parameters.{one['name']}": as_text(one["value"])
        for one in inputs.get("parameters") or ()
        if one.get("value") is not None
    }
    artifacts = {f"inputs.artifacts.{one['name']}": one for one in inputs.get("artifacts") or ()}
    return parameters | artifacts


_PLAIN: Final = {
    "id": "id",
    "podIP": "ip",
    "phase": "status",
    "startedAt": "startedAt",
    "finishedAt": "finishedAt",
    "hostNodeName": "hostNodeName",
}


def node_variables(prefix: str, node: Object, tree: Tree, declared: Object) -> dict[str, Any]:
    """Return the variables of a step or task: ``steps.NAME`` or ``tasks.NAME`` is the prefix.

    ``declared`` are the outputs that its template declares: what a skipped node would have
    made is its default, or absent, unless it was taken over with what it had made. Raises
    ``NodeError`` where a loop's results are no JSON.
    """
    found = _plain(prefix, node)
    if node["type"] == NodeType.TASK_GROUP:
        return found | _made_together(prefix, list(tree.children(node)))
    if node["phase"] in (Phase.SKIPPED, Phase.OMITTED):
        found |= _never_made(prefix, declared)
    outputs = node.get("outputs") or {}
    for field in ("exitCode", "result"):
        if outputs.get(field) is not None:
            name = "exitCode" if field == "exitCode" else "outputs.result"
            found[f"{prefix}.{name}"] = outputs[field]
    for one in outputs.get("parameters") or ():
        if one.get("value") is not None:
            found[f"{prefix}.outputs.parameters.{one['name']}"] = as_text(one["value"])
    for one in outputs.get("artifacts") or ():
        found[f"{prefix}.outputs.artifacts.{one['name']}"] = one
    return found


def looped_variables(prefix: str, group: Object, children: list[Object]) -> dict[str, Any]:
    """Return the variables of a looped step, whose children hang below its ``group``.

    What is the same for all of them is that of the group.
    """
    return {**_plain(prefix, group), **_made_together(prefix, children)}


def _plain(prefix: str, node: Object) -> dict[str, Any]:
    return {f"{prefix}.{name}": node[field] for field, name in _PLAIN.items() if node.get(field)}


def _made_together(prefix: str, children: list[Object]) -> dict[str, Any]:
    made = aggregate(children)
    found = {
        f"{prefix}.outputs.parameters": made.parameters,
        **{f"{prefix}.outputs.parameters.{name}": text for name, text in made.by_name.items()},
    }
    if made.result is not None:
        found[f"{prefix}.outputs.result"] = made.result
    return found


def _never_made(prefix: str, declared: Object) -> dict[str, Any]:
    found: dict[str, Any] = {f"{prefix}.outputs.result": None}
    for one in declared.get("parameters") or ():
        default = lookup(one, "valueFrom", "default")
        text = None if default is None else as_text(default)
        found[f"{prefix}.outputs.parameters.{one['name']}"] = text
    for one in declared.get("artifacts") or ():
        found[f"{prefix}.outputs.artifacts.{one['name']}"] = None
    return found
