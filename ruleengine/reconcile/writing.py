"""Writing one action: the request it stands for, tried again where that can help.

Together with the executor and the inventory store this is the only code that writes.
"""

from collections.abc import Callable
from dataclasses import field, replace
from datetime import datetime

from ruleengine.cluster.client import Client, Written
from ruleengine.cluster.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
)
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.actions import Action, Change, Outcome, PlannedAction, Result, Verb
from ruleengine.model.decisions import Refusal
from ruleengine.model.errors import UnreachableError
from ruleengine.model.immutable import immutable
from ruleengine.model.values import Object, lookup

RULES = "rules"
"""The area of what the rules ask for."""

STORE_FULL = 507
"""The status with which a server says that it has no room left."""

_FINAL = frozenset({400, 405, 406, 413, 415, 422})
"""What is wrong with the request itself: the server will not think otherwise of it later."""

_FORBIDDEN = 403
_MAY_CHANGE = ("exceeded quota", "status unknown for quota", "cannot ", "being terminated")
"""What a refusal says that may not stand: others use up what there is, or rights are missing."""

_TRIED = (Change.CREATE, Change.UPDATE, Change.DELETE)
"""What is tried in any case."""

_CONFLICTS = 4
"""How often a write is repeated after a conflict over the object's version."""


def _is_final(error: ApiError) -> bool:
    """Tell whether a server will say the same later: what a policy forbids, it goes on forbidding.

    Argo waits for room in a quota, too. Where rights are missing it gives up, and we do not.
    """
    if error.status == _FORBIDDEN:
        return not any(words in error.message for words in _MAY_CHANGE)
    return error.status in _FINAL


@immutable(frozen=True, slots=True, kw_only=True)
class Done:
    """The outcome of an action, and the object as the server has it now (``None``: gone).

    ``refusal`` says why the server refused it, if it did.
    """

    outcome: Outcome
    object: Object | None = field(default=None, repr=False)
    refusal: Refusal | None = None


class Writer:
    """Performs single actions against one API server. Safe to use from several threads."""

    def __init__(self, client: Client, retrying: Retrying | None = None) -> None:
        self._client = client
        self._retrying = retrying or Retrying()

    def perform(self, planned: PlannedAction) -> Done:
        """Perform one planned action; failures are outcomes, never exceptions.

        Raises ``UnreachableError`` only where no server answers at all, or where it cannot
        store anything more: nothing else can be performed then either.
        """
        if planned.change not in _TRIED:
            match planned.change:
                case Change.UNCHANGED:
                    return _done(planned, Result.UNCHANGED, planned.message)
                case Change.REFUSED:
                    done = _done(planned, Result.REFUSED, planned.message)
                    return replace(done, refusal=Refusal(planned.message, final=True))
                case Change.WAITING if self._client.kind(*_kind(planned.action)) is None:
                    return _done(planned, Result.WAITING, planned.message)
        try:
            return self._try(planned)
        except ConflictError as error:
            return _conflict(planned, error)
        except ApiError as error:
            if error.status == STORE_FULL:
                raise store_full(error) from error
            done = _done(planned, Result.FAILED, f"{error.message} ({error.remedy})")
            return replace(done, refusal=Refusal(error.message, _is_final(error)))

    def _try(self, planned: PlannedAction) -> Done:
        action = planned.action
        for attempt in range(1, _CONFLICTS):
            try:
                return self._write(planned)
            except AlreadyExistsError:
                found = self._client.get(action.target)
                if found is not None:
                    return _done(planned, Result.UNCHANGED, "it exists already", found)
            except ConflictError as error:
                if error.managers or action.resource_version or action.uid:
                    raise
            self._retrying.sleep(self._retrying.pause(attempt))
        return self._write(planned)

    def _write(self, planned: PlannedAction) -> Done:
        action, client = planned.action, self._client
        value = action.object or {}
        match action.verb:
            case Verb.APPLY:
                known = self._version(planned)
                written = client.apply(value, action.manager, force=action.force, known=known)
            case Verb.STATUS:
                written = client.status_patch(
                    action.target,
                    value.get("status", {}),
                    action.manager,
                    resource_version=action.resource_version,
                    metadata=value.get("metadata"),
                )
            case Verb.CREATE | Verb.EVENT:
                written = client.create(value, action.manager)
            case Verb.REPLACE:
                return self._replace(planned)
            case Verb.PATCH:
                written = client.merge_patch(
                    action.target, _conditional(value, action), action.manager
                )
            case Verb.DELETE:
                return self._delete(planned)
        return _written(planned, written)

    def _version(self, planned: PlannedAction) -> str:
        """Return the version of an object that somebody else may have written since the plan.

        What reconcilers ask for is decided under a lease on what was seen just before.
        """
        if planned.area != RULES:
            return ""
        live = self._client.get(planned.action.target)
        return str(lookup(live, "metadata", "resourceVersion", default=""))

    def _replace(self, planned: PlannedAction) -> Done:
        """Replace the object that is there now, or create it."""
        action, client = planned.action, self._client
        live = client.get(action.target)
        if live is None:
            return _written(planned, client.create(action.object or {}, action.manager))
        version = action.resource_version or lookup(live, "metadata", "resourceVersion")
        metadata = {**(action.object or {}).get("metadata", {}), "resourceVersion": version}
        value = {**(action.object or {}), "metadata": metadata}
        return _written(planned, client.replace(value, action.manager))

    def _delete(self, planned: PlannedAction) -> Done:
        action = planned.action
        answer = self._client.delete(
            action.target,
            propagation=action.propagation,
            uid=action.uid,
            resource_version=action.resource_version,
        )
        if answer is None:
            return _done(planned, Result.UNCHANGED, "it was gone already")
        if answer.get("kind") == action.target.kind and lookup(
            answer, "metadata", "deletionTimestamp"
        ):
            return _done(planned, Result.DELETED, "it is on its way out", answer, 1)
        return _done(planned, Result.DELETED, writes=1)


Clock = Callable[[], datetime]
"""Tells the time."""


def _kind(action: Action) -> tuple[str, str]:
    return action.target.api_version, action.target.kind


def _conditional(patch: Object, action: Action) -> Object:
    """Return a patch with the preconditions of its action."""
    if not (action.resource_version or action.uid):
        return patch
    metadata = dict(patch.get("metadata") or {})
    if action.resource_version:
        metadata["resourceVersion"] = action.resource_version
    if action.uid:
        metadata["uid"] = action.uid
    return {**patch, "metadata": metadata}


def _written(planned: PlannedAction, written: Written) -> Done:
    if not written.changed:
        return _done(planned, Result.UNCHANGED, "it is so already", written.object)
    if written.created:
        return _done(planned, Result.CREATED, "", written.object, 1)
    return _done(planned, Result.UPDATED, planned.message, written.object, 1)


def _conflict(planned: PlannedAction, error: ConflictError) -> Done:
    if planned.action.verb is Verb.DELETE:
        text = "another object of that name has taken its place"
        return _done(planned, Result.SKIPPED, text)
    if error.managers:
        text = f"fields are owned by {', '.join(error.managers)}"
        return _done(planned, Result.CONFLICT, text)
    return _done(planned, Result.CONFLICT, error.message)


def _done(
    planned: PlannedAction,
    result: Result,
    message: str = "",
    value: Object | None = None,
    writes: int = 0,
) -> Done:
    outcome = Outcome(planned=planned, result=result, message=message, writes=writes)
    return Done(outcome=outcome, object=value)


def skipped(planned: PlannedAction, why: str) -> Outcome:
    """Return the outcome of an action that was not tried."""
    return Outcome(planned=planned, result=Result.SKIPPED, message=why)


def unreachable(planned: PlannedAction, error: UnreachableError) -> Outcome:
    """Return the outcome of an action for which no server answered."""
    return Outcome(planned=planned, result=Result.FAILED, message=error.message)


def store_full(error: ApiError) -> UnreachableError:
    """Return the error that ends a run whose server has no room to store anything more."""
    return UnreachableError(
        f"the server cannot store anything more: {error.message}",
        "make room where the server keeps its state, then run the command again",
    )
