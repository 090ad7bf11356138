"""The graph of a DAG template's tasks: who waits for whom (reference, Workflows 8)."""

import heapq
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ruleengine.expressions import depends
from ruleengine.expressions.language import ExpressionError
from ruleengine.model.values import Object
from ruleengine.pipelines.loops import is_loop
from ruleengine.pipelines.problems import NodeError

_OF_LOOPS: Final = ("AnySucceeded", "AllFailed")
"""Results that only the tasks of a loop have together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Tasks by name, the names each waits for, and the order in which they can be looked at.

    ``order`` holds the targets and what these need, each after what it needs itself.
    """

    tasks: dict[str, Object]
    needs: dict[str, tuple[str, ...]]
    targets: tuple[str, ...]
    order: tuple[str, ...]

    def needed(self, name: str, asked: set[str]) -> set[str]:
        """Return which of some tasks one waits for, directly or not."""
        direct = asked.intersection(self.needs[name])
        return direct if len(direct) == len(asked) else asked & self._ancestors(name)

    def _ancestors(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self.needs[name])
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(self.needs[one])
        return found


def side_by_side(names: Iterable[str]) -> Graph:
    """Return the graph of what does not wait for each other: steps of a group, items of a loop."""
    order = tuple(names)
    return Graph(tasks={}, needs=dict.fromkeys(order, ()), targets=(), order=order)


class Frontier:
    """The tasks of a graph that can be looked at: all they need is over, and they are not.

    It holds what a walk over all tasks would come to, as far as tasks were *observed* to be over,
    so that any decision may begin from it. ``wrong`` are those of them that the DAG fails by.
    ``held`` are those that only room was missing for, apart from ``open``: nobody has to look at
    them while there is none. Those that a pod runs for have a line of their own, by their place
    in the order.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.order = {name: index for index, name in enumerate(graph.order)}
        self.names = graph.order
        self.needed_by: dict[str, list[str]] = {name: [] for name in graph.order}
        self.missing: dict[str, int] = {}
        for name in graph.order:
            needs = set(graph.needs[name])
            self.missing[name] = len(needs)
            for one in needs:
                self.needed_by[one].append(name)
        self.open = {name for name in graph.order if not self.missing[name]}
        self.targets = frozenset(graph.targets)
        self.held: dict[bool, list[int]] = {True: [], False: []}
        self.over: set[str] = set()
        self.wrong: set[str] = set()

    @property
    def settled(self) -> int:
        """How many tasks were observed to be over."""
        return len(self.over)

    def settle(self, is_over: Callable[[str], bool], is_wrong: Callable[[str], bool]) -> None:
        """Take in which tasks are over, those that can be looked at after them included.

        ``is_wrong`` tells of a target that is over whether the DAG fails by it.
        """
        waiting = list(self.open)
        while waiting:
            name = waiting.pop()
            if not is_over(name):
                continue
            self.open.remove(name)
            self.over.add(name)
            if name in self.targets and is_wrong(name):
                self.wrong.add(name)
            for one in self.needed_by[name]:
                self.missing[one] -= 1
                if not self.missing[one]:
                    self.open.add(one)
                    waiting.append(one)

    def hold(self, name: str, *, leaf: bool) -> None:
        """Put a task aside that begins as soon as there is room."""
        if name in self.open:
            self.open.remove(name)
            insort(self.held[leaf], self.order[name])


class Walk:
    """One walk over the tasks that can be looked at.

    ``room`` tells whether one more may begin, with a pod or without. Of those that were held it
    takes one after another back into the frontier, for as long as there is.
    """

    def __init__(self, frontier: Frontier, room: Callable[[bool], bool]) -> None:
        self._frontier = frontier
        self._room = room
        self._lines = {leaf: deque(line) for leaf, line in frontier.held.items() if line}
        self._coming = [frontier.order[name] for name in frontier.open]
        self._over = 0
        self._fewer: dict[str, int] = {}
        heapq.heapify(self._coming)

    def __iter__(self) -> Iterator[str]:
        """Yield the tasks in the order of the graph; those that become ready on the way too."""
        while (place := self._next()) is not None:
            yield self._frontier.names[place]

    def _next(self) -> int | None:
        """Take the first that is to be looked at; a line without room then ends for this walk."""
        while self._lines and (
            heads := [(line[0], leaf) for leaf, line in self._lines.items() if line]
        ):
            place, leaf = min(heads)
            if self._coming and self._coming[0] < place:
                break
            if self._room(leaf):
                self._lines[leaf].popleft()
                self._frontier.held[leaf].remove(place)
                self._frontier.open.add(self._frontier.names[place])
                return place
            del self._lines[leaf]
        return heapq.heappop(self._coming) if self._coming else None

    @property
    def is_over(self) -> bool:
        """Whether every task is over."""
        return self._frontier.settled + self._over == len(self._frontier.names)

    def over(self, name: str) -> None:
        """Note that a task that was yielded has come to its end."""
        self._over += 1
        for one in self._frontier.needed_by[name]:
            self._fewer[one] = self._fewer.get(one, 0) + 1
            if self._fewer[one] == self._frontier.missing[one]:
                heapq.heappush(self._coming, self._frontier.order[one])


def needs_of(task: Object) -> tuple[str, ...]:
    """Return the names of the tasks that one waits for. Raises ``NodeError``."""
    if task.get("depends"):
        try:
            return depends.compile(str(task["depends"])).tasks
        except ExpressionError as error:
            raise NodeError(f"depends of task '{task['name']}': {error}") from error
    return tuple(task.get("dependencies") or ())


def make_graph(dag: Object) -> Graph:
    """Return the graph of a DAG whose tags are replaced.

    Raises ``NodeError`` for tasks that wait for unknown ones, for each other, or for themselves.
    """
    tasks = {str(one["name"]): one for one in dag.get("tasks") or ()}
    needs = {name: needs_of(one) for name, one in tasks.items()}
    _check(tasks)
    for name, needed in needs.items():
        for one in needed:
            if one not in tasks:
                raise NodeError(f"task '{name}' depends on '{one}', which is not defined")
    targets = _targets(dag, needs)
    return Graph(tasks=tasks, needs=needs, targets=targets, order=tuple(_sorted(targets, needs)))


def _check(tasks: dict[str, Object]) -> None:
    """Raise ``NodeError`` for ways to depend that Argo refuses (reference, Workflows 8 and 25)."""
    one_way = any(one.get("depends") for one in tasks.values())
    other_way = any(one.get("dependencies") for one in tasks.values())
    if one_way and other_way:
        raise NodeError("the tasks of a DAG use either 'depends' or 'dependencies', not both")
    for name, task in tasks.items():
        if (one_way or other_way) and name[0].isdigit():
            raise NodeError(f"task '{name}' begins with a digit, which 'depends' cannot name")
        if task.get("depends") and task.get("continueOn"):
            raise NodeError(f"task '{name}' has 'continueOn', which 'depends' makes needless")
        for operand in (
            depends.compile(str(task["depends"])).operands if task.get("depends") else ()
        ):
            looped = operand.task not in tasks or is_loop(tasks[operand.task])
            if operand.result in _OF_LOOPS and not looped:
                raise NodeError(
                    f"task '{name}' depends on {operand.task}.{operand.result}, and "
                    f"'{operand.task}' is no loop"
                )


def _targets(dag: Object, needs: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    if dag.get("target"):
        names = tuple(str(dag["target"]).split())
        unknown = [one for one in names if one not in needs]
        if unknown:
            raise NodeError(f"target '{unknown[0]}' is not defined")
        return names
    needed = {one for names in needs.values() for one in names}
    return tuple(sorted(name for name in needs if name not in needed)) or tuple(sorted(needs))


def _sorted(targets: Iterable[str], needs: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the targets and what they need, every task after what it needs itself."""
    done: set[str] = set()
    for target in targets:
        path: dict[str, Iterator[str]] = {target: iter(needs[target])}
        while path:
            name, rest = next(reversed(path.items()))
            following = next((one for one in rest if one not in done), None)
            if following is None:
                path.pop(name)
                if name not in done:
                    done.add(name)
                    yield name
            elif following in path:
                raise NodeError(f"tasks wait for each other: {_circle(tuple(path), following)}")
            else:
                path[following] = iter(needs[following])


def _circle(path: Sequence[str], first: str) -> str:
    circle = path[path.index(first) :]
    return " → ".join((*circle, first))
