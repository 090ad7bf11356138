"""Pods that failed before their step began are made anew (reference, Workflows 10)."""

import pytest

from ruleengine.model.actions import Target, Verb
from ruleengine.model.decisions import Next, Stop
from ruleengine.model.values import Object
from tests.pipelines.worlds import MemoryWorld, documents, world_of

SPEC = """
entrypoint: main
templates:
- {name: main, container: {image: alpine, command: [work]}}
"""
EVICTED: Object = {"phase": "Failed", "reason": "Evicted", "message": "[DiskPressure]"}
TOLD = "Pod auto-restarting due to Evicted: [DiskPressure]"
MAIN = "containerStatuses: [{name: main, STATE}]"


def asked(more: str = "", spec: str = SPEC) -> MemoryWorld:
    """Return a world whose controller is asked to make pods anew; its first pod is there."""
    world = world_of(spec)
    world.put(controller(f"failedPodRestart: |\n  enabled: true\n  {more}"))
    world.turn()
    return world


def controller(data: str) -> Object:
    """Return the ConfigMap of the controller."""
    metadata = {"name": "workflow-controller-configmap", "namespace": "ruleengine"}
    (parsed,) = documents(data)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": parsed}


def fail(world: MemoryWorld, status: Object) -> Next:
    """Let the one pod end before, or after, its step began; return what is waited for."""
    (pod,) = world.pods()
    world.put({**pod, "status": status})
    return world.turn().next


def test_a_pod_that_was_evicted_before_it_began_is_made_anew() -> None:
    """The node waits, says why and counts; the workflow goes on as if nothing had been."""
    world = asked()
    (first,) = world.pods()
    following = fail(world, EVICTED)
    assert (following.stop, following.targets) == (Stop.ON, (Target.of(first),))
    node = world.node("wf")
    assert (node["phase"], node["message"], node["failedPodRestarts"]) == ("Pending", TOLD, 1)
    assert node["restartingPodUID"] == first["metadata"]["uid"]
    assert not world.pods()
    world.turn()
    (second,) = world.pods()
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert "restartingPodUID" not in world.node("wf")
    world.settle()
    node = world.node("wf")
    assert (node["phase"], node["failedPodRestarts"]) == ("Succeeded", 1)
    assert "message" not in node


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        ("NodeShutdown", True),
        ("NodeAffinity", True),
        ("UnexpectedAdmissionError", True),
        ("OutOfcpu", False),
        ("DeadlineExceeded", False),
    ],
)
def test_the_reason_says_whether_another_pod_may_do_better(reason: str, *, again: bool) -> None:
    """Others are ends of the step."""
    world = asked()
    fail(world, {**EVICTED, "reason": reason})
    assert world.node("wf")["phase"] == ("Pending" if again else "Failed")


@pytest.mark.parametrize(
    ("statuses", "again"),
    [
        (MAIN.replace("STATE", "state: {waiting: {reason: PodInitializing}}"), True),
        (MAIN.replace("STATE", "state: {terminated: {exitCode: 137, startedAt: null}}"), True),
        (MAIN.replace("STATE", "state: {terminated: {exitCode: 1, startedAt: THEN}}"), False),
        (MAIN.replace("STATE", "lastState: {terminated: {exitCode: 1, startedAt: THEN}}"), False),
        (MAIN.replace("STATE", "state: {running: {startedAt: THEN}}"), False),
    ],
)
def test_what_may_have_begun_is_not_made_anew(statuses: str, *, again: bool) -> None:
    """It could do its work twice: that is what a strategy of the template is for."""
    world = asked()
    (more,) = documents(statuses.replace("THEN", "'2026-01-02T03:04:05Z'"))
    fail(world, {**EVICTED, **more})
    assert world.node("wf")["phase"] == ("Pending" if again else "Failed")


@pytest.mark.parametrize(("more", "times"), [("", 3), ("maxRestarts: 1", 1)])
def test_there_is_an_end_to_it(more: str, times: int) -> None:
    """Three by default; then the node has failed with what the pod says."""
    world = asked(more)
    for number in range(times):
        fail(world, EVICTED)
        assert world.node("wf")["failedPodRestarts"] == number + 1
        world.turn()
    fail(world, EVICTED)
    assert (world.node("wf")["phase"], world.node("wf")["message"]) == ("Failed", "[DiskPressure]")
    assert world.node("wf")["failedPodRestarts"] == times


def test_a_pod_that_goes_slowly_is_counted_once() -> None:
    """It is asked to go again, and the next one waits for that."""
    world = asked("maxRestarts: 1")
    (pod,) = world.pods()
    for _ in range(3):
        world.put({**pod, "status": EVICTED})
        decision = world.turn()
        assert [one.verb for one in decision.actions if one.target.kind == "Pod"] == [Verb.DELETE]
        assert world.node("wf")["failedPodRestarts"] == 1
    world.settle()
    assert world.status("phase") == "Succeeded"


@pytest.mark.parametrize(
    "data",
    [
        "other: x",
        'failedPodRestart: "enabled: false"',
        'failedPodRestart: "{}"',
        "failedPodRestart: ''",
        'failedPodRestart: "- enabled"',
    ],
)
def test_nobody_does_it_who_was_not_asked_to(data: str) -> None:
    """An eviction is then a failure of the step, as it is today."""
    world = world_of(SPEC)
    world.put(controller(data))
    world.turn()
    fail(world, EVICTED)
    assert world.node("wf")["phase"] == "Failed"


def test_the_settings_may_be_one_document() -> None:
    """Where maps are maps."""
    world = world_of(SPEC)
    world.put(controller("config: |\n  failedPodRestart: {enabled: true}"))
    world.turn()
    fail(world, EVICTED)
    assert world.node("wf")["failedPodRestarts"] == 1


def test_a_number_of_restarts_that_is_none_is_an_error_that_says_so() -> None:
    """Of the node whose pod failed."""
    world = asked("maxRestarts: many")
    fail(world, EVICTED)
    assert world.node("wf")["phase"] == "Error"
    assert "failedPodRestart.maxRestarts 'many' is no whole number" in world.node("wf")["message"]


def test_an_attempt_that_never_began_is_no_attempt_that_failed() -> None:
    """The limit of the template counts what ran."""
    retried = SPEC.replace("{name: main,", "{name: main, retryStrategy: {limit: 0},")
    world = asked(spec=retried)
    fail(world, EVICTED)
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert [one["name"] for one in world.nodes()] == ["wf", "wf(0)"]
