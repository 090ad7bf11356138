"""What a pod refers to: ConfigMaps and Secrets, its own fields, its containers' resources.

Names and rules are those of the Kubernetes API (reference, Kubernetes API section 9). What
the local node does not honour is refused by name, never passed over.
"""

import base64
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.local.runtime.addresses import HOST, address_of
from ruleengine.local.runtime.surroundings import CONFIG_ERROR, NotReadyError, Surroundings
from ruleengine.model.values import Object, lookup

_REFERENCE: Final = re.compile(r"\$(\$|\(([^)]*)\))")
_ENTRY: Final = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_FIELDS: Final = (
    *("metadata.name", "metadata.namespace", "metadata.uid"),
    *("spec.nodeName", "spec.serviceAccountName"),
)
_POD_ADDRESSES: Final = ("status.podIP", "status.podIPs")
_HOST_ADDRESSES: Final = ("status.hostIP", "status.hostIPs")
_NODE_AMOUNTS: Final = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti"}
"""What a limit that is not stated amounts to: all that the node says to have."""


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace ``$(NAME)`` by a variable that is known; ``$$`` stands for one dollar sign."""

    def value(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return known.get(match[2], match[0])

    return _REFERENCE.sub(value, text)


def data_of(kind: str, reference: Object, around: Surroundings) -> dict[str, bytes]:
    """Return what a ``configMap`` or ``secret`` holds; nothing where an optional one is absent.

    Raises ``NotReadyError`` where it is missing.
    """
    name = str(reference.get("name") or reference.get("secretName") or "")
    value = around.find("configmaps" if kind == "configMap" else "secrets", name)
    if value is None:
        if reference.get("optional"):
            return {}
        raise NotReadyError(CONFIG_ERROR, f'{kind.lower()} "{name}" not found')
    data = value.get("data") or {}
    if kind == "secret":
        return {key: base64.b64decode(text) for key, text in data.items()}
    binary = value.get("binaryData") or {}
    return {
        **{key: str(text).encode() for key, text in data.items()},
        **{key: base64.b64decode(text) for key, text in binary.items()},
    }


def field_of(pod: Object, path: str) -> str:
    """Return what a ``fieldRef`` means. Raises ``NotReadyError`` for other fields."""
    if entry := _ENTRY.fullmatch(path):
        return str(lookup(pod, "metadata", entry[1], entry[2], default=""))
    if path in ("metadata.labels", "metadata.annotations"):
        entries = lookup(pod, *path.split("."), default={})
        return "\n".join(f"{name}={_quoted(str(entries[name]))}" for name in sorted(entries))
    if path in _POD_ADDRESSES:
        return address_of(pod)
    if path in _HOST_ADDRESSES:
        return HOST
    if path in _FIELDS:
        return str(lookup(pod, *path.split("."), default=""))
    problem = f"the fieldPath {path!r} is not honoured by the local node"
    raise NotReadyError(CONFIG_ERROR, problem, final=True)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def resource_of(pod: Object, reference: Object, container: Object | None = None) -> str:
    """Return what a ``resourceFieldRef`` means: whole units of its divisor, rounded up.

    ``container`` is whose it is where the reference does not say. Raises ``NotReadyError``.
    """
    name = reference.get("containerName")
    containers = [
        *(pod["spec"].get("initContainers") or ()),
        *(pod["spec"].get("containers") or ()),
    ]
    found = next((one for one in containers if one["name"] == name), container)
    part, _, resource = str(reference.get("resource")).partition(".")
    if found is None or part not in ("limits", "requests") or resource not in _NODE_AMOUNTS:
        problem = f"the resource {reference.get('resource')!r} is not honoured by the local node"
        raise NotReadyError(CONFIG_ERROR, problem, final=True)
    stated = lookup(found, "resources", part, resource)
    if stated is None:
        stated = lookup(found, "resources", "limits", resource, default=_NODE_AMOUNTS[resource])
    divisor = str(reference.get("divisor") or "1")
    unit = parse_quantity("1" if divisor == "0" else divisor).amount
    return str(-(-parse_quantity(str(stated)).amount // Fraction(unit)))
