"""``artifactGC``: artifacts that are deleted when their workflow is over, or when it goes.

As Argo does it (reference, Workflows 14): a finalizer keeps a workflow until its artifacts are
gone; pods delete them, with the rights that are named for that; tasks tell the pods which, and
hold what became of each. What could not be deleted is a condition of the workflow, and an Event.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ruleengine.formats.json_text import dumps
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Decision, Next, Stop, World
from ruleengine.model.event_objects import warning_about
from ruleengine.model.names import PIPELINES_MANAGER
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.artifacts import Archive, whole_location
from ruleengine.pipelines.collectors import (
    AT_DELETION,
    AT_END,
    Group,
    begun,
    name_of,
    pod_target,
    problem_of,
    reports_until,
    results_of,
    task_target,
)
from ruleengine.pipelines.locations import location_of, without_location
from ruleengine.pipelines.merging import over
from ruleengine.pipelines.phases import NodeType
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.repositories import Around, Repositories
from ruleengine.pipelines.spec_tags import of_ended

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

FINALIZER: Final = "workflows.argoproj.io/artifact-gc"
CONDITION: Final = "ArtifactGCError"
_EVENT: Final = "ArtifactGCFailed"
_STRATEGIES: Final = (AT_END, AT_DELETION)
_MOST: Final = 200
"""How many artifacts one task names: an object must not become too large."""


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
    if lookup(spec, "artifactGC", "strategy") in _STRATEGIES:
        return True
    return any(_stated_in(one) for one in spec.get("templates") or ())


def _stated_in(template: Object) -> bool:
    listed = lookup(template, "outputs", "artifacts", default=())
    return any(lookup(one, "artifactGC", "strategy") in _STRATEGIES for one in listed)


def _patch(value: Object, change: Object) -> Action:
    return Action(
        verb=Verb.PATCH,
        target=Target.of(value),
        manager=PIPELINES_MANAGER,
        object=change,
        reason="artifactGC",
    )


def beside(
    decision: Decision, value: Object, world: World, now: datetime, around: Around
) -> Decision:
    """Return the decision about a workflow that is over, with the deletion of its artifacts.

    As soon as nothing is left to delete, nothing keeps the workflow any more.
    """
    found = _collect(value, world, now, around, (AT_END,))
    actions = (*decision.actions, *found.actions)
    if found.waits_for:
        times = [one for one in (found.until, decision.next.time) if one is not None]
        following = replace(_waiting(found), time=min(times, default=None))
        return replace(decision, actions=actions, status=found.status, next=following)
    if FINALIZER in _finalizers(value) and _is_released(value, found) and not _waits(value):
        actions = (*actions, replace(_released(value), late=True))
    return replace(decision, actions=actions, status=found.status, events=_events(value, found))


def decide_deletion(value: Object, world: World, now: datetime, around: Around) -> Decision:
    """Return the decision about a workflow that is being deleted: its artifacts go first."""
    if FINALIZER not in _finalizers(value):
        return Decision()
    found = _collect(value, world, now, around, _STRATEGIES)
    if found.waits_for:
        return Decision(actions=found.actions, next=_waiting(found))
    if not _is_released(value, found):
        message = (
            f"artifacts could not be deleted: {found.problem}; "
            "set artifactGC.forceFinalizerRemoval to let the workflow go without"
        )
        following = Next(stop=Stop.FOR, message=message)
        return Decision(status=found.status, events=_events(value, found), next=following)
    return Decision(actions=(_released(value),), events=_events(value, found), next=DONE)


def _waiting(found: "_Found") -> Next:
    message = "waiting until its artifacts are deleted"
    return Next(stop=Stop.ON, targets=found.waits_for, time=found.until, message=message)


def _events(value: Object, found: "_Found") -> tuple[Object, ...]:
    """Return what people are told of artifacts that could not be deleted, as Argo tells them."""
    return (warning_about(value, _EVENT, found.problem),) if found.status and found.problem else ()


def _finalizers(value: Object) -> list[str]:
    found: list[str] = lookup(value, "metadata", "finalizers", default=[])
    return found


def _is_released(value: Object, found: "_Found") -> bool:
    return not found.problem or bool(_stated_by(value).get("forceFinalizerRemoval"))


def _waits(value: Object) -> bool:
    """Tell whether artifacts are to go with their workflow."""
    return any(True for _ in _due(value, (AT_DELETION,)))


def _released(value: Object) -> Action:
    left = [one for one in _finalizers(value) if one != FINALIZER]
    return _patch(value, {"metadata": {"finalizers": left}})


def _stated_by(value: Object) -> Object:
    """Return the ``artifactGC`` of a workflow, over that of the template it was made of."""
    stored = lookup(value, "status", "storedWorkflowTemplateSpec", "artifactGC")
    return over(lookup(value, "spec", "artifactGC") or {}, stored or {})


def _own(artifact: Object) -> Object:
    """Return what an artifact says otherwise than its workflow."""
    return {key: stated for key, stated in (artifact.get("artifactGC") or {}).items() if stated}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is to be done, what is waited for and until when, and the status where it is another."""

    actions: tuple[Action, ...] = ()
    waits_for: tuple[Target, ...] = ()
    until: datetime | None = None
    status: Object | None = None
    problem: str = ""


def _collect(
    value: Object, world: World, now: datetime, around: Around, strategies: tuple[str, ...]
) -> _Found:
    """Return what is done about artifacts whose time has come; what is wrong is a condition."""
    try:
        return _collected(value, world, now, around, strategies)
    except NodeError as error:
        status = _with_condition(value.get("status") or {}, str(error))
        return _Found(problem=str(error), status=status)


def _collected(
    value: Object, world: World, now: datetime, around: Around, strategies: tuple[str, ...]
) -> _Found:
    status = value.get("status") or {}
    done = lookup(status, "artifactGCStatus", "strategiesProcessed", default={})
    open_ = tuple(one for one in strategies if not done.get(one))
    groups = list(_groups(value, world, around, open_))
    actions: list[Action] = []
    awaited: list[Target] = []
    until: list[datetime] = []
    results: dict[tuple[str, str], str] = {}
    for group in groups:
        task = world.get(task_target(value, group))
        told = results_of(task, group) if task is not None else {}
        if len(told) == len(group.artifacts):
            results |= told
            continue
        problem = problem_of(world, task_target(value, group), pod_target(value, group))
        latest = reports_until(world.get(pod_target(value, group)))
        if not problem and latest is not None and now >= latest:
            problem = "its pod ended without a word of it"
        if problem:
            results |= {(node, one["name"]): problem for node, one in group.artifacts} | told
            continue
        awaited += [task_target(value, group), pod_target(value, group)]
        until += () if latest is None else (latest,)
        actions += begun(value, world, group, around)
    if awaited:
        times = min(until, default=None)
        return _Found(actions=tuple(actions), waits_for=tuple(awaited), until=times)
    if not open_ or not (groups or FINALIZER in _finalizers(value)):
        return _Found(problem=_known_problem(status))
    return _finished(status, open_, results)


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
) -> Iterator[Group]:
    """Yield the artifacts to be deleted, by who deletes them. Raises ``NodeError``."""
    due = list(_due(value, strategies))
    if not due:
        return
    archive = _archive(value, world, around)
    usual = of_ended(_stated_by(value), value, world)
    found: dict[str, list[tuple[str, Object]]] = {}
    ways: dict[str, Object] = {}
    for node, one in due:
        way = over(_own(one), usual)
        whose = [way.get(name) for name in ("strategy", "serviceAccountName", "podMetadata")]
        key = dumps(whose, ordered=True)
        whole = {**without_location(one), **whole_location(one, archive)}
        found.setdefault(key, []).append((node, whole))
        ways[key] = way
    for key, listed in sorted(found.items()):
        for start in range(0, len(listed), _MOST):
            yield Group(
                name=name_of(value, ways[key]["strategy"], f"{key}/{start}"),
                way=ways[key],
                artifacts=tuple(listed[start : start + _MOST]),
            )


def _archive(value: Object, world: World, around: Around) -> Archive | None:
    spec = lookup(value, "status", "storedWorkflowTemplateSpec") or value["spec"]
    repository = Repositories(value, spec, world, around).own
    return None if repository is None else Archive(location=repository.location)


def _due(value: Object, strategies: tuple[str, ...]) -> Iterator[tuple[str, Object]]:
    """Yield the artifacts that go by one of some strategies, with the ids of their nodes."""
    usual = _stated_by(value)
    for node, one in _artifacts(value):
        if over(_own(one), usual).get("strategy") in strategies:
            yield node, one


def _artifacts(value: Object) -> Iterator[tuple[str, Object]]:
    """Yield the artifacts that pods made, with the ids of their nodes."""
    for name, node in sorted(lookup(value, "status", "nodes", default={}).items()):
        if node.get("type") != NodeType.POD:
            continue
        for one in lookup(node, "outputs", "artifacts", default=()):
            if location_of(one) and not one.get("deleted"):
                yield name, one
