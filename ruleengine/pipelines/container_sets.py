"""Several containers in one pod, each after those that it needs (reference, Workflows 3.1).

Each runs through a wrapper of its own, which waits, tries again, and leaves word of its end for
the others. The node of the pod has a node below it for each of them.
"""

from typing import TYPE_CHECKING, Final

from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import naming
from ruleengine.pipelines.executing import EXECUTOR
from ruleengine.pipelines.observing import MAIN, member_fields
from ruleengine.pipelines.phases import NodeType, Phase, is_fulfilled
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.timing import duration_of

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine

_FOLDER: Final = f"{EXECUTOR}/ctr"


def containers_of(template: Object) -> list[Object]:
    """Return the containers of a set; none where a template is no set."""
    if "containerSet" not in template:
        return []
    return list(lookup(template, "containerSet", "containers", default=()))


def needs_supervision(template: Object) -> bool:
    """Tell whether the containers of a set depend on one another, or are tried again."""
    if "containerSet" not in template:
        return False
    retries = lookup(template, "containerSet", "retryStrategy", "retries")
    return bool(retries) or any(one.get("dependencies") for one in containers_of(template))


def check(template: Object) -> None:
    """Raise ``NodeError`` for a set that cannot give or take what its template declares."""
    listed = containers_of(template)
    if not listed:
        return
    known = {str(one.get("name")) for one in listed}
    asked = any(
        lookup(template, side, kind)
        for side, kind in (
            ("inputs", "artifacts"),
            ("outputs", "artifacts"),
            ("outputs", "parameters"),
        )
    )
    if asked and MAIN not in known:
        raise NodeError(
            "a containerSet with artifacts or output parameters needs a container called 'main', "
            "which takes and gives them"
        )
    _order(listed)


def _order(listed: list[Object]) -> None:
    """Raise ``NodeError`` for containers that need unknown ones, or each other."""
    needs = {str(one.get("name")): set(one.get("dependencies") or ()) for one in listed}
    for name, needed in needs.items():
        for one in sorted(needed - needs.keys()):
            raise NodeError(f"container '{name}' depends on '{one}', which is not in the set")
    while needs:
        free = {name for name, needed in needs.items() if not needed & needs.keys()}
        if not free:
            raise NodeError(f"containers wait for each other: {', '.join(sorted(needs))}")
        needs = {name: needed for name, needed in needs.items() if name not in free}


def plan_of(template: Object) -> list[Object]:
    """Return what the program in the pod has to know of each container. Raises ``NodeError``."""
    strategy = lookup(template, "containerSet", "retryStrategy", default={})
    pause = duration_of(strategy.get("duration") or 0, "containerSet.retryStrategy.duration")
    try:
        retries = int(str(strategy.get("retries") or 0))
    except ValueError as error:
        raise NodeError("containerSet.retryStrategy.retries is no whole number") from error
    awaited = _beside_main(containers_of(template))
    return [
        {
            "name": str(one.get("name")),
            "needs": list(one.get("dependencies") or ()),
            "awaits": awaited if one.get("name") == MAIN else [],
            "retries": retries,
            "pause": pause.total_seconds(),
        }
        for one in containers_of(template)
    ]


def _beside_main(listed: list[Object]) -> list[str]:
    """Return the containers that do not come after ``main``: they may write its outputs too."""
    after = {MAIN}
    for _ in listed:
        after |= {str(one["name"]) for one in listed if after & set(one.get("dependencies") or ())}
    return [str(one["name"]) for one in listed if one["name"] not in after]


def wrapped(name: str, command: list[str], arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the command and arguments that run those of a container of a set."""
    shell, folder = f"{EXECUTOR}/bin/sh", f"{_FOLDER}/{name}"
    inner = [shell, f"{folder}/member", *command, *arguments]
    return [shell, f"{folder}/wrapper"], inner


def show(machine: "Machine", node: Object, template: Object, call: "Call") -> Object:
    """Bring the nodes of the containers up to date with their pod's; return that one."""
    if "containerSet" not in template:
        return node
    pod = machine.pod_of(node)
    for one in containers_of(template):
        name = naming.child_name(node["name"], str(one.get("name")))
        found = machine.tree.find(name) or _add(machine, node, one, call)
        if is_fulfilled(found):
            continue
        fields = member_fields(pod, str(one.get("name"))) if pod is not None else {}
        phase = Phase(fields.get("phase") or Phase.PENDING)
        if phase in (Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR):
            machine.end(found, phase, str(fields["message"] or ""))
        elif is_fulfilled(node) and not node.get("daemoned"):
            machine.end(found, Phase(node["phase"]), str(node.get("message") or ""))
        else:
            machine.tree.update(found, **fields)
    return machine.tree.find(node["name"]) or node


def _add(machine: "Machine", node: Object, container: Object, call: "Call") -> Object:
    """Add the node of a container, drawn after those that it needs."""
    name = naming.child_name(node["name"], str(container.get("name")))
    own = call.of_container(name, node["id"])
    added = machine.tree.update(machine.add_node(own, NodeType.CONTAINER), phase=str(Phase.PENDING))
    needed = [
        machine.tree.id_of(naming.child_name(node["name"], str(one)))
        for one in container.get("dependencies") or ()
    ]
    machine.tree.link(needed or [node["id"]], added["id"])
    return added


def end_all(machine: "Machine", node: Object, phase: Phase, message: str) -> None:
    """End the nodes of the containers of a pod that are on their way."""
    for one in list(machine.tree.below(node)):
        if one.get("boundaryID") == node["id"] and not is_fulfilled(one):
            machine.end(one, phase, message)
