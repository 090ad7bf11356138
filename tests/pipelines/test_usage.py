"""What steps were given of resources, and what those around them add up."""

from datetime import timedelta
from typing import Any

import pytest

from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from ruleengine.pipelines.usage import used_by
from ruleengine.pipelines.verbs.resubmitting import resubmit
from ruleengine.pipelines.verbs.retrying import Retry, retry
from tests.pipelines.test_metrics import Telling
from tests.pipelines.worlds import START, End, MemoryWorld, run, world_of

FULL = {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1500m", "memory": "200Mi"}}


def pod(resources: Object, state: Object, kind: str = "container") -> Object:
    """Return a pod of one container, or init container."""
    return {
        "spec": {f"{kind}s": [{"name": "one", "resources": resources}]},
        "status": {f"{kind}Statuses": [{"name": "one", "state": state}]},
    }


def ended(seconds: float) -> Object:
    """Return the state of a container that ran for some seconds."""
    end = format_time(START + timedelta(seconds=seconds))
    return {"terminated": {"startedAt": format_time(START), "finishedAt": end}}


@pytest.mark.parametrize(
    ("resources", "state", "used"),
    [
        (FULL, ended(60), {"cpu": 90, "memory": 120}),
        ({"limits": FULL["limits"]}, ended(60), {"cpu": 120, "memory": 614}),
        ({}, ended(60), {"cpu": 6, "memory": 60}),
        ({}, ended(9), {"cpu": 0, "memory": 9}),
        (
            {"requests": {"ephemeral-storage": "5Gi", "storage": "20Gi", "nvidia.com/gpu": 2}},
            ended(60),
            {
                "cpu": 6,
                "memory": 60,
                "ephemeral-storage": 30,
                "storage": 120,
                "nvidia.com/gpu": 120,
            },
        ),
        ({}, {"running": {"startedAt": format_time(START)}}, {"cpu": 10, "memory": 100}),
        ({}, {"waiting": {"reason": "ContainerCreating"}}, {}),
        ({}, {"terminated": {"startedAt": "1970-01-01T00:00:00Z"}}, {}),
        ({}, {"terminated": {"startedAt": None, "finishedAt": None}}, {}),
    ],
)
@pytest.mark.parametrize("kind", ["container", "initContainer"])
def test_a_container_counts_with_what_it_was_given_times_its_seconds(
    resources: Object, state: Object, used: dict[str, int], kind: str
) -> None:
    """Requests before limits before what Argo takes for granted, in units of each resource."""
    assert used_by(pod(resources, state, kind), START + timedelta(seconds=100)) == used


def two(resources: Object | None, *names: str) -> Object:
    """Return a pod of containers that ran for 19 seconds each, the first with its resources."""
    first, *others = names
    return {
        "spec": {
            "initContainers": [{"name": first, "resources": resources}],
            "containers": [{"name": one} for one in others],
        },
        "status": {
            "initContainerStatuses": [{"name": first, "state": ended(19)}],
            "containerStatuses": [{"name": one, "state": ended(19.9)} for one in others],
        },
    }


def test_containers_of_a_pod_are_rounded_down_one_by_one() -> None:
    """Twice nineteen tenths of a CPU's second are two, as Argo counts."""
    assert used_by(two({}, "one", "two"), START) == {"cpu": 2, "memory": 38}


def test_what_a_pod_states_as_a_whole_is_that_of_one_container() -> None:
    """It is the first that states nothing itself."""
    found = two({"limits": {"cpu": 2}}, "one", "two", "three")
    found["spec"]["resources"] = {"requests": {"cpu": 3}}
    assert used_by(found, START) == {"cpu": 2 * 19 + 3 * 19 + 1, "memory": 3 * 19}


SPEC = """
entrypoint: main
onExit: last
templates:
- name: main
  steps:
  - - {name: each, template: graph, withItems: [x, z]}
  - - {name: flaky, template: flaky}
- name: graph
  dag: {tasks: [{name: a, template: work}, {name: b, template: work, withItems: [1, 2]}]}
- name: flaky
  retryStrategy: {limit: 1}
  container: &given {image: alpine, command: [work], resources: {requests: {cpu: 1, memory: 50Mi}}}
- {name: work, container: *given}
- {name: last, container: *given}
"""


def tens(name: str, _: object) -> End:
    """Every pod takes ten seconds; the first attempt fails."""
    return End(seconds=10, code=int(name.endswith("flaky(0)")))


def used_in(world: MemoryWorld) -> dict[str, Object]:
    """Return what each node was given, by its full name without that of the root."""
    return {
        one["name"].removeprefix("wf"): one["resourcesDuration"]
        for one in world.nodes()
        if "resourcesDuration" in one
    }


def units(pods: int) -> Object:
    """Return what so many pods of ten seconds were given."""
    return {"cpu": 10 * pods, "memory": 5 * pods}


def test_what_holds_steps_counts_for_all_pods_inside_of_it() -> None:
    """Graphs, loops, groups and attempts, each pod once; the workflow for its exit handler, too."""
    world = run(SPEC, tens)
    assert world.status("phase") == "Succeeded"
    assert world.status("resourcesDuration") == units(9)
    inner = {"": 3, ".a": 1, ".b": 2, ".b(0:1)": 1, ".b(1:2)": 1}
    assert used_in(world) == {
        "": units(8),
        "[0]": units(6),
        **{f"[0].each(0:x){name}": units(count) for name, count in inner.items()},
        **{f"[0].each(1:z){name}": units(count) for name, count in inner.items()},
        "[1]": units(2),
        "[1].flaky": units(2),
        "[1].flaky(0)": units(1),
        "[1].flaky(1)": units(1),
        ".onExit": units(1),
    }


def test_what_has_ended_counts_while_the_workflow_goes_on() -> None:
    """The workflow with all pods so far, groups and tasks from their end on."""
    world = world_of(SPEC, tens)
    while not any("flaky" in one["name"] for one in world.nodes()):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    assert world.status("resourcesDuration") == units(6)
    assert {name: one for name, one in used_in(world).items() if "." not in name} == {
        "[0]": units(6)
    }


DAEMON = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: serve, template: around}
  - - {name: work, template: work}
- name: around
  steps: [[{name: daemon, template: daemon}], [{name: ask, template: work}]]
- name: daemon
  daemon: true
  container: &given {image: alpine, command: [work], resources: {requests: {cpu: 1, memory: 50Mi}}}
- {name: work, container: *given}
"""


@pytest.mark.parametrize("retried", [False, True])
def test_a_daemon_counts_for_all_that_ended_before_it(*, retried: bool) -> None:
    """Its group was over as soon as it was ready, what it is part of when the last step was.

    One that is retried counts once, as its attempt.
    """
    strategy = "daemon: true\n  retryStrategy: {limit: 1}" if retried else "daemon: true"
    attempt = {"[0].serve[0].daemon(0)": units(1)} if retried else {}
    world = world_of(
        DAEMON.replace("daemon: true", strategy),
        lambda name, told: None if "daemon" in name else tens(name, told),
    )
    world.turn()
    world.run_pods()
    serving = {"state": {"running": {"startedAt": format_time(world.now)}}, "name": "main"}
    (pod,) = world.pods()
    ready = {**pod["status"], "containerStatuses": [{**serving, "ready": True}]}
    ready["conditions"] = [{"type": "Ready", "status": "True"}]
    world.put({**pod, "status": ready})
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert used_in(world) == {
        "": units(3),
        "[0]": units(2),
        "[0].serve": units(2),
        "[0].serve[0]": units(1),
        "[0].serve[0].daemon": units(1),
        "[0].serve[1]": units(1),
        "[0].serve[1].ask": units(1),
        "[1]": units(1),
        "[1].work": units(1),
        **attempt,
    }
    assert world.status("resourcesDuration") == units(3)


def test_what_is_stopped_counts_until_then() -> None:
    """Its container still runs when its node ends."""
    world = world_of(SPEC, lambda *_: None)
    world.turn()
    world.run_pods()
    started = {"state": {"running": {"startedAt": format_time(world.now)}}, "name": "main"}
    for one in world.pods():
        world.put({**one, "status": {**one["status"], "containerStatuses": [started]}})
    world.now += timedelta(seconds=7)
    world.change({"spec": {"shutdown": "Terminate"}})
    world.settle()
    assert world.status("resourcesDuration") == {"cpu": 7 * 6, "memory": 6 * 3}


@pytest.mark.parametrize("stated", ["much", ["much"], {"limits": "much", "requests": ["much"]}])
def test_resources_that_are_none_count_as_not_stated(stated: Any) -> None:
    """A patch may put anything into a pod, and not every server refuses it."""
    assert used_by(pod(stated, ended(60)), START) == used_by(pod({}, ended(60)), START)


def test_what_never_ran_was_given_nothing() -> None:
    """There is no field, rather than an empty one."""
    world = run(SPEC.replace("withItems: [x, z]", "when: 'false'").replace("onExit: last", ""))
    assert "resourcesDuration" not in world.node("each")
    nothing = run("entrypoint: none\ntemplates: [{name: none, suspend: {duration: 1}}]")
    assert "resourcesDuration" not in nothing.status()


def test_a_retried_workflow_adds_up_anew() -> None:
    """What succeeded still counts, what is begun again does so with its new pods."""
    failing = ["flaky"]
    world = run(
        SPEC, lambda name, _: End(seconds=10, code=int(any(one in name for one in failing)))
    )
    assert world.status("resourcesDuration") == units(9)
    again = retry(world.workflow(), world.now, Retry())
    world.put(again.workflow)
    assert world.status("resourcesDuration") is None
    assert set(used_in(world)) & {"", "[1]", "[1].flaky"} == set()
    for target in again.pods:
        world.objects.pop(target)
    failing.clear()
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert world.status("resourcesDuration") == units(8)
    assert used_in(world)["[1].flaky"] == units(1)


def test_a_workflow_that_takes_steps_over_was_given_nothing_for_them() -> None:
    """Their pods were another workflow's."""
    world = run(SPEC, lambda name, _: End(seconds=10, code=int("flaky" in name)))
    made = resubmit(world.workflow(), world.now, "again", memoized=True)
    assert [one for one in made["status"]["nodes"].values() if "resourcesDuration" in one] == []


METRIC = """
  metrics:
    prometheus:
    - {name: used, help: U., gauge: {value: "{{resourcesDuration.cpu}}"}}
    - {name: kept, help: K., gauge: {value: "{{resourcesDuration.memory}}"}}
"""


@pytest.mark.parametrize(
    ("where", "pods"),
    [
        ("- {name: work, ", [1] * 6),
        ("- name: graph\n", [3, 3]),
        ("- name: flaky\n", [1, 2]),
        ("entrypoint: main\n", [9]),
    ],
)
def test_metrics_may_ask_for_it(where: str, pods: list[int]) -> None:
    """Of pods, of what holds them, of nodes that retry, and of the workflow."""
    metric = METRIC if where.startswith("-") else METRIC.replace("\n  ", "\n")
    if where.endswith(", "):
        spec = SPEC.replace(
            f"{where}container: *given}}", f"- name: work{metric}  container: *given"
        )
    else:
        spec = SPEC.replace(where, f"{where.rstrip()}{metric}", 1)
    found = Telling(spec, tens).run(400)
    assert found.condition() == ""
    told = [one["value"] for one in found.metrics()]
    assert told == [value for count in pods for value in units(count).values()]
