"""Plain data: what YAML and JSON documents are made of once they are read."""

from typing import Any, TypeAlias

Value: TypeAlias = Any
"""``None``, ``bool``, ``int``, ``float``, ``str``, ``list`` of values or :data:`Object`."""

Object: TypeAlias = dict[str, Any]
"""A mapping with string keys, such as a Kubernetes object. Treated as immutable."""

Path: TypeAlias = tuple[str | int, ...]
"""Where a value lies inside a document: mapping keys and list indexes from the root."""


def lookup(value: Value, *path: str | int, default: Value = None) -> Value:
    """Return the value at ``path``, or ``default`` where the path leaves the data.

    >>> lookup({"spec": {"ports": [80]}}, "spec", "ports", 0)
    80
    >>> lookup({"spec": None}, "spec", "ports", default=[])
    []
    """
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return default
    return default if value is None else value


def equal(one: Value, other: Value) -> bool:
    """Tell whether two JSON values are equal: ``1`` and ``1.0`` are, ``1`` and ``true`` not.

    >>> equal({"on": [1]}, {"on": [1.0]}), equal({"on": [1]}, {"on": [True]})
    (True, False)
    """
    return one is other or (bool(one == other) and _same_sorts(one, other))


def _same_sorts(one: Value, other: Value) -> bool:
    """Tell of values that are equal to Python whether booleans stand for booleans only."""
    if one is other:
        return True
    if isinstance(one, dict):
        return all(_same_sorts(inner, other[name]) for name, inner in one.items())
    if isinstance(one, list):
        return all(map(_same_sorts, one, other))
    return isinstance(one, bool) is isinstance(other, bool)


def version_of(value: Object | None) -> str:
    """Return the resourceVersion of an object; empty where it, or the object, is not there."""
    return str(lookup(value, "metadata", "resourceVersion", default=""))


def uid_of(value: Object | None) -> str:
    """Return the uid of an object; empty where it, or the object, is not there."""
    return str(lookup(value, "metadata", "uid", default=""))


def format_path(path: Path) -> str:
    """Return a path the way people write it: ``spec.containers[0].image``.

    Keys that are no plain words are quoted, as in ``metadata.labels["app.kubernetes.io/name"]``.
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step and all(character.isalnum() or character in "_-$" for character in step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text
