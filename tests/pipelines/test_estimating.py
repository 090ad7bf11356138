"""Estimated durations: those of the last run of the same template that went well."""

from datetime import timedelta

import pytest

from ruleengine.formats import yaml_reader
from ruleengine.model.decisions import Answer
from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from tests.pipelines.worlds import START, End, MemoryWorld

LABEL = "workflows.argoproj.io/workflow-template"
MAIN = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: again, labels: {}}
spec:
  entrypoint: main
  templates:
    - name: main
      steps: [[{name: short, template: step}], [{name: long, template: step}]]
    - {name: step, container: {image: alpine, command: ["true"]}}
"""


def again(**labels: str) -> Object:
    """Return the workflow under test."""
    value: Object = yaml_reader.read(MAIN.encode(), "again.yaml").documents[0].value
    return {**value, "metadata": {**value["metadata"], "labels": labels}}


def run_of(world: MemoryWorld, name: str, seconds: int, **labels: str) -> Object:
    """Store a run that was over before, whose long step took most of its time."""
    other = MemoryWorld(script=lambda node, _: End(seconds=seconds if "long" in node else 1))
    other.submit({**again(**labels), "metadata": {"name": name, "labels": labels}})
    other.settle()
    value = other.workflow()
    world.put(value)
    world.now = max(world.now, other.now)
    return value


def ended(world: MemoryWorld) -> MemoryWorld:
    """Run the workflow under test to its end."""
    world.settle()
    assert world.status("phase") == "Succeeded"
    return world


@pytest.mark.parametrize(
    "label",
    [
        "workflows.argoproj.io/workflow-template",
        "workflows.argoproj.io/cluster-workflow-template",
        "workflows.argoproj.io/cron-workflow",
    ],
)
def test_a_run_is_thought_to_take_what_the_last_good_one_took(label: str) -> None:
    """The whole, and each node by its place in it."""
    world = MemoryWorld()
    run_of(world, "before", 60, **{label: "nightly"})
    world.submit(again(**{label: "nightly"}))
    ended(world)
    assert world.status("estimatedDuration") == pytest.approx(63, abs=3)
    assert world.node("long")["estimatedDuration"] == pytest.approx(60, abs=2)
    assert world.node("short")["estimatedDuration"] < 5


def test_without_a_run_to_compare_with_nothing_is_said() -> None:
    """Of no template, of another one, of one that failed, or that is not over."""
    world = MemoryWorld()
    failed = run_of(world, "failed", 60, **{LABEL: "nightly"})
    world.put({**failed, "status": {**failed["status"], "phase": "Failed"}})
    run_of(world, "other", 60, **{LABEL: "weekly"})
    world.submit(again(**{LABEL: "nightly"}))
    ended(world)
    assert world.status("estimatedDuration") is None
    assert not any("estimatedDuration" in one for one in world.nodes())


def test_a_run_that_ends_meanwhile_changes_no_estimate() -> None:
    """What was said at the beginning holds; of those that were over then the newest counts."""
    world = MemoryWorld()
    first = run_of(world, "first", 10, **{LABEL: "nightly"})
    second = run_of(world, "second", 30, **{LABEL: "nightly"})
    later = format_time(START + timedelta(seconds=1))
    world.put({**second, "metadata": {**second["metadata"], "creationTimestamp": later}})
    world.submit(again(**{LABEL: "nightly"}))
    world.turn()
    said = world.status("estimatedDuration")
    assert said == pytest.approx(33, abs=3)
    third = {**first["metadata"], "name": "third", "creationTimestamp": format_time(world.now)}
    end = format_time(world.now + timedelta(hours=1))
    world.put({**first, "metadata": third, "status": {**first["status"], "finishedAt": end}})
    ended(world)
    assert world.status("estimatedDuration") == said
    assert world.node("long")["estimatedDuration"] == pytest.approx(30, abs=2)


def asking(**labels: str) -> tuple[MemoryWorld, str]:
    """Return a world whose workflow waits for the archive, and the key of what it asks."""
    world = MemoryWorld(archived=True)
    world.submit(again(**labels))
    decision = world.turn()
    (request,) = decision.requests
    assert (request.kind, request.effect, decision.actions) == ("last-run", False, ())
    assert request.payload["namespace"] == "pipelines"
    assert world.status() is None
    assert world.turn().requests == (request,)
    return world, request.key


@pytest.mark.parametrize("lock", [False, True])
def test_where_no_run_is_left_the_archive_is_asked_before_it_begins(*, lock: bool) -> None:
    """The whole takes what it says; of nodes it says nothing, and it is asked once."""
    world, key = asking(**{LABEL: "nightly"})
    if lock:
        world.change({"spec": {"synchronization": {"mutexes": [{"name": "one"}]}}})
    world.answers[key] = Answer(value={"seconds": 90})
    while world.status("startedAt") is None:
        world.turn()
    world.answers.clear()
    ended(world)
    assert world.status("estimatedDuration") == 90
    assert not any("estimatedDuration" in one for one in world.nodes())


@pytest.mark.parametrize(
    "answer",
    [Answer(value={}), Answer(error="no route to the archive"), Answer(value={"seconds": 0})],
)
def test_an_archive_that_knows_nothing_or_fails_stops_no_workflow(answer: Answer) -> None:
    """Then nothing is said."""
    world, key = asking(**{LABEL: "nightly"})
    world.answers[key] = answer
    ended(world)
    assert world.status("estimatedDuration") is None


def test_the_archive_is_asked_only_where_nobody_else_can_tell() -> None:
    """Not for a run of no template, nor while one is there to compare with."""
    alone = MemoryWorld(archived=True)
    alone.submit(again())
    assert alone.turn().requests == ()
    known = MemoryWorld(archived=True)
    run_of(known, "before", 60, **{LABEL: "nightly"})
    known.submit(again(**{LABEL: "nightly"}))
    assert known.turn().requests == ()
    assert known.status("estimatedDuration") == pytest.approx(63, abs=3)


def test_a_question_names_every_template_that_a_run_is_of() -> None:
    """The first that the archive knows a run of tells; each run asks for itself."""
    cron = "workflows.argoproj.io/cron-workflow"
    world = MemoryWorld(archived=True)
    world.submit(again(**{LABEL: "build", cron: "nightly"}))
    (request,) = world.turn().requests
    assert request.payload["labels"] == [[LABEL, "build"], [cron, "nightly"]]
    assert request.payload["uid"] == "workflow-uid"
