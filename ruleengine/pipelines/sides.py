"""What stands side by side: the steps of a group, the items of a loop.

Those that are over are not looked at again, nor those that only wait for room while there is
none: so a decision costs what is on its way.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruleengine.model.values import Object
from ruleengine.pipelines import leaves
from ruleengine.pipelines.expanding import EMPTY, Planned, expand
from ruleengine.pipelines.graphs import Frontier, Walk, side_by_side
from ruleengine.pipelines.loops import is_loop
from ruleengine.pipelines.phases import NodeType
from ruleengine.pipelines.variables import Variables

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Call, Machine

Names = Iterable[str]


BringOn = Callable[[Planned], Object | None]
"""Brings one node a step on; ``None`` where it may not begin yet."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Nodes by name, in their order, and how far they are."""

    planned: dict[str, Planned]
    frontier: Frontier

    def look_after(
        self, machine: "Machine", call: "Call", bring_on: BringOn, hooks: Callable[[Planned], Names]
    ) -> tuple[Walk, dict[str, Object]]:
        """Bring on what is on its way, then begin others for as long as there is room.

        ``call`` is how they are called, ``hooks`` tells which hooks each of them waits for. Returns
        the walk, which waits to be told which are over, and those that have begun and were not
        seen to be over before.
        """
        frontier = self.frontier
        frontier.settle(
            lambda name: machine.is_observed_over(name, hooks(self.planned[name])), lambda _: False
        )
        known = {name: node for name in frontier.open if (node := machine.tree.find(name))}
        looked = {
            name: leaves.as_before(machine, known[name]) or bring_on(self.planned[name])
            for name in sorted(known, key=frontier.order.__getitem__)
        }
        walk = Walk(frontier, lambda leaf: machine.has_room_for(call, leaf=leaf))
        for name in walk:
            if name not in looked:
                looked[name] = bring_on(self.planned[name])
                if looked[name] is None:
                    leaf = machine.is_leaf(self.planned[name].step, call.scope)
                    frontier.hold(name, leaf=leaf)
        return walk, {name: node for name, node in looked.items() if node is not None}


def planned_of(
    machine: "Machine", step: Object, name: str, variables: Variables, holder: Object | None
) -> list[Planned]:
    """Return the nodes that a step below ``holder`` stands for.

    What was begun goes on, and what was skipped stays so, whatever the step reads says by now.
    Raises ``NodeError``.
    """
    before = machine.tree.find(name)
    if before is not None and before["type"] == NodeType.SKIPPED and is_loop(step):
        return [Planned(name=name, step=step, source=step, skipped=EMPTY)]
    planned = expand(step, name, variables)
    if planned[0].skipped and "when" in step and _has_begun(machine, name, before, holder):
        return expand({key: step[key] for key in step if key != "when"}, name, variables)
    return planned


def _has_begun(machine: "Machine", name: str, before: Object | None, holder: Object | None) -> bool:
    if before is not None:
        return bool(before["type"] != NodeType.SKIPPED)
    children = machine.tree.children(holder) if holder is not None else ()
    begun = (one for one in children if one["type"] != NodeType.SKIPPED)
    return any(one["name"].startswith(f"{name}(") for one in begun)


def sides_of(
    machine: "Machine", name: str, source: object, make: Callable[[], Iterable[Planned]]
) -> Sides:
    """Return what a node stands for, worked out once: what it reads changes no more.

    Raises ``NodeError`` like ``make``.
    """

    def anew() -> Sides:
        planned = {one.name: one for one in make()}
        return Sides(planned, Frontier(side_by_side(planned)))

    found: Sides = machine.memory.remember("sides", name, source, anew)
    return found
