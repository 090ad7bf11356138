"""Tags in the spec of a workflow itself, its templates apart (reference, Workflows 5, 16 and 20).

What the whole workflow knows is put in before anything else is done. What only a node knows, its
inputs and its attempt, and what the steps before it have made, is put in when its pod is made.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ruleengine.formats.json_text import dumps
from ruleengine.model.decisions import World
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object
from ruleengine.pipelines import naming
from ruleengine.pipelines.arguments import parameter_of, workflow_parameters
from ruleengine.pipelines.substituting import substitute
from ruleengine.pipelines.variables import (
    NOW,
    exported_variables,
    global_variables,
    input_variables,
    node_variables,
)

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine

_OWN_TIME: Final = frozenset(
    {
        "arguments",
        "hooks",
        "metrics",
        "onExit",
        "retryStrategy",
        "synchronization",
        "templateDefaults",
        "templates",
    }
)
"""Fields whose tags are replaced elsewhere: they see more, or later."""

_OTHERS: Final = re.compile(r"\b(steps|tasks)(?:\.|\[\\?['\"])([\w-]+)")


def put_globals(machine: "Machine") -> None:
    """Put what the whole workflow knows into its spec."""
    tagged = _known(machine)
    if tagged:
        machine.spec = {**machine.spec, **substitute(tagged, machine.globals)}
        machine.definitions.repositories.stated = machine.spec.get("artifactRepositoryRef")


def of_pod(machine: "Machine", node: Object, template: Object, call: "Call") -> Object:
    """Return the spec of a workflow as the pod of a node is made by it."""
    left = {
        name: machine.spec[name] for name in _known(machine) if "{{" in dumps(machine.spec[name])
    }
    if not left:
        return machine.spec
    variables = {
        **machine.globals,
        **_before(machine, node, dumps(left)),
        **call.local,
        **input_variables(template.get("inputs") or {}, {}),
        "node.name": node["name"],
        "pod.name": machine.pods[node["id"]].name,
    }
    return {**machine.spec, **substitute(left, variables)}


def of_ended(stated: Object, value: Object, world: World) -> Object:
    """Return a part of the spec of a workflow that runs no more, with what all of it knew put in.

    Whoever asks again gets the same: the time is that of its end. Raises ``NodeError``.
    """
    if "{{" not in dumps(stated):
        return stated
    metadata, status = value["metadata"], value.get("status") or {}
    spec = status.get("storedWorkflowTemplateSpec") or value["spec"]
    read = partial(parameter_of, world, metadata.get("namespace", ""))
    since = (status.get("finishedAt"), metadata.get("deletionTimestamp"))
    variables = {
        **global_variables(metadata, spec, workflow_parameters(spec, read)),
        **exported_variables(status.get("outputs") or {}),
        "workflow.status": status.get("phase"),
        NOW: parse_time(str(next(filter(None, since)))),
    }
    found: Object = substitute(stated, variables)
    return found


def _known(machine: "Machine") -> Object:
    """Return the fields with tags, as they are stated."""

    def tagged() -> Object:
        own = machine.spec.items()
        return {key: one for key, one in own if key not in _OWN_TIME and "{{" in dumps(one)}

    known: Object = machine.memory.remember("tagged", "", "", tagged)
    return known


def _before(machine: "Machine", node: Object, text: str) -> dict[str, Any]:
    """Return the variables of the steps or tasks beside a node that a text names."""
    found: dict[str, Any] = {}
    around = machine.tree.get(str(node.get("boundaryID")))
    if around is None:
        return found
    for word, name in set(_OTHERS.findall(text)):
        for place in _places(machine, around["name"], word):
            made = machine.tree.find(naming.child_name(place, name))
            if made is not None:
                found |= node_variables(f"{word}.{name}", made, machine.tree, {})
    return found


def _places(machine: "Machine", around: str, word: str) -> Iterator[str]:
    """Yield under which names the steps or tasks of a node are."""
    if word == "tasks":
        yield around
        return
    index = 0
    while machine.tree.find(group := naming.group_name(around, index)) is not None:
        yield group
        index += 1
