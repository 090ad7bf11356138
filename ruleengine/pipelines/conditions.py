"""Conditions: ``when`` of steps and tasks, and what a task's dependencies came to."""

from typing import Final

from ruleengine.expressions import depends
from ruleengine.expressions.language import ExpressionError
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import NodeType, Phase
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.tree import Tree, is_hook


def holds(text: str) -> bool:
    """Tell whether a ``when`` holds whose tags are replaced. Raises ``NodeError``."""
    from ruleengine.expressions import when

    try:
        return when.holds(text)
    except ExpressionError as error:
        raise NodeError(f"invalid 'when' expression '{text}': {error}") from error


_RESULTS = {
    Phase.SUCCEEDED: "Succeeded",
    Phase.FAILED: "Failed",
    Phase.ERROR: "Errored",
    Phase.SKIPPED: "Skipped",
    Phase.OMITTED: "Omitted",
}


def results_of(node: Object, tree: Tree) -> set[str]:
    """Return the results of a task that is fulfilled, by the words of ``depends``."""
    found = {_RESULTS[Phase(node["phase"])]} if node["phase"] in _RESULTS else set()
    if node.get("daemoned") and not found:
        found.add("Daemoned")
    if node["type"] == NodeType.TASK_GROUP:
        phases = [one["phase"] for one in tree.children(node) if not is_hook(one)]
        if Phase.SUCCEEDED in phases:
            found.add("AnySucceeded")
        if phases and all(one == Phase.FAILED for one in phases):
            found.add("AllFailed")
    return found


GAVE_UP: Final = "template has failed or errored children and failFast enabled"
"""Why a template ended that began nothing more, as it is to fail fast."""

_GOOD_ENOUGH = frozenset({"Succeeded", "Skipped", "Daemoned"})


def may_begin(task: Object, tasks: dict[str, Object], nodes: dict[str, Object], tree: Tree) -> bool:
    """Tell whether a task's condition holds, given the fulfilled ``nodes`` of what it needs.

    A bare name holds for tasks that succeeded, were skipped or run as daemons, and for those
    whose end their ``continueOn`` excuses. The graph of the tasks has read every ``depends``.
    """
    results = {}
    for name, node in nodes.items():
        found = results_of(node, tree)
        good = found & _GOOD_ENOUGH or excused(tasks[name], node)
        results[name] = found | {depends.GOOD} if good else found
    if not task.get("depends"):
        return all(depends.GOOD in one for one in results.values())
    return depends.compile(str(task["depends"])).eval(results)


def excused(step: Object, node: Object) -> bool:
    """Tell whether ``continueOn`` of a step or task excuses the end of its node."""
    on_error = node["phase"] == Phase.ERROR and lookup(step, "continueOn", "error")
    on_failure = node["phase"] == Phase.FAILED and lookup(step, "continueOn", "failed")
    return bool(on_error or on_failure)
