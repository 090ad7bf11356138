"""Server-side apply as its algorithm is told: with plain sets of whole paths, and slowly.

No tries, no sharing, no short cuts. A path is a tuple of steps; an object is walked anew for
every question. Only what the property test compares is here: the objects of the custom kind,
without subresources, versions and the limit on entries.
"""

import copy
import json
from dataclasses import dataclass, field
from typing import Any

from ruleengine.apimachinery.schema import ListType, Schema, Shape

Path = tuple[str, ...]
Paths = set[Path]

SYSTEM: Paths = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    ("f:metadata", "f:name"),
}
"""The paths that nobody owns, as far as the objects of the test have them."""


class Missing:
    """The type of :data:`MISSING`."""


MISSING = Missing()


@dataclass
class World:
    """An object and who owns what: manager and operation → paths."""

    value: Any = None
    owners: dict[tuple[str, str], Paths] = field(default_factory=dict)


def apply(world: World, config: Any, manager: str, schema: Schema, *, force: bool) -> World | Paths:
    """Return the world after an apply, or the paths in conflict."""
    if world.value is not None and not world.owners:
        world = update(World(), world.value, "before-first-apply", schema)
    live = bare(config) if world.value is None else world.value
    mine = (manager, "Apply")
    before = world.owners.get(mine, set())
    claimed = leaves(config, schema)
    others = {key: paths for key, paths in world.owners.items() if key != mine}
    merged = merge(live, config, schema)
    pruned = prune(merged, before, claimed.union(*others.values()), schema)
    added, modified, removed = compare(live, pruned, schema)
    conflicts = {path for paths in others.values() for path in paths & (added | modified)}
    if conflicts and not force:
        return conflicts
    owners = {key: paths - added - modified - removed for key, paths in others.items()}
    owners[mine] = claimed - SYSTEM
    return World(stored(pruned, schema), {key: paths for key, paths in owners.items() if paths})


def update(world: World, new: Any, manager: str, schema: Schema) -> World:
    """Return the world after a plain write."""
    live = bare(new) if world.value is None else world.value
    added, modified, removed = compare(live, new, schema)
    mine = (manager, "Update")
    owners = {key: paths - added - modified - removed for key, paths in world.owners.items()}
    owners[mine] = (owners.get(mine, set()) | added | modified) - SYSTEM
    return World(new, {key: paths for key, paths in owners.items() if paths})


def bare(value: Any) -> Any:
    """Return what an object counts as before it exists."""
    return {"apiVersion": value["apiVersion"], "kind": value["kind"]}


def steps_of(items: list[Any], schema: Schema) -> list[str]:
    """Return the step of every item of a granular list."""
    if schema.list_type is ListType.SET:
        return ["v:" + json.dumps(item) for item in items]
    return [
        "k:" + json.dumps({key: item[key] for key in schema.keys}, separators=(",", ":"))
        for item in items
    ]


def granular_list(schema: Schema) -> bool:
    """Tell whether a list of this type merges item by item."""
    return schema.shape is Shape.LIST and not schema.atomic


def leaves(value: Any, schema: Schema, path: Path = (), *, in_map: bool = False) -> Paths:
    """Return the paths that claiming a value claims."""
    own = {path} if in_map else set()
    if schema.atomic or value is None or value == {}:
        return {path} if path else set()
    if isinstance(value, dict):
        found = set(own)
        for name, inner in value.items():
            declared = schema.declares(name)
            found |= leaves(inner, schema.child(name), (*path, "f:" + name), in_map=not declared)
        return found
    if isinstance(value, list) and granular_list(schema):
        found = set(own)
        steps = steps_of(value, schema)
        for step, item in zip(steps, value, strict=True):
            found.add((*path, step))
            if steps.count(step) == 1:
                found |= leaves(item, schema.element, (*path, step), in_map=True)
        return found
    return {path}


def everything(value: Any, schema: Schema, path: Path) -> Paths:
    """Return every path of a value that comes or goes as a whole, its own among them."""
    found = {path}
    if schema.atomic or not value:
        return found
    if isinstance(value, dict):
        for name, inner in value.items():
            found |= everything(inner, schema.child(name), (*path, "f:" + name))
    elif isinstance(value, list) and granular_list(schema):
        steps = steps_of(value, schema)
        for step, item in zip(steps, value, strict=True):
            alone = steps.count(step) == 1
            found |= everything(item if alone else None, schema.element, (*path, step))
    return found


def compare(old: Any, new: Any, schema: Schema, path: Path = ()) -> tuple[Paths, Paths, Paths]:
    """Return what was added, modified and removed."""
    if old is MISSING or new is MISSING:
        return (
            set() if new is MISSING else everything(new, schema, path),
            set(),
            set() if old is MISSING else everything(old, schema, path),
        )
    if not schema.atomic and (old or new):
        if isinstance(old, dict | None) and isinstance(new, dict | None):
            return compare_maps(old or {}, new or {}, schema, path)
        if granular_list(schema) and isinstance(old, list | None) and isinstance(new, list | None):
            return compare_lists(old or [], new or [], schema, path)
    same = json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    if same or schema.atomic or type(old) is type(new):
        return set(), set() if same else {path}, set()
    return everything(new, schema, path) - {path}, {path}, everything(old, schema, path) - {path}


def joined(parts: list[tuple[Paths, Paths, Paths]]) -> tuple[Paths, Paths, Paths]:
    """Return the differences of all parts."""
    added, modified, removed = (set[Path]().union(*sort) for sort in zip(*parts, strict=True))
    return added, modified, removed


def compare_maps(old: Any, new: Any, schema: Schema, path: Path) -> tuple[Paths, Paths, Paths]:
    """Compare two maps or structs field by field."""
    return joined(
        [
            compare(
                old.get(name, MISSING),
                new.get(name, MISSING),
                schema.child(name),
                (*path, "f:" + name),
            )
            for name in {**old, **new}
        ]
    )


def compare_lists(old: Any, new: Any, schema: Schema, path: Path) -> tuple[Paths, Paths, Paths]:
    """Compare two granular lists item by item; doubled items count as one thing."""
    parts: list[tuple[Paths, Paths, Paths]] = [(set(), set(), set())]
    olds, news = steps_of(old, schema), steps_of(new, schema)
    for step in dict.fromkeys([*olds, *news]):
        mine = [item for at, item in zip(olds, old, strict=True) if at == step]
        theirs = [item for at, item in zip(news, new, strict=True) if at == step]
        place = (*path, step)
        if len(mine) > 1 and len(theirs) > 1:
            parts.append((set(), set() if mine == theirs else {place}, set()))
            continue
        one = mine[0] if len(mine) == 1 else MISSING
        other = theirs[0] if len(theirs) == 1 else MISSING
        parts.append(compare(one, other, schema.element, place))
        doubled = {place} if len(theirs) > 1 else set(), set(), {place} if len(mine) > 1 else set()
        parts.append(doubled)
    return joined(parts)


def merge(live: Any, config: Any, schema: Schema) -> Any:
    """Return live with the configuration laid over it."""
    if not schema.atomic and (live or config):
        if isinstance(live, dict | None) and isinstance(config, dict | None):
            live, config = live or {}, config or {}
            return {
                name: copy.deepcopy(live[name])
                if name not in config
                else merge(live[name], config[name], schema.child(name))
                if name in live
                else copy.deepcopy(config[name])
                for name in {**live, **config}
            }
        if granular_list(schema) and isinstance(live, list) and isinstance(config, list | None):
            return live if config is None else merge_lists(live, config, schema)
    return copy.deepcopy(config)


def merge_lists(live: list[Any], config: list[Any], schema: Schema) -> list[Any]:
    """Return the items of both: as a set of steps and what lies there; the order is apart."""
    olds, news = steps_of(live, schema), steps_of(config, schema)
    merged = []
    for step, item in zip(olds, live, strict=True):
        if step not in news:
            merged.append(item)
    for step, item in zip(news, config, strict=True):
        alone = olds.count(step) == 1
        before = live[olds.index(step)] if alone else MISSING
        merged.append(merge(before, item, schema.element) if alone else item)
    return merged


def named(paths: Paths, schema: Schema) -> Paths:
    """Return the paths and the declared fields that lead to them."""
    found = set(paths)
    for path in paths:
        node = schema
        for depth, step in enumerate(path):
            if step.startswith("f:") and node.declares(step[2:]):
                found.add(path[: depth + 1])
            node = node.child(step[2:]) if step.startswith("f:") else node.element
    return found


def prune(merged: Any, before: Paths, managed: Paths, schema: Schema) -> Any:
    """Return the object without what the applier owned and nobody claims."""
    last, kept = named(before, schema), named(managed, schema)
    all_paths = named(leaves(merged, schema), schema)
    first = without(merged, last, schema)
    gone = all_paths - named(leaves(first, schema), schema) - kept
    second = named(leaves(without(merged, gone, schema), schema), schema)
    return without(merged, (all_paths - second) & last, schema)


def without(value: Any, gone: Paths, schema: Schema, path: Path = ()) -> Any:
    """Return a value without some paths and what lies below; emptied containers are null."""
    if schema.atomic or not value or not any(one[: len(path)] == path for one in gone):
        return value
    if isinstance(value, dict):
        left = {
            name: without(inner, gone, schema.child(name), (*path, "f:" + name))
            for name, inner in value.items()
            if (*path, "f:" + name) not in gone
        }
        return left or None
    if granular_list(schema):
        items = [
            without(item, gone, schema.element, (*path, step))
            for step, item in zip(steps_of(value, schema), value, strict=True)
            if (*path, step) not in gone
        ]
        return items or None
    return value


def stored(value: Any, schema: Schema) -> Any:
    """Return a value as a server keeps it: declared fields are never null."""
    if schema.shape is Shape.DEDUCED or schema.atomic:
        return value
    if isinstance(value, dict):
        return {
            name: stored(inner, schema.child(name))
            for name, inner in value.items()
            if inner is not None or schema.child(name).shape is Shape.DEDUCED
        }
    if isinstance(value, list):
        return [stored(item, schema.element) for item in value]
    return value
