"""What ends without the steps around it: daemons, and pods that no node is there for."""

from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines import container_sets, early_ends, leaves, naming
from ruleengine.pipelines.machine import Call, Machine
from ruleengine.pipelines.observing import observe, of_pod
from ruleengine.pipelines.phases import WITH_POD, NodeType, Phase, is_fulfilled, is_over, is_wrong
from ruleengine.pipelines.pods import NODE_ID
from ruleengine.pipelines.tree import is_hook


def is_exiting(node: Object) -> bool:
    """Tell whether a node belongs to an exit handler."""
    return naming.ON_EXIT in node["name"]


def _end_containers(machine: Machine, node: Object, phase: Phase, message: str) -> None:
    for one in list(container_sets.nodes_below(machine, node)):
        machine.end(one, phase, message)


def watch_daemons(machine: Machine) -> None:
    """Note daemons that came to an end by themselves: that is a failure, which may be retried.

    What retries them is brought on by the steps or tasks around it, which know how it was begun.
    """
    daemons = list(machine.tree.daemons())
    for node in daemons:
        if node["type"] != NodeType.POD:
            continue
        target = leaves.pod_target(machine, node)
        pod = machine.world.get(target)
        if pod is None:
            _end_containers(machine, node, Phase.FAILED, leaves.DELETED)
            machine.end(node, Phase.FAILED, leaves.DELETED, daemoned=None)
            continue
        report = leaves.result_target(machine, node)
        machine.awaited += [target, report]
        seen = observe(pod, of_pod(machine.world.get(report), pod))
        if seen["phase"] != Phase.RUNNING:
            message = str(seen["message"] or "the daemon came to its end")
            _end_containers(machine, node, Phase.FAILED, message)
            machine.end(node, Phase.FAILED, message, daemoned=None)
    for node in daemons:
        if node["type"] != NodeType.RETRY:
            continue
        if not is_hook(node):
            machine.daemons.setdefault(str(node.get("boundaryID")), []).append(node)
        elif not _is_boundary_over(machine, node):
            machine.go_on_daemon(node, _call_of_hook(node))


def _call_of_hook(node: Object) -> Call:
    return Call(
        name=node["name"],
        step={},
        scope=node["templateScope"],
        boundary=str(node.get("boundaryID", "")),
        hooked=True,
        exiting=is_exiting(node),
    )


def end_daemons(machine: Machine) -> None:
    """End the daemons whose steps or tasks have all come to their end, and their attempts."""
    for node in machine.tree.daemons():
        if not _is_boundary_over(machine, node):
            continue
        attempts = machine.tree.children(node) if node["type"] == NodeType.RETRY else ()
        for one in (*attempts, node):
            current = machine.tree.get(one["id"]) or one
            if not is_over(current):
                _end_daemon(machine, current)


def _is_boundary_over(machine: Machine, node: Object) -> bool:
    boundary = machine.tree.get(str(node.get("boundaryID")))
    return boundary is None or is_fulfilled(boundary)


def _end_daemon(machine: Machine, node: Object) -> None:
    target = leaves.pod_target(machine, node)
    pod = machine.world.get(target)
    if pod is not None:
        early_ends.end_pod(machine, pod)
    else:  # it may have been about to be made
        machine.actions = [one for one in machine.actions if one.target != target]
    _end_containers(machine, node, Phase.SUCCEEDED, "")
    node = machine.tree.update(node, memoizationStatus=None)  # it ran, and made nothing to keep
    machine.end(node, Phase.SUCCEEDED, daemoned=None)


def end_unknown(machine: Machine) -> None:
    """End pods that no node is there for: nothing but them was written of what made them."""
    index = ("owner", uid_of(machine.value))
    for pod in machine.world.list("v1", "Pod", machine.namespace, index):
        name = lookup(pod, "metadata", "annotations", NODE_ID)
        node = machine.tree.get(name) if name else None
        if name and (node is None or node["type"] not in WITH_POD):
            early_ends.end_pod(machine, pod)


def failures(machine: Machine) -> list[Object]:
    """Return what ``workflow.failures`` lists: the leaves that went wrong."""
    return [
        {
            "displayName": node["displayName"],
            "message": node.get("message", ""),
            "templateName": leaves.template_name(node),
            "phase": node["phase"],
            "podName": leaves.pod_target(machine, node).name,
            "finishedAt": node.get("finishedAt"),
        }
        for node in machine.tree.nodes.values()
        if node["type"] in WITH_POD and is_wrong(node) and not is_exiting(node)
    ]
