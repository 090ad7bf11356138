"""Daemons: they may end by themselves, and are ended with the steps or tasks around them."""

from ruleengine.model.values import Object
from ruleengine.pipelines import container_sets, early_ends, leaves, naming
from ruleengine.pipelines.machine import Call, Machine
from ruleengine.pipelines.observing import observe, of_pod
from ruleengine.pipelines.phases import NodeType, Phase, is_fulfilled, is_over
from ruleengine.pipelines.tree import is_hook


def watch(machine: Machine) -> None:
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
            container_sets.end_all(machine, node, Phase.FAILED, leaves.DELETED)
            machine.end(node, Phase.FAILED, leaves.DELETED, daemoned=None)
            continue
        report = leaves.result_target(machine, node)
        machine.awaited += [target, report]
        seen = observe(pod, of_pod(machine.world.get(report), pod))
        if seen["phase"] != Phase.RUNNING:
            message = str(seen["message"] or "the daemon came to its end")
            container_sets.end_all(machine, node, Phase.FAILED, message)
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
        exiting=naming.is_exiting(node["name"]),
    )


def end_unneeded(machine: Machine) -> None:
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
    container_sets.end_all(machine, node, Phase.SUCCEEDED, "")
    node = machine.tree.update(node, memoizationStatus=None)  # it ran, and made nothing to keep
    machine.end(node, Phase.SUCCEEDED, daemoned=None)
