"""Argo's flat names as nested maps: ``inputs.parameters.x`` becomes a map in a map in a map.

Where one name is the beginning of another, the shorter is dropped: of ``workflow.labels`` and
``workflow.labels.app`` only the second can be a map (reference, workflows section 5.2).
"""

from collections.abc import Mapping
from typing import Any


def expand(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested maps of flat dotted names; the less specific of two in conflict is dropped."""
    expanded: dict[str, Any] = {}
    for name in sorted(names, key=lambda one: (one.count("."), one)):
        *folders, last = name.split(".")
        place = expanded
        for folder in folders:
            inner = place.get(folder)
            if not isinstance(inner, _Folder):
                inner = place[folder] = _Folder()
            place = inner
        place[last] = names[name]
    return expanded


class _Folder(dict[str, Any]):
    """A map that names made, not one that was a value."""
