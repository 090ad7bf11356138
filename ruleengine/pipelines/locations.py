"""Where the content of an artifact lies: the kinds of places, and their keys.

A location is a map of one entry, such as ``{"s3": {"bucket": …, "key": …}}``. One that has a
key and nothing else is completed by a repository (reference, Workflows 14). A directory, the
default where no repository is configured, is written as Argo's ``plugin`` called ``directory``,
so that other tools can read a status that names it.
"""

from typing import Final

from ruleengine.model.artifact_places import ADDRESSES, KEYS
from ruleengine.model.values import Object, Value

_PLACES: Final = {
    "s3": ("bucket",),
    "gcs": ("bucket",),
    "oss": ("bucket",),
    "azure": ("container",),
    "hdfs": ("addresses",),
    "plugin": ("name",),
}
"""What a location says where it does not rely on a repository."""

KINDS: Final = (*KEYS, "http", "git", "raw")


def location_of(artifact: Object) -> Object:
    """Return the location that an artifact states; an empty map where it states none."""
    return {
        kind: artifact[kind]
        for kind in KINDS
        if isinstance(artifact.get(kind), dict)
        and (kind not in ADDRESSES or artifact[kind].get(ADDRESSES[kind]))
    }


def without_location(artifact: Object) -> Object:
    """Return an artifact without its location."""
    return {name: value for name, value in artifact.items() if name not in KINDS}


def key_of(location: Object) -> str:
    """Return the key of a location; empty where it has none."""
    return next((str(body.get(KEYS[kind]) or "") for kind, body in _kept(location)), "")


def with_key(location: Object, key: str) -> Object:
    """Return a location with another key; the kinds that have no keys stay as they are."""
    return {
        kind: {**body, KEYS[kind]: key} if kind in KEYS else body for kind, body in location.items()
    }


def is_whole(location: Object) -> bool:
    """Tell whether a location says everything, so that no repository is needed."""
    for kind, body in location.items():
        if kind == "artifactory":
            return "://" in str(body.get("url") or "")
        if kind in _PLACES:
            return all(body.get(name) for name in _PLACES[kind])
    return bool(location)


def joined(first: str, second: str) -> str:
    """Return one key below another; either may be empty."""
    return "/".join(part for part in (first.rstrip("/"), second.lstrip("/")) if part)


def below(location: Object, path: str) -> Object:
    """Return the location of what lies under a path below the key of another."""
    return with_key(location, joined(key_of(location), path)) if path else location


def _kept(location: Object) -> list[tuple[str, dict[str, Value]]]:
    return [(kind, body) for kind, body in location.items() if kind in KEYS]
