"""The tasks of a sync: one for each resource and phase, in the order they are done.

The reference, Argo CD sections 3.2 and 3.3.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from ruleengine.apimachinery.ordering import ARGO_ORDER
from ruleengine.environments.annotations import (
    PHASE_RANK,
    Hook,
    SyncPhase,
    sync_options,
)
from ruleengine.environments.comparison import Comparison, Resource
from ruleengine.environments.operations import OperationState, read_moment
from ruleengine.environments.specification import Specification
from ruleengine.environments.targets import Desired, with_metadata
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Refusal
from ruleengine.model.values import Object, Value, lookup

KIND_RANK = {kind: rank for rank, kind in enumerate(ARGO_ORDER)}
"""What is applied first within a wave, by the name of the kind alone; others come last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do in a sync.

    ``desired`` is absent for a prune. ``skip`` says why a prune is left out; ``held`` that it
    waits for a human. ``clean`` means that the live object is as wanted already; ``refusal``
    says why the server refused the last write of it.
    """

    phase: SyncPhase
    wave: int
    target: Target
    desired: Desired | None = None
    live: Object | None = field(default=None, repr=False)
    hook: Hook | None = None
    clean: bool = False
    skip: str = ""
    held: bool = False
    options: frozenset[str] = frozenset()
    refusal: Refusal | None = None

    @property
    def prunes(self) -> bool:
        """Whether the task removes an object."""
        return self.desired is None

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What the task's result is found by."""
        one = self.target
        return (one.group, one.kind, one.namespace, one.name, str(self.phase))

    @property
    def step(self) -> tuple[int, int]:
        """Phase and wave: tasks of one step are done together."""
        return (PHASE_RANK[self.phase], self.wave)


def make_tasks(
    comparison: Comparison,
    specification: Specification,
    state: OperationState,
    find: Callable[[Target], Object | None],
    *,
    approved: bool,
) -> tuple[Task, ...]:
    """Return the tasks of an operation in order.

    ``approved`` tells whether a human approved deletions since the operation started, and
    ``find`` looks up live objects: hooks with made-up names and the destination namespace.
    """
    chosen = _chosen(comparison.resources, state)
    partial = bool(state.sync.get("resources"))
    hooks = not partial and lookup(state.sync, "syncStrategy", "apply") is None
    tasks = [_apply(one, specification) for one in chosen if one.desired and one.hook is None]
    if hooks:
        for one in chosen:
            tasks.extend(_hooks(one, specification, state, find))
    prunes = [
        _prune(one, specification, state, approved=approved)
        for one in chosen
        if one.requires_pruning
    ]
    tasks.extend(_mirror(prunes, tasks, specification))
    if not partial:
        tasks.extend(_namespace(tasks, specification, find))
    if "ApplyOutOfSyncOnly=true" in specification.options | _options(state):
        known = {one.key for one in state.results}
        tasks = [one for one in tasks if one.hook or not one.clean or one.key in known]
    return _ordered(tasks)


_NONE: frozenset[str] = frozenset()


def _is_list(value: Value) -> TypeGuard[list[Value]]:
    return isinstance(value, list)


def _options(state: OperationState) -> frozenset[str]:
    """Return the sync options that the operation itself carries."""
    found = state.sync.get("syncOptions")
    return frozenset(one for one in found if isinstance(one, str)) if _is_list(found) else _NONE


def _chosen(resources: Iterable[Resource], state: OperationState) -> list[Resource]:
    """Return the resources that the operation is about."""
    listed = state.sync.get("resources")
    entries = [one for one in listed if isinstance(one, dict)] if _is_list(listed) else []
    if not entries:
        return list(resources)
    return [one for one in resources if any(_means(entry, one.target) for entry in entries)]


def _means(entry: Object, target: Target) -> bool:
    """Tell whether an entry of an operation's ``resources`` names a target."""
    named = tuple(str(entry.get(name) or "") for name in ("group", "kind", "name"))
    place = entry.get("namespace") or target.namespace
    return named == (target.group, target.kind, target.name) and place == target.namespace


def _apply(one: Resource, specification: Specification) -> Task:
    """Return the task that applies an ordinary resource."""
    assert one.desired is not None  # noqa: S101 - the caller chose those with one
    return Task(
        phase=SyncPhase.SYNC,
        wave=one.wave,
        target=one.desired.target,
        desired=one.desired,
        live=one.live,
        clean=one.clean,
        options=specification.options | sync_options(one.desired.object) | sync_options(one.live),
    )


def _hooks(
    one: Resource,
    specification: Specification,
    state: OperationState,
    find: Callable[[Target], Object | None],
) -> Iterable[Task]:
    """Yield one task for each phase of a hook."""
    if one.desired is None or one.hook is None:
        return
    for phase in one.hook.phases:
        desired, live = one.desired, one.live
        if desired.generated:
            desired = _named(desired, state, phase)
            live = find(desired.target)
        yield Task(
            phase=phase,
            wave=desired.wave,
            target=desired.target,
            desired=desired,
            live=live,
            hook=one.hook,
            options=specification.options | sync_options(desired.object),
        )


def _named(desired: Desired, state: OperationState, phase: SyncPhase) -> Desired:
    """Return a hook with the name that this operation gives it."""
    started = int(read_moment(state.started_at).timestamp())
    suffix = f"{state.revision[:7]}-{phase}-{started}".lower()
    value = with_metadata(desired.object, name=f"{desired.generated}{suffix}")
    return replace(desired, object=value, target=Target.of(value))


def _prune(
    one: Resource, specification: Specification, state: OperationState, *, approved: bool
) -> Task:
    """Return the task that removes a resource, or says why it stays."""
    own = sync_options(one.live)
    skip = ""
    if not state.sync.get("prune"):
        skip = "pruning is off"
    elif "Prune=false" in own or (
        "Prune=false" in specification.options and "Prune=confirm" not in own
    ):
        skip = "the sync option Prune=false keeps it"
    confirm = "Prune=confirm" in own | specification.options
    return Task(
        phase=SyncPhase.SYNC,
        wave=one.wave,
        target=one.target,
        live=one.live,
        skip=skip,
        held=confirm and not approved and not skip,
        options=specification.options | own,
    )


def _mirror(
    prunes: Sequence[Task], tasks: Sequence[Task], specification: Specification
) -> list[Task]:
    """Return prune tasks in mirrored waves: what came up last goes first."""
    waves = sorted({one.wave for one in prunes})
    mirrored = dict(zip(waves, reversed(waves), strict=True))
    highest = max((one.wave for one in tasks if one.phase is SyncPhase.SYNC), default=0)
    last = 1 + max(0, highest, *waves)
    late = "PruneLast=true"
    return [
        replace(
            one,
            wave=last
            if late in one.options or late in specification.options
            else mirrored[one.wave],
        )
        for one in prunes
    ]


def _namespace(
    tasks: Sequence[Task],
    specification: Specification,
    find: Callable[[Target], Object | None],
) -> Iterable[Task]:
    """Yield the task that creates the destination namespace; it is not tracked."""
    name = specification.destination_namespace
    target = Target("v1", "Namespace", "", name)
    declared = any(one.target == target for one in tasks)
    if "CreateNamespace=true" not in specification.options or declared or not name:
        return
    live = find(target)
    wanted = specification.managed_namespace_metadata or {}
    metadata: Object = {"name": name}
    present = live is not None
    for field_name in ("labels", "annotations"):
        entries = wanted.get(field_name)
        if isinstance(entries, dict) and entries:
            metadata[field_name] = entries
            found = lookup(live, "metadata", field_name, default={})
            present = present and entries.items() <= found.items()
    value: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    yield Task(
        phase=SyncPhase.PRE_SYNC,
        wave=0,
        target=target,
        desired=Desired(target=target, object=value),
        live=live,
        clean=present,
    )


def _ordered(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Return tasks by phase, wave, kind and name, each before those that need it."""
    ordered = sorted(
        tasks,
        key=lambda one: (
            *one.step,
            KIND_RANK.get(one.target.kind, len(KIND_RANK)),
            one.target.name,
            one.target.namespace,
        ),
    )
    for needed in [one for one in ordered if not one.prunes and _provides(one)]:
        first = next((one for one in ordered if _needs(one, needed)), None)
        if first and ordered.index(first) < ordered.index(needed):
            position = ordered.index(first)
            ordered.remove(needed)
            ordered.insert(position, replace(needed, phase=first.phase, wave=first.wave))
    return tuple(ordered)


def _provides(one: Task) -> bool:
    return one.target.kind in ("Namespace", "CustomResourceDefinition")


def _needs(one: Task, needed: Task) -> bool:
    """Tell whether a task's object cannot exist before that of another one."""
    if one.prunes or one is needed:
        return False
    if needed.target.kind == "Namespace":
        return one.target.namespace == needed.target.name
    spec = lookup(needed.desired.object if needed.desired else {}, "spec", default={})
    return (one.target.group, one.target.kind) == (
        spec.get("group"),
        lookup(spec, "names", "kind"),
    )
