"""Comparing what is desired with what lives, in the one form in which servers store things.

The local control plane brings what it stores into :func:`stored_form`; the engine compares
both sides in it, so that a default, another spelling of a quantity or a zero that nobody
writes never shows as drift. Most objects have not drifted, and the others in little:
:func:`foreseen` finds the differences in a single walk, and looks closer only at them.
"""

from typing import Final

from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.field_sets import fields_of_value
from ruleengine.apimachinery.giving_up import give_up
from ruleengine.apimachinery.managed_fields import (
    APPLY,
    Manager,
    managed_fields_of,
    without_managed_fields,
)
from ruleengine.apimachinery.merging import merge
from ruleengine.apimachinery.normalising import normalise, normalise_both
from ruleengine.apimachinery.schema import Schema
from ruleengine.apimachinery.structured_merge import managers_of
from ruleengine.apimachinery.tries import Trie
from ruleengine.model.values import Object, lookup

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
    filled = default(config)
    config = filled if config.get("kind") == _FOLDED else config
    merged, adds, gives_up = merge(live, config, _owned(live, manager), schema, filled=filled)
    if gives_up:
        merged = _without_given_up(merged, config, live, manager, schema)
    if merged is live:
        return live, live
    after = default(merged)
    # What a complete object becomes without anything new was complete already.
    before = live if after is merged and not adds else default(live)
    before, after = normalise_both(before, after, schema)
    return (live, live) if before is after else (before, after)


def _owned(live: Object, manager: str) -> Trie:
    """Return what a manager has applied, as it is written in the object."""
    entries = managed_fields_of(live)
    for entry in entries if isinstance(entries, list) else ():
        mine = lookup(entry, "manager") == manager and lookup(entry, "operation") == APPLY
        if mine and not entry.get("subresource"):
            fields = entry.get("fieldsV1")
            return fields if isinstance(fields, dict) else {}
    return {}


def _without_given_up(
    merged: Object, config: Object, live: Object, manager: str, schema: Schema
) -> Object:
    managers = managers_of(live, schema)
    mine = Manager(name=manager, operation=APPLY, api_version="", fields={})
    owned = managers.pop(mine.key, mine).fields
    others = [one.fields for one in managers.values()]
    return give_up(merged, owned, fields_of_value(config, schema) or {}, others, schema)
