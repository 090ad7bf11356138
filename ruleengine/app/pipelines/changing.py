"""Changing live objects as a verb says: read, decide, write, and again where others wrote."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from ruleengine.apimachinery.patches import make_merge_patch
from ruleengine.app.pipelines import finding
from ruleengine.app.pipelines.places import Place
from ruleengine.model.actions import Action, Result, Target, Verb
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.names import COMMANDS_MANAGER
from ruleengine.model.values import Object, lookup, version_of
from ruleengine.reconcile.commands import perform_command
from ruleengine.reconcile.engines import marked
from ruleengine.reconcile.writing import Done

_ATTEMPTS: Final = 10
"""How often a change is made anew because the object was written meanwhile."""

_GOOD: Final = (Result.CREATED, Result.UPDATED, Result.DELETED, Result.UNCHANGED)


def change(
    place: Place, name: str, verb: Callable[[Object], Object], kind: str = "Workflow"
) -> Object:
    """Bring a live object to what a verb makes of it; return it.

    Raises what the verb raises, ``UsageError`` for an unknown name, and ``FailedError`` where
    the server refuses it.
    """
    for _ in range(_ATTEMPTS):
        live = finding.live(place, kind, name)
        patch = make_merge_patch(live, _stored(place, live, verb(place.packing.unpack(live))))
        if not patch:
            return live
        done = perform(
            place,
            Action(
                verb=Verb.PATCH,
                target=Target.of(live),
                manager=COMMANDS_MANAGER,
                object=patch,
                resource_version=version_of(live),
            ),
        )
        if done.outcome.result is not Result.CONFLICT:
            return checked(done).object or live
    raise FailedError(
        f"{kind} {name} was changed by others again and again", "run the command once more"
    )


def _stored(place: Place, live: Object, changed: Object) -> Object:
    """Return a changed workflow as it is stored; what did not change stays as it is."""
    if "status" not in changed:
        return changed
    if changed["status"] == place.packing.unpack(live).get("status"):
        return {**changed, "status": live["status"]}
    return {**changed, "status": place.packing.pack(live, changed["status"])}


def create(place: Place, value: Object) -> Object:
    """Create a workflow, marked as ours where others act, too; return it.

    Raises ``FailedError`` where the server refuses it, ``UsageError`` where it is there.
    """
    created = create_new(place, value)
    if created is None:
        raise UsageError(
            f"there is a {value['kind']} {value['metadata']['name']} already",
            "choose another --name, or a --generate-name",
        )
    return created


def create_new(place: Place, value: Object) -> Object | None:
    """Create a workflow as :func:`create` does; ``None`` where there is one of its name."""
    if not (place.cluster.local or place.hands_over):
        value = marked(value)
    if "status" in value:
        value = {**value, "status": place.packing.pack(value, value["status"])}
    action = Action(
        verb=Verb.CREATE, target=Target.of(value), manager=COMMANDS_MANAGER, object=value
    )
    done = perform(place, action)
    if done.outcome.result is Result.UNCHANGED:
        return None
    return checked(done).object or value


def delete(place: Place, targets: Iterable[Target]) -> list[Object]:
    """Delete objects; return those that finalizers keep for now. Raises ``FailedError``."""
    kept = []
    for one in targets:
        action = Action(verb=Verb.DELETE, target=one, manager=COMMANDS_MANAGER)
        done = checked(perform(place, action))
        told_before = done.outcome.result is Result.UNCHANGED
        found = place.bare.client.get(one) if told_before else done.object
        if found is not None and lookup(found, "metadata", "finalizers"):
            kept.append(found)
    return kept


def perform(place: Place, action: Action) -> Done:
    """Perform one action of a person."""
    return perform_command(action, place.bare, now())


def checked(done: Done) -> Done:
    """Return what was done. Raises ``FailedError`` where it was not."""
    outcome = done.outcome
    if outcome.result in _GOOD:
        return done
    if outcome.result is Result.WAITING:
        raise FailedError(
            f"the cluster does not know the kind {outcome.planned.action.target.kind}",
            "with engine handover install Argo Workflows there; else apply once: ruleengine apply",
        )
    raise FailedError(
        f"{outcome.planned.action.target}: {outcome.message or outcome.result.value}",
        "look at the message; the API server refused the request",
    )


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
