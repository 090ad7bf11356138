"""The nodes of one workflow, as one decision reads and changes them.

Nodes are plain values in Argo's own shape, never changed in place: what a decision writes is
laid over what the status holds, so that the difference costs what changed.
"""

from collections.abc import Iterable, Iterator, Mapping

from ruleengine.model.values import Object
from ruleengine.pipelines import naming
from ruleengine.pipelines.phases import WITH_POD, NodeType, Phase, is_fulfilled


class Tree:
    """The nodes of the workflow called ``workflow``, by id."""

    def __init__(self, workflow: str, nodes: Mapping[str, Object]) -> None:
        self.workflow = workflow
        self._nodes = dict(nodes)
        self.changed: set[str] = set()

    @property
    def nodes(self) -> dict[str, Object]:
        """Every node by its id."""
        return self._nodes

    def id_of(self, name: str) -> str:
        """Return the id that the node with a name has, whether it exists or not."""
        return naming.node_id(self.workflow, name)

    def find(self, name: str) -> Object | None:
        """Return the node with a name."""
        return self._nodes.get(self.id_of(name))

    def get(self, node_id: str) -> Object | None:
        """Return the node with an id."""
        return self._nodes.get(node_id)

    def put(self, node: Object) -> Object:
        """Add a node or put it in place of the one with its id; return it."""
        if self._nodes.get(node["id"]) != node:
            self._nodes[node["id"]] = node
            self.changed.add(node["id"])
        return node

    def update(self, node: Object, **fields: object) -> Object:
        """Return a node with other fields, having put it in place; ``None`` removes one."""
        merged = {**node, **fields}
        return self.put({key: value for key, value in merged.items() if value is not None})

    def link(self, parents: Iterable[str], child: str) -> None:
        """Note a node as child of others, by their ids."""
        for parent in parents:
            node = self._nodes.get(parent)
            if node is not None and child not in node.get("children", ()):
                self.update(node, children=[*node.get("children", ()), child])

    def children(self, node: Object) -> Iterator[Object]:
        """Yield the children of a node."""
        for child in node.get("children", ()):
            found = self._nodes.get(child)
            if found is not None:
                yield found

    def outbound(self, node: Object) -> list[str]:
        """Return the ids of the nodes after which what follows a node is drawn."""
        match node["type"]:
            case NodeType.RETRY:
                attempts = [one for one in self.children(node) if not is_hook(one)]
                return self.outbound(attempts[-1]) if attempts else [node["id"]]
            case NodeType.STEPS | NodeType.DAG | NodeType.TASK_GROUP:
                return self._ends(node)
            case NodeType.POD | NodeType.CONTAINER:
                pod = node["id"] if node["type"] == NodeType.POD else node.get("boundaryID")
                members = [
                    one
                    for one in self.children(node)
                    if one["type"] == NodeType.CONTAINER and one.get("boundaryID") == pod
                ]
                ends = [end for one in members for end in self.outbound(one)]
                return list(dict.fromkeys(ends)) or [node["id"]]
            case _:
                return [node["id"]]

    def _ends(self, node: Object) -> list[str]:
        if node["type"] != NodeType.TASK_GROUP:
            return list(node.get("outboundNodes") or [node["id"]])
        ends = [end for child in self.children(node) for end in self.outbound(child)]
        return ends or [node["id"]]

    def below(self, node: Object) -> Iterator[Object]:
        """Yield every node below one, each once."""
        seen: set[str] = set()
        waiting = list(node.get("children", ()))
        while waiting:
            one = self._nodes.get(waiting.pop())
            if one is not None and one["id"] not in seen:
                seen.add(one["id"])
                waiting.extend(one.get("children", ()))
                yield one

    def unfulfilled(self) -> Iterator[Object]:
        """Yield the nodes that are on their way."""
        return (one for one in list(self._nodes.values()) if not is_fulfilled(one))

    def count_active(self, boundary: str = "") -> int:
        """Return how many pods are on their way; with a boundary, how many of its members.

        Those that wait for a lock do not count.
        """
        types = WITH_POD | {NodeType.STEPS, NodeType.DAG} if boundary else WITH_POD
        return sum(
            one["type"] in types
            and one["phase"] in (Phase.PENDING, Phase.RUNNING)
            and "synchronizationStatus" not in one
            and (not boundary or one.get("boundaryID") == boundary)
            for one in self._nodes.values()
        )


def is_hook(node: Object) -> bool:
    """Tell whether a node is that of a hook, which is no result of its parent."""
    return bool(node.get("nodeFlag", {}).get("hooked"))
