"""Ends of nodes before their pods come to one: too late, stopped, nobody knows of them.

A pod is ended by giving it no more time, so that it keeps its logs (reference, Workflows 11
and 22).
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.names import PIPELINES_MANAGER
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines.observing import outputs_of
from ruleengine.pipelines.phases import WITH_POD, NodeType, Phase
from ruleengine.pipelines.pods import NODE_ID
from ruleengine.pipelines.timing import duration_of

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

_TIMEOUTS: Final = frozenset({"timeout", "pendingTimeout"})
TIMED_OUT: Final = "Step exceeded its deadline"
OUTLIVED: Final = "Pod was active on the node longer than the specified deadline"


def is_too_late(machine: "Machine", node: Object, template: Object) -> bool:
    """Tell whether the time is over that a template gives its node."""
    if _TIMEOUTS.isdisjoint(template):
        return False
    ends = [
        parse_time(node["startedAt"]) + duration_of(template[name], name)
        for name in _timeouts(node)
        if template.get(name)
    ]
    return any(_is_over(machine, node, end) for end in ends)


def _timeouts(node: Object) -> tuple[str, ...]:
    return ("timeout", "pendingTimeout") if node["phase"] == Phase.PENDING else ("timeout",)


def _is_over(machine: "Machine", node: Object, end: datetime) -> bool:
    if machine.now >= end:
        return True
    machine.wake(end, f"the time of {node['displayName']} is over")
    return False


def stopped(machine: "Machine", node: Object, pod: Object | None) -> Object:
    """End a node, and its pod if it has one, of a workflow that was stopped or is out of time.

    As in Argo a pod that was there is told of with two spaces.
    """
    in_pod = machine.stopped and node["type"] == NodeType.POD
    told = f"workflow shutdown with strategy: {' ' if pod else ''}{machine.stopped}"
    return kill(machine, node, pod, Phase.FAILED, told if in_pod else machine.ending)


def timed_out(machine: "Machine", node: Object, pod: Object | None) -> Object:
    """End a node whose template gives it no more time."""
    running = lookup(pod, "status", "phase") == "Running" and node["type"] == NodeType.POD
    return kill(machine, node, pod, Phase.FAILED, OUTLIVED if running else TIMED_OUT)


def kill(
    machine: "Machine", node: Object, pod: Object | None, phase: Phase, message: str
) -> Object:
    """End a node before its pod has come to its end, and the pod with it.

    The pod keeps its logs: it is not deleted, its time is over.
    """
    fields: dict[str, Any] = {}
    if pod is not None:
        end_pod(machine, pod)
        outputs = outputs_of(pod, None)
        fields = {"outputs": outputs} if outputs else {}
    return machine.end(node, phase, message, **fields)


def end_unknown(machine: "Machine") -> None:
    """End pods that no node is there for: nothing but them was written of what made them."""
    index = ("owner", uid_of(machine.value))
    for pod in machine.world.list("v1", "Pod", machine.namespace, index):
        name = lookup(pod, "metadata", "annotations", NODE_ID)
        node = machine.tree.get(name) if name else None
        if name and (node is None or node["type"] not in WITH_POD):
            end_pod(machine, pod)


def has_ended(pod: Object) -> bool:
    """Tell whether a pod has come to its end by itself."""
    return lookup(pod, "status", "phase") in ("Succeeded", "Failed")


def end_pod(machine: "Machine", pod: Object) -> None:
    """Have a pod ended by giving it no more time; one that has not begun is deleted."""
    if has_ended(pod):
        return
    match (pod.get("status") or {}).get("phase", "Pending"):
        case "Pending":
            action = Action(verb=Verb.DELETE, target=Target.of(pod), manager=PIPELINES_MANAGER)
        case _:
            action = Action(
                verb=Verb.PATCH,
                target=Target.of(pod),
                manager=PIPELINES_MANAGER,
                object={"spec": {"activeDeadlineSeconds": 1}},
            )
    machine.actions.append(action)
