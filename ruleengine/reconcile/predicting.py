"""What a write would make of a live object: computed, never tried.

Planning compares with it, the overlay of a world shows it, and the executor leaves out
what it says would change nothing.
"""

from collections.abc import Callable
from dataclasses import field
from typing import Final

from ruleengine.apimachinery import structured_merge
from ruleengine.apimachinery.declared import UndeclaredError
from ruleengine.apimachinery.defaulting import fold_texts
from ruleengine.apimachinery.normalising import normalise
from ruleengine.apimachinery.patches import merge_patch
from ruleengine.apimachinery.schema import Schema
from ruleengine.apimachinery.structured_merge import Conflict
from ruleengine.model.actions import Action, Change, Verb
from ruleengine.model.immutable import immutable
from ruleengine.model.values import Object, lookup

SERVER_KEPT: Final = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
"""Fields of the metadata that only the server writes."""

Schemas = Callable[[str, str], Schema]
"""Tells the schema of a kind by its API version and name."""


@immutable(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What an action would change, and the object as it would be (``None``: it is gone).

    ``conflicts`` are fields of other managers in the way; ``problem`` says why the server
    would refuse the write.
    """

    change: Change
    object: Object | None = field(default=None, repr=False)
    message: str = ""
    conflicts: tuple[Conflict, ...] = ()
    problem: str = ""


def prepare(value: Object, schema: Schema) -> Object:
    """Return a desired object in the form in which it is sent and compared.

    Values get their canonical form, ``stringData`` of a Secret is folded into ``data`` (the
    server keeps it there), and what only the server writes is taken out.
    """
    if not SERVER_KEPT.isdisjoint(value.get("metadata") or SERVER_KEPT):
        value = comparable(value)
    if schema.has_status and "status" in value:
        value = {name: one for name, one in value.items() if name != "status"}
    return normalise(_folded(value), schema)


def predict(
    action: Action, live: Object | None, schemas: Schemas, now: str, *, owners: bool = True
) -> Predicted:
    """Return what ``action`` would make of ``live`` (``None``: the object does not exist).

    ``now`` is an RFC 3339 time for new entries of ``managedFields``; without ``owners`` a new
    object has none.
    """
    match action.verb:  # what is asked for most comes first
        case Verb.APPLY | Verb.REPLACE:
            schema = schemas(*_kind(action))
            if live is None and not owners:
                return _creation(action, schema)
            return _apply(action, live, schema, now)
        case Verb.DELETE:
            return _delete(action, live, now)
        case Verb.PATCH | Verb.STATUS:
            return _patch(action, live)
        case Verb.CREATE | Verb.EVENT:
            if live is not None:
                return Predicted(change=Change.UNCHANGED, object=live)
            return Predicted(change=Change.CREATE, object=action.object)


def _kind(action: Action) -> tuple[str, str]:
    return action.target.api_version, action.target.kind


def _apply(action: Action, live: Object | None, schema: Schema, now: str) -> Predicted:
    try:
        applied = structured_merge.apply(
            live,
            action.object or {},
            manager=action.manager,
            schema=schema,
            now=now,
            force=action.force or action.verb is Verb.REPLACE,
        )
    except UndeclaredError as error:
        return _undeclared(live, error)
    if live is None:
        return Predicted(change=Change.CREATE, object=applied.object)
    return _applied(action, live, applied)


def _creation(action: Action, schema: Schema) -> Predicted:
    try:
        made = structured_merge.creation(action.object or {}, schema)
    except UndeclaredError as error:
        return _undeclared(None, error)
    return Predicted(change=Change.CREATE, object=made)


def _undeclared(live: Object | None, error: UndeclaredError) -> Predicted:
    change = Change.CREATE if live is None else Change.UPDATE
    return Predicted(change=change, object=live, problem="; ".join(error.problems))


def comparable(value: Object) -> Object:
    """Return an object without what only the server writes."""
    metadata = value.get("metadata") or {}
    kept = {name: one for name, one in metadata.items() if name not in SERVER_KEPT}
    return {**value, "metadata": kept}


def _applied(action: Action, live: Object, applied: structured_merge.Applied) -> Predicted:
    if applied.object is live:
        return Predicted(change=Change.UNCHANGED, object=live)
    if comparable(applied.object) != comparable(live):
        return Predicted(change=Change.UPDATE, object=applied.object, conflicts=applied.conflicts)
    if action.verb is Verb.REPLACE:
        return Predicted(change=Change.UNCHANGED, object=live)
    return Predicted(change=Change.UPDATE, object=applied.object, message="takes ownership")


def _delete(action: Action, live: Object | None, now: str) -> Predicted:
    if live is None:
        return Predicted(change=Change.UNCHANGED, message="it is gone already")
    uid = lookup(live, "metadata", "uid", default="")
    if action.uid and uid and action.uid != uid:
        text = "another object of that name has taken its place"
        return Predicted(change=Change.UNCHANGED, object=live, message=text)
    if lookup(live, "metadata", "deletionTimestamp"):
        return Predicted(change=Change.UNCHANGED, object=live, message="it is on its way out")
    if lookup(live, "metadata", "finalizers"):
        metadata = {**live["metadata"], "deletionTimestamp": now}
        return Predicted(change=Change.DELETE, object={**live, "metadata": metadata})
    return Predicted(change=Change.DELETE)


def _patch(action: Action, live: Object | None) -> Predicted:
    if live is None:
        return Predicted(change=Change.WAITING, message="the object to patch does not exist")
    patched = merge_patch(live, action.object or {})
    if comparable(patched) == comparable(live):
        return Predicted(change=Change.UNCHANGED, object=live)
    return Predicted(change=Change.UPDATE, object=patched)


def _folded(value: Object) -> Object:
    secret = value.get("kind") == "Secret" and value.get("apiVersion") == "v1"
    return fold_texts(value) if secret else value
