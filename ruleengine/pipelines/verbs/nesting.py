"""The nodes of a workflow as people look at them: what is inside of what, in order of time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.model.values import Object
from ruleengine.pipelines import naming
from ruleengine.pipelines.phases import NodeType
from ruleengine.pipelines.verbs.kinship import Kinship

_HOOK: Final = re.compile(r"^(.*?)(\.onExit|\.hooks\.[^.\[(]+)")
_NUMBER: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Nested:
    """A node and what is inside of it."""

    node: Object
    members: list["Nested"] = field(default_factory=list)


def nested(nodes: Mapping[str, Object], workflow: str) -> list[Nested]:
    """Return the nodes that are inside of no other, the root of the workflow first.

    Groups of steps with one member, and groups of nothing, are left out in favour of it.
    """
    kin = Kinship(nodes)
    ids = {str(one["name"]): key for key, one in nodes.items()}
    inside: dict[str, list[str]] = {}
    tops: list[str] = []
    for key, node in nodes.items():
        holder = _holder(kin, node, ids, workflow)
        (tops if holder is None else inside.setdefault(holder, [])).append(key)

    def build(key: str) -> Nested:
        node = nodes[key]
        members = [build(one) for one in sorted(inside.get(key, ()), key=lambda k: order(nodes[k]))]
        return Nested(node, list(_flat(members)))

    return [build(one) for one in sorted(tops, key=lambda key: order(nodes[key]))]


def order(node: Object) -> tuple[str, list[tuple[int, str]]]:
    """Return the key by which nodes side by side are ordered: time, then name with its numbers."""
    parts = _NUMBER.split(str(node["name"]))
    named = [(int(one), "") if one.isdecimal() else (0, one) for one in parts]
    return str(node.get("startedAt") or "9"), named


def _holder(kin: Kinship, node: Object, ids: Mapping[str, str], workflow: str) -> str | None:
    name = str(node["name"])
    hook = _HOOK.match(name)
    if hook is not None and hook[0] == name:
        return ids.get(hook[1])
    holders = kin.directly_around(node["id"])
    if holders:
        return max(holders, key=lambda key: len(str(kin.nodes[key]["name"])))
    root = naming.node_id(workflow, workflow)
    return root if node["id"] != root and root in kin.nodes else None


def _flat(members: list[Nested]) -> Iterator[Nested]:
    for one in members:
        if one.node["type"] == NodeType.STEP_GROUP and len(one.members) == 1:
            yield one.members[0]
        else:
            yield one
