"""Small edits of plain objects that share everything they leave alone.

Each returns the very object it was given where there is nothing to change, so that
callers can see by identity that nothing happened.
"""

from collections.abc import Callable
from operator import is_
from typing import TypeAlias

from ruleengine.model.values import Object, Value

Edit: TypeAlias = Callable[[Object], Object]
"""Turns an object into the same object, edited."""


def filled(value: Object, **defaults: Value) -> Object:
    """Return the object with fields added that it lacks or that are ``null``.

    A default of ``None`` is none.
    """
    filled = value
    for name, one in defaults.items():
        if value.get(name) is None and one is not None:
            filled = dict(value) if filled is value else filled
            filled[name] = one
    return filled


def edited(value: Object, name: str, edit: Edit) -> Object:
    """Return the object with one field edited, if it is there and an object."""
    inner = value.get(name)
    if not isinstance(inner, dict):
        return value
    after = edit(inner)
    return value if after is inner else {**value, name: after}


def made(value: Object, name: str, edit: Edit) -> Object:
    """Return the object with one field edited; a missing one starts empty.

    A value that is no object stays, for validation to find.
    """
    inner = value.get(name)
    if inner is not None and not isinstance(inner, dict):
        return value
    after = edit({} if inner is None else inner)
    return value if after is inner or (not after and inner is None) else {**value, name: after}


def edited_items(value: Object, name: str, edit: Edit) -> Object:
    """Return the object with every object in one of its lists edited."""
    items = value.get(name)
    if not isinstance(items, list):
        return value
    left = [edit(item) if isinstance(item, dict) else item for item in items]
    return value if all(map(is_, left, items)) else {**value, name: left}
