"""The ReplicaSets of a rollout: found, told apart, created and scaled (reference, Rollouts 2).

New is the one that has the pod template of the spec; stable is the one that the status
names; the others are what is left of earlier releases. Creation and scaling are two shapes
of write: the second always declares the same fields, so that repeating it changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ruleengine.apimachinery.comparing import stored_form
from ruleengine.apimachinery.schema import schema_for
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import World
from ruleengine.model.names import ARGO_TRACKING, DOMAIN, ROLLOUTS_MANAGER
from ruleengine.model.values import Object, Value, lookup
from ruleengine.rollouts.arithmetic import Count
from ruleengine.rollouts.specification import Specification

API_VERSION: Final = "apps/v1"
KIND: Final = "ReplicaSet"
HASH: Final = "rollouts-pod-template-hash"
REVISION: Final = "rollout.argoproj.io/revision"
HISTORY: Final = "rollout.argoproj.io/revision-history"
DESIRED: Final = "rollout.argoproj.io/desired-replicas"

_NOT_COPIED: Final = (
    ARGO_TRACKING,
    DESIRED,
    HISTORY,
    REVISION,
    "kubectl.kubernetes.io/last-applied-configuration",
    "notified.notifications.argoproj.io",
)
"""Annotations that speak of the Rollout itself, and of no ReplicaSet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSet:
    """One ReplicaSet as it was observed."""

    object: Object = field(repr=False)

    @property
    def target(self) -> Target:
        """Which ReplicaSet it is."""
        return Target.of(self.object)

    @property
    def name(self) -> str:
        """Its name."""
        return self.target.name

    @property
    def hash(self) -> str:
        """The hash of its pod template, as its label says."""
        return str(lookup(self.object, "metadata", "labels", HASH, default=""))

    @property
    def created(self) -> tuple[str, int, str]:
        """By what it is ordered: when it was created, then its revision and name."""
        moment = str(lookup(self.object, "metadata", "creationTimestamp", default=""))
        return moment, self.revision, self.name

    @property
    def spec(self) -> int:
        """How many pods it is to have."""
        return int(lookup(self.object, "spec", "replicas", default=1))

    @property
    def count(self) -> Count:
        """How many pods it is to have, and how many are available."""
        return Count(spec=self.spec, available=self.status("availableReplicas"))

    @property
    def revision(self) -> int:
        """Which revision of the rollout it is; 0 if it does not say."""
        text = self.annotation(REVISION)
        return int(text) if text.isdecimal() else 0

    @property
    def is_observed(self) -> bool:
        """Whether its status tells of its present spec."""
        observed = lookup(self.object, "status", "observedGeneration")
        generation = lookup(self.object, "metadata", "generation")
        return observed is None or generation is None or observed >= generation

    def status(self, name: str) -> int:
        """Return a number of its status; 0 if it is not there."""
        return int(lookup(self.object, "status", name, default=0))

    def annotation(self, name: str) -> str:
        """Return an annotation; empty if it is not there."""
        return str(lookup(self.object, "metadata", "annotations", name, default=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSets:
    """The ReplicaSets of a rollout; ``others`` come newest revision first."""

    new: ReplicaSet | None
    stable: ReplicaSet | None
    others: tuple[ReplicaSet, ...] = ()

    @property
    def all(self) -> tuple[ReplicaSet, ...]:
        """Every one of them, once."""
        found = {one.name: one for one in (self.stable, self.new, *self.others) if one is not None}
        return tuple(found.values())

    @property
    def distinct_stable(self) -> ReplicaSet | None:
        """The stable one where it is not the new one too."""
        same = (
            self.new is not None and self.stable is not None and self.new.name == self.stable.name
        )
        return None if same else self.stable

    @property
    def revision(self) -> int:
        """The revision of the new one: one more than that of any older."""
        older = (one.revision for one in self.all if self.new is None or one.name != self.new.name)
        return max(older, default=0) + 1


def observe(
    value: Object, specification: Specification, stable_hash: str, world: World
) -> ReplicaSets:
    """Return the ReplicaSets that a rollout controls and that are not on their way out."""
    uid = str(lookup(value, "metadata", "uid", default=""))
    namespace = Target.of(value).namespace
    found = [
        ReplicaSet(object=one)
        for one in world.list(API_VERSION, KIND, namespace, ("owner", uid))
        if controller_uid(one) == uid and not lookup(one, "metadata", "deletionTimestamp")
    ]
    found.sort(key=lambda one: one.created)
    new = _find_new(found, specification)
    stable = next((one for one in found if stable_hash and one.hash == stable_hash), None)
    apart = {one.name for one in (new, stable) if one is not None}
    others = [one for one in found if one.name not in apart]
    others.sort(key=lambda one: (one.revision, one.created), reverse=True)
    return ReplicaSets(new=new, stable=stable, others=tuple(others))


def controller_uid(value: Object) -> str:
    """Return the uid of an object's controller; empty if it has none."""
    for one in lookup(value, "metadata", "ownerReferences", default=()):
        if one.get("controller"):
            return str(one.get("uid", ""))
    return ""


def _find_new(found: Sequence[ReplicaSet], specification: Specification) -> ReplicaSet | None:
    """Return the ReplicaSet of the template: by its hash, else by what the template means."""
    for one in found:
        if one.hash == specification.template_hash:
            return one
    if not found:
        return None
    wanted = _meaning(specification.template)
    return next(
        (one for one in found if _meaning(lookup(one.object, "spec", "template")) == wanted), None
    )


def _meaning(template: Value) -> Value:
    """Return a pod template as a server would store it, without the label of its hash."""
    metadata = lookup(template, "metadata", default={})
    labels = {name: one for name, one in (metadata.get("labels") or {}).items() if name != HASH}
    stripped = {**template, "metadata": {**metadata, "labels": labels}}
    value = {"apiVersion": API_VERSION, "kind": KIND, "spec": {"template": stripped}}
    stored = stored_form(value, schema_for(API_VERSION, KIND))
    found = {**stored["spec"]["template"]}
    pod = {name: one for name, one in found.get("spec", {}).items() if name != "serviceAccount"}
    kept = {
        name: one for name, one in found.get("metadata", {}).items() if name != "creationTimestamp"
    }
    return {"metadata": kept, "spec": pod}


def creation(value: Object, specification: Specification, revision: int) -> Action:
    """Return the action that creates the new ReplicaSet, with no pods yet.

    ``minReadySeconds`` comes with its first declaration, whose manager may take it away again.
    """
    owner = Target.of(value)
    pods = specification.template_hash
    template = specification.template
    metadata = lookup(template, "metadata", default={})
    labels = {**(metadata.get("labels") or {}), HASH: pods}
    selector = specification.selector
    matched = {**(selector.get("matchLabels") or {}), HASH: pods}
    spec: Object = {
        "replicas": 0,
        "selector": {**selector, "matchLabels": matched},
        "template": {**template, "metadata": {**metadata, "labels": labels}},
    }
    target = Target(API_VERSION, KIND, owner.namespace, f"{owner.name}-{pods}")
    return Action(
        verb=Verb.CREATE,
        target=target,
        manager=ROLLOUTS_MANAGER,
        object={
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {
                "name": target.name,
                "namespace": target.namespace,
                "labels": labels,
                "annotations": {
                    **_copied(value),
                    **_numbered(revision, specification.replicas, ""),
                },
                "ownerReferences": [_owner(value)],
            },
            "spec": spec,
        },
        reason=f"revision {revision}",
    )


def _copied(value: Object) -> Object:
    """Return the annotations of a rollout that its ReplicaSets take over."""
    found = lookup(value, "metadata", "annotations", default={})
    return {
        name: text
        for name, text in found.items()
        if name not in _NOT_COPIED and not name.startswith(f"{DOMAIN}/")
    }


def _numbered(revision: int, desired: int, history: str) -> Object:
    found = {REVISION: str(revision), DESIRED: str(desired)}
    return {**found, HISTORY: history} if history else found


def _owner(value: Object) -> Object:
    return {
        "apiVersion": value["apiVersion"],
        "kind": value["kind"],
        "name": lookup(value, "metadata", "name"),
        "uid": lookup(value, "metadata", "uid", default=""),
        "controller": True,
        "blockOwnerDeletion": True,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a ReplicaSet is to be: how many pods, which revision, of how many desired pods."""

    replicas: int
    revision: int
    desired: int
    history: str = ""
    min_ready: int = 0


def as_it_is(one: ReplicaSet) -> Wanted:
    """Return what a ReplicaSet is now, as something wanted."""
    desired = one.annotation(DESIRED)
    return Wanted(
        replicas=one.spec,
        revision=one.revision,
        desired=int(desired) if desired.isdecimal() else one.spec,
        history=one.annotation(HISTORY),
        min_ready=int(lookup(one.object, "spec", "minReadySeconds", default=0)),
    )


def declaration(one: ReplicaSet, wanted: Wanted) -> Action | None:
    """Return the action that makes a ReplicaSet what is wanted; ``None`` where it is that."""
    now = as_it_is(one)
    if wanted == now:
        return None
    if now.min_ready and not wanted.min_ready:
        return _without_min_ready(one)
    spec: Object = {"replicas": wanted.replicas}
    if wanted.min_ready:
        spec["minReadySeconds"] = wanted.min_ready
    moved = (
        f"from {now.replicas} to {wanted.replicas} pods" if wanted.replicas != now.replicas else ""
    )
    return Action(
        verb=Verb.APPLY,
        target=one.target,
        manager=ROLLOUTS_MANAGER,
        object={
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {
                "name": one.name,
                "namespace": one.target.namespace,
                "annotations": _numbered(wanted.revision, wanted.desired, wanted.history),
            },
            "spec": spec,
        },
        reason=moved or f"revision {wanted.revision}",
    )


def _without_min_ready(one: ReplicaSet) -> Action:
    """Return the action that takes a field away, whoever wrote it."""
    return Action(
        verb=Verb.PATCH,
        target=one.target,
        manager=ROLLOUTS_MANAGER,
        object={"spec": {"minReadySeconds": None}},
        reason="minReadySeconds was left out",
    )
