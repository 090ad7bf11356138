"""From a container of a pod to a value that can be started: command, environment, volumes.

Pure: ``find`` gives other objects. Names and rules are those of the Kubernetes API
(reference, Kubernetes API section 9). What this node does not honour is refused by name,
never passed over.
"""

import base64
import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Final

from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.local.runtime.values import ContainerPlan, Mount
from ruleengine.model.names import RUN
from ruleengine.model.values import Object, lookup

Find = Callable[[str, str], Object | None]
"""Returns the object of a resource and name in the pod's namespace."""

CONFIG_ERROR: Final = "CreateContainerConfigError"
IMAGE_ERROR: Final = "ErrImagePull"
_REFERENCE: Final = re.compile(r"\$(\$|\(([^)]*)\))")
_ADDRESS: Final = "127.0.0.1"


class NotReadyError(Exception):
    """A container cannot be started now; ``reason`` is that of its waiting state."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def plan_container(pod: Object, container: Object, attempt: int, find: Find) -> ContainerPlan:
    """Return what starts an attempt of a container. Raises ``NotReadyError``."""
    if container.get("restartPolicy") == "Always":
        problem = (
            "init containers that run beside the others are not honoured by the local node yet"
        )
        raise NotReadyError(CONFIG_ERROR, problem)
    command = container.get("command") or []
    if not command:
        message = (
            f"the local node pulls no images ({container.get('image') or 'none is named'}), so it "
            "does not know what the image starts; write the container's command, or remove the "
            f"annotation {RUN} to have the pod simulated"
        )
        raise NotReadyError(IMAGE_ERROR, message)
    environment = _environment(pod, container, find)
    arguments = [*command, *(container.get("args") or [])]
    memory = lookup(container, "resources", "limits", "memory")
    return ContainerPlan(
        uid=pod["metadata"]["uid"],
        container=container["name"],
        attempt=attempt,
        arguments=tuple(_expand(str(one), environment) for one in arguments),
        environment=environment,
        working_directory=posixpath.normpath("/" + str(container.get("workingDir") or "")),
        mounts=tuple(_mounts(pod, container, find)),
        memory=int(parse_quantity(str(memory)).amount) if memory else 0,
        termination_path=container.get("terminationMessagePath") or "/dev/termination-log",
    )


def _expand(text: str, known: Mapping[str, str]) -> str:
    """Replace ``$(NAME)`` by a variable that is known; ``$$`` stands for one dollar sign."""

    def value(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return known.get(match[2], match[0])

    return _REFERENCE.sub(value, text)


def _environment(pod: Object, container: Object, find: Find) -> dict[str, str]:
    found: dict[str, str] = {"HOSTNAME": pod["metadata"]["name"]}
    for source in container.get("envFrom") or ():
        prefix = str(source.get("prefix") or "")
        for kind in ("configMapRef", "secretRef"):
            if reference := source.get(kind):
                data = _data(kind.removesuffix("Ref"), reference, find)
                found |= {prefix + name: _text(value) for name, value in data.items()}
    for one in container.get("env") or ():
        value = _value(pod, one, find) if one.get("valueFrom") else str(one.get("value") or "")
        if value is not None:
            found[one["name"]] = value if one.get("valueFrom") else _expand(value, found)
    return found


def _text(value: bytes) -> str:
    return value.decode(errors="replace")


def _value(pod: Object, variable: Object, find: Find) -> str | None:
    source = variable["valueFrom"]
    for kind in ("configMap", "secret"):
        reference = source.get(f"{kind}KeyRef")
        if reference is None:
            continue
        data = _data(kind, reference, find)
        if reference.get("key") in data:
            return _text(data[reference["key"]])
        if reference.get("optional"):
            return None
        name = reference.get("name")
        raise NotReadyError(CONFIG_ERROR, f"{kind} {name!r} has no key {reference.get('key')!r}")
    if reference := source.get("fieldRef"):
        return _field(pod, str(reference.get("fieldPath")))
    kinds = ", ".join(source)
    raise NotReadyError(CONFIG_ERROR, f"{kinds} of {variable['name']} is not honoured by the node")


def _data(kind: str, reference: Object, find: Find) -> dict[str, bytes]:
    name = str(reference.get("name") or reference.get("secretName") or "")
    value = find("configmaps" if kind == "configMap" else "secrets", name)
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


_ENTRY: Final = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


def _field(pod: Object, path: str) -> str:
    if entry := _ENTRY.fullmatch(path):
        return str(lookup(pod, "metadata", entry[1], entry[2], default=""))
    if path in ("status.podIP", "status.hostIP", "status.podIPs", "status.hostIPs"):
        return _ADDRESS
    if path in ("metadata.name", "metadata.namespace", "metadata.uid"):
        return str(lookup(pod, *path.split("."), default=""))
    if path in ("spec.nodeName", "spec.serviceAccountName"):
        return str(lookup(pod, *path.split("."), default=""))
    raise NotReadyError(CONFIG_ERROR, f"the fieldPath {path!r} is not honoured by the local node")


def _mounts(pod: Object, container: Object, find: Find) -> list[Mount]:
    volumes = {one["name"]: one for one in pod["spec"].get("volumes") or ()}
    found = []
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"])
        if volume is None:
            raise NotReadyError(CONFIG_ERROR, f"there is no volume {mount['name']!r} in the pod")
        found.append(
            Mount(
                volume=mount["name"],
                path=mount["mountPath"],
                read_only=bool(mount.get("readOnly")),
                sub_path=str(mount.get("subPath") or ""),
                files=_files(volume, find),
            )
        )
    return found


def _files(volume: Object, find: Find) -> dict[str, bytes] | None:
    for kind in ("configMap", "secret"):
        reference = volume.get(kind)
        if reference is not None:
            return _selected(_data(kind, reference, find), reference)
    others = [kind for kind in volume if kind not in ("name", "emptyDir")]
    if others:
        problem = f"volumes of the kind {others[0]} are not honoured by the local node yet"
        raise NotReadyError(CONFIG_ERROR, problem)
    return None


def _selected(data: dict[str, bytes], reference: Object) -> dict[str, bytes]:
    items = reference.get("items")
    if not items:
        return data
    found = {}
    for item in items:
        path = posixpath.normpath(str(item.get("path")))
        if path.startswith(("/", "..")) or item.get("key") not in data:
            raise NotReadyError(CONFIG_ERROR, f"the item {item.get('key')!r} is not to be had")
        found[path] = data[item["key"]]
    return found
