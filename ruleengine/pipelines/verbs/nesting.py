"""The nodes of a workflow as people look at them: what is inside of what, in order of time."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
    ranks = _ranks(nodes)
    ids = {str(one["name"]): key for key, one in nodes.items()}
    inside: dict[str, list[str]] = {}
    tops: list[str] = []
    for key, node in nodes.items():
        holder = _holder(kin, node, ids, workflow)
        (tops if holder is None else inside.setdefault(holder, [])).append(key)

    def ordered(keys: Iterable[str]) -> list[str]:
        return sorted(keys, key=lambda key: _order(nodes[key], ranks))

    def build(key: str) -> Nested:
        members = [build(one) for one in ordered(inside.get(key, ()))]
        return Nested(nodes[key], list(_flat(members)))

    return [build(one) for one in ordered(tops)]


def in_order(chosen: Iterable[Object], nodes: Mapping[str, Object]) -> list[Object]:
    """Return some of the nodes of a workflow as people read them: what was first, first.

    Times have whole seconds: within one, what comes after what is told by the nodes' children,
    and then by names with their numbers.
    """
    found = list(chosen)
    if len(found) < 2:
        return found
    ranks = _ranks(nodes)
    return sorted(found, key=lambda one: _order(one, ranks))


def _order(node: Object, ranks: Mapping[str, int]) -> tuple[str, int, list[tuple[int, str]]]:
    parts = _NUMBER.split(str(node["name"]))
    named = [(int(one), "") if one.isdecimal() else (0, one) for one in parts]
    return str(node.get("startedAt") or "9"), ranks.get(node["id"], 0), named


def _ranks(nodes: Mapping[str, Object]) -> Mapping[str, int]:
    """Return how many nodes come before each at least, along the longest way to it.

    The exit handler of a workflow is no child of its root: it comes after all others.
    """
    before = Counter(child for one in nodes.values() for child in one.get("children") or ())
    firsts = [key for key in nodes if not before[key]]
    handlers = [key for key in firsts if str(nodes[key]["name"]).endswith(naming.ON_EXIT)]
    ranks: dict[str, int] = {}
    for waiting in ([key for key in firsts if key not in handlers], handlers):
        least = max(ranks.values(), default=-1) + 1
        ranks |= dict.fromkeys(waiting, least)
        _rank_after(waiting, nodes, before, ranks)
    return ranks


def _rank_after(
    waiting: list[str],
    nodes: Mapping[str, Object],
    before: Counter[str],
    ranks: dict[str, int],
) -> None:
    """Rank what comes after some nodes; ``before`` counts what comes directly before each."""
    while waiting:
        key = waiting.pop()
        for child in nodes[key].get("children") or ():
            ranks[child] = max(ranks.get(child, 0), ranks[key] + 1)
            before[child] -= 1
            if not before[child] and child in nodes:
                waiting.append(child)


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
