"""Leaves of the tree: nodes that a pod runs for (reference, Workflows 9 and 11)."""

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.names import ARGO_API_VERSION, PIPELINES_MANAGER
from ruleengine.model.values import Object, lookup, uid_of
from ruleengine.pipelines import (
    artifacts,
    container_sets,
    drivers,
    early_ends,
    naming,
    plugins,
    restarting,
    spec_tags,
)
from ruleengine.pipelines.artifacts import ArtifactWork, archive_of, archives_logs
from ruleengine.pipelines.entrypoints import NotKnownYetError, with_entrypoint
from ruleengine.pipelines.executing import dressed, quota_remedy
from ruleengine.pipelines.mounting import StoreAccess
from ruleengine.pipelines.observing import (
    is_of_earlier_run,
    is_ready,
    observe,
    of_pod,
)
from ruleengine.pipelines.offloading import fitted
from ruleengine.pipelines.phases import WITH_POD, NodeType, Phase, is_fulfilled, is_wrong
from ruleengine.pipelines.pods import PodRequest, is_ours, make_pod, needs_wrapper
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.progress import at_the_end
from ruleengine.pipelines.variables import input_variables

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine

_LEAVES: Final = frozenset(
    {"container", "containerSet", "script", "resource", "http", "data", "plugin"}
)
_OF_MAIN: Final = re.compile(r"^main: \w+ \(exit code \d+\): ")
_OTHERWISE_WOKEN: Final = frozenset(
    {
        "timeout",
        "pendingTimeout",
        "synchronization",
        "containerSet",
        "daemon",
        "metrics",
        "memoize",
    }
)
"""Fields of a template by which a node may change although its pod does not."""

DELETED: Final = "pod deleted"


def is_leaf(template: Object) -> bool:
    """Tell whether a pod runs for a template."""
    return not _LEAVES.isdisjoint(template)


_NODE_TYPES: Final = {
    "steps": NodeType.STEPS,
    "dag": NodeType.DAG,
    "suspend": NodeType.SUSPEND,
    "http": NodeType.HTTP,
    "plugin": NodeType.PLUGIN,
}
"""The types of templates whose nodes have a type of their own."""


def kind_of(template: Object, *, retried: bool) -> NodeType:
    """Return the type of a template's node; ``retried`` says whether it looks after attempts."""
    if retried and template.get("retryStrategy") is not None:
        return NodeType.RETRY
    for key, kind in _NODE_TYPES.items():
        if key in template and template[key] not in (None, []):
            return kind
    if is_leaf(template):
        return NodeType.POD
    raise NodeError(f"Template '{template.get('name', '')}' missing specification")


def go_on(machine: "Machine", node: Object, template: Object, call: "Call") -> Object:
    """Create the pod of a node, or take over what it has come to."""
    pod = machine.world.get(pod_target(machine, node))
    if early_ends.is_too_late(machine, node, template):
        current = early_ends.timed_out(machine, node, pod)
    elif pod is not None and is_of_earlier_run(pod, machine.value):
        current = _replaced(machine, node, pod)
    elif pod is None:
        current = _without_pod(machine, node, template, call)
    elif (again := restarting.made_anew(machine, node, pod)) is not None:
        current = again
    else:
        current = _as_its_pod(machine, node, template, pod)
        if machine.only_tells(call) and not (is_fulfilled(current) or early_ends.has_ended(pod)):
            current = early_ends.stopped(machine, current, pod)
        _note_seen(machine, current, template, pod)
    return container_sets.show(machine, current, template, call)


def as_before(machine: "Machine", node: Object) -> Object | None:
    """Return a node if all that tells of it is what it was when it was last looked at.

    Of a thousand pods that run few do anything between two decisions. ``None`` where it has to be
    looked at.
    """
    seen: _Seen | None = machine.memory.seen.get(node["id"])
    if seen is None or machine.ending or seen.run != machine.retries:
        return None
    if seen.node is not node and seen.node != node:
        return None
    world, (pod, report) = machine.world, seen.targets
    if world.get(pod) is not seen.pod or world.get(report) is not seen.report:
        return None
    machine.awaited.extend(seen.targets)
    return node


class _Seen(NamedTuple):
    """A node as it was left, and the pod and the report, by target, that it follows from."""

    node: Object
    run: str
    targets: tuple[Target, Target]
    pod: Object
    report: Object | None


def _note_seen(machine: "Machine", node: Object, template: Object, pod: Object) -> None:
    """Remember a node that stays as it is until its pod, or what that reports, changes."""
    on_its_way = node["phase"] in (Phase.PENDING, Phase.RUNNING)
    if not on_its_way or not _OTHERWISE_WOKEN.isdisjoint(template):
        machine.memory.seen.pop(node["id"], None)
        return
    targets = pod_target(machine, node), result_target(machine, node)
    report = machine.world.get(targets[1])
    machine.memory.seen[node["id"]] = _Seen(node, machine.retries, targets, pod, report)


def pod_of(machine: "Machine", node: Object) -> Object | None:
    """Return the pod of a node, unless it is that of a run before the workflow was retried."""
    pod = machine.world.get(pod_target(machine, node))
    return None if pod is None or is_of_earlier_run(pod, machine.value) else pod


def _without_pod(machine: "Machine", node: Object, template: Object, call: "Call") -> Object:
    """Create the pod of a node, unless there was one or there cannot be one."""
    if node["phase"] == Phase.RUNNING and node.get("hostNodeName"):
        return machine.end(node, Phase.ERROR, DELETED)
    refusal = machine.world.refusal(pod_target(machine, node))
    if refusal is not None and refusal.final:
        message = f"pod refused: {refusal.message}{quota_remedy(refusal.message)}"
        return machine.end(node, Phase.ERROR, message)
    if machine.only_tells(call):
        return early_ends.stopped(machine, node, None)
    return _create(machine, node, template, call)


def _replaced(machine: "Machine", node: Object, pod: Object) -> Object:
    """Have the pod deleted that a node had before the workflow was retried; then comes another."""
    target, uid = pod_target(machine, node), uid_of(pod)
    machine.actions.append(
        Action(verb=Verb.DELETE, target=target, manager=PIPELINES_MANAGER, uid=uid, reason="retry")
    )
    machine.awaited.append(target)
    return machine.tree.update(node, phase=str(Phase.PENDING))


def _as_its_pod(machine: "Machine", node: Object, template: Object, pod: Object) -> Object:
    """Take over what the pod of a node has come to."""
    report = result_target(machine, node)
    machine.awaited += [pod_target(machine, node), report]
    seen = observe(pod, of_pod(machine.world.get(report), pod))
    if template.get("daemon") and seen["phase"] == Phase.RUNNING and is_ready(pod):
        return machine.tree.update(node, **seen, daemoned=True, podIP=_address(pod))
    if seen["phase"] in (Phase.PENDING, Phase.RUNNING):
        return machine.tree.update(node, **seen)
    phase, message = Phase(seen.pop("phase")), str(seen.pop("message") or "")
    if lookup(pod, "status", "phase") == "Running":
        early_ends.end_pod(machine, pod)  # what others put into it would run on
    if node["type"] in (NodeType.HTTP, NodeType.PLUGIN):
        message = _OF_MAIN.sub("", message)
    if phase is Phase.SUCCEEDED:
        seen["progress"] = at_the_end(seen["progress"])
    return machine.end(node, phase, message, **seen)


def pod_target(machine: "Machine", node: Object) -> Target:
    """Return the identity of a node's pod."""
    found = machine.pods.get(node["id"])
    if found is None:
        name = naming.pod_name(machine.name, node["name"], template_name(node))
        found = machine.pods[node["id"]] = Target("v1", "Pod", machine.namespace, name)
    return found


def template_name(node: Object) -> str:
    """Return the name of a node's template; empty for one written in place."""
    reference = node.get("templateRef") or {}
    return str(reference.get("template") or node.get("templateName") or "")


def result_target(machine: "Machine", node: Object) -> Target:
    """Return the identity of what the executor of a node's pod reports."""
    return Target(ARGO_API_VERSION, "WorkflowTaskResult", machine.namespace, node["id"])


def _create(machine: "Machine", node: Object, template: Object, call: "Call") -> Object:
    container_sets.check(template)
    work = _artifacts(machine, node, template)
    beside = _drivers(machine, work)
    try:
        if needs_wrapper(template, work, captures=call.captures):
            template = with_entrypoint(machine, template)
    except NotKnownYetError:
        return machine.tree.update(node, phase=str(Phase.PENDING))
    held_up = machine.turns.hold_up(node, pod_target(machine, node))
    if held_up is not None:
        return held_up
    machine.actions.extend(
        machine.definitions.repositories.missing_claims(StoreAccess(work.locations).claims)
    )
    pod = make_pod(
        PodRequest(
            workflow=machine.value,
            spec=spec_tags.of_pod(machine, node, template, call),
            node=node,
            template=template,
            template_name=template_name(node),
            captures=call.captures,
            artifacts=drivers.told(work, beside),
            drivers=beside,
            seconds=machine.seconds_left(call),
            ends=machine.ends_by(call),
            avoided=_avoided(machine, node, template, call),
            plugins=_plugins(machine, template),
        )
    )
    pod, needed = fitted(dressed(pod, machine.definitions.around.executor))
    made = pod if needed is None or _is_there(machine, needed) else needed
    target = Target.of(made)
    machine.actions.append(
        Action(
            verb=Verb.CREATE if machine.world.get(target) is None else Verb.PATCH,
            target=target,
            manager=PIPELINES_MANAGER,
            object=made,
            reason=f"node {node['displayName']}",
            foreseen=made is pod,
        )
    )
    machine.awaited.append(target)
    begun: Object = {"message": None, restarting.RESTARTING: None}
    return machine.tree.update(node, phase=str(Phase.PENDING), **begun)


def _plugins(machine: "Machine", template: Object) -> tuple[plugins.Plugin, ...]:
    if "plugin" not in template:
        return ()
    namespaces = (machine.definitions.around.control_namespace, machine.namespace)
    return plugins.plugins_of(template, machine.spec, machine.world, namespaces)


def _drivers(machine: "Machine", work: ArtifactWork) -> tuple[drivers.Driver, ...]:
    """Return who serves the artifact plugins of a node. Raises ``NodeError``."""
    plugins = StoreAccess(work.locations).plugins
    return drivers.drivers_of(machine.world, machine.definitions.around.control_namespace, plugins)


def _is_there(machine: "Machine", needed: Object) -> bool:
    """Tell whether the ConfigMap is there that a pod needs; it comes first."""
    found = machine.world.get(Target.of(needed))
    return found is not None and found.get("data") == needed["data"]


def _avoided(machine: "Machine", node: Object, template: Object, call: "Call") -> tuple[str, ...]:
    """Return the machines that earlier attempts ran on, where the next one runs elsewhere."""
    affinity = lookup(template, "retryStrategy", "affinity", default={})
    if not call.attempt or "nodeAntiAffinity" not in affinity:
        return ()
    retried = node["name"].removesuffix(naming.attempt_name("", call.attempt))
    earlier = (
        machine.tree.find(naming.attempt_name(retried, number)) for number in range(call.attempt)
    )
    hosts = (str(one["hostNodeName"]) for one in earlier if one and one.get("hostNodeName"))
    return tuple(dict.fromkeys(hosts))


def _artifacts(machine: "Machine", node: Object, template: Object) -> ArtifactWork:
    """Return what has to be done about the artifacts of a node. Raises ``NodeError``."""
    repository = machine.definitions.repositories.own
    performed = is_ours(template)
    keeps_logs = not performed and archives_logs(machine.spec, template, repository)
    stated = any(lookup(template, place, "artifacts") for place in ("inputs", "outputs"))
    if not (stated or performed or keeps_logs):
        return ArtifactWork()
    variables = {
        **machine.globals,
        **input_variables(template.get("inputs") or {}, {}),
        "node.name": node["name"],
        "pod.name": pod_target(machine, node).name,
    }
    archive = archive_of(template, repository, variables)
    if performed:
        return ArtifactWork(inputs=artifacts.own_inputs_of(template, archive))
    return ArtifactWork(
        inputs=artifacts.inputs_of(template, archive),
        outputs=artifacts.outputs_of(template, archive),
        logs=artifacts.logs_of(archive) if keeps_logs else None,
    )


def _address(pod: Object) -> str | None:
    address = (pod.get("status") or {}).get("podIP")
    return str(address) if address else None


def failures(machine: "Machine") -> list[Object]:
    """Return what ``workflow.failures`` lists: the leaves that went wrong."""
    return [
        {
            "displayName": node["displayName"],
            "message": node.get("message", ""),
            "templateName": template_name(node),
            "phase": node["phase"],
            "podName": pod_target(machine, node).name,
            "finishedAt": node.get("finishedAt"),
        }
        for node in machine.tree.nodes.values()
        if node["type"] in WITH_POD and is_wrong(node) and not naming.is_exiting(node["name"])
    ]
