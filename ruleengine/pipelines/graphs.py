"""The graph of a DAG template's tasks: who waits for whom (reference, Workflows 8)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ruleengine.expressions import depends
from ruleengine.expressions.language import ExpressionError
from ruleengine.model.values import Object
from ruleengine.pipelines.problems import NodeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Tasks by name, the names each waits for, and the order in which they can be looked at.

    ``order`` holds the targets and what these need, each after what it needs itself.
    """

    tasks: dict[str, Object]
    needs: dict[str, tuple[str, ...]]
    targets: tuple[str, ...]
    order: tuple[str, ...]

    def ancestors(self, name: str) -> set[str]:
        """Return every task that one waits for, directly or not."""
        found: set[str] = set()
        waiting = list(self.needs[name])
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(self.needs[one])
        return found


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
    for name, needed in needs.items():
        for one in needed:
            if one not in tasks:
                raise NodeError(f"task '{name}' depends on '{one}', which is not defined")
    targets = _targets(dag, needs)
    return Graph(tasks=tasks, needs=needs, targets=targets, order=tuple(_sorted(targets, needs)))


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
