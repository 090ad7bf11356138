"""Checks of ``metadata``: names, labels, annotations, finalizers, and what may not change.

The rules follow the reference, Kubernetes API section 3.
"""

from collections.abc import Callable, Iterator
from typing import Final

from ruleengine.apimachinery.causes import (
    Cause,
    Key,
    forbidden,
    immutable,
    invalid,
    required,
    too_long,
    wrong_type,
)
from ruleengine.apimachinery.kinds import KindInfo
from ruleengine.apimachinery.naming import (
    check_dns_1035_label,
    check_dns_label,
    check_dns_subdomain,
    check_label_value,
    check_path_segment,
    check_qualified_name,
)
from ruleengine.model.values import Object, Path, Value

MOST_ANNOTATION_BYTES: Final = 256 * 1024
_METADATA: Final[Path] = ("metadata",)
_RBAC: Final = "rbac.authorization.k8s.io"
_STANDARD_FINALIZERS: Final = frozenset({"orphan", "foregroundDeletion", "kubernetes"})
_LENIENT_GROUPS: Final = ("apiextensions.k8s.io", "apiregistration.k8s.io")
"""Groups of built-in kinds whose finalizers need not be qualified."""

_IDENTITY: Final = frozenset({"name", "namespace", "generateName"})
_CHECKED: Final = frozenset(
    {"labels", "annotations", "finalizers", "ownerReferences", "managedFields"}
)
_UNCHANGEABLE: Final = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp")


def name_check(kind: KindInfo) -> Callable[[str], str | None]:
    """Return how the names of a kind are checked."""
    if kind.group == _RBAC:
        return check_path_segment
    if not kind.group and kind.kind == "Namespace":
        return check_dns_label
    if not kind.group and kind.kind == "Service":
        return check_dns_1035_label
    return check_dns_subdomain


def check_metadata(value: Object, kind: KindInfo, known: Object | None = None) -> Iterator[Cause]:
    """Yield what is wrong with the metadata of an object.

    Nothing is wrong with ``known``: what the object shares with it is not looked at.
    """
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        yield required(_METADATA)
        return
    was = known["metadata"] if known is not None else {}
    parts = {name: inner for name, inner in metadata.items() if was.get(name) is not inner}
    if "name" not in was or not _IDENTITY.isdisjoint(parts):
        yield from _check_identity(metadata, kind)
    if not _CHECKED.isdisjoint(parts):
        if "labels" in parts:
            yield from check_labels(parts["labels"], (*_METADATA, "labels"))
        if "annotations" in parts:
            yield from _check_annotations(parts["annotations"])
        if "finalizers" in parts:
            yield from _check_finalizers(parts["finalizers"], kind)
        if "ownerReferences" in parts:
            yield from _check_owners(parts["ownerReferences"])
        if "managedFields" in parts:
            yield from _check_entries(parts["managedFields"])
    generation = metadata.get("generation")
    if isinstance(generation, int) and generation < 0:
        place = (*_METADATA, "generation")
        yield invalid(place, generation, "must be greater than or equal to 0")


def _check_identity(metadata: Object, kind: KindInfo) -> Iterator[Cause]:
    name = metadata.get("name")
    base = metadata.get("generateName")
    if base:
        yield from _check_base(str(base), kind)
    if not name:
        yield required((*_METADATA, "name"), "name or generateName is required")
    elif not isinstance(name, str):
        yield wrong_type((*_METADATA, "name"), name, "string")
    else:
        problem = name_check(kind)(name)
        if problem:
            yield invalid((*_METADATA, "name"), name, problem)
    yield from _check_namespace(metadata, kind)


def _check_base(base: str, kind: KindInfo) -> Iterator[Cause]:
    """Check what generated names begin with; a hyphen at its end will not be the last sign."""
    problem = name_check(kind)(base[:-1] + "a" if base.endswith("-") else base)
    if problem:
        yield invalid((*_METADATA, "generateName"), base, problem)


def _check_namespace(metadata: Object, kind: KindInfo) -> Iterator[Cause]:
    namespace = metadata.get("namespace")
    path = (*_METADATA, "namespace")
    if kind.namespaced and not namespace:
        yield required(path)
    elif not kind.namespaced and namespace:
        yield forbidden(path, "not allowed on this type")
    elif namespace:
        problem = check_dns_label(str(namespace))
        if problem:
            yield invalid(path, namespace, problem)


def check_labels(labels: Value, path: Path) -> Iterator[Cause]:
    """Yield what is wrong with a map of labels."""
    if labels is None:
        return
    if not isinstance(labels, dict):
        yield wrong_type(path, labels, "object")
        return
    for key, value in labels.items():
        problem = check_qualified_name(key)
        if problem:
            yield invalid(path, key, problem)
        if not isinstance(value, str):
            yield wrong_type((*path, Key(key)), value, "string")
            continue
        problem = check_label_value(value)
        if problem:
            yield invalid(path, value, problem)


def _check_annotations(annotations: Value) -> Iterator[Cause]:
    path = (*_METADATA, "annotations")
    if annotations is None:
        return
    if not isinstance(annotations, dict):
        yield wrong_type(path, annotations, "object")
        return
    for key, value in annotations.items():
        problem = check_qualified_name(key.lower())
        if problem:
            yield invalid(path, key, problem)
        if not isinstance(value, str):
            yield wrong_type((*path, Key(key)), value, "string")
    if annotation_bytes(annotations) > MOST_ANNOTATION_BYTES:
        yield too_long(path, f"may not be more than {MOST_ANNOTATION_BYTES} bytes")


def annotation_bytes(annotations: Object) -> int:
    """Return how large annotations are together, names and texts."""
    return sum(
        len(key.encode()) + len(value.encode())
        for key, value in annotations.items()
        if isinstance(value, str)
    )


def _check_finalizers(finalizers: Value, kind: KindInfo) -> Iterator[Cause]:
    path = (*_METADATA, "finalizers")
    stated = finalizers or []
    for number, finalizer in enumerate(stated):
        problem = check_qualified_name(str(finalizer))
        if problem:
            yield invalid(path, finalizer, problem)
        known = "/" in finalizer or finalizer in _STANDARD_FINALIZERS
        if not known and kind.type_name and kind.group not in _LENIENT_GROUPS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid((*path, number), finalizer, detail)
    if "orphan" in stated and "foregroundDeletion" in stated:
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        yield invalid(path, stated, detail)


def _check_owners(owners: Value) -> Iterator[Cause]:
    path = (*_METADATA, "ownerReferences")
    controllers = []
    for owner in owners or ():
        version = str(owner.get("apiVersion") or "")
        if not version or version.count("/") > 1:
            place = (*path, "apiVersion")
            yield invalid(place, owner.get("apiVersion") or "", "version must not be empty")
        for field in ("kind", "name", "uid"):
            if not owner.get(field):
                yield invalid((*path, field), "", "must not be empty")
        if (version, owner.get("kind")) == ("v1", "Event"):
            yield invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner")
        if owner.get("controller"):
            controllers.append(f"{owner.get('kind')}/{owner.get('name')}")
    if len(controllers) > 1:
        detail = (
            'Only one reference can have Controller set to true. Found "true" in references '
            f"for {controllers[0]} and {controllers[1]}"
        )
        yield invalid(path, owners, detail)


def _check_entries(entries: Value) -> Iterator[Cause]:
    """Check the entries of ``managedFields``; what they hold is checked where it is read."""
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        path = (*_METADATA, "managedFields", number)
        if entry.get("operation") not in ("Apply", "Update"):
            detail = "must be `Apply` or `Update`"
            yield invalid((*path, "operation"), entry.get("operation") or "", detail)
        if entry.get("fieldsType") not in (None, "", "FieldsV1"):
            yield invalid((*path, "fieldsType"), entry["fieldsType"], "must be `FieldsV1`")


def check_metadata_change(old: Object, new: Object) -> Iterator[Cause]:
    """Yield what an update must not have changed in the metadata."""
    before, after = old.get("metadata") or {}, new.get("metadata") or {}
    for field in _UNCHANGEABLE:
        changed = before.get(field) != after.get(field)
        if changed and (before.get(field) is not None or field == "deletionTimestamp"):
            yield immutable((*_METADATA, field), after.get(field))
    was, now = before.get("generation"), after.get("generation")
    if isinstance(was, int) and isinstance(now, int) and now < was:
        yield invalid((*_METADATA, "generation"), now, "must not be decremented")
    if before.get("deletionTimestamp"):
        added = set(after.get("finalizers") or ()) - set(before.get("finalizers") or ())
        if added:
            names = ", ".join(f'"{one}"' for one in sorted(added))
            yield forbidden(
                (*_METADATA, "finalizers"),
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{names}}}",
            )
