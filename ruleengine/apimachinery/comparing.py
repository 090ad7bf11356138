"""Comparing what is desired with what lives, in the one form in which servers store things.

The local control plane brings what it stores into :func:`stored_form`; the engine compares
both sides in it, so that a default, another spelling of a quantity or a zero that nobody
writes never shows as drift. Most objects have not drifted: :func:`is_settled` finds that
out in a single walk, without computing what an apply would make of them.
"""

from typing import Final

from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.field_sets import same
from ruleengine.apimachinery.list_items import item_step
from ruleengine.apimachinery.managed_fields import APPLY, managed_fields_of
from ruleengine.apimachinery.normalising import normalise
from ruleengine.apimachinery.quantities import same_quantity
from ruleengine.apimachinery.schema import Scalar, Schema, Shape
from ruleengine.apimachinery.tries import SELF, Trie
from ruleengine.model.values import Object, Value, lookup

_ABSENT: Final = object()
_IGNORED: Final = ("status",)


def stored_form(value: Object, schema: Schema) -> Object:
    """Return an object with its defaults and in canonical form; itself if it is so already."""
    return normalise(default(value), schema)


def is_settled(live: Object, desired: Object, *, manager: str, schema: Schema) -> bool:
    """Tell whether an apply of ``desired`` by ``manager`` would surely change nothing.

    That holds where live has everything that is desired, items in the same order, and the
    manager owns nothing beside it. ``False`` only means that it takes a closer look.
    Status is left out where it is a subresource, and so is what the server keeps in the
    metadata, unless it is desired.
    """
    wanted = default(desired)
    if schema.has_status:
        wanted = {name: one for name, one in wanted.items() if name not in _IGNORED}
    return _settled(live, wanted, _owned(live, manager), schema)


def _owned(live: Object, manager: str) -> Trie:
    entries = managed_fields_of(live)
    for entry in entries if isinstance(entries, list) else ():
        mine = lookup(entry, "manager") == manager and lookup(entry, "operation") == APPLY
        if mine and not entry.get("subresource"):
            fields = entry.get("fieldsV1")
            return fields if isinstance(fields, dict) else {}
    return {}


def _settled(live: Value, wanted: Value, owned: Trie, schema: Schema) -> bool:
    """Tell whether ``wanted`` is part of ``live`` and covers what is owned."""
    if live is wanted or schema.atomic:
        return same(live, wanted)
    if isinstance(wanted, dict):
        return isinstance(live, dict) and _objects(live, wanted, owned, schema)
    if isinstance(wanted, list) and schema.shape is Shape.LIST:
        return isinstance(live, list) and _lists(live, wanted, owned, schema)
    return _same_scalar(live, wanted, schema)


def _same_scalar(live: Value, wanted: Value, schema: Schema) -> bool:
    if schema.scalar is Scalar.QUANTITY:
        return same_quantity(live, wanted)
    return same(live, wanted)


def _objects(live: Object, wanted: Object, owned: Trie, schema: Schema) -> bool:
    for step in owned:
        if step != SELF and step[2:] not in wanted:
            return False
    child = schema.child
    for name, inner in wanted.items():
        before = live.get(name, _ABSENT)
        if type(inner) is str and before == inner:
            continue
        if before is _ABSENT:
            if inner is not None and (inner or not _is_left_out(child(name))):
                return False
        elif not _settled(before, inner, owned.get("f:" + name) or {}, child(name)):
            return False
    return True


def _is_left_out(schema: Schema) -> bool:
    """Tell whether a server leaves the field out where it is zero or empty."""
    return schema.drops_zero or (schema.always_present and not schema.atomic)


def _lists(live: list[Value], wanted: list[Value], owned: Trie, schema: Schema) -> bool:
    element = schema.element
    places: dict[str, int] = {}
    for number, item in enumerate(live):
        places[item_step(item, schema)] = number
    if len(places) != len(live):
        return False
    last, steps = -1, set()
    for item in wanted:
        step = item_step(item, schema)
        place = places.get(step, -1)
        if place <= last or not _settled(live[place], item, owned.get(step) or {}, element):
            return False
        last = place
        steps.add(step)
    return all(step in steps or step == SELF for step in owned)
