"""Comparing what is desired with what lives, in the one form in which servers store things.

The local control plane brings what it stores into :func:`stored_form`; the engine compares
both sides in it, so that a default, another spelling of a quantity or a zero that nobody
writes never shows as drift. Most objects have not drifted, and the others in little:
:func:`foreseen` finds the differences in a single walk, and looks closer only at them.
"""

from typing import Final

from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.field_sets import fields_within, has_fields
from ruleengine.apimachinery.giving_up import give_up
from ruleengine.apimachinery.list_items import canonical_step, steps_of
from ruleengine.apimachinery.managed_fields import (
    APPLY,
    Manager,
    ManagerKey,
    managed_fields_of,
    without_managed_fields,
)
from ruleengine.apimachinery.merging import merge
from ruleengine.apimachinery.normalising import normalise, normalise_both
from ruleengine.apimachinery.schema import Schema
from ruleengine.apimachinery.structured_merge import managers_of
from ruleengine.apimachinery.tries import MEMBER, FieldsError, Trie
from ruleengine.model.values import Object, Value, lookup

_FOLDED: Final = "Secret"
"""The kind of which a server stores other fields than people write."""


def stored_form(value: Object, schema: Schema, known: Object | None = None) -> Object:
    """Return an object with its defaults and in canonical form; itself if it is so already.

    ``known`` is so: what the object shares with it is not brought into form again.
    """
    return normalise(default(value), schema, known)


def foreseen(
    live: Object, desired: Object, *, manager: str, schema: Schema
) -> tuple[Object, Object]:
    """Return an object as it is and as an apply of ``desired`` by ``manager`` would make it.

    Both are in one form where they differ; ``live`` itself is returned twice where they do
    not. Conflicts are as if they were forced, status is left out where it is a subresource,
    and ownership is as it was. What a server would refuse shows as a difference; a list that
    has an item twice raises ``ValueError``.
    """
    config = without_managed_fields(desired)
    if schema.has_status and "status" in config:
        config = {name: inner for name, inner in config.items() if name != "status"}
    config = default(config) if config.get("kind") == _FOLDED else config
    owned = _owned(live, manager)
    try:
        merged, adds, gives_up, unsure = merge(live, config, owned, schema, ahead=True)
    except FieldsError:
        merged, adds, gives_up, unsure = merge(live, config, {}, schema, ahead=True)
    if gives_up is not None and (unsure or _claimed_by_others(live, owned, gives_up)):
        merged, adds, *_ = merge(live, config, owned, schema)
        gives_up = _where_claimed(gives_up, config, schema)
        claimed = fields_within(config, gives_up, schema) or {}
        managers = managers_of(live, schema, gives_up)
        merged = _without_given_up(merged, claimed, managers, manager, schema)
    if merged is live:
        return live, live
    after = default(merged)
    # What a complete object becomes without anything new was complete already.
    before = live if after is merged and not adds else default(live)
    before, after = normalise_both(before, after, schema)
    return (live, live) if before is after else (before, after)


def _owned(live: Object, manager: str) -> Trie:
    """Return what a manager has applied, as it is written in the object."""
    for entry in _entries(live):
        mine = lookup(entry, "manager") == manager and lookup(entry, "operation") == APPLY
        if mine and not entry.get("subresource"):
            fields = entry.get("fieldsV1")
            return fields if isinstance(fields, dict) else {}
    return {}


def _entries(live: Object) -> list[Value]:
    entries = managed_fields_of(live)
    return entries if isinstance(entries, list) else []


def _claimed_by_others(live: Object, owned: Trie, places: Trie) -> bool:
    """Tell whether anybody else may claim what lies in some places; books in doubt may."""
    written = (lookup(entry, "fieldsV1") for entry in _entries(live))
    try:
        return any(fields is not owned and _meets(fields, places) for fields in written)
    except FieldsError:
        return True


def _meets(fields: Value, places: Trie) -> bool:
    """Tell whether a set has members at the leaves of another or below."""
    if not places or not isinstance(fields, dict):
        return not places or bool(fields)
    for text, node in fields.items():
        step = text if text in places else canonical_step(text)
        if step in places and _meets(node, places[step]):
            return True
    return False


def _where_claimed(places: Trie, config: Value, schema: Schema) -> Trie:
    """Return places of which those are whole that lie where a configuration claims nothing."""
    if not places or not has_fields(config, schema):
        return MEMBER
    if isinstance(config, dict):
        inside = {"f:" + name: (inner, schema.child(name)) for name, inner in config.items()}
    else:
        steps = zip(steps_of(config, schema), config, strict=True)
        inside = {step: (item, schema.element) for step, item in steps}
    return {
        step: _where_claimed(below, *inside[step]) if below else MEMBER
        for step, below in places.items()
    }


def _without_given_up(
    merged: Object,
    claimed: Trie,
    managers: dict[ManagerKey, Manager],
    manager: str,
    schema: Schema,
) -> Object:
    mine = Manager(name=manager, operation=APPLY, api_version="", fields={})
    owned = managers.pop(mine.key, mine).fields
    return give_up(merged, owned, claimed, [one.fields for one in managers.values()], schema)
