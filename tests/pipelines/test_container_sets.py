"""Sets of containers: one pod, and a node for each of them."""

import json

import pytest

from ruleengine.model.decisions import Answer, Request
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.entrypoints import REQUEST
from tests.pipelines.worlds import End, MemoryWorld, run, world_of

GRAPH = """
entrypoint: main
templates:
- name: main
  containerSet:
    volumeMounts: [{name: work, mountPath: /work}]
    containers:
    - {name: a, image: alpine, command: [one]}
    - {name: b, image: alpine, command: [two], args: [x], dependencies: [a]}
    - {name: c, image: alpine, command: [two], dependencies: [a], env: [{name: WHO, value: v}]}
    - {name: d, image: alpine, command: [last], dependencies: [b, c]}
  volumes: [{name: work, emptyDir: {}}]
"""

MAIN = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: make, template: make}
  - - {name: use, template: use, arguments: {parameters: [
        {name: a, value: "{{steps.make.outputs.result}}"},
        {name: b, value: "{{steps.make.outputs.parameters.out}}"}]}}
- name: make
  containerSet:
    containers:
    - {name: side, image: alpine, command: [side]}
    - {name: main, image: alpine, command: [main], dependencies: [side]}
  outputs: {parameters: [{name: out, valueFrom: {path: /out}}]}
- name: use
  inputs: {parameters: [{name: a}, {name: b}]}
  container: {image: alpine, command: [use], args: ["{{inputs.parameters.a}}"]}
"""


def pod_of(world: MemoryWorld) -> Object:
    """Return the one pod."""
    (pod,) = world.pods()
    return pod


def plan_of(pod: Object) -> Object:
    """Return what the program in a pod is told to do."""
    (first,) = (one for one in pod["spec"]["initContainers"] if one["name"] == "init")
    plan: Object = json.loads(first["env"][0]["value"])
    return plan


def test_the_containers_of_a_set_share_one_pod_and_are_nodes_below_its_own() -> None:
    """In the order of their dependencies; what follows comes after the last."""
    world = run(GRAPH)
    assert world.status("phase") == "Succeeded"
    assert len(world.began) == 1
    nodes = {one["name"]: one for one in world.nodes()}
    root = nodes["wf"]
    assert root["type"] == "Pod"
    assert root["children"] == [nodes["wf.a"]["id"]]
    assert nodes["wf.a"]["children"] == [nodes["wf.b"]["id"], nodes["wf.c"]["id"]]
    assert nodes["wf.b"]["children"] == nodes["wf.c"]["children"] == [nodes["wf.d"]["id"]]
    assert {one["type"] for name, one in nodes.items() if name != "wf"} == {"Container"}
    assert {one["phase"] for one in nodes.values()} == {"Succeeded"}
    assert nodes["wf.a"]["boundaryID"] == root["id"]
    assert nodes["wf.a"]["displayName"] == "a"


def test_each_container_runs_through_a_wrapper_that_knows_whom_it_needs() -> None:
    """Nobody reports, so the pod needs no rights; somebody watches over them."""
    world = world_of(GRAPH)
    world.turn()
    pod = pod_of(world)
    containers = {one["name"]: one for one in pod["spec"]["containers"]}
    assert list(containers) == ["a", "b", "c", "d", "supervisor"]
    assert containers["b"]["command"] == ["/var/run/argo/bin/sh", "/var/run/argo/ctr/b/wrapper"]
    assert containers["b"]["args"][1:] == ["/var/run/argo/ctr/b/member", "two", "x"]
    mounts = [one["mountPath"] for one in containers["b"]["volumeMounts"]]
    assert mounts == ["/work", "/var/run/argo"]
    assert {"name": "WHO", "value": "v"} in containers["c"]["env"]
    assert "dependencies" not in containers["d"]
    plan = plan_of(pod)
    last = {"name": "d", "needs": ["b", "c"], "awaits": [], "retries": 0, "pause": 0.0}
    assert plan["members"][3] == last
    assert plan["reports"] is False


def test_containers_that_need_nobody_run_as_they_are() -> None:
    """Without outputs, dependencies and retries there is nothing of ours in the pod."""
    spec = """
entrypoint: main
templates:
- name: main
  containerSet:
    containers: [{name: a, image: alpine, command: [one]}, {name: b, image: alpine}]
"""
    world = world_of(spec)
    world.turn()
    pod = pod_of(world)
    assert [one["name"] for one in pod["spec"]["containers"]] == ["a", "b"]
    assert "initContainers" not in pod["spec"]
    assert pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == "a"


def test_outputs_are_those_of_the_container_called_main() -> None:
    """Its standard output, and the files that the template declares."""
    world = run(MAIN, lambda *_: End(result="said", parameters={"out": "made"}))
    assert world.status("phase") == "Succeeded"
    given = {one["name"]: one["value"] for one in world.node("use")["inputs"]["parameters"]}
    assert given == {"a": "said", "b": "made"}
    make = next(one for one in world.pods() if len(one["spec"]["containers"]) > 2)
    assert [one["name"] for one in make["spec"]["containers"]] == ["side", "main", "wait"]


def test_main_ends_after_all_that_may_write_its_outputs() -> None:
    """Those that come after it are none of them."""
    containers = "".join(
        f"    - {{name: {name}, image: alpine, command: [x], dependencies: [{needs}]}}\n"
        for name, needs in (("side", ""), ("main", "side"), ("free", ""), ("late", "main"))
    )
    head, _, rest = MAIN.partition("    - {name: side")
    spec = head + containers + rest[rest.index("  outputs:") :]
    world = world_of(spec)
    world.turn()
    awaits = {one["name"]: one["awaits"] for one in plan_of(pod_of(world))["members"]}
    assert awaits == {"side": [], "main": ["side", "free"], "free": [], "late": []}


def test_a_container_that_fails_is_named_and_not_those_that_needed_it() -> None:
    """These end with an error of their own, which is not what went wrong."""
    world = run(GRAPH, lambda *_: End(codes={"b": 3, "d": 64}))
    assert world.status("phase") == "Failed"
    nodes = {one["name"]: one for one in world.nodes()}
    assert nodes["wf"]["message"] == "b: Error (exit code 3)"
    phases = {name: nodes[f"wf.{name}"]["phase"] for name in "abcd"}
    assert phases == {"a": "Succeeded", "b": "Failed", "c": "Succeeded", "d": "Error"}


def test_containers_may_be_tried_again_within_their_pod() -> None:
    """So many times, after so long."""
    spec = GRAPH.replace(
        "containerSet:\n", "containerSet:\n    retryStrategy: {retries: '2', duration: 1m}\n"
    )
    world = world_of(spec)
    world.turn()
    first = plan_of(pod_of(world))["members"][0]
    assert (first["retries"], first["pause"]) == (2, 60.0)


def test_a_stopped_workflow_ends_the_nodes_of_containers_too() -> None:
    """Nothing is left on its way."""
    world = world_of(GRAPH, lambda *_: None)
    world.turn()
    world.run_pods()
    world.turn()
    world.change({"spec": {"shutdown": "Stop"}})
    world.settle()
    assert {one["phase"] for one in world.nodes()} == {"Failed"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("name: main, image", "name: other, image", "needs a container called 'main'"),
        ("dependencies: [side]", "dependencies: [none]", "depends on 'none', which is not"),
        ("dependencies: [side]", "dependencies: [main]", "containers wait for each other: main"),
        ("containers:\n", "retryStrategy: {retries: x}\n    containers:\n", "no whole number"),
    ],
)
def test_a_set_that_cannot_be_is_an_error_that_says_why(old: str, new: str, told: str) -> None:
    """Before its pod is made."""
    world = run(MAIN.replace(old, new))
    assert world.node("make")["phase"] == "Error"
    assert told in world.node("make")["message"]
    assert world.began == []


def test_what_an_image_starts_is_asked_for_each_container() -> None:
    """The wrapper has to know what to run."""
    world = world_of(GRAPH.replace("command: [one]", "args: [one]"))
    request = Request(kind=REQUEST, payload={"image": "alpine"})
    decision = world.turn()
    assert decision.requests == (request,)
    assert world.began == []
    world.answers[request.key] = Answer(value={"entrypoint": ["/bin/start"], "cmd": []})
    world.settle()
    args = lookup(pod_of(world), "spec", "containers", 0, "args")
    assert args[1:] == ["/var/run/argo/ctr/a/member", "/bin/start", "one"]


ENDED: Object = {"startedAt": "2026-01-02T03:04:06Z", "finishedAt": "2026-01-02T03:04:07Z"}
STATES: dict[str, Object] = {
    "a": {"terminated": {"exitCode": 0, **ENDED}},
    "b": {"running": {"startedAt": ENDED["startedAt"]}},
    "c": {"waiting": {"reason": "PodInitializing"}},
    "d": {"terminated": {"exitCode": 3, "reason": "Error", "message": "no", **ENDED}},
}


def shown(world: MemoryWorld) -> dict[str, tuple[str, str]]:
    """Return the phases and messages of the nodes by container."""
    return {
        one["displayName"]: (one["phase"], one.get("message", ""))
        for one in world.nodes()
        if one["type"] == "Container"
    }


def on_its_way() -> MemoryWorld:
    """Return a world whose pod runs, each container in a state of its own."""
    world = world_of(GRAPH, lambda *_: None)
    world.turn()
    assert set(shown(world).values()) == {("Pending", "")}
    world.run_pods()
    say(world, "Running", STATES)
    return world


def say(world: MemoryWorld, phase: str, states: dict[str, Object], **more: str) -> None:
    """Say what has become of the pod, and decide."""
    pod = pod_of(world)
    listed = [{"name": name, "state": state} for name, state in states.items()]
    status = {**pod["status"], "phase": phase, "containerStatuses": listed, **more}
    world.put({**pod, "status": status})
    world.turn()


def test_the_node_of_a_container_is_what_its_state_says() -> None:
    """While the pod runs; one that has ended stays as it ended."""
    world = on_its_way()
    failed = ("Failed", "d: Error (exit code 3): no")
    assert shown(world) == {
        "a": ("Succeeded", ""),
        "b": ("Running", ""),
        "c": ("Pending", ""),
        "d": failed,
    }
    assert world.node("wf")["phase"] == "Running"
    ended = {one["displayName"] for one in world.nodes() if "finishedAt" in one}
    assert ended == {"a", "d"}
    say(world, "Running", {})
    assert (shown(world)["a"], shown(world)["d"]) == (("Succeeded", ""), failed)
    assert shown(world)["b"] == ("Pending", "")


def test_a_container_of_which_nothing_is_told_ends_as_its_pod() -> None:
    """One that was evicted, say; those that had ended before keep their end."""
    world = on_its_way()
    say(world, "Failed", {}, reason="Evicted", message="too much memory")
    root = world.node("wf")
    assert root["phase"] in ("Failed", "Error")
    assert "too much memory" in root["message"]
    whole = (root["phase"], root["message"])
    found = shown(world)
    assert (found["b"], found["c"]) == (whole, whole)
    assert found["a"] == ("Succeeded", "")


def test_what_has_ended_stays_so_when_the_workflow_is_stopped() -> None:
    """Only the others are ended by that."""
    world = on_its_way()
    world.change({"spec": {"shutdown": "Stop"}})
    world.turn()
    found = shown(world)
    assert found["a"] == ("Succeeded", "")
    assert found["d"] == ("Failed", "d: Error (exit code 3): no")
    assert found["b"] == found["c"] == ("Failed", "workflow shutdown with strategy:  Stop")


@pytest.mark.parametrize(
    ("declared", "refused"),
    [
        ("inputs: {artifacts: [{name: i, path: /i, raw: {data: x}}]}", True),
        ("outputs: {artifacts: [{name: o, path: /o}]}", True),
        ("outputs: {parameters: [{name: o, valueFrom: {path: /o}}]}", True),
        ("inputs: {parameters: [{name: p, value: x}]}", False),
    ],
)
def test_artifacts_and_output_parameters_are_those_of_main(declared: str, *, refused: bool) -> None:
    """Who has none cannot have a container called otherwise take and give them."""
    world = run(GRAPH + f"  {declared}\n")
    assert (world.began == []) is refused
    assert world.status("phase") == ("Error" if refused else "Succeeded")


def test_retries_alone_are_watched_over() -> None:
    """Also of containers that need nobody."""
    spec = """
entrypoint: main
templates:
- name: main
  containerSet:
    retryStrategy: {retries: 1}
    containers: [{name: a, image: alpine, command: [one]}]
"""
    world = world_of(spec)
    world.turn()
    assert [one["name"] for one in pod_of(world)["spec"]["containers"]] == ["a", "supervisor"]
