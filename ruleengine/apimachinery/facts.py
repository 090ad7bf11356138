"""The field facts of the Kubernetes and Argo types, read once when first needed.

The files lie under ``schemas/`` and name their sources; a type is found by its full name,
for instance ``core/v1.Pod`` or ``argoproj.io/cd.Application``.
"""

import json
from functools import cache
from typing import Final

from ruleengine.model.data import data_folder
from ruleengine.model.values import Object

_SCHEDULING: Final = "schedulingv1alpha3"
_OPTIONAL: Final = {"omitempty": True, "optional": True}
_CORRECTIONS: Final[dict[str, Object]] = {
    "policy/v1.PodDisruptionBudgetStatus": {
        "fields": {"disruptedPods": {"omitempty": True, "proto": 2, "type": "map[string]Time"}}
    },
    "storage/v1.VolumeAttachmentSource": {
        "inline": [],
        "fields": {
            "inlineVolumeSpec": {
                **_OPTIONAL,
                "pointer": True,
                "proto": 2,
                "type": "core/v1.PersistentVolumeSpec",
            }
        },
    },
    f"{_SCHEDULING}.WorkloadPodGroupSchedulingPolicy": {
        "fields": {
            "basic": {**_OPTIONAL, "pointer": True, "proto": 1, "type": f"{_SCHEDULING}.Empty"},
            "gang": {**_OPTIONAL, "pointer": True, "proto": 2, "type": f"{_SCHEDULING}.Gang"},
        }
    },
    f"{_SCHEDULING}.Gang": {"fields": {"minCount": {"proto": 1, "type": "int32"}}},
    f"{_SCHEDULING}.Empty": {"fields": {}},
    f"{_SCHEDULING}.WorkloadPodGroupSchedulingConstraints": {
        "fields": {
            "topology": {
                **_OPTIONAL,
                "listType": "atomic",
                "proto": 1,
                "type": f"[]{_SCHEDULING}.Topology",
            }
        }
    },
    f"{_SCHEDULING}.Topology": {"fields": {"key": {"proto": 1, "type": "string"}}},
    f"{_SCHEDULING}.WorkloadPodGroupDisruptionMode": {
        "fields": {
            "single": {**_OPTIONAL, "pointer": True, "proto": 1, "type": f"{_SCHEDULING}.Empty"},
            "all": {**_OPTIONAL, "pointer": True, "proto": 2, "type": f"{_SCHEDULING}.Empty"},
        }
    },
    f"{_SCHEDULING}.WorkloadPodGroupResourceClaim": {
        "fields": {
            "name": {"proto": 1, "type": "string"},
            "resourceClaimName": {**_OPTIONAL, "pointer": True, "proto": 2, "type": "string"},
            "resourceClaimTemplateName": {
                **_OPTIONAL,
                "pointer": True,
                "proto": 3,
                "type": "string",
            },
        }
    },
}
"""Where the facts differ from what servers take, and the types that they name and lack."""


@cache
def facts(area: str) -> Object:
    """Return the facts of ``kubernetes`` or ``argo``; treat them as immutable."""
    text = (data_folder("schemas") / area / "types.json").read_bytes()
    found: Object = json.loads(text)
    if area == "kubernetes":
        types = found["types"]
        for name, told in _CORRECTIONS.items():
            own = types.get(name, {})
            types[name] = {**own, **told, "fields": {**own.get("fields", {}), **told["fields"]}}
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


@cache
def _groups() -> dict[str, str]:
    """Return the names that the facts give to group versions, by apiVersion."""
    found = {}
    for name, group in facts("kubernetes")["groups"].items():
        version = name.rpartition("/")[2]
        found[f"{group}/{version}" if group else version] = name
    return found


def builtin_type(api_version: str, kind: str) -> str:
    """Return the full name of the type of a built-in kind; empty for other kinds."""
    name = f"{_groups().get(api_version, '')}.{kind}"
    described = type_facts(name)
    return name if described and described.get("root") else ""
