"""Pods that delete artifacts, the tasks that tell them which, and what became of each.

A pod and its task have the same name, which follows from what they do: whoever decides again
comes to the same ones.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import World
from ruleengine.model.digests import fnv1a
from ruleengine.model.names import ARGO_API_VERSION, ARGO_WORKFLOW, PIPELINES_MANAGER, RETRIES
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.drivers import Driver, container_of, drivers_of, patient
from ruleengine.pipelines.executing import EXECUTOR, dressed, executor_container
from ruleengine.pipelines.locations import location_of
from ruleengine.pipelines.mounting import StoreAccess
from ruleengine.pipelines.patching import patched
from ruleengine.pipelines.repositories import Around

COLLECTS: Final = "workflows.argoproj.io/artifact-gc-pod"
AT_END: Final = "OnWorkflowCompletion"
AT_DELETION: Final = "OnWorkflowDeletion"
_SHORT: Final = {AT_END: "wfcomp", AT_DELETION: "wfdel"}
_LONGEST: Final = 220
_SILENCE: Final = timedelta(minutes=1)
_RESOURCES: Final = {
    "requests": {"cpu": "50m", "memory": "64Mi"},
    "limits": {"cpu": "1", "memory": "512Mi"},
}
"""What a pod asks for where the settings state nothing, as quotas may want to know.

Argo states it too; the libraries of stores want more memory than its 64Mi.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Artifacts that one pod deletes, by node; all have whole locations.

    ``way`` is their ``artifactGC``, that of the artifacts over that of the workflow.
    """

    name: str
    way: Object
    artifacts: tuple[tuple[str, Object], ...]


def name_of(value: Object, strategy: str, what: str) -> str:
    """Return the name of a task and its pod: a workflow that is retried has others the next time.

    ``what`` tells those of one workflow apart.
    """
    metadata = value["metadata"]
    retries = lookup(metadata, "annotations", RETRIES, default="")
    digest = fnv1a("/".join((what, str(metadata.get("uid", "")), str(retries))).encode())
    return f"{metadata['name'][:_LONGEST]}-artgc-{_SHORT[strategy]}-{digest}"


def task_target(value: Object, group: Group) -> Target:
    """Return where the task of a group is."""
    namespace = value["metadata"].get("namespace", "")
    return Target(ARGO_API_VERSION, "WorkflowArtifactGCTask", namespace, group.name)


def pod_target(value: Object, group: Group) -> Target:
    """Return where the pod of a group is."""
    return Target("v1", "Pod", value["metadata"].get("namespace", ""), group.name)


def results_of(task: Object, group: Group) -> dict[tuple[str, str], str]:
    """Return what became of each artifact: empty where it is gone, else why it is not."""
    told = lookup(task, "status", "artifactResultsByNode", default={})
    found = {}
    for node, one in group.artifacts:
        result = lookup(told, node, "artifactResults", one["name"])
        if result is not None:
            said = "" if result.get("success") else str(result.get("error") or "it failed")
            found[node, str(one["name"])] = said
    return found


def problem_of(world: World, task: Target, target: Target) -> str:
    """Return why a pod did not delete anything, or cannot be made; empty while it may."""
    for what, one in (("task", task), ("pod", target)):
        refusal = world.refusal(one)
        if refusal is not None and refusal.final:
            return f"its {what} was refused: {refusal.message}"
    pod = world.get(target)
    if pod is None or lookup(pod, "status", "phase") != "Failed":
        return ""
    for one in lookup(pod, "status", "containerStatuses", default=()):
        said = lookup(one, "state", "terminated", "message")
        if said:
            return str(said)
    return str(lookup(pod, "status", "message") or "its pod failed")


def reports_until(pod: Object | None) -> datetime | None:
    """Return until when a pod that succeeded may be silent of some of its artifacts.

    What it wrote into its task may be seen after its end. ``None`` is for one that goes on.
    """
    if lookup(pod, "status", "phase") != "Succeeded":
        return None
    ends = [
        parse_time(str(at))
        for one in lookup(pod, "status", "containerStatuses", default=())
        if (at := lookup(one, "state", "terminated", "finishedAt"))
    ]
    began = parse_time(str(lookup(pod, "metadata", "creationTimestamp")))
    return max(ends, default=began) + _SILENCE


def begun(value: Object, world: World, group: Group, around: Around) -> Iterator[Action]:
    """Yield the creation of a task and of its pod, as far as they are not there.

    Raises ``NodeError`` for a ``podSpecPatch`` that is none, and for an artifact plugin that nobody
    knows.
    """
    targets = task_target(value, group), pod_target(value, group)
    if all(world.get(one) is not None for one in targets):
        return
    access = StoreAccess(location_of(one) for _, one in group.artifacts)
    drivers = drivers_of(world, around.control_namespace, access.plugins)
    bare = _pod(value, group, access, drivers)
    pod = dressed(bare, {"resources": _RESOURCES, **around.executor})
    for target, made in zip(targets, (_task(value, group, drivers), pod), strict=True):
        if world.get(target) is None:
            yield Action(
                verb=Verb.CREATE,
                target=target,
                manager=PIPELINES_MANAGER,
                object=made,
                reason=f"artifactGC {group.way['strategy']}",
            )


def _metadata(value: Object, group: Group) -> Object:
    metadata = value["metadata"]
    return {
        "name": group.name,
        "namespace": metadata.get("namespace", ""),
        "labels": {ARGO_WORKFLOW: metadata["name"], COLLECTS: group.way["strategy"]},
        "ownerReferences": [
            {
                "apiVersion": value["apiVersion"],
                "kind": value["kind"],
                "name": metadata["name"],
                "uid": metadata.get("uid", ""),
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }


def _task(value: Object, group: Group, drivers: Iterable[Driver]) -> Object:
    by_node: dict[str, Object] = {}
    known = {one.name: one for one in drivers}
    for node, one in group.artifacts:
        driver = known.get(str(lookup(one, "plugin", "name")))
        stated = one if driver is None else patient(one, driver)
        by_node.setdefault(node, {"artifacts": {}})["artifacts"][one["name"]] = stated
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "WorkflowArtifactGCTask",
        "metadata": _metadata(value, group),
        "spec": {"artifactsByNode": by_node},
    }


def _pod(value: Object, group: Group, access: StoreAccess, drivers: Iterable[Driver]) -> Object:
    plan = {
        "node": group.name,
        "workflow": value["metadata"]["name"],
        "directory": EXECUTOR,
        "tasks": [group.name],
    }
    metadata = _metadata(value, group)
    spec: Object = {
        "restartPolicy": "Never",
        "containers": [executor_container("main", "collect", plan, access.mounts())],
        "volumes": list(access.volumes()),
    }
    if beside := [container_of(one) for one in drivers]:
        spec["initContainers"] = beside
    if account := group.way.get("serviceAccountName"):
        spec["serviceAccountName"] = account
    marks = group.way.get("podMetadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **metadata,
            "labels": {**(marks.get("labels") or {}), **metadata["labels"]},
            "annotations": marks.get("annotations") or {},
        },
        "spec": patched(spec, group.way, {}),
    }
