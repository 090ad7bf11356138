"""Suspended nodes: they wait for a human, or for a while (reference, Workflows 13)."""

from typing import TYPE_CHECKING

from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.texts import as_text
from ruleengine.pipelines.timing import duration_of

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

WAITING = "waiting to be resumed"


def go_on(machine: "Machine", node: Object, template: Object) -> Object:
    """End a suspended node whose time has come; else it waits."""
    if "outputs" not in node and template.get("outputs"):
        node = machine.tree.update(node, outputs=template["outputs"])
    text = lookup(template, "suspend", "duration")
    if text is None or text == "":
        return node
    end = parse_time(node["startedAt"]) + duration_of(text, "suspend.duration")
    if machine.now < end:
        machine.wake(end)
        return node
    return resumed(machine, node)


def resumed(machine: "Machine", node: Object) -> Object:
    """Go on from a suspended node, outputs that nobody supplied having their defaults.

    Raises ``NodeError`` for an output without a value and without a default.
    """
    outputs = node.get("outputs") or {}
    inputs = {one["name"]: one for one in lookup(node, "inputs", "parameters", default=())}
    filled = []
    for one in outputs.get("parameters") or ():
        if one.get("value") is None:
            default = lookup(one, "valueFrom", "default")
            if default is None:
                default = lookup(inputs, one["name"], "value")
            if default is None:
                raise NodeError(
                    f"raw output parameter '{one['name']}' has not been set and does not have "
                    "a default value"
                )
            filled.append({"name": one["name"], "value": as_text(default)})
            continue
        filled.append({key: value for key, value in one.items() if key != "valueFrom"})
    if not filled:
        return machine.end(node, Phase.SUCCEEDED)
    return machine.end(node, Phase.SUCCEEDED, outputs={**outputs, "parameters": filled})
