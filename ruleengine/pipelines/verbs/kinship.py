"""Which nodes of a workflow belong to which: below, after, inside.

``children`` of a node are those drawn after it, which may be its steps or what follows it. Names
tell what is inside: ``wf.task(0)`` is inside ``wf.task``, ``wf[0].a`` inside ``wf[0]``.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from ruleengine.model.values import Object
from ruleengine.pipelines import naming
from ruleengine.pipelines.phases import NodeType

_INNER: Final = frozenset(
    {NodeType.STEPS, NodeType.STEP_GROUP, NodeType.DAG, NodeType.TASK_GROUP, NodeType.RETRY}
)
_HOLDING: Final = frozenset({NodeType.STEP_GROUP, NodeType.TASK_GROUP, NodeType.RETRY})


def is_inner(node: Object) -> bool:
    """Tell whether a node only holds others together."""
    return node["type"] in _INNER


class Kinship:
    """The nodes of one workflow, by id, and how they belong together."""

    def __init__(self, nodes: Mapping[str, Object]) -> None:
        self.nodes = nodes
        self._inside: dict[str, list[str]] = {}
        self._holders: dict[str, list[str]] = {}
        for node in nodes.values():
            for holder in self._holders_of(node):
                self._inside.setdefault(holder, []).append(node["id"])
                self._holders.setdefault(node["id"], []).append(holder)

    def after(self, roots: Iterable[str]) -> set[str]:
        """Return nodes, everything inside of them, and everything drawn after any of these."""
        found: set[str] = set()
        waiting = list(roots)
        while waiting:
            one = waiting.pop()
            if one in found or one not in self.nodes:
                continue
            found.add(one)
            waiting.extend(self.nodes[one].get("children", ()))
            waiting.extend(self._inside.get(one, ()))
        return found

    def around(self, members: Iterable[str]) -> set[str]:
        """Return every node that nodes are inside of, at any depth."""
        found: set[str] = set()
        waiting = list(members)
        while waiting:
            for holder in self._holders.get(waiting.pop(), ()):
                if holder not in found:
                    found.add(holder)
                    waiting.append(holder)
        return found

    def directly_around(self, member: str) -> list[str]:
        """Return the nodes that one is inside of as its boundary, group or attempts."""
        return self._holders.get(member, [])

    def _holders_of(self, node: Object) -> Iterable[str]:
        boundary = node.get("boundaryID")
        if boundary in self.nodes:
            yield str(boundary)
        for child in self.nodes[node["id"]].get("children", ()):
            inner = self.nodes.get(child)
            if inner is None or node["type"] not in _HOLDING:
                continue
            if naming.is_inside(inner["name"], node["name"]):
                self._inside.setdefault(node["id"], []).append(child)
                self._holders.setdefault(child, []).append(node["id"])


def is_hooked(node: Object) -> bool:
    """Tell whether a node is that of a hook, or inside of one."""
    return naming.is_exiting(node["name"]) or ".hooks." in node["name"]


def is_exit_handler(node: Object, workflow: str) -> bool:
    """Tell whether a node belongs to the exit handler of the workflow itself."""
    rest = str(node["name"]).removeprefix(f"{workflow}{naming.ON_EXIT}")
    return rest != node["name"] and rest[:1] in ("", "[", ".", "(")
