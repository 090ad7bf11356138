"""What an applier gives up: the fields that it owned and no longer configures.

They leave the object unless somebody else claims them. This is the movement of server-side
apply that takes away (reference, Kubernetes API section 7, step 5), with the sets that the
upstream library computes, so that the same items and containers go and stay.
"""

from collections.abc import Iterable

from ruleengine.apimachinery import tries
from ruleengine.apimachinery.field_sets import fields_of_value
from ruleengine.apimachinery.merging import remove
from ruleengine.apimachinery.schema import Schema
from ruleengine.apimachinery.tries import MEMBER, SELF, Trie
from ruleengine.model.values import Object, Value


def give_up(
    merged: Object, owned_before: Trie, claimed: Trie, others: Iterable[Trie], schema: Schema
) -> Object:
    """Return ``merged`` without what the applier owned and nobody claims any more.

    A container that lost its last item is ``null`` there.

    ``claimed`` is what it claims now. First everything that it owned goes; then what
    somebody claims comes back, and with it whatever was not the applier's to take.
    """
    if not tries.difference(owned_before, claimed):
        return merged
    before = _with_named(owned_before, schema)
    managed = _with_named(tries.union_all([claimed, *others]), schema)
    everything = _fields(merged, schema)
    kept = tries.union(_fields(remove(merged, before, schema), schema), managed)
    owned_by_nobody = tries.difference(everything, kept)
    left = _fields(remove(merged, owned_by_nobody, schema), schema)
    gone = tries.intersection(tries.difference(everything, left), before)
    left_over: Object = remove(merged, gone, schema)
    return left_over


def _fields(value: Value, schema: Schema) -> Trie:
    return fields_of_value(value, schema, named=True) or {}


def _with_named(fields: Trie, schema: Schema) -> Trie:
    """Return a set in which the declared fields on the way to members are members too."""
    named: Trie = {}
    for step, node in tries.below(fields):
        if not node:
            named[step] = node
            continue
        by_name = step.startswith("f:")
        inner = _with_named(node, schema.child(step[2:]) if by_name else schema.element)
        member = SELF in node or (by_name and schema.declares(step[2:]))
        named[step] = {SELF: MEMBER, **inner} if member else inner
    return named
