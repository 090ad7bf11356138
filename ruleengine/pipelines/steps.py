"""Steps: groups one after another, the steps of a group side by side (reference, Workflows 9)."""

from typing import TYPE_CHECKING, Any, NamedTuple

from ruleengine.formats.json_text import dumps
from ruleengine.model.values import Object
from ruleengine.pipelines import hooking, naming
from ruleengine.pipelines.conditions import GAVE_UP, excused
from ruleengine.pipelines.expanding import Planned, mentioned
from ruleengine.pipelines.loops import is_loop
from ruleengine.pipelines.outputs import outputs_of
from ruleengine.pipelines.phases import NodeType, Phase, is_broken, is_fulfilled, is_wrong
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.sides import Sides, planned_of, sides_of
from ruleengine.pipelines.tree import is_hook
from ruleengine.pipelines.variables import input_values, looped_variables, node_variables

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine


class _Steps(NamedTuple):
    """One node of steps while it is looked after; ``call`` is how its steps are called."""

    node: Object
    template: Object
    call: "Call"
    captures: set[str]

    def group(self, index: int) -> str:
        return naming.group_name(self.node["name"], index)


def go_on(machine: "Machine", node: Object, template: Object, call: "Call") -> Object:
    """Bring the groups of a node of steps on, in their order; end it after the last."""
    whole = _Steps(
        node=node,
        template=template,
        call=call._replace(boundary=node["id"], hooked=False, attempt=None),
        captures=machine.memory.captures(node["name"], template),
    )
    for daemon in machine.daemons.get(node["id"], ()):
        _go_on_daemon(machine, whole, daemon)
    for index in range(_past(machine, whole), len(template["steps"])):
        group = _group(machine, whole, index)
        if group is None or not is_fulfilled(group):
            return node
        if is_wrong(group):
            return _end(machine, whole, Phase.FAILED, group.get("message", ""))
        _check_loops(machine, whole, index)
    known = _variables_of(machine, whole, len(template["steps"]), template.get("outputs"))
    outputs = outputs_of(template, {**_known(machine, whole), **known})
    return _end(machine, whole, Phase.SUCCEEDED, "", outputs=outputs or None)


def _go_on_daemon(machine: "Machine", whole: _Steps, daemon: Object) -> None:
    """Bring on a daemon whose step counts as over, for it may have to be tried again."""
    index = naming.group_index(whole.node["name"], daemon["name"])
    name, stated = whole.group(index), whole.template["steps"][index]
    sides = sides_of(machine, name, stated, lambda: _plan(machine, whole, index))
    machine.go_on_daemon(daemon, _call(whole, sides.planned[daemon["name"]]))


def _past(machine: "Machine", whole: _Steps) -> int:
    """Return how many groups were over, and well, before this decision."""

    def is_past(index: int) -> bool:
        group = machine.observed(whole.group(index))
        return group is not None and is_fulfilled(group) and not is_wrong(group)

    return machine.memory.past(whole.node["name"], is_past)


def _end(machine: "Machine", whole: _Steps, phase: Phase, message: str, **fields: object) -> Object:
    current = machine.tree.find(whole.node["name"]) or whole.node
    if message == GAVE_UP:  # as in Argo nothing is drawn after it
        return machine.end(current, phase, message)
    last = _last_group(machine, whole)
    ends = [end for child in machine.tree.children(last) for end in machine.tree.outbound(child)]
    return machine.end(current, phase, message, outboundNodes=ends or None, **fields)


def _check_loops(machine: "Machine", whole: _Steps, index: int) -> None:
    """Raise ``NodeError`` where the results of a loop of a group are no JSON.

    As with Argo that ends the steps before the next group begins, whoever reads the results.
    """
    for step in whole.template["steps"][index]:
        if is_loop(step):
            _variables(machine, whole, whole.group(index), step)


def _last_group(machine: "Machine", whole: _Steps) -> Object:
    last, index = whole.node, 0
    while (found := machine.tree.find(whole.group(index))) is not None:
        last, index = found, index + 1
    return last


def _group(machine: "Machine", whole: _Steps, index: int) -> Object | None:
    name = whole.group(index)
    group = machine.tree.find(name)
    if group is not None and is_fulfilled(group):
        return group
    if group is None:
        if machine.is_held_back(whole.call._replace(limit=0)):
            return None
        group = machine.add_node(whole.call._replace(name=name), NodeType.STEP_GROUP)
        machine.tree.link(_before(machine, whole, index), group["id"])
    try:
        stated = whole.template["steps"][index]
        sides = sides_of(machine, name, stated, lambda: _plan(machine, whole, index))
    except NodeError as error:
        return machine.end(group, Phase.ERROR, str(error))
    return _run(machine, whole, group, sides)


def _before(machine: "Machine", whole: _Steps, index: int) -> list[str]:
    """Return the ids of what a group is drawn after."""
    previous = machine.tree.find(whole.group(index - 1)) if index else None
    if previous is None:
        return [whole.node["id"]]
    children = [one for one in machine.tree.children(previous) if not is_hook(one)]
    return [end for one in children for end in machine.tree.outbound(one)] or [previous["id"]]


def _plan(machine: "Machine", whole: _Steps, index: int) -> list[Planned]:
    name, group = whole.group(index), whole.template["steps"][index]
    variables = {**_known(machine, whole), **_variables_of(machine, whole, index, group)}
    holder = machine.tree.find(name)
    return [
        one
        for step in group
        for one in planned_of(
            machine, step, naming.child_name(name, str(step["name"])), variables, holder
        )
    ]


def _known(machine: "Machine", whole: _Steps) -> dict[str, Any]:
    return {**machine.globals, **input_values(whole.template.get("inputs") or {})}


def _run(machine: "Machine", whole: _Steps, group: Object, sides: Sides) -> Object:
    """Run the steps of a group, and end it when all have come to their end."""

    def bring_on(one: Planned) -> Object | None:
        return _step(machine, whole, group, one)

    walk, looked = sides.look_after(
        machine, _limited(whole), bring_on, lambda one: hooking.hooks_of(one.source)
    )
    over = [
        name
        for name, child in looked.items()
        if _is_over(machine, whole, sides.planned[name], child)
    ]
    for name in over:
        walk.over(name)
    current = _now(machine, group)
    if len(over) < len(looked):
        return current
    stops = machine.fail_fast(whole.node, whole.template)
    if not (walk.is_over or stops):
        return current
    children = ((one, machine.tree.find(name)) for name, one in sides.planned.items())
    wrong = [
        child
        for planned, child in children
        if child is not None and is_wrong(child) and not excused(planned.source, child)
    ]
    gives_up = stops and not _only_told(machine, whole.call, wrong)
    if gives_up and not walk.is_over:
        return machine.end(current, Phase.FAILED, GAVE_UP)
    if walk.is_over:
        current = machine.tree.hold(current, sides.planned)
    return _finished(machine, current, wrong, gives_up=gives_up)


def _only_told(machine: "Machine", call: "Call", wrong: list[Object]) -> bool:
    """Tell whether all that went wrong only says that it no longer begins.

    As in Argo that is a failure, and nothing that a template gives up for.
    """
    ran = any(machine.observed(one["name"]) for one in wrong)
    return machine.only_tells(call) and bool(wrong) and not ran


def _now(machine: "Machine", node: Object) -> Object:
    return machine.tree.find(node["name"]) or node


def _limited(whole: _Steps) -> "Call":
    """Return a call that the limit of the template counts for."""
    return whole.call._replace(limit=int(whole.template.get("parallelism") or 0))


def _step(machine: "Machine", whole: _Steps, group: Object, planned: Planned) -> Object | None:
    """Bring one step on; ``None`` while it does not begin."""
    begun = machine.tree.find(planned.name) is not None
    if not begun and machine.fail_fast(whole.node, whole.template):
        return None
    call = _call(whole, planned)
    child = machine.skip(call, planned.skipped) if planned.skipped else machine.run(call)
    if child is not None:
        machine.tree.link([group["id"]], child["id"])
    return child


def _call(whole: _Steps, planned: Planned) -> "Call":
    return _limited(whole)._replace(
        name=planned.name,
        step=planned.step,
        arguments=planned.step.get("arguments") or {},
        local={"steps.name": str(planned.source["name"])},
        captures=planned.source["name"] in whole.captures,
    )


def _is_over(machine: "Machine", whole: _Steps, planned: Planned, child: Object) -> bool:
    """Tell whether a step and its hooks have come to their end."""
    prefix = f"steps.{planned.source['name']}"
    hooks_done = hooking.run_hooks(machine, child, planned.source, prefix, whole.call)
    return is_fulfilled(child) and hooks_done


def _finished(machine: "Machine", group: Object, wrong: list[Object], *, gives_up: bool) -> Object:
    """End a group by what went wrong of it and is not excused."""
    broken = next(filter(is_broken, wrong), None)
    if broken is not None:
        told = f"due to child {broken['name']} error: {broken.get('message', '')}"
        return machine.end(group, Phase.ERROR, f"step group deemed errored {told}")
    if gives_up:
        return machine.end(group, Phase.FAILED, GAVE_UP)
    if wrong:
        return machine.end(group, Phase.FAILED, f"child '{wrong[0]['id']}' failed")
    return machine.end(group, Phase.SUCCEEDED)


def _variables_of(machine: "Machine", whole: _Steps, before: int, reader: object) -> dict[str, Any]:
    """Return the variables of the steps in the groups before one, as far as ``reader`` asks.

    Raises ``NodeError`` where the results of a loop are no JSON.
    """
    if "steps" not in dumps(reader):
        return {}
    located = {
        str(step["name"]): (index, step)
        for index, group in enumerate(whole.template["steps"][:before])
        for step in group
    }
    found: dict[str, Any] = {}
    for name in sorted(mentioned(reader, "steps", located)):
        index, step = located[name]
        found |= _variables(machine, whole, whole.group(index), step)
    return found


def _variables(machine: "Machine", whole: _Steps, group_name: str, step: Object) -> dict[str, Any]:
    prefix, name = f"steps.{step['name']}", naming.child_name(group_name, str(step["name"]))
    child = machine.tree.find(name)
    if child is not None:
        declared = machine.declared_outputs(step, whole.call.scope)
        return node_variables(prefix, child, machine.tree, declared)
    group = machine.tree.find(group_name)
    if group is None or not is_loop(step):
        return {}
    children = [one for one in machine.tree.children(group) if one["name"].startswith(f"{name}(")]
    return looped_variables(prefix, group, children)
