"""``artifactGC``: artifacts that are deleted when their workflow is over, or when it goes.

As Argo does it (reference, Workflows 14): a finalizer keeps a workflow until its artifacts are
gone; pods delete them, with the rights that are named for that; tasks tell the pods which, and
hold what became of each. What could not be deleted is a condition of the workflow.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.names import ARGO_API_VERSION, ARGO_WORKFLOW, PIPELINES_MANAGER
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.artifacts import Archive, whole_location
from ruleengine.pipelines.executing import EXECUTOR, dressed, executor_container
from ruleengine.pipelines.locations import location_of, without_location
from ruleengine.pipelines.mounting import StoreAccess
from ruleengine.pipelines.naming import fnv1a
from ruleengine.pipelines.patching import patched
from ruleengine.pipelines.phases import NodeType
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.repositories import Around, Repositories

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

FINALIZER: Final = "workflows.argoproj.io/artifact-gc"
COLLECTS: Final = "workflows.argoproj.io/artifact-gc-pod"
CONDITION: Final = "ArtifactGCError"
_AT_END: Final = "OnWorkflowCompletion"
_AT_DELETION: Final = "OnWorkflowDeletion"
_SHORT: Final = {_AT_END: "wfcomp", _AT_DELETION: "wfdel"}
_MOST: Final = 200
"""How many artifacts one task names: an object must not become too large."""

_LONGEST: Final = 220


def guard(machine: "Machine") -> Iterator[Action]:
    """Yield the patch that keeps a workflow until its artifacts are gone, if any are to go."""
    finalizers = machine.value["metadata"].get("finalizers") or []
    if FINALIZER in finalizers:
        return
    if "collects" not in machine.memo:
        machine.memo["collects"] = _stated(machine.spec)
    if machine.memo["collects"] or any(map(_stated_in, machine.definitions.stored.values())):
        yield _patch(machine.value, {"metadata": {"finalizers": [*finalizers, FINALIZER]}})


def _stated(spec: Object) -> bool:
    if lookup(spec, "artifactGC", "strategy") in _SHORT:
        return True
    return any(_stated_in(one) for one in spec.get("templates") or ())


def _stated_in(template: Object) -> bool:
    listed = lookup(template, "outputs", "artifacts", default=())
    return any(lookup(one, "artifactGC", "strategy") in _SHORT for one in listed)


def _patch(value: Object, change: Object) -> Action:
    return Action(
        verb=Verb.PATCH,
        target=Target.of(value),
        manager=PIPELINES_MANAGER,
        object=change,
        reason="artifactGC",
    )


def beside(decision: Decision, value: Object, world: World, around: Around) -> Decision:
    """Return the decision about a workflow that is over, with the deletion of its artifacts."""
    found = _collect(value, world, around, (_AT_END,))
    actions = (*decision.actions, *found.actions)
    if found.waits_for:
        message = "waiting until its artifacts are deleted"
        following = Next(stop=Stop.ON, targets=found.waits_for, message=message)
        if decision.next.time is not None:
            following = replace(following, time=decision.next.time)
        return replace(decision, actions=actions, status=found.status, next=following)
    return replace(decision, actions=actions, status=found.status)


def decide_deletion(value: Object, world: World, around: Around) -> Decision:
    """Return the decision about a workflow that is being deleted: its artifacts go first."""
    finalizers = lookup(value, "metadata", "finalizers", default=[])
    if FINALIZER not in finalizers:
        return Decision()
    found = _collect(value, world, around, (_AT_END, _AT_DELETION))
    if found.waits_for:
        message = "waiting until its artifacts are deleted"
        following = Next(stop=Stop.ON, targets=found.waits_for, message=message)
        return Decision(actions=found.actions, status=found.status, next=following)
    if found.problem and not _spec(value, "forceFinalizerRemoval"):
        message = (
            f"artifacts could not be deleted: {found.problem}; "
            "set artifactGC.forceFinalizerRemoval to let the workflow go without"
        )
        following = Next(stop=Stop.FOR, message=message)
        return Decision(actions=found.actions, status=found.status, next=following)
    left = [one for one in finalizers if one != FINALIZER]
    release = _patch(value, {"metadata": {"finalizers": left}})
    return Decision(actions=(*found.actions, release), next=DONE)


def _spec(value: Object, name: str) -> Any:
    """Return a field of a workflow's own ``artifactGC``, or of the template it was made of."""
    own = lookup(value, "spec", "artifactGC", name)
    if own is not None:
        return own
    return lookup(value, "status", "storedWorkflowTemplateSpec", "artifactGC", name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is to be done, what is waited for, and the status where it is another."""

    actions: tuple[Action, ...] = ()
    waits_for: tuple[Target, ...] = ()
    status: Object | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Artifacts that one pod deletes, by node and name; all have whole locations."""

    name: str
    strategy: str
    account: str
    metadata: Object
    artifacts: tuple[tuple[str, Object], ...]


def _collect(value: Object, world: World, around: Around, strategies: tuple[str, ...]) -> _Found:
    status = value.get("status") or {}
    done = lookup(status, "artifactGCStatus", "strategiesProcessed", default={})
    open_ = tuple(one for one in strategies if not done.get(one))
    try:
        groups = list(_groups(value, world, around, open_))
    except NodeError as error:
        return _Found(problem=str(error), status=_with_condition(status, str(error)))
    actions: list[Action] = []
    awaited: list[Target] = []
    results: dict[tuple[str, str], str] = {}
    for group in groups:
        task = world.get(_task_target(value, group))
        told = _results(task, group) if task is not None else {}
        if len(told) == len(group.artifacts):
            results |= told
            continue
        problem = _problem(world, _task_target(value, group), _pod_target(value, group))
        if problem:
            results |= {(node, one["name"]): problem for node, one in group.artifacts} | told
            continue
        awaited += [_task_target(value, group), _pod_target(value, group)]
        actions += _begun(value, world, group, around)
    if awaited:
        return _Found(actions=tuple(actions), waits_for=tuple(awaited))
    if not open_ or not (groups or _has_finalizer(value)):
        return _Found(problem=_known_problem(status))
    return _finished(status, open_, results)


def _has_finalizer(value: Object) -> bool:
    return FINALIZER in lookup(value, "metadata", "finalizers", default=())


def _known_problem(status: Object) -> str:
    listed = status.get("conditions") or ()
    return next((str(one.get("message")) for one in listed if one.get("type") == CONDITION), "")


def _finished(
    status: Object,
    strategies: Iterable[str],
    results: dict[tuple[str, str], str],
) -> _Found:
    """Return the end of a collection: what is gone is marked, what is not is a condition."""
    gone: dict[str, set[str]] = {}
    for (node_id, artifact), said in results.items():
        if not said:
            gone.setdefault(node_id, set()).add(artifact)
    nodes = {
        name: _marked(node, gone.get(name, set()))
        for name, node in (status.get("nodes") or {}).items()
    }
    wrong = [f"{node}/{name}: {said}" for (node, name), said in sorted(results.items()) if said]
    processed = lookup(status, "artifactGCStatus", "strategiesProcessed", default={})
    noted = {**processed, **dict.fromkeys(strategies, True)}
    collected = {**(status.get("artifactGCStatus") or {}), "strategiesProcessed": noted}
    changed: Object = {**status, "nodes": nodes, "artifactGCStatus": collected}
    problem = "; ".join(wrong) or _known_problem(status)
    if wrong:
        changed = _with_condition(changed, problem)
    return _Found(status=changed, problem=problem)


def _with_condition(status: Object, message: str) -> Object:
    kept = [one for one in status.get("conditions") or () if one.get("type") != CONDITION]
    return {
        **status,
        "conditions": [*kept, {"type": CONDITION, "status": "True", "message": message}],
    }


def _marked(node: Object, gone: set[str]) -> Object:
    listed = lookup(node, "outputs", "artifacts", default=())
    if not gone or not listed:
        return node
    marked = [{**one, "deleted": True} if one["name"] in gone else one for one in listed]
    return {**node, "outputs": {**node["outputs"], "artifacts": marked}}


def _groups(
    value: Object, world: World, around: Around, strategies: tuple[str, ...]
) -> Iterator[_Group]:
    """Yield the artifacts to be deleted, by who deletes them. Raises ``NodeError``."""
    found: dict[tuple[str, str, str], list[tuple[str, Object]]] = {}
    metadata: dict[tuple[str, str, str], Object] = {}
    archive = _archive(value, world, around)
    for node, one in _artifacts(value):
        own = one.get("artifactGC") or {}
        strategy = str(own.get("strategy") or _spec(value, "strategy") or "")
        if strategy not in strategies:
            continue
        account = str(own.get("serviceAccountName") or _spec(value, "serviceAccountName") or "")
        marks = own.get("podMetadata") or _spec(value, "podMetadata") or {}
        key = (strategy, account, str(sorted(marks.items())))
        whole = {**without_location(one), **whole_location(one, archive)}
        found.setdefault(key, []).append((node, whole))
        metadata[key] = marks
    for key, listed in sorted(found.items()):
        for start in range(0, len(listed), _MOST):
            yield _Group(
                name=_name(value, key, start),
                strategy=key[0],
                account=key[1],
                metadata=metadata[key],
                artifacts=tuple(listed[start : start + _MOST]),
            )


def _archive(value: Object, world: World, around: Around) -> Archive | None:
    spec = lookup(value, "status", "storedWorkflowTemplateSpec") or value["spec"]
    repository = Repositories(value, spec, world, around).own
    return None if repository is None else Archive(location=repository.location)


def _artifacts(value: Object) -> Iterator[tuple[str, Object]]:
    """Yield the artifacts that pods made, with the ids of their nodes."""
    for name, node in sorted(lookup(value, "status", "nodes", default={}).items()):
        if node.get("type") != NodeType.POD:
            continue
        for one in lookup(node, "outputs", "artifacts", default=()):
            if location_of(one) and not one.get("deleted"):
                yield name, one


def _name(value: Object, key: tuple[str, str, str], start: int) -> str:
    workflow = value["metadata"]["name"]
    digest = fnv1a("/".join((*key, str(start), str(value["metadata"].get("uid", "")))))
    return f"{workflow[:_LONGEST]}-artgc-{_SHORT[key[0]]}-{digest}"


def _task_target(value: Object, group: _Group) -> Target:
    namespace = value["metadata"].get("namespace", "")
    return Target(ARGO_API_VERSION, "WorkflowArtifactGCTask", namespace, group.name)


def _pod_target(value: Object, group: _Group) -> Target:
    return Target("v1", "Pod", value["metadata"].get("namespace", ""), group.name)


def _results(task: Object, group: _Group) -> dict[tuple[str, str], str]:
    """Return what became of each artifact: empty where it is gone, else why it is not."""
    told = lookup(task, "status", "artifactResultsByNode", default={})
    found = {}
    for node, one in group.artifacts:
        result = lookup(told, node, "artifactResults", one["name"])
        if result is not None:
            said = "" if result.get("success") else str(result.get("error") or "it failed")
            found[node, str(one["name"])] = said
    return found


def _problem(world: World, task: Target, target: Target) -> str:
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


def _begun(value: Object, world: World, group: _Group, around: Around) -> Iterator[Action]:
    """Yield the creation of a task and of its pod, as far as they are not there."""
    for target, made in (
        (_task_target(value, group), _task(value, group)),
        (_pod_target(value, group), dressed(_pod(value, group), around.executor)),
    ):
        if world.get(target) is None:
            yield Action(
                verb=Verb.CREATE,
                target=target,
                manager=PIPELINES_MANAGER,
                object=made,
                reason=f"artifactGC {group.strategy}",
            )


def _metadata(value: Object, group: _Group) -> Object:
    metadata = value["metadata"]
    return {
        "name": group.name,
        "namespace": metadata.get("namespace", ""),
        "labels": {ARGO_WORKFLOW: metadata["name"], COLLECTS: group.strategy},
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


def _task(value: Object, group: _Group) -> Object:
    by_node: dict[str, Object] = {}
    for node, one in group.artifacts:
        by_node.setdefault(node, {"artifacts": {}})["artifacts"][one["name"]] = one
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "WorkflowArtifactGCTask",
        "metadata": _metadata(value, group),
        "spec": {"artifactsByNode": by_node},
    }


def _pod(value: Object, group: _Group) -> Object:
    access = StoreAccess(location_of(one) for _, one in group.artifacts)
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
    if group.account:
        spec["serviceAccountName"] = group.account
    patch = _spec(value, "podSpecPatch")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **metadata,
            "labels": {**(group.metadata.get("labels") or {}), **metadata["labels"]},
            "annotations": group.metadata.get("annotations") or {},
        },
        "spec": patched(spec, {"podSpecPatch": patch}, {}),
    }
