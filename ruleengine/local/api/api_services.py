"""APIServices: which group versions there are, as the objects that clients look at for that.

They can be read and not written: this server answers for every group itself, and hands none on
to another (reference, Kubernetes API sections 3 and 12).
"""

import uuid
from collections.abc import Sequence
from typing import Final

from ruleengine.local.api.catalog import DEFINITIONS, Catalog
from ruleengine.local.api.discovery import group_versions
from ruleengine.local.store import Key, Store
from ruleengine.model.values import Object

RESOURCE: Final = "apiservices.apiregistration.k8s.io"
_SINCE: Final = Key("namespaces", "", "kube-system")
"""What is there from the first start on."""

_IDENTITIES: Final = uuid.UUID("6f0a1b1e-6f4c-4d0e-9d0b-5d3a53c1f6a1")
_CUSTOM: Final = (1000, 100)
"""Priorities of the group and the version of custom kinds, as Kubernetes sets them."""


def api_services(catalog: Catalog, store: Store) -> Sequence[Object]:
    """Return what there is, by name."""
    made = {key: one for one in store.list(DEFINITIONS).items for key in _served_by(one)}
    since = store.get(_SINCE)
    found = []
    for number, (group, versions) in enumerate(group_versions(catalog.table()).items()):
        for place, version in enumerate(reversed(versions)):
            origin = made.get((group, version))
            priorities = _CUSTOM if origin else (18_000 - 100 * number, 15 + place)
            found.append(_api_service(group, version, priorities, origin or since))
    return sorted(found, key=lambda one: str(one["metadata"]["name"]))


def _served_by(definition: Object) -> list[tuple[str, str]]:
    spec = definition["spec"]
    return [(spec["group"], one["name"]) for one in spec["versions"] if one.get("served")]


def _api_service(
    group: str, version: str, priorities: tuple[int, int], origin: Object | None
) -> Object:
    """Return one; ``origin`` is what it exists since."""
    known = origin["metadata"] if origin else {}
    named = {"group": group} if group else {}
    condition: Object = {
        "type": "Available",
        "status": "True",
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    if known:
        condition["lastTransitionTime"] = known["creationTimestamp"]
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {
            "name": f"{version}.{group}",
            "uid": str(uuid.uuid5(_IDENTITIES, f"{version}.{group}")),
            "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"},
            **{name: known[name] for name in ("resourceVersion", "creationTimestamp") if known},
        },
        "spec": {
            **named,
            "version": version,
            "groupPriorityMinimum": priorities[0],
            "versionPriority": priorities[1],
        },
        "status": {"conditions": [condition]},
    }
