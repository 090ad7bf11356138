"""What a decision costs follows from what is on its way, not from what is over or has no room."""

import gc
import sys
from collections import Counter
from dataclasses import dataclass, field
from types import FrameType

import pytest

from ruleengine.model.decisions import Decision
from ruleengine.model.values import Object
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.reconciler import WorkflowReconciler
from ruleengine.pipelines.repositories import Around
from tests.pipelines.worlds import MemoryWorld

STEPS = 40
EARLY, LATE = 8, 32
"""So many steps have begun when decisions are compared."""


@dataclass
class CountingWorld(MemoryWorld):
    """Counts the calls of functions that decisions make, by how many pods were begun before.

    Of several decisions with as many pods the dearest counts.
    """

    calls: Counter[int] = field(default_factory=Counter)

    def decide(self) -> Decision:
        """Return the decision on the workflow, with the memory of the one before."""
        reconciler = WorkflowReconciler(Around(default=self.repository))
        count = 0

        def note(frame: FrameType, event: str, argument: object) -> None:
            nonlocal count
            del frame, argument
            count += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            decision = reconciler.decide(self.workflow(), self, self.now, self.memo)
        finally:
            sys.setprofile(before)
        self.memo = decision.memo
        begun = len(self.began)
        self.calls[begun] = max(self.calls[begun], count)
        return decision


def workflow(main: Object, *templates: Object, **spec: object) -> Object:
    """Return a workflow whose steps are pods that end at once."""
    step = {
        "name": "step",
        "inputs": {"parameters": [{"name": "of", "value": "x"}]},
        "container": {"image": "alpine", "command": ["true"]},
    }
    inner = {"name": "inner", "steps": [[{"name": "one", "template": "step"}]]}
    again = {**step, "name": "again", "retryStrategy": {"limit": "2"}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "w"},
        "spec": {
            "entrypoint": "main",
            "templates": [{"name": "main", **main}, step, inner, again, *templates],
            **spec,
        },
    }


def task(number: int, template: str = "step", **more: object) -> Object:
    """Return a step or task."""
    return {"name": f"t{number}", "template": template, **more}


def chain(template: str = "step", **more: object) -> list[Object]:
    """Return tasks one after another."""
    return [
        task(one, template, **more, **({"depends": f"t{one - 1}"} if one else {}))
        for one in range(STEPS)
    ]


def asking() -> list[Object]:
    """Return tasks of which each is given something of the one before."""
    tasks = chain()
    for number in range(1, STEPS):
        given = {"name": "of", "value": f"{{{{tasks.t{number - 1}.status}}}}"}
        tasks[number]["arguments"] = {"parameters": [given]}
    return tasks


MANY = [task(one) for one in range(STEPS)]
INNER = [task(one, "inner") for one in range(STEPS)]
LOOP = task(0, withSequence={"count": str(STEPS)})
FORMS = {
    "a chain": workflow({"dag": {"tasks": chain()}}),
    "a chain that passes values on": workflow({"dag": {"tasks": asking()}}),
    "a chain with exit handlers": workflow({"dag": {"tasks": chain(onExit="step")}}),
    "a chain with retries": workflow({"dag": {"tasks": chain("again")}}),
    "a chain of templates with steps": workflow({"dag": {"tasks": chain("inner")}}),
    "tasks by a limit of their template": workflow({"parallelism": 1, "dag": {"tasks": MANY}}),
    "tasks by the limit of the workflow": workflow({"dag": {"tasks": MANY}}, parallelism=1),
    "templates with steps, by a limit": workflow({"parallelism": 1, "dag": {"tasks": INNER}}),
    "a looped task": workflow({"parallelism": 1, "dag": {"tasks": [LOOP]}}),
    "groups of steps": workflow({"steps": [[one] for one in MANY]}),
    "one group of steps": workflow({"parallelism": 1, "steps": [MANY]}),
    "a looped step": workflow({"parallelism": 1, "steps": [[LOOP]]}),
    "a looped step by the limit of the workflow": workflow({"steps": [[LOOP]]}, parallelism=1),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_late_step_costs_what_an_early_one_does(form: str) -> None:
    """Function calls are counted; a tenth more is left to what differs by chance."""
    world = CountingWorld()
    world.submit(FORMS[form])
    world.settle()
    assert world.status("phase") == Phase.SUCCEEDED
    assert len(world.began) >= STEPS
    assert world.calls[LATE] <= 1.1 * world.calls[EARLY]
    assert world.calls[EARLY] <= 1.1 * world.calls[LATE]


def test_a_pod_that_only_runs_costs_next_to_nothing() -> None:
    """However many there are, a decision is about those that did something."""
    world = CountingWorld(script=lambda *_: None)
    world.submit(workflow({"dag": {"tasks": MANY}}))
    for _ in range(4):
        world.turn()
        world.run_pods()
    world.turn()
    world.calls.clear()
    world.turn()
    (calls,) = world.calls.values()
    assert calls < 100 * STEPS
    assert all(one["phase"] == Phase.RUNNING for one in world.nodes())


@pytest.mark.parametrize("form", FORMS)
def test_what_a_decision_looked_at_is_freed_with_it(form: str) -> None:
    """It makes no circles, which would stay, each with a table of all nodes, until looked for."""
    world = MemoryWorld()
    world.submit(FORMS[form])
    for _ in range(EARLY):
        world.turn()
        world.run_pods()
    gc.collect()
    gc.disable()
    try:
        world.turn()
        assert gc.collect() == 0
    finally:
        gc.enable()
