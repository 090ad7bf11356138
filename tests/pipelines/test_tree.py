"""The nodes of a workflow: what is counted along is what counting anew comes to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.values import Object
from ruleengine.pipelines.phases import NodeType, Phase, is_fulfilled
from ruleengine.pipelines.tree import Tree


def _node(name: str, kind: NodeType, phase: Phase, boundary: str, more: Object) -> Object:
    placed = {"boundaryID": boundary} if boundary else {}
    return {"id": name, "name": name, "type": str(kind), "phase": str(phase), **placed, **more}


NODES = st.builds(
    _node,
    st.sampled_from("abcdef"),
    st.sampled_from([NodeType.POD, NodeType.HTTP, NodeType.STEPS, NodeType.RETRY]),
    st.sampled_from(Phase),
    st.sampled_from(["", "x", "y"]),
    st.sampled_from(
        [
            {},
            {"daemoned": True},
            {"synchronizationStatus": {"waiting": "one"}},
            {"progress": "2/5"},
            {"nodeFlag": {"hooked": True}},
            {"resourcesDuration": {"cpu": 3}},
        ]
    ),
)


def _counts(tree: Tree) -> object:
    ways = {one["id"] for one in tree.unfulfilled()}, {one["id"] for one in tree.daemons()}
    tally = tree.tally
    boundaries = ("", "x", "y")
    counts = [(tree.count_active(one), tree.count_wrong(one)) for one in boundaries]
    used = sum(tally.used.values())
    return ways, counts, (tally.done, tally.whole, used)


@given(st.lists(NODES), st.lists(NODES))
def test_what_is_on_its_way_is_told_whatever_was_put(
    first: list[Object], then: list[Object]
) -> None:
    """As by a tree that is read anew, and by looking at each node."""
    before = Tree("build", {one["id"]: one for one in first})
    tree = Tree("build", before.nodes, before.tally)
    for one in then:
        tree.put(one)
    assert _counts(tree) == _counts(Tree("build", tree.nodes))
    assert _counts(tree) == _counts(Tree("build", tree.nodes, before.tally))
    assert _counts(before) == _counts(Tree("build", before.nodes))
    nodes = tree.nodes.values()
    assert {one["id"] for one in tree.unfulfilled()} == {
        one["id"] for one in nodes if not is_fulfilled(one)
    }
    active = [
        one
        for one in nodes
        if one["phase"] in (Phase.PENDING, Phase.RUNNING) and "synchronizationStatus" not in one
    ]
    assert tree.count_active() == sum(one["type"] in ("Pod", "HTTP") for one in active)
    assert tree.count_active("x") == sum(
        one["type"] != "Retry" and one.get("boundaryID") == "x" for one in active
    )


@pytest.mark.parametrize(
    "change",
    [
        {"phase": "Failed"},
        {"progress": "2/5"},
        {"synchronizationStatus": {"waiting": "one"}},
        {"resourcesDuration": {"cpu": 3}},
    ],
)
def test_whatever_a_node_is_counted_by_may_change(change: Object) -> None:
    """It is counted as it is by then."""
    node = _node("a", NodeType.POD, Phase.RUNNING, "x", {})
    tree = Tree("build", {"a": node})
    before = _counts(tree)
    tree.put({**node, **change})
    assert _counts(tree) == _counts(Tree("build", tree.nodes)) != before


def test_what_holds_members_keeps_what_else_is_below_it() -> None:
    """Its members come first, in their order: those that it forgot, and those that it knew."""
    tree = Tree("wf", {})
    first, second, hook = (tree.id_of(one) for one in ("wf.a", "wf.b", "wf.onExit"))
    group = tree.put(_node("g", NodeType.TASK_GROUP, Phase.RUNNING, "", {"children": [hook]}))
    tree.link(["g"], second)
    held = tree.hold(tree.get("g") or group, ["wf.a", "wf.b"])
    assert held["children"] == [first, second, hook]
    assert tree.hold(held, ["wf.b", "wf.a"]) is held


def _drawn(**children: str) -> Tree:
    """Return a tree of a pod ``P`` with containers in small letters, and of what comes after it."""
    kinds = {True: NodeType.CONTAINER, False: NodeType.POD}
    nodes = [
        {**_node(one, kinds[one.islower()], Phase.SUCCEEDED, "P", {}), "children": [*below]}
        for one, below in children.items()
    ]
    return Tree("build", {one["id"]: one for one in nodes})


def test_what_follows_a_pod_is_drawn_after_the_last_of_its_containers() -> None:
    """Once, however many ways lead there; after itself where it has none."""
    tree = _drawn(P="a", a="bc", b="d", c="d", d="N", N="")
    assert tree.outbound(tree.nodes["P"]) == ["d"]
    assert tree.outbound(tree.nodes["b"]) == ["d"]
    assert tree.outbound(tree.nodes["N"]) == ["N"]


def test_what_is_below_a_node_is_told_once() -> None:
    """However many ways lead there; what is not there is left out."""
    tree = _drawn(P="a", a="bcx", b="d", c="d", d="e", e="")
    assert sorted(one["id"] for one in tree.below(tree.nodes["P"])) == ["a", "b", "c", "d", "e"]
