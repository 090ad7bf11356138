"""Daemons: ready for those after them, and ended with what they were begun for.

(Reference, Workflows 15.)
"""

from datetime import timedelta
from typing import Any

import pytest

from ruleengine.model.actions import Target, Verb
from ruleengine.model.values import Object
from ruleengine.pipelines.phases import is_fulfilled
from tests.pipelines.worlds import End, MemoryWorld, world_of

SPEC = """
entrypoint: main
templates:
- name: main
  BOTH
- name: server
  daemon: true
  container: {image: alpine, command: [serve]}
- {name: client, container: {image: alpine, command: [ask], args: ["ADDRESS"]}}
"""
STEPS = "steps: [[{name: s, template: server}], [{name: c, template: client}]]"
DAG = "dag: {tasks: [{name: s, template: server}, {name: c, template: client, depends: s}]}"


HOOKED = "steps: [[{name: s, template: client, onExit: server}], [{name: c, template: client}]]"


def begun(both: str = STEPS, more: str = "") -> MemoryWorld:
    """Return a world whose daemon runs, and is not ready."""
    spec = SPEC.replace("BOTH", both).replace("  daemon: true", f"  daemon: true\n{more}")
    world = world_of(spec, lambda *_: None)
    world.turn()
    world.run_pods()
    world.turn()
    return world


def pod_of(world: MemoryWorld, name: str = "server") -> Object:
    """Return the pod of a template."""
    return next(one for one in world.pods() if name in one["metadata"]["name"])


def say(world: MemoryWorld, *states: Any, phase: str = "Running", **more: Any) -> None:
    """Say how the containers of the daemon are, one after another, and decide."""
    pod = pod_of(world)
    listed = [{"name": f"c{number}", **state} for number, state in enumerate(states)]
    status = {**pod["status"], "phase": phase, "containerStatuses": listed, **more}
    world.put({**pod, "status": status})
    world.turn()
    world.turn()


READY: Object = {"ready": True, "state": {"running": {}}}
STARTING: Object = {"ready": False, "state": {"running": {}}}
TIMES: Object = {"startedAt": "2026-01-02T03:04:06Z", "finishedAt": "2026-01-02T03:04:07Z"}


def ended(code: int) -> Object:
    """Return the state of a container that has ended."""
    return {"ready": False, "state": {"terminated": {"exitCode": code, **TIMES}}}


@pytest.mark.parametrize("both", [STEPS, DAG])
def test_what_comes_after_a_daemon_begins_when_all_of_it_is_ready(both: str) -> None:
    """Each of its containers; the node then has its address, and runs on."""
    world = begun(both)
    say(world, READY, STARTING)
    assert len(world.began) == 1
    assert "daemoned" not in world.node("s")
    say(world, READY, READY, podIP="10.0.0.7")
    assert len(world.began) == 2
    node = world.node("s")
    assert (node["phase"], node["daemoned"], node["podIP"]) == ("Running", True, "10.0.0.7")


def test_a_daemon_that_is_pending_is_waited_for() -> None:
    """Although it was ready once."""
    assert is_fulfilled({"phase": "Running", "daemoned": True})
    assert not is_fulfilled({"phase": "Pending", "daemoned": True})


@pytest.mark.parametrize("both", [STEPS, DAG])
def test_a_daemon_is_ended_when_nobody_needs_it_any_more(both: str) -> None:
    """It has succeeded then, whatever becomes of its pod."""
    world = begun(both)
    say(world, READY)
    world.script = lambda name, _: End() if name.endswith("c") else None
    for _ in range(4):
        world.run_pods()
        world.now = world.now.replace(second=world.now.second + 1)
        world.turn()
    node = world.node("s")
    assert (node["phase"], "daemoned" in node) == ("Succeeded", False)
    assert pod_of(world)["spec"]["activeDeadlineSeconds"] == 1
    assert world.status("phase") == "Succeeded"
    assert Verb.DELETE not in [one.verb for one in world.written]


@pytest.mark.parametrize(
    ("code", "phase", "said"),
    [
        (0, "Succeeded", "the daemon came to its end"),
        (1, "Failed", "(exit code 1)"),
        (143, "Failed", "did not complete"),
    ],
)
def test_a_daemon_that_ends_by_itself_has_failed(code: int, phase: str, said: str) -> None:
    """However well; who came after it goes on."""
    world = begun()
    say(world, READY)
    say(world, ended(code), phase=phase)
    node = world.node("s")
    assert (node["phase"], "daemoned" in node) == ("Failed", False)
    assert said in node["message"]
    assert world.node("c")["phase"] != "Failed"


def test_a_dag_whose_daemon_fails_has_failed() -> None:
    """Nobody depends on it, so the DAG fails by it as by any other of its last tasks."""
    after = "{name: c, template: client}, {name: d, template: client, depends: c}"
    world = begun(f"dag: {{tasks: [{{name: s, template: server}}, {after}]}}")
    say(world, READY)
    say(world, ended(1), phase="Failed")
    world.script = lambda *_: End()
    world.settle()
    assert sorted(world.began) == [".c", ".d", ".s"]
    assert (world.node("d")["phase"], world.status("phase")) == ("Succeeded", "Failed")


def test_a_daemon_whose_pod_is_gone_has_failed() -> None:
    """It says so."""
    world = begun()
    say(world, READY)
    pod = pod_of(world)
    world.objects = {key: one for key, one in world.objects.items() if one is not pod}
    world.turn()
    node = world.node("s")
    assert (node["phase"], node["message"]) == ("Failed", "pod deleted")
    assert "daemoned" not in node


def test_a_daemon_that_is_not_ready_for_a_while_is_none_that_ended() -> None:
    """It was, and may be again."""
    world = begun()
    say(world, READY)
    say(world, STARTING)
    assert (world.node("s")["phase"], world.node("s")["daemoned"]) == ("Running", True)


def test_a_daemon_that_fails_before_it_was_ready_fails_its_step() -> None:
    """Nothing after it begins."""
    world = begun()
    say(world, ended(1), phase="Failed")
    assert world.node("s")["phase"] == "Failed"
    assert len(world.began) == 1
    assert world.status("phase") == "Failed"


def test_a_daemon_with_retries_is_begun_again() -> None:
    """Also after it was ready: the step is over, and its daemon is not."""
    world = begun(more="  retryStrategy: {limit: 1}")
    say(world, READY)
    assert world.node("s")["daemoned"] is True
    say(world, ended(1), phase="Failed")
    world.turn()
    assert [one for one in world.began if "s(" in one] == ["[0].s(0)", "[0].s(1)"]


def test_a_daemon_of_a_hook_is_begun_again_too() -> None:
    """As long as what the hook belongs to goes on."""
    world = begun(HOOKED, "  retryStrategy: {limit: 1}")
    world.script = lambda name, _: End() if name.endswith(".s") else None
    for _ in range(3):
        world.now = world.now.replace(second=world.now.second + 1)
        world.run_pods()
        world.turn()
    say(world, READY)
    assert world.began == ["[0].s", "[0].s.onExit(0)", "[1].c"]
    say(world, ended(1), phase="Failed")
    assert world.began[3:] == ["[0].s.onExit(1)"]
    attempts = [one for one in world.nodes() if one["name"].endswith(")")]
    assert [one["nodeFlag"] for one in attempts] == [{"hooked": True, "retried": True}] * 2
    assert {one["boundaryID"] for one in attempts} == {world.node("wf")["id"]}


def test_a_daemon_in_an_exit_handler_is_begun_again_although_the_workflow_was_stopped() -> None:
    """As all of an exit handler it is not what was stopped."""
    spec = SPEC.replace("BOTH", HOOKED).replace("main\n", "client\nonExit: main\n", 1)
    spec = spec.replace("  daemon: true", "  daemon: true\n  retryStrategy: {limit: 1}")
    world = world_of(spec, lambda name, _: None if name.endswith((".c", ")")) else End())
    for _ in range(6):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    say(world, READY)
    world.change({"spec": {"shutdown": "Stop"}})
    world.turn()
    say(world, ended(1), phase="Failed")
    assert world.began[-1].endswith(".s.onExit(1)"), world.began


def test_a_workflow_that_is_a_daemon_ends_as_soon_as_it_is_ready() -> None:
    """Nobody needs it."""
    world = world_of(
        SPEC.replace("BOTH", STEPS).replace("entrypoint: main", "entrypoint: server"),
        lambda *_: None,
    )
    world.turn()
    world.run_pods()
    assert world.status("phase") == "Running"
    pod = world.pods()[0]
    world.put(
        {**pod, "status": {**pod["status"], "containerStatuses": [{"name": "main", **READY}]}}
    )
    world.turn()
    world.turn()
    assert world.status("phase") == "Succeeded"
    assert world.pods()[0]["spec"]["activeDeadlineSeconds"] == 1


def test_a_workflow_waits_for_what_becomes_of_its_daemons() -> None:
    """Its pod is looked at again when it changes."""
    world = begun()
    say(world, READY)
    assert Target.of(pod_of(world)) in world.turn().next.targets


def test_the_address_of_a_daemon_is_known_to_those_after_it() -> None:
    """By ``.ip``; of a step that is no daemon there is none."""
    given = 'arguments: {parameters: [{name: a, value: "{{steps.s.ip}}"}]}'
    both = STEPS.replace("template: client", f"template: told, {given}")
    told = "- {name: told, inputs: {parameters: [{name: a}]}, container: {image: a, command: [t]}}"
    world = world_of(SPEC.replace("BOTH", both) + told + "\n", lambda *_: None)
    world.turn()
    world.run_pods()
    world.turn()
    say(world, READY, podIP="10.0.0.7")
    assert world.node("c")["inputs"]["parameters"][0]["value"] == "10.0.0.7"
    plain = world_of(SPEC.replace("BOTH", both).replace("  daemon: true\n", "") + told + "\n")
    plain.settle()
    assert plain.node("[1]")["phase"] == "Error"


@pytest.mark.parametrize("end", ["needed no more", "stopped", "by itself", "lost"])
def test_the_containers_of_a_daemon_run_as_long_as_it_does(end: str) -> None:
    """Those of a set: none of them is on its way when the workflow is over."""
    served = "containerSet: {containers: [{name: m, image: alpine, command: [serve]}]}"
    spec = SPEC.replace("BOTH", DAG).replace("container: {image: alpine, command: [serve]}", served)
    world = world_of(spec, lambda *_: None)
    world.turn()
    world.run_pods()
    world.change({"spec": {"suspend": end == "stopped"}})
    world.turn()
    say(world, READY)
    assert (world.node("s")["daemoned"], "finishedAt" in world.node("m")) == (True, False)
    if end == "by itself":
        say(world, ended(1), phase="Failed")
    if end == "lost":
        del world.objects[Target.of(pod_of(world))]
        world.turn()
    if end == "stopped":
        world.change({"spec": {"shutdown": "Stop"}})
    world.script = lambda name, _: End() if name.endswith("c") else None
    world.settle()
    assert world.status("phase") == ("Failed" if end == "stopped" else "Succeeded")
    assert world.node("m")["phase"] == ("Failed" if end in ("by itself", "lost") else "Succeeded")


def test_a_daemon_that_is_ready_serves_until_its_steps_are_over_when_they_are_stopped() -> None:
    """It counts as over by then, as in Argo; what it was for has failed."""
    world = begun()
    world.change({"spec": {"shutdown": "Stop"}})
    say(world, READY)
    assert (world.node("s")["phase"], world.status("phase")) == ("Succeeded", "Failed")
    assert world.node("c")["message"] == "workflow shutdown with strategy: Stop"


def test_a_daemon_that_is_not_ready_is_ended_by_a_stop() -> None:
    """Nobody can use it yet, and nobody will."""
    world = begun()
    world.change({"spec": {"shutdown": "Stop"}})
    say(world, STARTING)
    assert world.node("s")["message"] == "workflow shutdown with strategy:  Stop"
