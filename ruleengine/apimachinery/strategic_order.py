"""In which order the items of a list stand after a strategic merge.

Items that a patch names come in its order, items that only the server has in theirs. Where
the two meet, the live list decides, as far as it knows both (reference, Kubernetes API
section 6, ``$setElementOrder``).
"""

from collections.abc import Hashable, Sequence

from ruleengine.apimachinery.list_items import hashable
from ruleengine.apimachinery.schema import Schema
from ruleengine.model.values import Value


def name_of(item: Value, schema: Schema) -> Hashable:
    """Return what tells an item of a merging list from others: its merge key, or itself."""
    key = schema.merge_key
    return hashable(item.get(key) if key and isinstance(item, dict) else item)


def in_order(
    items: list[Value], order: Sequence[Value], live: Sequence[Value], schema: Schema
) -> list[Value]:
    """Return the items of a merged list in the order in which they are stored.

    ``order`` names the items of the patch, as items of their own; ``live`` is the list
    before the patch.
    """
    listed = _positions(order, schema)
    before = _positions(live, schema)
    named = [(name_of(item, schema), item) for item in items]
    mine = sorted((one for one in named if one[0] in listed), key=lambda one: listed[one[0]])
    others = [one for one in named if one[0] not in listed]
    others.sort(key=lambda one: before.get(one[0], len(before)))
    placed: list[Value] = []
    at = 0
    for name, item in mine:
        place = before.get(name)
        while place is not None and at < len(others):
            other = before.get(others[at][0])
            if other is None or other > place:
                break
            placed.append(others[at][1])
            at += 1
        placed.append(item)
    return placed + [item for _, item in others[at:]]


def _positions(items: Sequence[Value], schema: Schema) -> dict[Hashable, int]:
    """Return where each name stands; of several the first place counts."""
    found: dict[Hashable, int] = {}
    for number, item in enumerate(items):
        found.setdefault(name_of(item, schema), number)
    return found
