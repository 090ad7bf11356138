"""Checks of what holds data: ConfigMaps, Secrets, volumes, claims and classes of storage.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

import base64
import binascii
from typing import Final

from ruleengine.apimachinery.causes import (
    Key,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
    wrong_type,
)
from ruleengine.apimachinery.checks import (
    POSITIVE,
    Causes,
    label_selector,
    named,
    well_named,
)
from ruleengine.apimachinery.naming import (
    check_config_key,
    check_dns_subdomain,
    check_qualified_name,
)
from ruleengine.apimachinery.quantities import QuantityError, parse_quantity
from ruleengine.formats import json_text
from ruleengine.model.values import Object, Path, Value, lookup

_SPEC: Final[Path] = ("spec",)
_MOST_DATA_BYTES: Final = 1024 * 1024
_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_RECLAIM: Final = ("Delete", "Recycle", "Retain")
_VOLUME_MODES: Final = ("Block", "Filesystem")
NO_SOURCE: Final = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)
"""The fields of a persistent volume that are no source."""

_KEYS_OF_TYPE: Final[dict[str, tuple[str, ...]]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
"""What a Secret of a type has to hold."""

_ACCOUNT: Final = "kubernetes.io/service-account.name"


def check_config_map(value: Object) -> Causes:
    """Yield what is wrong with a ConfigMap."""
    size = 0
    keys: set[str] = set()
    for field in ("data", "binaryData"):
        for key, text in (value.get(field) or {}).items():
            yield from well_named((field, Key(key)), key, check_config_key)
            if key in keys:
                yield duplicate((field, Key(key)), key)
            keys.add(key)
            if field == "binaryData" and _decoded(text) is None:
                yield wrong_type((field, Key(key)), text, "base64")
            size += len(str(text).encode())
    if size > _MOST_DATA_BYTES:
        yield too_long((Key(""),), f"may not be more than {_MOST_DATA_BYTES} bytes")


def check_secret(value: Object) -> Causes:
    """Yield what is wrong with a Secret."""
    size = 0
    data = value.get("data") or {}
    decoded: dict[str, bytes] = {}
    for key, text in data.items():
        yield from well_named(("data", Key(key)), key, check_config_key)
        content = _decoded(text)
        if content is None:
            yield wrong_type(("data", Key(key)), "<secret contents redacted>", "base64")
        else:
            decoded[key] = content
        size += len(decoded.get(key, b""))
    if size > _MOST_DATA_BYTES:
        yield too_long(("data",), f"may not be more than {_MOST_DATA_BYTES} bytes")
    yield from _of_type(value, decoded)


def _decoded(text: Value) -> bytes | None:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        return None


def _of_type(value: Object, data: dict[str, bytes]) -> Causes:
    sort = str(value.get("type") or "")
    for key in _KEYS_OF_TYPE.get(sort, ()):
        if key not in data:
            yield required(("data", Key(key)))
        elif key.startswith(".docker") and not _is_json(data[key]):
            yield invalid(("data", Key(key)), "<secret contents redacted>", "invalid JSON")
    if sort == "kubernetes.io/basic-auth" and not data.keys() & {"username", "password"}:
        for key in ("username", "password"):
            yield required(("data", Key(key)))
    if sort == "kubernetes.io/service-account-token" and not lookup(
        value, "metadata", "annotations", _ACCOUNT
    ):
        yield required(("metadata", "annotations", Key(_ACCOUNT)))


def _is_json(data: bytes) -> bool:
    try:
        json_text.loads(data)
    except ValueError:
        return False
    return True


def check_claim(value: Object) -> Causes:
    """Yield what is wrong with a PersistentVolumeClaim."""
    yield from check_claim_spec(value.get("spec") or {}, _SPEC)


def check_claim_spec(spec: Object, path: Path) -> Causes:
    """Yield what is wrong with the spec of a claim, or with that of a template of claims."""
    modes = spec.get("accessModes") or []
    if not modes:
        yield required((*path, "accessModes"), "at least 1 access mode is required")
    yield from _access_modes(modes, (*path, "accessModes"))
    yield from label_selector(spec.get("selector"), (*path, "selector"))
    storage = lookup(spec, "resources", "requests", "storage")
    place = (*path, "resources", Key("storage"))
    if storage is None:
        yield required(place)
    else:
        yield from _positive(storage, place)
    yield from well_named(
        (*path, "storageClassName"), spec.get("storageClassName"), check_dns_subdomain
    )
    mode = spec.get("volumeMode")
    if mode and mode not in _VOLUME_MODES:
        yield not_supported((*path, "volumeMode"), mode, _VOLUME_MODES)


def _access_modes(modes: list[Value], path: Path) -> Causes:
    for number, mode in enumerate(modes):
        if mode not in _MODES:
            yield not_supported((*path, number), mode, _MODES)
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        detail = "may not use ReadWriteOncePod with other access modes"
        yield forbidden(path, detail)


def _positive(amount: Value, path: Path) -> Causes:
    try:
        small = parse_quantity(str(amount)).amount <= 0
    except QuantityError:
        return
    if small:
        yield invalid(path, str(amount), POSITIVE)


def check_volume(value: Object) -> Causes:
    """Yield what is wrong with a PersistentVolume."""
    spec = value.get("spec") or {}
    if not spec.get("accessModes"):
        yield required((*_SPEC, "accessModes"))
    yield from _access_modes(spec.get("accessModes") or [], (*_SPEC, "accessModes"))
    capacity = spec.get("capacity") or {}
    if not capacity:
        yield required((*_SPEC, "capacity"))
    elif "storage" not in capacity or len(capacity) > 1:
        yield not_supported((*_SPEC, "capacity"), capacity, ("storage",))
    for name, amount in capacity.items():
        yield from _positive(amount, (*_SPEC, "capacity", Key(name)))
    sources = [name for name in spec if name not in NO_SOURCE and spec[name] is not None]
    if not sources:
        yield required(_SPEC, "must specify a volume type")
    for name in sources[1:]:
        yield forbidden((*_SPEC, name), "may not specify more than 1 volume type")
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _RECLAIM:
        yield not_supported((*_SPEC, "persistentVolumeReclaimPolicy"), policy, _RECLAIM)
    path = lookup(spec, "hostPath", "path", default="")
    if "hostPath" in sources and not path:
        yield required((*_SPEC, "hostPath", "path"))
    if ".." in str(path).split("/"):
        yield invalid((*_SPEC, "hostPath", "path"), path, "must not contain '..'")
    if policy == "Recycle" and path == "/":
        detail = "may not be 'recycle' for a hostPath of '/'"
        yield forbidden((*_SPEC, "persistentVolumeReclaimPolicy"), detail)
    yield from well_named(
        (*_SPEC, "storageClassName"), spec.get("storageClassName"), check_dns_subdomain
    )


def check_storage_class(value: Object) -> Causes:
    """Yield what is wrong with a StorageClass."""
    yield from named(
        ("provisioner",), str(value.get("provisioner") or "").lower(), check_qualified_name
    )
    policy = value.get("reclaimPolicy")
    if policy and policy not in ("Delete", "Retain"):
        yield not_supported(("reclaimPolicy",), policy, ("Delete", "Retain"))
    for name, text in (value.get("parameters") or {}).items():
        if not name:
            yield invalid(("parameters",), text, "field can not be empty.")
