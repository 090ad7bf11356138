"""Indexes of keys: what a controller has to find without looking at everything."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from ruleengine.local.store import Key

Place = TypeVar("Place")
_Pair = tuple[str, str, str]
"""A namespace, the name of a label, and its value."""


def place(index: dict[Place, set[Key]], at: Place, key: Key, *, stays: bool) -> None:
    """Put a key into one set of an index, or take it out; no empty set is kept."""
    if stays:
        index.setdefault(at, set()).add(key)
    elif at in index:
        index[at].discard(key)
        if not index[at]:
            del index[at]


class LabelIndex:
    """Keys by the labels that they go with."""

    def __init__(self) -> None:
        self._keys: dict[_Pair, set[Key]] = {}
        self._labels: dict[Key, Mapping[str, str]] = {}

    def put(self, key: Key, labels: Mapping[str, str] | None) -> None:
        """Note the labels of a key in place of those it had; none for one that is gone."""
        before, after = self._labels.get(key, {}), labels or {}
        if before == after:
            return
        for pair in before.items() - after.items():
            place(self._keys, (key.namespace, *pair), key, stays=False)
        for pair in after.items() - before.items():
            place(self._keys, (key.namespace, *pair), key, stays=True)
        if after:
            self._labels[key] = after
        else:
            self._labels.pop(key, None)

    def having(self, namespace: str, labels: Mapping[str, str]) -> Iterable[Key]:
        """Return the keys of a namespace that go with all of some labels (at least one)."""
        sets = [self._keys.get((namespace, *pair), set()) for pair in labels.items()]
        return set.intersection(*sorted(sets, key=len)) if sets else ()

    def having_any(self, namespace: str, labels: Mapping[str, str]) -> Iterable[Key]:
        """Return the keys of a namespace that go with any of some labels."""
        return {key for pair in labels.items() for key in self._keys.get((namespace, *pair), ())}
