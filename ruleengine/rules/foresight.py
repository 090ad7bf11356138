"""What can be told of an expression before there is any document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ruleengine.model.values import Value
from ruleengine.rules import sandbox
from ruleengine.rules.faults import SandboxFault
from ruleengine.rules.grammar import Tree

UNKNOWN: Final = object()
"""The value of an expression that depends on the document."""

_PLAIN_KINDS: Final = frozenset(
    {"binary", "compare", "const", "dict", "list", "not", "test", "text"}
)
_PLAIN_FILTERS: Final = frozenset(
    {
        *("as_list", "as_text", "derive_name", "digest", "fit_name", "flatten", "join", "length"),
        *("list", "only", "replace", "step_tags", "to_json", "without"),
    }
)


def yields_plain(tree: Tree) -> bool:
    """Tell whether an expression surely yields plain data and not ``omit``."""
    match tree:
        case ["filter", name, *_]:
            return name in _PLAIN_FILTERS
        case ["and" | "or", left, right]:
            return yields_plain(left) and yields_plain(right)
        case ["if", _, yes, no]:
            return no is not None and yields_plain(yes) and yields_plain(no)
    return tree[0] in _PLAIN_KINDS


def foreseen(tree: Tree, known: Callable[[str], Value]) -> Value:
    """Return what an expression always yields, or :data:`UNKNOWN`.

    ``known`` gives the value of a name, :data:`UNKNOWN` where it depends on the document.
    Only lists and their sums are looked at: the rules write their lists of keys so.
    """
    match tree:
        case ["const", value]:
            return value
        case ["name", word]:
            return known(word)
        case ["list", items]:
            values = [foreseen(item, known) for item in items]
            return UNKNOWN if any(one is UNKNOWN for one in values) else values
        case ["binary", "+", left, right]:
            return _sum(foreseen(left, known), foreseen(right, known))
    return UNKNOWN


def _sum(left: Any, right: Any) -> Value:
    if not (isinstance(left, list) and isinstance(right, list)):
        return UNKNOWN
    try:
        return sandbox.binary("+", left, right)
    except SandboxFault:
        return UNKNOWN  # to be told where it is evaluated
