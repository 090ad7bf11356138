"""Keeps the files of volumes what they stand for while their containers run: pure.

A changed ConfigMap or Secret reaches its files, and a token is replaced before it expires. A file
that is mounted alone (``subPath``) stays what it was, as on a cluster.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from ruleengine.local.runtime.surroundings import NotReadyError, Surroundings
from ruleengine.local.runtime.values import Mount, Seen
from ruleengine.local.runtime.volumes import plan_mounts
from ruleengine.model.values import Object, lookup

_KEPT: Final = 0.8
"""The part of a token's life after which there is a new one."""


def minted_at(life: timedelta, now: datetime) -> datetime:
    """Return the moment at which the token that is good now counts as made.

    It is the same for most of a token's life, so that its file stays as it is so long.
    """
    step = int(life.total_seconds() * _KEPT) or 1
    return datetime.fromtimestamp(int(now.timestamp()) // step * step, UTC)


def next_token(pod: Object, now: datetime) -> datetime | None:
    """Return when a token of a pod is replaced next, ``None`` where it has none of its own."""
    lives = [timedelta(seconds=int(one)) for one in _lives(pod)]
    times = [minted_at(one, now) + one * _KEPT for one in lives]
    return min((at for at in times if at > now), default=None)


def _lives(pod: Object) -> Iterator[int]:
    for volume in pod["spec"].get("volumes") or ():
        for source in lookup(volume, "projected", "sources", default=()):
            seconds = lookup(source, "serviceAccountToken", "expirationSeconds")
            if seconds is not None:
                yield seconds


def refers_to(pod: Object, resource: str, name: str) -> bool:
    """Tell whether a volume of a pod has files of a ConfigMap or Secret."""
    kind, key = ("configMap", "name") if resource == "configmaps" else ("secret", "secretName")
    for volume in pod["spec"].get("volumes") or ():
        sources = lookup(volume, "projected", "sources", default=())
        named = [lookup(one, kind, "name") for one in sources]
        if name in (lookup(volume, kind, key), *named):
            return True
    return False


def current_mounts(pod: Object, seen: Mapping[str, Seen], around: Surroundings) -> Iterator[Mount]:
    """Return the mounts with files of the containers that run, as they should be now.

    What has gone meanwhile leaves its files alone.
    """
    spec = pod["spec"]
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        one = seen.get(container["name"])
        if one is None or one.finished is not None:
            continue
        try:
            for mount in plan_mounts(pod, container, {}, around):
                if mount.files is not None:
                    yield mount
        except NotReadyError:
            continue
