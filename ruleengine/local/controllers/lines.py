"""The line of the pods that wait for a place on a node that has as many as it takes."""

from bisect import bisect_left, insort

from ruleengine.local.store import Key
from ruleengine.model.values import Object

_Rank = tuple[int, str, int]
"""What puts a pod before others: its priority, upside down, its time, and when it came."""


class Line:
    """Pods in the order in which they get a place: by priority, then by age."""

    def __init__(self) -> None:
        self._ranks: dict[Key, _Rank] = {}
        self._order: list[tuple[_Rank, Key]] = []
        self._came = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._ranks

    def join(self, key: Key, pod: Object) -> None:
        """Put a pod in line; one that is there keeps its place."""
        if key in self._ranks:
            return
        self._came += 1
        created = str(pod["metadata"]["creationTimestamp"])
        self._ranks[key] = rank = (-int(pod["spec"].get("priority") or 0), created, self._came)
        insort(self._order, (rank, key))

    def leave(self, key: Key) -> None:
        """Take a pod out of the line, if it is in it."""
        rank = self._ranks.pop(key, None)
        if rank is not None:
            del self._order[bisect_left(self._order, (rank, key))]

    def first(self, count: int) -> list[Key]:
        """Return the first pods in line."""
        return [key for _, key in self._order[:count]]
