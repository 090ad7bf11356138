"""Argo's flat names as nested maps: ``inputs.parameters.x`` becomes a map in a map in a map.

Where one name is the beginning of another, the shorter is dropped: of ``workflow.labels`` and
``workflow.labels.app`` only the second can be a map (reference, workflows section 5.2).
"""

from collections.abc import Mapping
from typing import Any

_Folders = dict[str | None, dict[str, Any]]
"""The maps that names make, by their dotted paths; the outermost under ``None``."""


def expand(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested maps of flat dotted names; the less specific of two in conflict is dropped."""
    folders: _Folders = {None: {}}
    for name in names:
        _make(folders, _above(name))
    for name, value in names.items():
        if name not in folders:
            folders[_above(name)][name.rpartition(".")[2]] = value
    return folders[None]


def _above(path: str) -> str | None:
    """Return the path of the map that a name lies in."""
    above, dot, _ = path.rpartition(".")
    return above if dot else None


def _make(folders: _Folders, path: str | None) -> None:
    """Make the map at a path, and all maps above it, where they are not there yet."""
    missing: list[str] = []
    while path is not None and path not in folders:
        missing.append(path)
        path = _above(path)
    place = folders[path]
    for one in reversed(missing):
        inner: dict[str, Any] = {}
        place[one.rpartition(".")[2]] = inner
        folders[one] = place = inner
