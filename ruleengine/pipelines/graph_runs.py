"""DAGs: each task begins when what it depends on has come to an end (reference, Workflows 8)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from ruleengine.model.values import Object
from ruleengine.pipelines import hooking, leaves, naming
from ruleengine.pipelines.conditions import GAVE_UP, excused, may_begin
from ruleengine.pipelines.expanding import EMPTY, Planned, mentioned
from ruleengine.pipelines.graphs import Frontier, Graph, Walk, make_graph
from ruleengine.pipelines.loops import is_loop
from ruleengine.pipelines.outputs import outputs_of
from ruleengine.pipelines.phases import (
    COMPLETED,
    NodeType,
    Phase,
    is_broken,
    is_fulfilled,
    is_over,
    is_wrong,
)
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.sides import planned_of, sides_of
from ruleengine.pipelines.variables import input_values, node_variables

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine

OMITTED = "omitted: depends condition not met"


class _Dag(NamedTuple):
    """One DAG while it is looked after; the limit of its template counts for ``limited``."""

    node: Object
    template: Object
    call: "Call"
    limited: "Call"
    graph: Graph
    frontier: Frontier
    captures: set[str]

    def name_of(self, task: str) -> str:
        return naming.child_name(self.node["name"], task)


def go_on(machine: "Machine", node: Object, template: Object, call: "Call") -> Object:
    """Begin the tasks whose time has come, look after the others, end the node after all."""
    source = template["dag"]
    graph: Graph = machine.memory.remember(
        "graph", node["name"], source, lambda: make_graph(source)
    )
    limited = call._replace(
        boundary=node["id"],
        hooked=False,
        attempt=None,
        limit=int(template.get("parallelism") or 0),
    )
    dag = _Dag(
        node=node,
        template=template,
        call=limited._replace(limit=0) if limited.limit else limited,
        limited=limited,
        graph=graph,
        frontier=machine.memory.frontier(node["name"], graph),
        captures=machine.memory.captures(node["name"], template),
    )
    for daemon in machine.daemons.get(node["id"], ()):
        _go_on_daemon(machine, dag, daemon)
    over = _walk(machine, dag)
    if _stops_early(machine, dag) and not _is_busy(machine, dag):
        return machine.end(_now(machine, dag), Phase.FAILED, GAVE_UP)
    if machine.stopped and machine.only_tells(call) and not _is_busy(machine, dag):
        return _end(machine, dag, Phase.FAILED)  # as in Argo, whatever its tasks came to
    return _finished(machine, dag) if over else _now(machine, dag)


def _walk(machine: "Machine", dag: _Dag) -> bool:
    """Look after the tasks whose time has come; tell whether all have come to their end.

    Tasks that are over are not looked at again, so that a decision costs what is on its way.
    """
    frontier = dag.frontier
    frontier.settle(
        lambda name: _was_over(machine, dag, name), lambda name: _fails_by(machine, dag, name)
    )
    known = [name for name in frontier.open if machine.tree.find(dag.name_of(name)) is not None]
    looked = {
        name: _task(machine, dag, name) for name in sorted(known, key=frontier.order.__getitem__)
    }
    walk = Walk(frontier, lambda leaf: _has_room(machine, dag, leaf=leaf))
    for name in walk:
        over = looked.get(name)
        if _task(machine, dag, name) if over is None else over:
            walk.over(name)
    return walk.is_over or (_has_failed(machine, dag) and not _is_busy(machine, dag))


def _has_room(machine: "Machine", dag: _Dag, *, leaf: bool) -> bool:
    if _stops_early(machine, dag):
        return False
    return machine.has_room_for(dag.limited, leaf=leaf)


def _has_failed(machine: "Machine", dag: _Dag) -> bool:
    """Tell whether the DAG gives up, nothing of it being on its way: a target went wrong.

    As in Argo: what could still begin does so only while something else runs, or without
    ``failFast`` (reference, Workflows 8).
    """
    source, frontier = dag.template["dag"], dag.frontier
    if source.get("failFast") is False:
        return False
    looked = (one for one in frontier.open if one in frontier.targets)
    return bool(frontier.wrong) or any(_fails_by(machine, dag, one) for one in looked)


def _is_busy(machine: "Machine", dag: _Dag) -> bool:
    """Tell whether anything of the DAG is on its way, be it after a task with hooks to come."""
    return any(one.get("boundaryID") == dag.node["id"] for one in machine.tree.unfulfilled())


def _fails_by(machine: "Machine", dag: _Dag, target: str) -> bool:
    """Tell whether a target went wrong, and nothing excuses that."""
    node = machine.tree.find(dag.name_of(target))
    return node is not None and is_wrong(node) and not excused(dag.graph.tasks[target], node)


def _was_over(machine: "Machine", dag: _Dag, name: str) -> bool:
    """Tell whether a task was over before this decision, and nothing can begin for it any more.

    A daemon that is ready may still fail, and the DAG by it.
    """
    full = dag.name_of(name)
    node = machine.observed(full)
    if node is None or not is_over(node):
        return False
    return machine.is_observed_over(full, hooking.hooks_of(dag.graph.tasks[name]))


def _now(machine: "Machine", dag: _Dag) -> Object:
    return machine.tree.find(dag.node["name"]) or dag.node


def _finished(machine: "Machine", dag: _Dag) -> Object:
    unreadable = _unreadable(machine, dag)
    if unreadable:
        return machine.end(_now(machine, dag), Phase.ERROR, unreadable)
    phases = _branch_phases(machine, dag)
    for target in dag.graph.targets:
        found = machine.tree.find(dag.name_of(target))
        forgiven = found is not None and excused(dag.graph.tasks[target], found)
        if phases[target] != Phase.SUCCEEDED and not forgiven:
            return _end(machine, dag, Phase(phases[target]))
    asks = mentioned(dag.template.get("outputs"), "tasks", dag.graph.tasks)
    known = _variables(machine, dag, asks)
    outputs = outputs_of(dag.template, {**_known(machine, dag), **known})
    return _end(machine, dag, Phase.SUCCEEDED, outputs=outputs or None)


def _unreadable(machine: "Machine", dag: _Dag) -> str:
    """Return why what a task reads of others could not be put together; empty where all could.

    As in Argo that is an error of the DAG itself.
    """
    for name in dag.graph.order:
        node = machine.tree.find(dag.name_of(name))
        if node is None or (node["type"], node["phase"]) != (NodeType.SKIPPED, Phase.ERROR):
            continue
        try:
            _variables(machine, dag, _asked(dag, dag.graph.tasks[name]))
        except NodeError as error:
            return str(error)
    return ""


def _end(machine: "Machine", dag: _Dag, phase: Phase, outputs: Object | None = None) -> Object:
    ends = [end for one in _targets(machine, dag) for end in machine.tree.outbound(one)]
    return machine.end(_now(machine, dag), phase, outboundNodes=ends or None, outputs=outputs)


def _targets(machine: "Machine", dag: _Dag) -> list[Object]:
    found = (machine.tree.find(dag.name_of(one)) for one in dag.graph.targets)
    return [one for one in found if one is not None]


def _branch_phases(machine: "Machine", dag: _Dag) -> dict[str, str]:
    """Return the phase of each task; one that did not run has a wrong one before it, if any."""
    phases: dict[str, str] = {}
    for name in dag.graph.order:
        node = machine.tree.find(dag.name_of(name))
        if node is not None and node["phase"] in COMPLETED:
            phases[name] = node["phase"]
            continue
        before = (phases[one] for one in dag.graph.needs[name])
        phases[name] = next((one for one in before if one != Phase.SUCCEEDED), Phase.SUCCEEDED)
    return phases


def _task(machine: "Machine", dag: _Dag, name: str) -> bool:
    """Bring one task on; tell whether it and its hooks have come to their end."""
    node = machine.tree.find(dag.name_of(name))
    task = dag.graph.tasks[name]
    if node is None:
        node = _begin(machine, dag, name)
        if node is None:
            return False
    elif not is_fulfilled(node):
        node = _look_after(machine, dag, task, node)
    done = hooking.run_hooks(machine, node, task, f"tasks.{name}", dag.call)
    return is_fulfilled(node) and done


def _begin(machine: "Machine", dag: _Dag, name: str) -> Object | None:
    """Begin a task, as all it depends on has ended; ``None`` while it may not."""
    found = ((one, machine.tree.find(dag.name_of(one))) for one in dag.graph.needs[name])
    nodes = {one: node for one, node in found if node is not None}
    task = dag.graph.tasks[name]
    call = _call(dag, task, dag.name_of(name), task)
    try:
        if not may_begin(task, dag.graph.tasks, nodes, machine.tree):
            node: Object | None = machine.skip(call, OMITTED, Phase.OMITTED)
        elif machine.is_held_back(dag.call) or _stops_early(machine, dag):
            return None
        else:
            node = _begin_planned(machine, dag, task)
            if node is None and machine.memory.has("planned", call.name):
                dag.frontier.hold(name, leaf=machine.is_leaf(task, dag.call.scope))
    except NodeError as error:
        begun = machine.tree.find(call.name) or machine.add_node(call, NodeType.SKIPPED)
        node = machine.end(begun, Phase.ERROR, str(error))
    if node is not None:
        machine.tree.link(_before(machine, dag, nodes), node["id"])
    return node


def _stops_early(machine: "Machine", dag: _Dag) -> bool:
    return machine.fail_fast(dag.node, dag.template)


def _before(machine: "Machine", dag: _Dag, nodes: dict[str, Object]) -> list[str]:
    """Return the ids of what a task is drawn after."""
    ends = [end for node in nodes.values() for end in machine.tree.outbound(node)]
    return ends or [dag.node["id"]]


def _begin_planned(machine: "Machine", dag: _Dag, task: Object) -> Object | None:
    planned = _plan(machine, dag, task)
    name = dag.name_of(str(task["name"]))
    if is_loop(task) and planned[0].skipped != EMPTY and planned[0].name != name:
        group = machine.add_node(_call(dag, task, name, task), NodeType.TASK_GROUP)
        return _group(machine, dag, task, group)
    call = _call(dag, task, name, planned[0].step)
    return machine.skip(call, planned[0].skipped) if planned[0].skipped else _run(machine, call)


def _run(machine: "Machine", call: "Call") -> Object | None:
    """Bring the node of a task on; one that cannot be what it should says of what task it is."""
    before, node = machine.tree.find(call.name), machine.run(call)
    if node is None or not is_broken(node) or (before is not None and is_fulfilled(before)):
        return node
    message = f"task '{call.name}' errored: {node.get('message', '')}"
    return machine.tree.update(node, message=message)


def _plan(machine: "Machine", dag: _Dag, task: Object) -> list[Planned]:
    """Return the nodes of a task; what it reads changes no more once it may begin."""
    name = str(task["name"])

    def make() -> list[Planned]:
        variables = {**_known(machine, dag), **_variables(machine, dag, _asked(dag, task))}
        return planned_of(machine, task, dag.name_of(name), variables, None)

    planned: list[Planned] = machine.memory.remember("planned", dag.name_of(name), task, make)
    return planned


def _asked(dag: _Dag, task: Object) -> set[str]:
    """Return the tasks before one that it reads something of."""
    return dag.graph.needed(str(task["name"]), mentioned(task, "tasks", dag.graph.tasks))


def _known(machine: "Machine", dag: _Dag) -> dict[str, Any]:
    return {**machine.globals, **input_values(dag.template.get("inputs") or {})}


def _look_after(machine: "Machine", dag: _Dag, task: Object, node: Object) -> Object:
    if (unchanged := leaves.as_before(machine, node)) is not None:
        return unchanged
    if node["type"] == NodeType.TASK_GROUP:
        return _group(machine, dag, task, node)
    step = _plan(machine, dag, task)[0].step if task.get("inline") else task
    return _run(machine, _call(dag, task, node["name"], step)) or node


def _go_on_daemon(machine: "Machine", dag: _Dag, daemon: Object) -> None:
    """Bring on a daemon whose task counts as over, for it may have to be tried again."""
    task = dag.graph.tasks[naming.task_name(dag.node["name"], daemon["name"])]
    for one in _plan(machine, dag, task):
        if one.name == daemon["name"]:
            machine.go_on_daemon(daemon, _call(dag, task, one.name, one.step))


def _group(machine: "Machine", dag: _Dag, task: Object, group: Object) -> Object:
    """Bring the children of a looped task on; the last that went wrong gives it its phase.

    The exit handler of the task runs after each of them, and once more after all.
    """
    exits, prefix = hooking.exit_of(task), f"tasks.{task['name']}"
    sides = sides_of(machine, group["name"], task, lambda: _plan(machine, dag, task))

    def bring_on(one: Planned) -> Object | None:
        if machine.tree.find(one.name) is None and _stops_early(machine, dag):
            return None
        call = _call(dag, task, one.name, one.step)
        child = machine.skip(call, one.skipped) if one.skipped else _run(machine, call)
        if child is not None:
            machine.tree.link([group["id"]], child["id"])
        return child

    walk, looked = sides.look_after(machine, dag.limited, bring_on, lambda _: exits)
    for name, child in looked.items():
        over = hooking.run_hooks(machine, child, {"hooks": exits}, prefix, dag.call)
        if is_fulfilled(child) and over:
            walk.over(name)
    current = machine.tree.find(group["name"]) or group
    if not walk.is_over:
        if _stops_early(machine, dag) and all(is_fulfilled(one) for one in looked.values()):
            return machine.end(current, Phase.FAILED, GAVE_UP)
        return current
    children = (machine.tree.find(one) for one in sides.planned)
    wrong = [child["phase"] for child in children if child is not None and is_wrong(child)]
    whole = machine.tree.hold(current, sides.planned)
    return machine.end(whole, Phase(wrong[-1]) if wrong else Phase.SUCCEEDED)


def _call(dag: _Dag, task: Object, name: str, step: Object) -> "Call":
    return dag.limited._replace(
        name=name,
        step=step,
        arguments=step.get("arguments") or {},
        local={"tasks.name": str(task["name"])},
        captures=task["name"] in dag.captures,
    )


def _variables(machine: "Machine", dag: _Dag, asks: Iterable[str]) -> dict[str, Any]:
    """Return the variables of the tasks that somebody asks for."""
    found: dict[str, Any] = {}
    for name in sorted(asks):
        node = machine.tree.find(dag.name_of(name))
        if node is not None:
            declared = machine.declared_outputs(dag.graph.tasks[name], dag.call.scope)
            found |= node_variables(f"tasks.{name}", node, machine.tree, declared)
    return found
