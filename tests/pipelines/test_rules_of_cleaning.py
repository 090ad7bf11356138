"""The rules of what goes after the end: ``ttlStrategy`` and ``podGC`` (reference, Workflows 2)."""

from datetime import datetime, timedelta

import pytest

from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from ruleengine.pipelines.cleaning import expires
from tests.pipelines.worlds import START, End, MemoryWorld, run, world_of

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
        ({"secondsAfterSuccess": 10**12}, "Succeeded", 2**31 - 1),
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
    world.now += timedelta(seconds=6)
    world.turn()
    assert len(world.pods()) == kept


def test_a_template_may_say_what_becomes_of_the_pods() -> None:
    """Of every workflow that is made of it."""
    world = run(PLAIN)
    stored = {"podGC": {"strategy": "OnWorkflowCompletion"}, **world.workflow()["spec"]}
    status = {**world.status(), "storedWorkflowTemplateSpec": stored}
    world.put({**world.workflow(), "status": status})
    world.now += timedelta(seconds=6)
    world.turn()
    assert world.pods() == []


MARK = "workflows.argoproj.io/node-name"
GOING_ON = """
entrypoint: main
podGC: {strategy: STRATEGY}
templates:
- name: main
  steps:
  - - {name: good, template: work}
    - {name: bad, template: work, continueOn: {failed: true}}
  - - {name: long, template: work}
- {name: work, metadata: {labels: {of: us}}, container: {image: alpine, command: [work]}}
"""


def going_on(strategy: str, more: str = "") -> MemoryWorld:
    """Return a world whose workflow has had its first pods' end long ago, and goes on."""
    world = world_of(
        GOING_ON.replace("STRATEGY", strategy + more),
        lambda name, _: None if "long" in name else End(code=int("bad" in name)),
    )
    for _ in range(30):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    assert world.status("phase") == "Running"
    return world


def left(world: MemoryWorld) -> list[str]:
    """Return the steps whose pods are still there."""
    names = [one["metadata"]["annotations"][MARK] for one in world.pods()]
    return sorted(one.rpartition(".")[2] for one in names)


@pytest.mark.parametrize(
    ("strategy", "more", "kept"),
    [
        ("OnPodCompletion", "", ["long"]),
        ("OnPodSuccess", "", ["bad", "long"]),
        ("OnPodCompletion", ", labelSelector: {matchLabels: {of: us}}", ["long"]),
        ("OnPodCompletion", ", labelSelector: {matchLabels: {of: them}}", ["bad", "good", "long"]),
        ("OnPodCompletion", ", deleteDelayDuration: 1h", ["bad", "good", "long"]),
        ("OnPodCompletion", ", deleteDelayDuration: soon", ["bad", "good", "long"]),
        ("OnPodCompletion", ", labelSelector: {matchLabels: 1}", ["bad", "good", "long"]),
        ("OnWorkflowCompletion", "", ["bad", "good", "long"]),
        ("OnWorkflowSuccess", "", ["bad", "good", "long"]),
        ('""', "", ["bad", "good", "long"]),
    ],
)
def test_a_pod_goes_after_its_own_end_where_the_strategy_names_pods(
    strategy: str, more: str, kept: list[str]
) -> None:
    """Also while the workflow goes on; what cannot be read is told at its end."""
    assert left(going_on(strategy, more)) == kept


def test_a_pod_goes_five_seconds_after_its_end_or_when_it_is_told() -> None:
    """Argo's own delay; it is woken for that."""
    for more, seconds in (("", 5), (", deleteDelayDuration: 9s", 9)):
        world = world_of(
            GOING_ON.replace("STRATEGY", f"OnPodCompletion{more}"),
            lambda name, _: None if "long" in name else End(),
        )
        while "long" not in left(world):
            world.turn()
            world.run_pods()
            world.now += timedelta(seconds=1)
        ended = datetime.fromisoformat(world.node("good")["finishedAt"])
        world.now = ended + timedelta(seconds=seconds - 1)
        decision = world.turn()
        assert decision.next.time == ended + timedelta(seconds=seconds)
        assert left(world) == ["bad", "good", "long"]
        world.now += timedelta(seconds=1)
        decision = world.turn()
        assert left(world) == ["long"]
        assert all(one.late for one in decision.actions)
        assert decision.may_wait


def test_a_pod_that_is_made_to_end_keeps_until_it_has() -> None:
    """Its logs are read till then; one that is on its way out is not deleted again."""
    spec = GOING_ON.replace("STRATEGY", "OnPodCompletion, deleteDelayDuration: 1s")
    spec = spec.replace("work, metadata", "work, timeout: 9s, metadata")
    spec = spec.replace("{name: good,", "{name: good, continueOn: {failed: true},")
    world = world_of(spec, lambda *_: None)
    while "long" not in left(world):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    world.now += timedelta(seconds=1)
    pods = [one for one in world.pods() if "long" not in one["metadata"]["annotations"][MARK]]
    for phase in ("Running", "Failed"):
        for pod in pods:
            world.put({**pod, "status": {**pod["status"], "phase": phase}})
        decision = world.decide()
        assert len([one for one in decision.actions if one.late]) == (phase == "Failed") * 2
    for pod in pods:
        metadata = {**pod["metadata"], "deletionTimestamp": format_time(world.now)}
        world.put({**pod, "metadata": metadata, "status": {**pod["status"], "phase": "Failed"}})
    assert not [one for one in world.decide().actions if one.late]


def test_a_pod_that_has_ended_stays_for_as_long_as_its_node_goes_on() -> None:
    """One whose outputs are being kept, say: its end follows from the pod."""
    kept = "memoize: {key: k, cache: {configMap: {name: c}}}"
    spec = GOING_ON.replace("STRATEGY", "OnPodCompletion, deleteDelayDuration: 0s")
    spec = spec.replace("{name: long, template: work}", "{name: long, inline: {suspend: {}}}")
    world = world_of(spec.replace("work, metadata", f"work, {kept}, metadata"))
    while not any(one["status"]["phase"] == "Succeeded" for one in world.pods()):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    assert not [one for one in world.turn().actions if one.late]
    assert world.node("good")["phase"] != "Succeeded"
    world.turn()
    assert world.node("good")["phase"] == "Succeeded"
    assert left(world) == []


def test_all_that_goes_at_the_end_goes_at_once() -> None:
    """Claims and pods, while the workflow itself is kept a little longer."""
    claims = "volumeClaimTemplates: [{metadata: {name: work}, spec: {}}]\n"
    own = "OnWorkflowCompletion, deleteDelayDuration: 0s"
    spec = f"{PODS.replace('STRATEGY', own)}{claims}"
    world = world_of(spec + "ttlStrategy: {secondsAfterCompletion: 60}\n")
    while world.status("phase") != "Succeeded":
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    decision = world.decide()
    gone = sorted(one.target.kind for one in decision.actions)
    assert gone == ["PersistentVolumeClaim", "Pod", "Pod"]
    assert decision.next.time is not None
    assert decision.next.time > world.now


@pytest.mark.parametrize(
    "strategy", ["OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"]
)
def test_pods_are_kept_for_a_while_after_the_end_of_the_workflow_too(strategy: str) -> None:
    """Whatever the strategy, where a delay is stated; else nobody has to come again for them."""
    assert run(PODS.replace("STRATEGY", strategy)).pods() == []
    world = run(PODS.replace("STRATEGY", f"{strategy}, deleteDelayDuration: 9s"))
    end = datetime.fromisoformat(world.status("finishedAt"))
    world.now = end + timedelta(seconds=8)
    following = world.decide()
    assert (following.actions, following.next.time) == ((), end + timedelta(seconds=9))
    world.now += timedelta(seconds=1)
    world.turn()
    assert world.pods() == []


def test_a_pod_of_a_strategy_by_pods_is_not_kept_longer_because_the_workflow_ends() -> None:
    """Its time counts from its own end."""
    world = world_of(
        GOING_ON.replace("STRATEGY", "OnPodCompletion, deleteDelayDuration: 30s"),
        lambda name, _: End(seconds=10 * int("long" in name)),
    )
    while world.status("phase") != "Succeeded":
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    ends = [datetime.fromisoformat(world.node(one)["finishedAt"]) for one in ("good", "long")]
    assert ends[1] - ends[0] >= timedelta(seconds=10)
    assert world.decide().next.time == ends[0] + timedelta(seconds=30)
    world.now = ends[0] + timedelta(seconds=30)
    world.turn()
    assert left(world) == ["long"]
