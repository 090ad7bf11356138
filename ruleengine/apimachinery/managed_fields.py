"""``metadata.managedFields``: who owns which fields, read and written.

Identity, order and limits of the entries follow the reference, Kubernetes API section 7.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from ruleengine.apimachinery import tries
from ruleengine.apimachinery.list_items import canonical_step
from ruleengine.apimachinery.remembering import ByIdentity
from ruleengine.apimachinery.tries import SELF, FieldsError, Trie
from ruleengine.model.values import Object, Value, lookup

APPLY: Final = "Apply"
UPDATE: Final = "Update"
MOST_UPDATERS: Final = 10
"""How many entries of operation ``Update`` an object keeps apart."""

ANCIENT_CHANGES: Final = "ancient-changes"
BEFORE_FIRST_APPLY: Final = "before-first-apply"

_UNTRACKED_METADATA: Final = (
    "clusterName",
    "creationTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
)
UNTRACKED: Final[Trie] = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {".": {}, **{f"f:{name}": {} for name in _UNTRACKED_METADATA}},
}
"""Fields that belong to the system and are nobody's."""

_TEXTS: Final = ("manager", "apiVersion", "subresource", "time")
"""What is a text in an entry, or not there."""

ManagerKey: TypeAlias = tuple[str, str, str, str]
"""Manager, operation, subresource, and for updates the apiVersion."""


class Manager(NamedTuple):
    """One entry: a manager, how it wrote, and the fields it owns."""

    name: str
    operation: str
    api_version: str
    fields: Trie
    subresource: str = ""
    time: str = ""

    @property
    def key(self) -> ManagerKey:
        """What makes the entry one and the same over time."""
        version = self.api_version if self.operation == UPDATE else ""
        return (self.name, self.operation, self.subresource, version)

    def __str__(self) -> str:
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        if self.operation == UPDATE:
            text += f" using {self.api_version}"
        return text


def read_managers(managed_fields: Value, within: Trie | None = None) -> dict[ManagerKey, Manager]:
    """Return the entries of an object. Raises ``FieldsError`` where they are malformed.

    ``within``: only what they own at the leaves of this set and below is read.
    """
    if not (managed_fields is None or isinstance(managed_fields, list)):
        raise FieldsError("managedFields has to be a list")
    found: dict[ManagerKey, Manager] = {}
    for entry in managed_fields or ():
        manager = _read_entry(entry, within)
        key = manager.key
        known = found.get(key)
        if known is not None:
            manager = manager._replace(fields=tries.union(known.fields, manager.fields))
        found[key] = manager
    return found


def _read_entry(entry: Object, within: Trie | None) -> Manager:
    if not isinstance(entry, dict) or entry.get("operation") not in (APPLY, UPDATE):
        raise FieldsError("an entry of managedFields needs the operation Apply or Update")
    if entry.get("fieldsType", "FieldsV1") != "FieldsV1":
        raise FieldsError("an entry of managedFields needs fields of the type FieldsV1")
    fields = entry.get("fieldsV1") or {}
    name, version = entry.get("manager") or "", entry.get("apiVersion") or ""
    subresource, time = entry.get("subresource") or "", entry.get("time") or ""
    if not type(name) is type(version) is type(subresource) is type(time) is str:
        wrong = next(one for one in _TEXTS if not isinstance(entry.get(one) or "", str))
        raise FieldsError(f"{wrong} of an entry of managedFields has to be a text")
    read = _read_fields(fields, within) if within else _READ.of(fields, None)
    return Manager(name, entry["operation"], version, read, subresource, time)


def _read_fields(fields: Value, within: Trie | None) -> Trie:
    """Return a set, or its part, with its steps in the form in which we write them.

    It is itself where nothing changes.

    Steps of sorts that nobody knows yet are left out, as every server does.
    """
    if not isinstance(fields, dict):
        raise FieldsError("fieldsV1 of managedFields has to be an object")
    read: Trie = {}
    changed = False
    for text, node in fields.items():
        step = canonical_step(text)
        if step and (not within or step in within or step == SELF):
            part = within.get(step) if within else None
            read[step] = after = _read_fields(node, part) if node else {}
            changed = changed or step != text or (after is not node and bool(node))
        else:
            changed = True
    return read if changed else fields


_READ: Final[ByIdentity[None, Trie]] = ByIdentity(_read_fields)
"""Stored sets are read by each write of their object, and many objects share them."""


_SORTED_BY: Final = ("operation", "time", "name", "api_version", "subresource")
_ORDER: Final = itemgetter(*map(Manager._fields.index, _SORTED_BY))


def write_managers(managers: Iterable[Manager]) -> list[Object]:
    """Return the entries as ``managedFields`` lists them: applies first, then by time."""
    ordered = sorted((one for one in managers if one.fields), key=_ORDER)
    return [_write_entry(*one) for one in ordered]


def _write_entry(
    name: str, operation: str, api_version: str, fields: Trie, subresource: str, time: str
) -> Object:
    entry: Object = {"manager": name, "operation": operation, "apiVersion": api_version}
    if time:
        entry["time"] = time
    entry["fieldsType"] = "FieldsV1"
    entry["fieldsV1"] = fields
    if subresource:
        entry["subresource"] = subresource
    return entry


def managed_fields_of(value: Object | None) -> Value:
    """Return ``metadata.managedFields`` of an object, ``None`` where it has none."""
    return lookup(value, "metadata", "managedFields")


def without_managed_fields(value: Object) -> Object:
    """Return the object without its entries; the object itself where it has none."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return value
    rest = dict(metadata)
    del rest["managedFields"]
    return {**value, "metadata": rest}


def with_managed_fields(value: Object, entries: list[Object]) -> Object:
    """Return the object with these entries; with none, it has no such field.

    Metadata that are no object stay, for validation to find.
    """
    metadata = value.get("metadata") or {}
    if not entries or not isinstance(metadata, dict):
        return without_managed_fields(value)
    return {**value, "metadata": {**metadata, "managedFields": entries}}


def merge_ancient(managers: dict[ManagerKey, Manager]) -> dict[ManagerKey, Manager]:
    """Return the entries with the oldest updates beyond the limit merged, per apiVersion."""
    if len(managers) <= MOST_UPDATERS:
        return managers
    updaters = sorted(
        (one for one in managers.values() if one.operation == UPDATE and one.fields),
        key=lambda one: (one.time, one.name),
    )
    kept = dict(managers)
    count = len(updaters)
    oldest: dict[str, Manager] = {}
    for updater in updaters:
        if count <= MOST_UPDATERS:
            break
        first = oldest.get(updater.api_version)
        if first is None:
            oldest[updater.api_version] = updater
            continue
        bucket = Manager(
            name=ANCIENT_CHANGES,
            operation=UPDATE,
            api_version=updater.api_version,
            fields=tries.union(first.fields, updater.fields),
            time=updater.time,
        )
        for merged in (first, updater):
            kept.pop(merged.key, None)
        kept[bucket.key] = bucket
        oldest[updater.api_version] = bucket
        count -= 1
    return kept
