"""Checks of the volumes of a pod: one source each, and what each source needs.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

from typing import Final

from ruleengine.apimachinery.causes import forbidden, invalid, required
from ruleengine.apimachinery.checks import Causes, objects
from ruleengine.model.values import Object, Path, Value

_NEEDED: Final = {
    "hostPath": "path",
    "nfs": "server",
    "persistentVolumeClaim": "claimName",
    "csi": "driver",
    "secret": "secretName",
    "configMap": "name",
}
"""What a source of a volume cannot do without."""

_FILES: Final = ("secret", "configMap", "downwardAPI", "projected")
"""Sources that lay out files."""

_LARGEST_MODE: Final = 0o777
_SHORTEST_LIFE: Final = 600
_REFERENCES: Final = ("fieldRef", "resourceFieldRef")


def check_volumes(volumes: list[Object], path: Path) -> Causes:
    """Yield what is wrong with volumes, their names aside."""
    for number, volume in enumerate(volumes):
        place = (*path, number)
        sources = [name for name in volume if name != "name" and volume[name] is not None]
        if not sources:
            yield required(place, "must specify a volume type")
        for source in sources[1:]:
            yield forbidden((*place, source), "may not specify more than 1 volume type")
        for source in sources:
            if isinstance(volume[source], dict):
                yield from _source(source, volume[source], (*place, source))


def _source(name: str, source: Object, path: Path) -> Causes:
    field = _NEEDED.get(name)
    if field and not source.get(field):
        yield required((*path, field))
    if name == "hostPath" and ".." in str(source.get("path") or "").split("/"):
        yield invalid((*path, "path"), source["path"], "must not contain '..'")
    if name in _FILES:
        yield from _mode((*path, "defaultMode"), source.get("defaultMode"))
        yield from _files(name, source, path)
    if name == "projected":
        for number, one in enumerate(objects(source.get("sources"))):
            yield from _projection(one, (*path, "sources", number), path)


def _files(name: str, source: Object, path: Path) -> Causes:
    for number, item in enumerate(objects(source.get("items"))):
        place = (*path, "items", number)
        if name in ("secret", "configMap") and not item.get("key"):
            yield required((*place, "key"))
        if name == "downwardAPI" and not any(item.get(one) for one in _REFERENCES):
            yield required(path, "one of fieldRef and resourceFieldRef is required")
        yield from relative((*place, "path"), item.get("path"), needed=True)
        yield from _mode((*place, "mode"), item.get("mode"))


def _projection(source: Object, path: Path, volume: Path) -> Causes:
    for name in ("secret", "configMap", "downwardAPI"):
        inner = source.get(name)
        if isinstance(inner, dict):
            if name != "downwardAPI" and not inner.get("name"):
                yield required((*path, name, "name"))
            yield from _files(name, inner, (*path, name))
    token = source.get("serviceAccountToken")
    if isinstance(token, dict):
        seconds = token.get("expirationSeconds")
        if isinstance(seconds, int) and seconds < _SHORTEST_LIFE:
            detail = "may not specify a duration less than 10 minutes"
            place = (*path, "serviceAccountToken", "expirationSeconds")
            yield invalid(place, seconds, detail)
        if not token.get("path"):
            yield required((*volume, "path"))
        yield from relative((*path, "serviceAccountToken", "path"), token.get("path"))


def relative(path: Path, text: Value, *, needed: bool = False) -> Causes:
    """Check a path below a folder that it must not leave."""
    if not text:
        if needed:
            yield required(path)
    elif str(text).startswith("/"):
        yield invalid(path, text, "must be a relative path")
    elif ".." in str(text).split("/"):
        yield invalid(path, text, "must not contain '..'")


def _mode(path: Path, mode: Value) -> Causes:
    if isinstance(mode, int) and not 0 <= mode <= _LARGEST_MODE:
        yield invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")
