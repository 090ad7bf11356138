"""Comparison: what an application wants beside what there is.

A resource is out of sync when applying it would change a field that it declares, when it is
missing, or when nothing declares it any more (the reference, Argo CD sections 2.1 and 6).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from ruleengine.environments.annotations import (
    Hook,
    annotations,
    compare_options,
    hook_of,
    sync_wave,
)
from ruleengine.environments.ignoring import without_ignored
from ruleengine.environments.problems import SHARED, Problem
from ruleengine.environments.specification import Specification
from ruleengine.environments.targets import Desired
from ruleengine.environments.tracking import describes_itself, read_tracking
from ruleengine.model.actions import Target
from ruleengine.model.names import ORIGIN
from ruleengine.model.values import Object

_KEPT = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
"""What the server keeps in the metadata of an object."""


class SyncStatus(StrEnum):
    """Whether the live state is what the source declares."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


class Merge(Protocol):
    """Tells what an apply of ours would make of a live object, without trying it."""

    def __call__(self, live: Object, desired: Object, /) -> tuple[Object, Object]:
        """Return the object before and after the apply, both in one form where they differ.

        Where they do not, both are the very same.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of an application: wanted, live, or both.

    ``counts`` tells whether it weighs in the verdict on the application.
    """

    target: Target
    desired: Desired | None = None
    live: Object | None = field(default=None, repr=False)
    status: SyncStatus = SyncStatus.SYNCED
    hook: Hook | None = None
    counts: bool = True

    @property
    def clean(self) -> bool:
        """Whether an apply would change nothing."""
        return self.status is SyncStatus.SYNCED

    @property
    def requires_pruning(self) -> bool:
        """Whether the resource lives and nothing declares it any more."""
        return self.desired is None and self.hook is None

    @property
    def wave(self) -> int:
        """The sync wave that the resource itself asks for."""
        if self.desired is not None:
            return self.desired.wave
        return sync_wave(self.live or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every resource of an application, sorted, with the verdict on all of them."""

    resources: tuple[Resource, ...]
    status: SyncStatus
    problems: tuple[Problem, ...] = ()

    def only(self, resources: Sequence[Resource]) -> "Comparison":
        """Return the comparison of some of the resources."""
        return replace(self, resources=tuple(resources), status=_verdict(resources))

    @property
    def out_of_sync(self) -> tuple[Resource, ...]:
        """The resources that make the application out of sync."""
        return tuple(one for one in self.resources if one.counts and not one.clean)

    @property
    def to_prune(self) -> tuple[Resource, ...]:
        """The live resources that nothing declares any more."""
        return tuple(one for one in self.resources if one.requires_pruning)


def compare(
    desired: Sequence[Desired],
    live: Mapping[Target, Object],
    specification: Specification,
    key: str,
    merge: Merge,
) -> Comparison:
    """Return the comparison of wanted and live objects of one application.

    ``live`` holds the objects under every wanted target and all those that say they belong
    to the application (``key``).
    """
    by_identity = {_identity(target): (target, value) for target, value in live.items()}
    resources: list[Resource] = []
    problems: list[Problem] = []
    for one in desired:
        found = by_identity.pop(_identity(one.target), None)
        resource = _wanted(one, found[1] if found else None, specification, merge)
        resources.append(resource)
        problems.extend(_shared(resource, key))
    resources.extend(
        _unwanted(target, value)
        for target, value in by_identity.values()
        if describes_itself(value)
    )
    ordered = tuple(sorted(resources, key=lambda one: _identity(one.target)))
    return Comparison(resources=ordered, status=_verdict(ordered), problems=tuple(problems))


def _verdict(resources: Iterable[Resource]) -> SyncStatus:
    drifted = any(one.counts and not one.clean for one in resources)
    return SyncStatus.OUT_OF_SYNC if drifted else SyncStatus.SYNCED


def _identity(target: Target) -> tuple[str, str, str, str]:
    """Return what names an object in every version of its group."""
    return (target.group, target.kind, target.namespace, target.name)


def _wanted(
    one: Desired, live: Object | None, specification: Specification, merge: Merge
) -> Resource:
    """Return the resource of a target; hooks are listed and never compared."""
    if one.hook is not None:
        return Resource(target=one.target, desired=one, live=live, hook=one.hook, counts=False)
    status = SyncStatus.OUT_OF_SYNC
    if live is not None and not differs(live, one.object, specification, merge):
        status = SyncStatus.SYNCED
    return Resource(target=one.target, desired=one, live=live, status=status)


def _unwanted(target: Target, live: Object) -> Resource:
    """Return the resource of a live object that nothing declares any more."""
    hook = hook_of(live)
    extraneous = "IgnoreExtraneous" in compare_options(live)
    return Resource(
        target=target,
        live=live,
        status=SyncStatus.SYNCED if hook else SyncStatus.OUT_OF_SYNC,
        hook=hook,
        counts=hook is None and not extraneous,
    )


def differs(live: Object, desired: Object, specification: Specification, merge: Merge) -> bool:
    """Tell whether applying ``desired`` would change a field of ``live`` that counts."""
    live, merged = merge(live, desired)
    if live is merged:
        return False
    ignored = specification.ignore_differences
    return comparable(without_ignored(merged, ignored)) != comparable(
        without_ignored(live, ignored)
    )


def comparable(value: Object) -> Object:
    """Return an object without what the server keeps: status, versions and ownership.

    Where an object stands in its file does not count either: a line more is no drift.
    """
    kept = {name: one for name, one in (value.get("metadata") or {}).items() if name not in _KEPT}
    noted = {name: one for name, one in annotations(value).items() if name != ORIGIN}
    metadata = {**kept, "annotations": noted}
    rest = {name: one for name, one in value.items() if name not in ("metadata", "status")}
    return {**rest, "metadata": metadata}


def _shared(resource: Resource, key: str) -> Iterable[Problem]:
    """Yield the warning that a wanted object belongs to another application already."""
    tracking = read_tracking(resource.live or {})
    if tracking and tracking.application not in ("", key) and describes_itself(resource.live or {}):
        yield Problem(
            type=SHARED,
            code="environment-object-shared",
            message=f"{resource.target} also belongs to application {tracking.application}",
        )
