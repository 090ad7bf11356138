"""Suspended nodes: they wait for a human, or for a while (reference, Workflows 13)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruleengine.formats.json_text import loads
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.texts import as_text
from ruleengine.pipelines.timing import duration_of

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine

WAITING = "waiting to be resumed"


def go_on(machine: "Machine", node: Object, template: Object, call: "Call") -> Object:
    """End a suspended node whose time has come; else it waits."""
    if machine.only_tells(call):
        return machine.end(node, Phase.FAILED, machine.ending)
    if "outputs" not in node and template.get("outputs"):
        inputs = _with_choices(node.get("inputs"))
        node = machine.tree.update(node, outputs=template["outputs"], inputs=inputs)
    text = lookup(template, "suspend", "duration")
    if text is None or text == "":
        machine.asks.append(node["displayName"])
        return node
    end = parse_time(node["startedAt"]) + duration_of(text, "suspend.duration")
    if machine.now < end:
        machine.wake(end, f"{node['displayName']} goes on by itself")
        return node
    return resumed(machine, node)


def resumed(machine: "Machine", node: Object) -> Object:
    """Go on from a suspended node, outputs that nobody supplied having their defaults.

    Raises ``NodeError`` for an output without a value and without a default.
    """
    return machine.end(node, Phase.SUCCEEDED, outputs=filled_outputs(node) or None)


def filled_outputs(node: Object) -> Object:
    """Return the outputs of a suspended node, those that nobody supplied with their defaults.

    Raises ``NodeError`` for an output without a value and without a default.
    """
    outputs: Object = node.get("outputs") or {}
    filled = [_filled(one, node) for one in outputs.get("parameters") or ()]
    return {**outputs, "parameters": filled} if filled else outputs


@dataclass(frozen=True, slots=True)
class Question:
    """An output that a suspended node waits for: what it may be, and whether it needs a value."""

    name: str
    choices: tuple[str, ...]
    needed: bool


def questions_of(node: Object) -> list[Question]:
    """Return the outputs of a suspended node that nobody has supplied yet.

    Those with a default need not be supplied; they are questions where there is a choice.
    """
    listed = lookup(node, "outputs", "parameters", default=())
    found = [
        Question(str(one["name"]), tuple(choices_of(one, node)), _default_of(one, node) is None)
        for one in listed
        if one.get("value") is None
    ]
    return [one for one in found if one.needed or one.choices]


def _default_of(declared: Object, node: Object) -> Value:
    """Return the default of an output: its own, else that of the input of its name."""
    default: Value = lookup(declared, "valueFrom", "default")
    if default is not None:
        return default
    inputs = lookup(node, "inputs", "parameters", default=())
    return next((one.get("default") for one in inputs if one["name"] == declared["name"]), None)


def choices_of(declared: Object, node: Object) -> list[str]:
    """Return what an output of a suspended node may be: its own ``enum``, else its input's.

    Empty where it may be anything.
    """
    inputs = lookup(node, "inputs", "parameters", default=())
    namesakes = (one for one in inputs if one["name"] == declared["name"])
    found = next((one["enum"] for one in (declared, *namesakes) if one.get("enum")), ())
    return [as_text(one) for one in found]


def _with_choices(inputs: Object | None) -> Object | None:
    """Return inputs that say what may be chosen where their values do, as a step made them.

    Such a value is the JSON of a parameter with an ``enum``, whose first one is the default.
    """
    if not inputs or not inputs.get("parameters"):
        return inputs
    return {**inputs, "parameters": [_with_choice(one) for one in inputs["parameters"]]}


def _with_choice(parameter: Object) -> Object:
    try:
        choices = lookup(loads(parameter["value"]), "enum")
    except ValueError:
        return parameter
    if not isinstance(choices, list) or not choices:
        return parameter
    texts = [as_text(one) for one in choices]
    return {"default": texts[0], **parameter, "enum": texts}


def _filled(declared: Object, node: Object) -> Object:
    if declared.get("value") is not None:
        return {key: value for key, value in declared.items() if key != "valueFrom"}
    default = _default_of(declared, node)
    if default is None:
        raise NodeError(
            f"raw output parameter '{declared['name']}' has not been set and does not have "
            "a default value"
        )
    kept: Object = {key: declared[key] for key in ("name", "globalName") if key in declared}
    return {**kept, "value": as_text(default)}
