"""Deleting an application together with what it manages (the reference, section 10).

The finalizer decides: with it, everything goes first, the highest wave before the others;
without it the objects stay.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from ruleengine.environments.annotations import (
    DELETION_APPROVED,
    annotations,
    keeps_on_deletion,
    sync_options,
    sync_wave,
)
from ruleengine.environments.operations import read_moment
from ruleengine.environments.specification import Specification
from ruleengine.environments.tracking import describes_itself
from ruleengine.environments.writing import delete
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import DONE, Decision, Next, Stop
from ruleengine.model.names import ENVIRONMENTS_MANAGER
from ruleengine.model.values import Object, lookup

FINALIZER = "resources-finalizer.argocd.argoproj.io"
_FINALIZERS = {
    FINALIZER: "Foreground",
    f"{FINALIZER}/foreground": "Foreground",
    f"{FINALIZER}/background": "Background",
}


def decide_deletion(
    value: Object, specification: Specification, tracked: Sequence[Object]
) -> Decision:
    """Return what to do about an application that is being deleted."""
    finalizers = [str(one) for one in lookup(value, "metadata", "finalizers", default=[])]
    ours = [one for one in finalizers if one in _FINALIZERS]
    if not ours:
        return Decision(next=DONE)
    objects = [one for one in tracked if _goes(one, value, specification)]
    leaving = [one for one in objects if lookup(one, "metadata", "deletionTimestamp")]
    if leaving:
        return Decision(next=_on(leaving))
    unapproved = [one for one in objects if _needs_approval(one, value, specification)]
    if unapproved:
        message = f"a human has to approve the deletion of {Target.of(unapproved[0])}"
        return Decision(next=Next(stop=Stop.FOR, message=message))
    if objects:
        highest = max(sync_wave(one) for one in objects)
        wave = [one for one in objects if sync_wave(one) == highest]
        propagation = _FINALIZERS[ours[0]]
        reason = f"application {specification.name} is being deleted"
        actions = [delete(Target.of(one), one, reason, propagation, highest) for one in wave]
        return Decision(actions=tuple(actions), next=_on(wave))
    kept = [one for one in finalizers if one not in _FINALIZERS]
    return Decision(actions=(_without_finalizers(value, kept),))


def approved_since(value: Object, moment: datetime) -> bool:
    """Tell whether a human approved deletions of an application at ``moment`` or later."""
    text = annotations(value).get(DELETION_APPROVED)
    return isinstance(text, str) and read_moment(text) >= moment


def _goes(one: Object, value: Object, specification: Specification) -> bool:
    """Tell whether an object goes with its application."""
    target = Target.of(one)
    return (
        describes_itself(one)
        and target.kind != "CustomResourceDefinition"
        and target != Target.of(value)
        and not keeps_on_deletion(one, specification.options)
    )


def _needs_approval(one: Object, value: Object, specification: Specification) -> bool:
    since = read_moment(str(lookup(value, "metadata", "deletionTimestamp", default="")))
    asks = "Delete=confirm" in sync_options(one) | specification.options
    return asks and not approved_since(value, since)


def _on(objects: Iterable[Object]) -> Next:
    targets = tuple(Target.of(one) for one in objects)
    return Next(stop=Stop.ON, targets=targets, message="waiting until its objects are deleted")


def _without_finalizers(value: Object, kept: Sequence[str]) -> Action:
    """Return the action that lets the application go."""
    return Action(
        verb=Verb.PATCH,
        target=Target.of(value),
        manager=ENVIRONMENTS_MANAGER,
        object={"metadata": {"finalizers": list(kept)}},
        resource_version=str(lookup(value, "metadata", "resourceVersion", default="")),
        reason="everything that the application managed is deleted",
    )
