"""The nodes of one workflow, as one decision reads and changes them.

Nodes are plain values in Argo's own shape, never changed in place: what a decision writes is
laid over what the status holds, so that the difference costs what changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.model.values import Object
from ruleengine.pipelines import naming
from ruleengine.pipelines.phases import (
    WITH_POD,
    NodeType,
    Phase,
    is_fulfilled,
    is_over,
    is_wrong,
)
from ruleengine.pipelines.progress import reached

DURATIONS: Final = "resourcesDuration"
"""What nodes, and the workflow, were given of resources: whole seconds by resource."""

_WORKING: Final = WITH_POD | {NodeType.CONTAINER, NodeType.SUSPEND}
"""Types of nodes that are pieces of work, of which some are done."""

_MEMBERS: Final = WITH_POD | {NodeType.STEPS, NodeType.DAG}
"""Types of nodes of which a template's ``parallelism`` allows so many at once."""

_ON_THEIR_WAY: Final = frozenset({Phase.PENDING, Phase.RUNNING})


@dataclass(slots=True)
class Tally:
    """What is counted along of some nodes: so that nobody has to look at all of them.

    ``open`` are those that are not over, ``active`` how many are on their way by boundary,
    ``whole`` how much work those are that pods run for, ``done`` how much of it is done,
    ``used`` what all pods were given of resources, ``wrong`` how many of a boundary went wrong,
    hooks and single attempts not counted.
    """

    nodes: Mapping[str, Object]
    open: dict[str, None] = field(default_factory=dict)
    active: dict[str, int] = field(default_factory=dict)
    whole: int = 0
    done: int = 0
    used: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Mapping[str, Object]) -> "Tally":
        """Count some nodes."""
        tally = cls(nodes)
        for node in nodes.values():
            tally.note(None, node)
        return tally

    def is_of(self, nodes: Mapping[str, Object]) -> bool:
        """Tell whether it counts these nodes, which may have been written and read meanwhile."""
        return self.nodes is nodes or self.nodes == nodes

    def over(self, nodes: Mapping[str, Object]) -> "Tally":
        """Return a tally of the same nodes that goes on by itself."""
        return Tally(
            nodes,
            open=dict(self.open),
            active=dict(self.active),
            whole=self.whole,
            done=self.done,
            used=dict(self.used),
            wrong=dict(self.wrong),
        )

    def note(self, before: Object | None, node: Object) -> None:
        """Count a node in place of what it was before."""
        if before is not None and _counted(before) == _counted(node):
            return
        for one, number in ((before, -1), (node, 1)):
            if one is not None:
                self._count(one, number)
        if not is_over(node):
            self.open[node["id"]] = None
        else:
            self.open.pop(node["id"], None)

    def _count(self, node: Object, number: int) -> None:
        for boundary in _active_in(node):
            count = self.active.pop(boundary, 0) + number
            if count:
                self.active[boundary] = count
        if is_wrong(node) and "nodeFlag" not in node:
            boundary = node.get("boundaryID", "")
            self.wrong[boundary] = self.wrong.get(boundary, 0) + number
        if node["type"] in _WORKING:
            done, whole = reached(node)
            self.whole += number * whole
            self.done += number * done
        if node["type"] in WITH_POD:
            for name, seconds in (node.get(DURATIONS) or {}).items():
                self.used[name] = self.used.get(name, 0) + number * seconds


@dataclass(slots=True)
class _Children:
    """The ids of a node's children; ``own`` says that this decision made the list."""

    listed: list[str]
    known: set[str]
    own: bool = False


class Tree:
    """The nodes of the workflow called ``workflow``, by id.

    ``known`` is the tally of an earlier decision; it counts where it is that of the same nodes.
    """

    def __init__(
        self, workflow: str, nodes: Mapping[str, Object], known: Tally | None = None
    ) -> None:
        self.workflow = workflow
        self._nodes = dict(nodes)
        if known is None or not known.is_of(nodes):
            known = Tally.of(nodes)
        self.tally = known.over(self._nodes)
        self._linked: dict[str, _Children] = {}
        self._begun: dict[str, None] = {}
        self._fulfilled: dict[str, None] = {}

    @property
    def nodes(self) -> dict[str, Object]:
        """Every node by its id."""
        return self._nodes

    @property
    def begun(self) -> list[Object]:
        """The nodes that are new, in their order."""
        return [self._nodes[name] for name in self._begun]

    @property
    def fulfilled(self) -> list[Object]:
        """The nodes that were fulfilled since they were read, in that order."""
        return [self._nodes[name] for name in self._fulfilled]

    def id_of(self, name: str) -> str:
        """Return the id that the node with a name has, whether it exists or not."""
        return naming.node_id(self.workflow, name)

    def find(self, name: str) -> Object | None:
        """Return the node with a name."""
        return self._nodes.get(naming.node_id(self.workflow, name))

    def get(self, node_id: str) -> Object | None:
        """Return the node with an id."""
        return self._nodes.get(node_id)

    def put(self, node: Object) -> Object:
        """Add a node or put it in place of the one with its id; return it."""
        name, before = node["id"], self._nodes.get(node["id"])
        if before == node:
            return node
        self.tally.note(before, node)
        self._nodes[name] = node
        if before is None:
            self._begun[name] = None
        if is_fulfilled(node) and (before is None or not is_fulfilled(before)):
            self._fulfilled[name] = None
        return node

    def update(self, node: Object, **fields: object) -> Object:
        """Return a node with other fields, having put it in place; ``None`` removes one."""
        merged = {**node, **fields}
        return self.put({key: value for key, value in merged.items() if value is not None})

    def link(self, parents: Iterable[str], child: str) -> None:
        """Note a node as child of others, by their ids."""
        for parent in parents:
            node = self._nodes.get(parent)
            if node is None:
                continue
            children = self._children_of(node)
            if child in children.known:
                continue
            children.known.add(child)
            if children.own:
                children.listed.append(child)
            else:
                children.listed, children.own = [*children.listed, child], True
                self.update(node, children=children.listed)

    def hold(self, holder: Object, members: Iterable[str]) -> Object:
        """Return a node that has these as its children, by name, in this order.

        A retry with other parameters forgets the members of a group, and nobody looks any more
        after those that were over before and are asked for still.
        """
        known, ids = self._children_of(holder), [self.id_of(name) for name in members]
        if known.known.issuperset(ids):
            return holder
        others = known.known.difference(ids)
        listed = [*ids, *(one for one in known.listed if one in others)]
        return self.update(holder, children=listed)

    def _children_of(self, node: Object) -> "_Children":
        """Return the children of a node; each decision looks through them once."""
        found, listed = self._linked.get(node["id"]), node.get("children") or []
        if found is None or found.listed is not listed:
            found = self._linked[node["id"]] = _Children(listed, set(listed))
        return found

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
                attempts = [one for one in self.children(node) if is_attempt(one)]
                return [attempts[-1]["id"]] if attempts else [node["id"]]
            case NodeType.STEPS | NodeType.DAG | NodeType.TASK_GROUP:
                return self._ends(node)
            case NodeType.POD | NodeType.CONTAINER:
                members = [one for one in self.children(node) if one["type"] == NodeType.CONTAINER]
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
        return (one for one in self._not_over() if not is_fulfilled(one))

    def daemons(self) -> Iterator[Object]:
        """Yield the nodes that are fulfilled while their pods go on running."""
        return (one for one in self._not_over() if is_fulfilled(one))

    def _not_over(self) -> list[Object]:
        return [self._nodes[name] for name in self.tally.open]

    def count_active(self, boundary: str = "") -> int:
        """Return how many pods are on their way; with a boundary, how many of its members.

        Those that wait for a lock do not count.
        """
        return self.tally.active.get(boundary, 0)

    def count_wrong(self, boundary: str) -> int:
        """Return how many members of a boundary went wrong."""
        return self.tally.wrong.get(boundary, 0)


def _counted(node: Object) -> tuple[object, ...]:
    """Return what of a node changes, as long as there is one, that anything is counted by."""
    get = node.get
    waits = get("synchronizationStatus")
    return get("phase"), get("type"), get("progress"), get(DURATIONS), waits


def _active_in(node: Object) -> Iterator[str]:
    """Yield the boundaries in which a node counts as on its way; an empty one is the workflow."""
    on_its_way = node.get("phase") in _ON_THEIR_WAY
    if not on_its_way or "synchronizationStatus" in node:
        return
    if node["type"] in WITH_POD:
        yield ""
    if node["type"] in _MEMBERS and node.get("boundaryID"):
        yield node["boundaryID"]


def is_hook(node: Object) -> bool:
    """Tell whether a node is that of a hook, which is no result of its parent."""
    return bool(node.get("nodeFlag", {}).get("hooked"))


def is_attempt(node: Object) -> bool:
    """Tell whether a node is one attempt of its parent; those of a hook are hooks as well."""
    return bool(node.get("nodeFlag", {}).get("retried"))
