"""Server-side apply and the bookkeeping of every other write, as pure functions.

:func:`apply` is what a PATCH of type apply does, :func:`update` what create, PUT and the
other patches do to ``managedFields``. Both follow the reference, Kubernetes API section 7,
step by step. Nothing is changed in place; where nothing changes, the live object itself
is returned, which is how callers see that there is nothing to write.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final

from ruleengine.apimachinery import client_side_apply, tries
from ruleengine.apimachinery.declared import check_declared
from ruleengine.apimachinery.field_sets import (
    Comparison,
    compare,
    fields_of_value,
)
from ruleengine.apimachinery.giving_up import give_up
from ruleengine.apimachinery.list_items import format_steps
from ruleengine.apimachinery.managed_fields import (
    APPLY,
    BEFORE_FIRST_APPLY,
    UNTRACKED,
    UPDATE,
    Manager,
    ManagerKey,
    managed_fields_of,
    merge_ancient,
    read_managers,
    with_managed_fields,
    without_managed_fields,
    write_managers,
)
from ruleengine.apimachinery.merging import merge, settle
from ruleengine.apimachinery.plainness import is_plain
from ruleengine.apimachinery.remembering import ByIdentity
from ruleengine.apimachinery.schema import Schema, Shape
from ruleengine.apimachinery.tries import FieldsError, Trie
from ruleengine.model.values import Object, equal, lookup

# Found once: to look up a member of an enum takes longer than most of what is done here.
_SCALAR: Final = Shape.SCALAR
_STATUS: Final[Trie] = {"f:status": {}}
_IDENTITY: Final = ("apiVersion", "kind")
_NAMES: Final = ("name", "namespace", "uid", "resourceVersion")


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that another manager owns and that an apply would change.

    ``path`` is written as in ``.spec.replicas``; ``message`` names the manager as the API
    does.
    """

    manager: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Applied:
    """The object as an apply makes it, and what stands against it.

    With conflicts the object is what forcing would give; it must not be written then. ``plain``
    says of a new object that it is as :func:`~ruleengine.apimachinery.plainness.is_plain` has it.
    """

    object: Object
    conflicts: tuple[Conflict, ...] = ()
    plain: bool = False


def apply(  # noqa: PLR0913 - the parameters of the request, by name
    live: Object | None,
    config: Object,
    *,
    manager: str,
    schema: Schema,
    now: str,
    force: bool = False,
    subresource: str = "",
    versions: Container[str] | None = None,
) -> Applied:
    """Apply ``config`` in the name of ``manager``; ``live`` is ``None`` for a new object.

    ``now`` is an RFC 3339 time for the entries that change. ``versions`` are the API versions
    that the kind still has: entries of others are dropped (``None``: it has all of them).
    The result is ``live`` itself when there is nothing to write. Raises
    :class:`~ruleengine.apimachinery.declared.UndeclaredError` for a configuration that has
    fields the schema does not know, or the same list item twice.
    """
    stated = without_managed_fields(config)
    config = _relevant(stated, schema, subresource)
    plain = is_plain(config, schema)
    if not plain:
        check_declared(config, schema)
    mine = Manager(
        name=manager,
        operation=APPLY,
        api_version=str(config.get("apiVersion", "")),
        fields={},
        subresource=subresource,
    )
    if live is None:
        made = config if plain else _settled(config, schema)
        return Applied(_created(stated, config, made, mine, schema, now), plain=plain)
    base = without_managed_fields(live)
    managers = _adapted(_managers_before_apply(live, base, schema, now), schema)
    managers = _of_versions(managers, versions)
    owned_before = managers.pop(mine.key, mine)
    claimed = fields_of_value(config, schema) or {}
    merged = merge(base, config, owned_before.fields, schema)
    left: Object = merged.value
    if merged.gives_up is not None:
        left = give_up(left, owned_before.fields, claimed, _fields(managers), schema)
    stored: Object = settle(left, base, schema)
    fields = _kept_fields(claimed, schema, subresource)
    mine = mine._replace(fields=fields, time=owned_before.time if equal(left, base) else now)
    differences = compare(base, left, schema)
    conflicts = () if force else tuple(_conflicts(managers, differences))
    if manager == client_side_apply.MANAGER:
        stored = client_side_apply.remembering(stored, stated)
        conflicts = _not_taken_over(conflicts, base, schema)
    kept = _same_entry(mine, owned_before) and not conflicts and equal(stored, base)
    if kept and managed_fields_of(live):
        return Applied(live)
    changed = _take_from_others(managers, tries.union_all(differences), schema)
    changed[mine.key] = mine
    return Applied(with_managed_fields(stored, write_managers(changed.values())), conflicts)


def creation(config: Object, schema: Schema) -> Object:
    """Return what the first apply of a configuration makes, without who owns what of it.

    Raises :class:`~ruleengine.apimachinery.declared.UndeclaredError` as :func:`apply` does.
    """
    config = _relevant(without_managed_fields(config), schema, "")
    if is_plain(config, schema):
        return config
    check_declared(config, schema)
    return _settled(config, schema)


def _settled(config: Object, schema: Schema) -> Object:
    settled: Object = settle({**_bare(config), **config}, _bare(config), schema)
    return settled


def _created(
    stated: Object, config: Object, stored: Object, mine: Manager, schema: Schema, now: str
) -> Object:
    """Return what the first apply makes: nothing is there, so there is nothing to merge with."""
    fields = _kept_fields(fields_of_value(config, schema) or {}, schema, mine.subresource)
    if mine.name == client_side_apply.MANAGER:
        stored = client_side_apply.remembering(stored, stated)
    entries = write_managers([mine._replace(fields=fields, time=now)])
    return with_managed_fields(stored, entries)


def _kept_fields(claimed: Trie, schema: Schema, subresource: str) -> Trie:
    """Return the fields of a configuration that its applier owns."""
    fields = tries.without(claimed, _reset_fields(schema, subresource))
    return tries.difference(fields, UNTRACKED)


def _not_taken_over(
    conflicts: tuple[Conflict, ...], live: Object, schema: Schema
) -> tuple[Conflict, ...]:
    """Return the conflicts about fields that client-side apply does not own."""
    if not conflicts:
        return ()
    owned = client_side_apply.owned_by_last_apply(live, schema)
    taken = {format_steps(path) for path in tries.paths(owned)}
    return tuple(one for one in conflicts if one.path not in taken)


def _same_entry(one: Manager, other: Manager) -> bool:
    return one.fields == other.fields and one.api_version == other.api_version


def update(  # noqa: PLR0913 - the parameters of the request, by name
    live: Object | None,
    new: Object,
    *,
    manager: str,
    schema: Schema,
    now: str,
    subresource: str = "",
    operation: str = UPDATE,
    versions: Container[str] | None = None,
) -> Object:
    """Return ``new`` with the ``managedFields`` that this write leaves behind.

    ``live`` is the object before the write, ``None`` for a create. Entries in ``new``
    replace those of ``live`` (an empty list resets them), except through a subresource. An
    object that nobody tracks stays so until somebody applies to it.
    """
    managers = _managers_before_update(live, new, subresource)
    if not managers and lookup(live, "metadata", "uid"):
        return without_managed_fields(new)
    managers = _of_versions(managers, versions)
    added, modified, removed = _differences(live, new, schema, subresource)
    changed = tries.union(added, modified)
    taken = tries.difference(changed, UNTRACKED)
    version = str(new.get("apiVersion", ""))
    mine = Manager(manager, operation, version, {}, subresource, now)
    key = mine.key
    owned_before = managers.pop(key, mine)
    after = _take_from_others(managers, tries.union(changed, removed), schema)
    kept = tries.difference(tries.difference(owned_before.fields, removed), UNTRACKED)
    time = now if taken else owned_before.time
    after[key] = Manager(manager, operation, version, tries.union(kept, taken), subresource, time)
    return with_managed_fields(new, write_managers(merge_ancient(after).values()))


def conflict_message(conflicts: Iterable[Conflict]) -> str:
    """Return the message of the 409 that answers an apply with conflicts."""
    ordered = list(conflicts)
    if len(ordered) == 1:
        return f"Apply failed with 1 conflict: {ordered[0].message}: {ordered[0].path}"
    lines = []
    for message in dict.fromkeys(one.message for one in ordered):
        lines.append(message.replace("conflict with", "conflicts with", 1) + ":")
        lines.extend(f"- {one.path}" for one in ordered if one.message == message)
    return f"Apply failed with {len(ordered)} conflicts: " + "\n".join(lines)


def conflict_causes(conflicts: Iterable[Conflict]) -> list[Object]:
    """Return ``details.causes`` of the 409 that answers an apply with conflicts."""
    return [
        {"reason": "FieldManagerConflict", "message": one.message, "field": one.path}
        for one in conflicts
    ]


def _bare(value: Object) -> Object:
    """Return what an object that does not exist yet counts as."""
    return {key: value[key] for key in _IDENTITY if key in value}


def _relevant(config: Object, schema: Schema, subresource: str) -> Object:
    """Return the part of a configuration that the endpoint does not reset."""
    if subresource == "status":
        metadata = config.get("metadata", {})
        kept: Object = {key: config[key] for key in (*_IDENTITY, "status") if key in config}
        names = {key: metadata[key] for key in _NAMES if key in metadata}
        return {**kept, "metadata": names}
    if not subresource and schema.has_status and "status" in config:
        return {key: value for key, value in config.items() if key != "status"}
    return config


def _reset_fields(schema: Schema, subresource: str) -> Trie:
    return _STATUS if not subresource and schema.has_status else {}


def _differences(live: Object | None, new: Object, schema: Schema, subresource: str) -> Comparison:
    """Return the differences that a write through an endpoint makes, who owns what aside."""
    before = _bare(new) if live is None else live
    if subresource == "status":
        return compare(_status_of(before), _status_of(new), schema)
    if managed_fields_of(before) is not managed_fields_of(new):
        before, new = without_managed_fields(before), without_managed_fields(new)
    if not subresource and schema.has_status:
        before, new = _without_status(before, new), _without_status(new, before)
    return compare(before, new, schema)


def _status_of(value: Object) -> Object:
    return {"status": value["status"]} if "status" in value else {}


def _without_status(value: Object, other: Object) -> Object:
    """Return an object without the status in which it differs from another."""
    if "status" not in value or value["status"] is other.get("status"):
        return value
    return {name: inner for name, inner in value.items() if name != "status"}


def _fields(managers: dict[ManagerKey, Manager]) -> list[Trie]:
    return [one.fields for one in managers.values()]


def _filled(managers: dict[ManagerKey, Manager]) -> dict[ManagerKey, Manager]:
    return {key: one for key, one in managers.items() if one.fields}


def _lenient(managed_fields: object, within: Trie | None = None) -> dict[ManagerKey, Manager]:
    try:
        return read_managers(managed_fields, within)
    except FieldsError:
        return {}


def _of_versions(
    managers: dict[ManagerKey, Manager], versions: Container[str] | None
) -> dict[ManagerKey, Manager]:
    """Return the managers whose fields are named in a version that still exists."""
    if versions is None:
        return managers
    return {key: one for key, one in managers.items() if one.api_version in versions}


def _managers_before_apply(
    live: Object, base: Object, schema: Schema, now: str
) -> dict[ManagerKey, Manager]:
    managers = _lenient(managed_fields_of(live))
    if managers:
        return managers
    everything = Manager(
        name=BEFORE_FIRST_APPLY,
        operation=UPDATE,
        api_version=str(live.get("apiVersion", "")),
        fields=tries.difference(compare(_bare(base), base, schema).added, UNTRACKED),
        time=now,
    )
    return _filled({everything.key: everything})


def _managers_before_update(
    live: Object | None, new: Object, subresource: str
) -> dict[ManagerKey, Manager]:
    stated = managed_fields_of(new)
    if subresource or stated is None:
        return _lenient(managed_fields_of(live))
    if stated in ([], [{}]):
        return {}
    return _lenient(stated) or _lenient(managed_fields_of(live))


def _conflicts(managers: dict[ManagerKey, Manager], differences: Comparison) -> Iterable[Conflict]:
    touched = tries.union(differences.added, differences.modified)
    for one in sorted(managers.values(), key=lambda manager: manager.key):
        for path in tries.paths(tries.intersection(one.fields, touched)):
            yield Conflict(one.name, format_steps(path), f"conflict with {one}")


def _take_from_others(
    managers: dict[ManagerKey, Manager], lost: Trie, schema: Schema
) -> dict[ManagerKey, Manager]:
    """Return the managers without the fields that a write changed under them."""
    changed = dict(managers)
    for key, one in managers.items():
        fields = tries.difference(_ADAPTED.of(one.fields, schema), lost)
        if fields is not one.fields:
            changed[key] = one._replace(fields=fields)
    return changed


def managers_of(live: Object, schema: Schema, within: Trie) -> dict[ManagerKey, Manager]:
    """Return who owns which fields of an object, in sets that fit its schema.

    They hold what lies at the leaves of ``within`` and below. Books that cannot be read count
    as none.
    """
    return _adapted(_lenient(managed_fields_of(live), within), schema)


def _adapted(managers: dict[ManagerKey, Manager], schema: Schema) -> dict[ManagerKey, Manager]:
    """Return the managers with sets that fit the schema, should a type have become atomic."""
    return _take_from_others(managers, {}, schema)


def _adapt(fields: Trie, schema: Schema) -> Trie:
    """Return ``fields`` without steps into atomic values; those are owned as a whole."""
    changed: Trie | None = None
    for step, node in fields.items():
        if not node:  # as the mark of a member is
            continue
        child = schema.child(step[2:]) if step.startswith("f:") else schema.element
        if child.atomic or child.shape is _SCALAR:
            adapted: Trie = {}
        else:
            adapted = _adapt(node, child)
        if adapted is not node:
            changed = dict(fields) if changed is None else changed
            changed[step] = adapted
    return fields if changed is None else changed


_ADAPTED: Final = ByIdentity(_adapt)
