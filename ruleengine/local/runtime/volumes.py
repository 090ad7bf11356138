"""The volumes of a container: which folders and files it finds at which of its paths.

A folder belongs to the pod (``emptyDir``) or to a PersistentVolumeClaim; files come from
ConfigMaps, Secrets, the pod itself and its service account's token.
"""

import posixpath
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from ruleengine.local.runtime.references import data_of, expand, field_of, resource_of
from ruleengine.local.runtime.surroundings import (
    CONFIG_ERROR,
    NotReadyError,
    Surroundings,
    TokenRequest,
)
from ruleengine.local.runtime.values import Mount, VolumeFile
from ruleengine.local.service_accounts import AUDIENCE, Account
from ruleengine.model.values import Object, lookup

ACCOUNT_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_ACCOUNT_VOLUME: Final = "kube-api-access"
_AUTHORITY: Final = "kube-root-ca.crt"
_LIFE: Final = timedelta(days=365)
"""How long a token is good that nobody asked for by name; it ends with its pod anyway."""

_MODE: Final = 0o644
_FOLDERS: Final = ("emptyDir", "ephemeral")
_ACCOUNT_SOURCES: Final[list[Object]] = [
    {"serviceAccountToken": {"path": "token"}},
    {"configMap": {"name": _AUTHORITY, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {
        "downwardAPI": {
            "items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]
        }
    },
]


def plan_mounts(
    pod: Object, container: Object, environment: Mapping[str, str], around: Surroundings
) -> tuple[Mount, ...]:
    """Return where a container finds what. Raises ``NotReadyError``."""
    volumes = {one["name"]: one for one in pod["spec"].get("volumes") or ()}
    found = []
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"])
        if volume is None:
            problem = f"there is no volume {mount['name']!r} in the pod"
            raise NotReadyError(CONFIG_ERROR, problem, final=True)
        inner = mount.get("subPath") or expand(str(mount.get("subPathExpr") or ""), environment)
        found.append(
            Mount(
                volume=mount["name"],
                path=mount["mountPath"],
                read_only=bool(mount.get("readOnly")) or _is_read_only(volume),
                sub_path=str(inner),
                claim=_claim(volume, around),
                files=_files(pod, volume, around),
            )
        )
    if _wants_account(pod, around) and ACCOUNT_PATH not in {one.path for one in found}:
        files = _projected(pod, {"sources": _ACCOUNT_SOURCES}, around)
        given = Mount(volume=_ACCOUNT_VOLUME, path=ACCOUNT_PATH, files=files, is_given=True)
        found.append(given)
    return tuple(found)


def require_volumes(pod: Object, around: Surroundings) -> None:
    """Raise ``NotReadyError`` for a volume that some container of a pod mounts and cannot have.

    As on any node, nothing of a pod begins before all of them are there.
    """
    spec = pod["spec"]
    containers = (*(spec.get("initContainers") or ()), *spec["containers"])
    mounted = {mount["name"] for one in containers for mount in one.get("volumeMounts") or ()}
    for volume in spec.get("volumes") or ():
        if volume["name"] in mounted:
            _claim(volume, around)
            _files(pod, volume, around)


def _is_read_only(volume: Object) -> bool:
    return bool(lookup(volume, "persistentVolumeClaim", "readOnly"))


def _claim(volume: Object, around: Surroundings) -> str:
    """Return the uid of the claim behind a volume, empty where there is none."""
    name = lookup(volume, "persistentVolumeClaim", "claimName")
    if name is None:
        return ""
    claim = around.find("persistentvolumeclaims", name)
    if claim is None:
        raise NotReadyError(CONFIG_ERROR, f'persistentvolumeclaim "{name}" not found')
    return str(claim["metadata"]["uid"])


def _wants_account(pod: Object, around: Surroundings) -> bool:
    """Tell whether a pod gets the token of its account by itself, as pod and account say."""
    stated = pod["spec"].get("automountServiceAccountToken")
    if stated is None:
        account = around.find("serviceaccounts", _account_name(pod))
        stated = lookup(account, "automountServiceAccountToken")
    return stated is not False and around.api is not None


def _account_name(pod: Object) -> str:
    return str(pod["spec"].get("serviceAccountName") or "default")


def _files(pod: Object, volume: Object, around: Surroundings) -> Mapping[str, VolumeFile] | None:
    """Return the files of a volume; ``None`` for a folder that containers write to."""
    if any(kind in volume for kind in _FOLDERS) or "persistentVolumeClaim" in volume:
        return None
    for kind in ("configMap", "secret", "downwardAPI"):
        if volume.get(kind) is not None:
            return _source(pod, kind, volume[kind], volume[kind], around)
    if volume.get("projected") is not None:
        return _projected(pod, volume["projected"], around)
    kinds = [kind for kind in volume if kind != "name"]
    if not kinds:
        return None
    why = ": a container sees nothing of the host" if kinds[0] == "hostPath" else ""
    problem = f"volumes of the kind {kinds[0]} are not honoured by the local node{why}"
    raise NotReadyError(CONFIG_ERROR, problem, final=True)


def _projected(pod: Object, volume: Object, around: Surroundings) -> dict[str, VolumeFile]:
    found: dict[str, VolumeFile] = {}
    for source in volume.get("sources") or ():
        for kind, stated in source.items():
            found |= _source(pod, kind, stated, volume, around)
    return found


def _source(
    pod: Object, kind: str, stated: Object, volume: Object, around: Surroundings
) -> dict[str, VolumeFile]:
    """Return the files of one source; ``volume`` says which mode they have by default."""
    mode = volume.get("defaultMode")
    mode = _MODE if mode is None else int(mode)
    match kind:
        case "configMap" | "secret":
            return _selected(data_of(kind, stated, around), stated, mode)
        case "downwardAPI":
            return {
                _relative(item): VolumeFile(_downward(pod, item), _mode(item, mode))
                for item in stated.get("items") or ()
            }
        case "serviceAccountToken":
            return {_relative(stated): VolumeFile(_token(pod, stated, around), mode)}
    problem = f"the projection of a {kind} is not honoured by the local node"
    raise NotReadyError(CONFIG_ERROR, problem, final=True)


def _selected(data: Mapping[str, bytes], stated: Object, mode: int) -> dict[str, VolumeFile]:
    items: Iterable[Object] = stated.get("items") or [{"key": key, "path": key} for key in data]
    found = {}
    for item in items:
        key = str(item.get("key"))
        if key in data:
            found[_relative(item)] = VolumeFile(data[key], _mode(item, mode))
        elif not stated.get("optional"):
            raise NotReadyError(CONFIG_ERROR, f"references non-existent config key: {key}")
    return found


def _relative(item: Object) -> str:
    path = posixpath.normpath(str(item.get("path") or ""))
    if path.startswith(("/", "..")) or path == ".":
        problem = f"the path {item.get('path')!r} leads out of its volume"
        raise NotReadyError(CONFIG_ERROR, problem, final=True)
    return path


def _mode(item: Object, default: int) -> int:
    mode = item.get("mode")
    return default if mode is None else int(mode)


def _downward(pod: Object, item: Object) -> bytes:
    if reference := item.get("fieldRef"):
        return field_of(pod, str(reference.get("fieldPath"))).encode()
    return resource_of(pod, item.get("resourceFieldRef") or {}).encode()


def _token(pod: Object, stated: Object, around: Surroundings) -> bytes:
    name = _account_name(pod)
    account = around.find("serviceaccounts", name)
    if account is None:
        raise NotReadyError(CONFIG_ERROR, f'serviceaccount "{name}" not found')
    seconds = stated.get("expirationSeconds")
    request = TokenRequest(
        account=Account(
            namespace=pod["metadata"]["namespace"],
            name=name,
            uid=account["metadata"]["uid"],
            pod=pod["metadata"]["name"],
            pod_uid=pod["metadata"]["uid"],
        ),
        audience=stated.get("audience") or AUDIENCE,
        life=_LIFE if seconds is None else timedelta(seconds=int(seconds)),
    )
    return around.token(request).reveal().encode()
