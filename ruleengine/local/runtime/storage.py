"""How much of the disk pods use, and which of them use more than they may.

As on a cluster this is looked at from time to time, and a pod that has gone beyond its bounds is
evicted: the ``ephemeral-storage`` limits of its containers, and the ``sizeLimit`` of each
``emptyDir``.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from ruleengine.apimachinery.quantities import Quantity, QuantityError, parse_quantity
from ruleengine.local.api.pod_resources import amounts_of_pod, containers_of
from ruleengine.model.values import Object, lookup

EVICTED: Final = "Evicted"
INTERVAL: Final = timedelta(seconds=10)
"""How often is looked."""

_BLOCK: Final = 512
_RESOURCE: Final = "ephemeral-storage"
_WRITTEN: Final = ("upper", "root", "log")
"""What a container writes to, in the folder of an attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a pod may use of the disk: by container, by volume, and as a ``whole``.

    Empty where it may use all.
    """

    whole: Quantity | None = None
    containers: Mapping[str, Quantity] = field(default_factory=dict)
    volumes: Mapping[str, Quantity] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.containers or self.volumes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a pod uses, in bytes: by container, and by volume that belongs to it alone."""

    containers: Mapping[str, int] = field(default_factory=dict)
    volumes: Mapping[str, int] = field(default_factory=dict)


def bounds_of(pod: Object) -> Bounds:
    """Return what a pod states."""
    spec = pod["spec"]
    containers = {
        one["name"]: bound
        for one in containers_of(pod)
        if (bound := _quantity(lookup(one, "resources", "limits", _RESOURCE))) is not None
    }
    volumes = {
        one["name"]: bound
        for one in spec.get("volumes") or ()
        if (bound := _quantity(lookup(one, "emptyDir", "sizeLimit"))) is not None and bound.amount
    }
    whole = amounts_of_pod(pod, "limits").get(_RESOURCE) if containers else None
    return Bounds(whole=whole, containers=containers, volumes=volumes)


def _quantity(text: object) -> Quantity | None:
    try:
        return None if text is None else parse_quantity(str(text))
    except QuantityError:
        return None


def excess(bounds: Bounds, usage: Usage) -> str:
    """Return why a pod is evicted; empty where it keeps within its bounds."""
    for name, bound in bounds.volumes.items():
        if usage.volumes.get(name, 0) > bound.amount:
            return f'Usage of EmptyDir volume "{name}" exceeds the limit "{bound}".'
    used = sum(usage.containers.values()) + sum(usage.volumes.values())
    if bounds.whole is not None and used > bounds.whole.amount:
        return (
            "Pod ephemeral local storage usage exceeds the total limit of containers "
            f"{bounds.whole}."
        )
    for name, bound in bounds.containers.items():
        if usage.containers.get(name, 0) > bound.amount:
            return f'Container {name} exceeded its local ephemeral storage limit "{bound}".'
    return ""


def measure(folder: Path) -> Usage:
    """Return what the pod uses whose folder is ``folder``; containers may write meanwhile."""
    containers = {
        one.name: sum(
            size_of(Path(attempt, name)) for attempt in _folders(one) for name in _WRITTEN
        )
        for one in _folders(folder / "containers")
    }
    volumes = {one.name: size_of(one) for one in _folders(folder / "volumes")}
    return Usage(containers=containers, volumes=volumes)


def size_of(path: Path) -> int:
    """Return how many bytes of the disk a file, or everything in a folder, takes.

    No link is followed, and what goes meanwhile counts nothing.
    """
    total = 0
    waiting = [str(path)]
    while waiting:
        place = waiting.pop()
        try:
            found = os.lstat(place)
            total += found.st_blocks * _BLOCK
            if stat.S_ISDIR(found.st_mode):
                with os.scandir(place) as inner:
                    waiting += [one.path for one in inner]
        except OSError:
            continue
    return total


def _folders(path: Path) -> Iterator[Path]:
    try:
        yield from (one for one in path.iterdir() if one.is_dir())
    except OSError:
        return
