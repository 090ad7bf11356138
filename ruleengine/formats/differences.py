"""Which fields of two values differ, for plans that people read before they say yes.

Lists of maps that each have a ``name`` (containers, parameters, ports) are compared item
by item under that name, as Kubernetes does; other lists by index.
"""

from collections.abc import Iterator
from typing import Final

from ruleengine.model.actions import ABSENT, Difference
from ruleengine.model.secrets import MASK
from ruleengine.model.values import Object, Path, Value

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_FIELDS: Final = ("data", "stringData")


def compare(old: Value, new: Value, key: str = "name") -> tuple[Difference, ...]:
    """Return the fields in which ``new`` differs from ``old``, in the order of ``old``.

    A part that only one side has is one difference as a whole, the other side being
    ``ABSENT``. ``key`` tells the items of a list of maps apart where every item has its own
    text under it; such an item's path holds its index in ``new`` (in ``old`` if it is gone).
    Items that only changed places are one difference of the whole list.
    """
    return tuple(_compare((), old, new, key))


def same(old: Value, new: Value) -> bool:
    """Tell whether two values are the same JSON: ``1`` and ``1.0`` are, ``1`` and true are not."""
    return next(_compare((), old, new, "name"), None) is None


def mask_secrets(
    old: Object | None, new: Object | None, differences: tuple[Difference, ...]
) -> tuple[Difference, ...]:
    """Return differences that may be shown: what a ``Secret`` holds is replaced by the mask.

    ``old`` and ``new`` are the whole objects, ``None`` where there is none. The keys stay, and
    so does every difference, so that a change is still seen.
    """
    if not (_is_secret(old) or _is_secret(new)):
        return differences
    return tuple(
        Difference(one.path, _masked(one.path, one.old), _masked(one.path, one.new))
        for one in differences
    )


def _compare(path: Path, old: Value, new: Value, key: str) -> Iterator[Difference]:
    if old is new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_maps(path, old, new, key)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(path, old, new, key)
    elif isinstance(old, bool) is not isinstance(new, bool) or old != new:
        yield Difference(path, old, new)


def _compare_maps(path: Path, old: Object, new: Object, key: str) -> Iterator[Difference]:
    for name, value in old.items():
        yield from _compare((*path, name), value, new.get(name, ABSENT), key)
    for name, value in new.items():
        if name not in old:
            yield Difference((*path, name), ABSENT, value)


def _compare_lists(
    path: Path, old: list[Value], new: list[Value], key: str
) -> Iterator[Difference]:
    before, after = _places(old, key), _places(new, key)
    if before is None or after is None:
        for index in range(max(len(old), len(new))):
            left = old[index] if index < len(old) else ABSENT
            right = new[index] if index < len(new) else ABSENT
            yield from _compare((*path, index), left, right, key)
        return
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield Difference(path, old, new)
        return
    for name, index in before.items():
        if name in after:
            place = after[name]
            yield from _compare((*path, place), old[index], new[place], key)
        else:
            yield Difference((*path, index), old[index], ABSENT)
    for name, index in after.items():
        if name not in before:
            yield Difference((*path, index), ABSENT, new[index])


def _places(items: list[Value], key: str) -> dict[str, int] | None:
    """Return the index of each item by its name, or ``None`` where names do not tell."""
    places: dict[str, int] = {}
    for index, item in enumerate(items):
        name = item.get(key) if isinstance(item, dict) else None
        if not isinstance(name, str) or name in places:
            return None
        places[name] = index
    return places


def _is_secret(value: Object | None) -> bool:
    return value is not None and value.get("kind") == "Secret" and value.get("apiVersion") == "v1"


def _masked(path: Path, value: Value) -> Value:
    if value is ABSENT:
        return value
    if (path and path[0] in _SECRET_FIELDS) or _LAST_APPLIED in path:
        return _mask_leaves(value)
    if isinstance(value, dict):
        return {key: _masked((*path, key), inner) for key, inner in value.items()}
    return value


def _mask_leaves(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _mask_leaves(inner) for key, inner in value.items()}
    return MASK
