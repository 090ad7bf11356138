"""The rules of what goes after the end: ``ttlStrategy`` and ``podGC`` (reference, Workflows 2)."""

from datetime import timedelta

import pytest

from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from ruleengine.pipelines.cleaning import expires
from tests.pipelines.worlds import START, End, run

ALL: Object = {"secondsAfterCompletion": 1, "secondsAfterSuccess": 2, "secondsAfterFailure": 3}


@pytest.mark.parametrize(
    ("strategy", "phase", "seconds"),
    [
        (ALL, "Succeeded", 2),
        (ALL, "Failed", 3),
        (ALL, "Error", 3),
        ({"secondsAfterCompletion": 1}, "Succeeded", 1),
        ({"secondsAfterCompletion": 1}, "Failed", 1),
        ({"secondsAfterSuccess": 2}, "Failed", None),
        ({"secondsAfterFailure": 3}, "Succeeded", None),
        ({"secondsAfterSuccess": 0}, "Succeeded", 0),
        ({}, "Succeeded", None),
    ],
)
@pytest.mark.parametrize("place", ["spec", "template"])
def test_how_it_ended_says_how_long_a_workflow_is_kept(
    strategy: Object, phase: str, seconds: int | None, place: str
) -> None:
    """What is said of its very end beats what holds for any; a template may say it."""
    spec = {"ttlStrategy": strategy}
    status: Object = {"phase": phase, "finishedAt": format_time(START)}
    if place == "template":
        spec, status = {}, {**status, "storedWorkflowTemplateSpec": spec}
    found = expires({"spec": spec, "status": status})
    assert found == (None if seconds is None else START + timedelta(seconds=seconds))


PODS = """
entrypoint: main
podGC: {strategy: STRATEGY}
templates:
- name: main
  dag: {tasks: [{name: good, template: work}, {name: bad, template: work}]}
- {name: work, container: {image: alpine, command: [work]}}
"""
PLAIN = PODS.replace("podGC: {strategy: STRATEGY}\n", "")


@pytest.mark.parametrize(
    ("strategy", "fails", "kept"),
    [
        ("OnPodCompletion", True, 0),
        ("OnPodSuccess", True, 1),
        ("OnPodSuccess", False, 0),
        ("OnWorkflowCompletion", True, 0),
        ("OnWorkflowSuccess", True, 2),
        ("OnWorkflowSuccess", False, 0),
        ('""', False, 2),
    ],
)
def test_the_strategy_says_which_pods_are_kept(strategy: str, kept: int, *, fails: bool) -> None:
    """By the end of each, or by that of the workflow."""
    spec = PODS.replace("STRATEGY", strategy)
    world = run(spec, lambda name, _: End(code=int(fails and name == ".bad")))
    world.turn()
    assert len(world.pods()) == kept


def test_a_template_may_say_what_becomes_of_the_pods() -> None:
    """Of every workflow that is made of it."""
    world = run(PLAIN)
    stored = {"podGC": {"strategy": "OnWorkflowCompletion"}, **world.workflow()["spec"]}
    status = {**world.status(), "storedWorkflowTemplateSpec": stored}
    world.put({**world.workflow(), "status": status})
    world.turn()
    assert world.pods() == []
