"""What the steps of a workflow were given of resources, and for how long (reference, Workflows 15).

A container counts with what it requests, else with its limits, else with what Argo takes for
granted, times the seconds that it ran. One is a CPU, or 100Mi of memory. What holds steps together
counts for all pods inside of it.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import naming
from ruleengine.pipelines.phases import WITH_POD, is_over
from ruleengine.pipelines.tree import DURATIONS, Tree

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

_PAIRS: Final = (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses"))
_GRANTED: Final = {"cpu": "100m", "memory": "100Mi"}
_BASES: Final = {"memory": "100Mi", "storage": "10Gi", "ephemeral-storage": "10Gi"}
"""What counts as one of a resource; of all others one does."""


def used(machine: "Machine", node: Object) -> dict[str, int]:
    """Return what the pod of a node that ends was given, or all pods inside of it."""
    if node["type"] not in WITH_POD:
        return used_inside(machine.tree, node)
    pod = machine.pod_of(node)
    return {} if pod is None else used_by(pod, machine.now)


def used_by(pod: Object, now: datetime) -> dict[str, int]:
    """Return for how many seconds a pod was given each resource; empty before it began.

    Containers that go on running count up to ``now``. Each is rounded down by itself, as in Argo.

    >>> main = {"name": "main", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}
    >>> times = {"startedAt": "2026-01-02T03:04:00Z", "finishedAt": "2026-01-02T03:05:00Z"}
    >>> statuses = [{"name": "main", "state": {"terminated": times}}]
    >>> pod = {"spec": {"containers": [main]}, "status": {"containerStatuses": statuses}}
    >>> used_by(pod, parse_time("2026-01-02T03:06:00Z"))
    {'cpu': 30, 'memory': 614}
    """
    ran = {
        status.get("name"): seconds
        for _, listed in _PAIRS
        for status in lookup(pod, "status", listed, default=())
        if (seconds := _seconds(status.get("state") or {}, now)) is not None
    }
    found: Counter[str] = Counter()
    given = _given(pod) if ran else {}
    for container, seconds in ran.items():
        for name, text in given.get(container, _GRANTED).items():
            found[name] += _milli(str(text)) * seconds // _milli(_BASES.get(name, "1"))
    return dict(found)


def used_inside(tree: Tree, node: Object) -> dict[str, int]:
    """Return what all pods inside of a node were given that have come to their end.

    Hooks of the node itself are around it rather than inside.
    """
    found: Counter[str] = Counter()
    seen: set[str] = set()
    waiting = [tree.get(node["id"]) or node]
    while waiting:
        for child in tree.children(waiting.pop()):
            if child["id"] in seen or not naming.is_inside(child["name"], node["name"]):
                continue
            seen.add(child["id"])
            waiting.append(child)
            if child["type"] in WITH_POD:
                found.update(child.get(DURATIONS) or {})
    return dict(found)


def add_late(tree: Tree, node: Object) -> None:
    """Add what a pod was given to all around it that came to their end before; a daemon's, say."""
    for holder in _around(tree, node["name"]):
        if is_over(holder):
            total = Counter(holder.get(DURATIONS) or {}) + Counter(node.get(DURATIONS) or {})
            tree.update(holder, **{DURATIONS: dict(total) or None})


def _around(tree: Tree, name: str) -> Iterator[Object]:
    """Yield every node that the one with a name is inside of."""
    for index, letter in enumerate(name):
        holder = tree.find(name[:index]) if letter in naming.INSIDE else None
        if holder is not None and naming.is_inside(name, holder["name"]):
            yield holder


def _given(pod: Object) -> dict[str, Object]:
    """Return the quantities that each container was given, by its name.

    What a pod states as a whole is that of the first container that states nothing.
    """
    found: dict[str, Object] = {}
    whole = lookup(pod, "spec", "resources", default={})
    for kind, _ in _PAIRS:
        for container in lookup(pod, "spec", kind, default=()):
            stated = _stated(container.get("resources"))
            if not stated and whole:
                stated, whole = _stated(whole), {}
            found[container.get("name")] = {**_GRANTED, **stated}
    return found


def _stated(resources: object) -> Object:
    """Return what is asked for; a pod that a patch gave anything else asks for nothing."""
    kinds = [lookup(resources, one) for one in ("limits", "requests")]
    return {name: amount for one in kinds if isinstance(one, dict) for name, amount in one.items()}


def _seconds(state: Object, now: datetime) -> int | None:
    """Return for how many whole seconds a container ran; ``None`` for one that never began.

    Of such a one the container runtime may say that it began with the epoch.
    """
    times = state.get("terminated") or state.get("running") or {}
    if not times.get("startedAt"):
        return None
    started = parse_time(times["startedAt"])
    if not started.timestamp():
        return None
    end = parse_time(times["finishedAt"]) if times.get("finishedAt") else now
    return max((end - started) // timedelta(seconds=1), 0)


@lru_cache(maxsize=4096)
def _milli(text: str) -> int:
    return parse_quantity(text).scaled(-3)
