"""The field facts of the Kubernetes and Argo types, read once when first needed.

The files lie under ``schemas/`` and name their sources; a type is found by its full name,
for instance ``core/v1.Pod`` or ``argoproj.io/cd.Application``.
"""

import json
from functools import cache

from ruleengine.model.data import data_folder
from ruleengine.model.values import Object


@cache
def facts(area: str) -> Object:
    """Return the facts of ``kubernetes`` or ``argo``; treat them as immutable."""
    text = (data_folder("schemas") / area / "types.json").read_bytes()
    found: Object = json.loads(text)
    return found


def type_facts(name: str) -> Object | None:
    """Return the facts of one type by its full name, or ``None`` for an unknown type."""
    area = "argo" if name.startswith("argoproj.io/") else "kubernetes"
    found: Object | None = facts(area)["types"].get(name)
    return found


@cache
def fields_of(name: str) -> Object:
    """Return the fields of a type by JSON name, those of its inlined types among them."""
    own = type_facts(name)
    if own is None:
        return {}
    merged: Object = {}
    for inlined in own.get("inline", ()):
        merged.update(fields_of(inlined["type"]))
    merged.update(own.get("fields", {}))
    return merged
