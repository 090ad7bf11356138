"""Suspending, stopping, deadlines, exit handlers, and what comes after the end."""

from datetime import timedelta

import pytest

from ruleengine.model.actions import Verb
from ruleengine.model.decisions import Stop
from tests.pipelines.worlds import NODE_ID, NODE_NAME, START, End, run, world_of

SUSPENDED = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: ask, template: ask}
  - - {name: go, template: say}
- name: ask
  suspend: {}
- name: say
  container: {image: alpine, command: [echo]}
"""

LONG = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: long, template: say}
    - {name: short, template: say}
  - - {name: after, template: say}
- name: say
  container: {image: alpine, command: [sleep]}
"""


def long(name: str, _: object) -> End | None:
    """The long step runs until it is ended."""
    return None if "long" in name else End()


def test_a_suspended_node_waits_for_a_human() -> None:
    """That is said, and counts as settled; resumed, the workflow goes on."""
    world = world_of(SUSPENDED)
    following = world.settle()
    assert (following.stop, following.message) == (Stop.FOR, "waiting to be resumed: ask")
    node = world.node("ask")
    assert (node["type"], node["phase"]) == ("Suspend", "Running")
    world.change({"status": {"nodes": {node["id"]: {"phase": "Succeeded"}}}})
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert world.began == ["[1].go"]


def test_a_suspended_node_with_a_duration_goes_on_by_itself() -> None:
    """After that time."""
    world = run(SUSPENDED.replace("suspend: {}", "suspend: {duration: '20'}"))
    assert world.status("phase") == "Succeeded"
    assert world.now >= START + timedelta(seconds=20)


@pytest.mark.parametrize(
    ("change", "duration", "stop", "message"),
    [
        ("", "{duration: '20'}", Stop.AT, "ask goes on by itself at 2026-01-02T03:04:25Z"),
        ("activeDeadlineSeconds: 60", "{}", Stop.AT, "waiting to be resumed: ask"),
        ("activeDeadlineSeconds: 9", "{duration: '20'}", Stop.AT, "its time is over at "),
        ("suspend: true", "{duration: '20'}", Stop.FOR, "suspended; resume it to go on"),
    ],
)
def test_what_waits_for_its_time_says_so_and_what_waits_for_somebody_that(
    change: str, duration: str, stop: Stop, message: str
) -> None:
    """Nobody is asked to resume what goes on by itself."""
    world = world_of(
        f"{change}\n" + SUSPENDED.lstrip().replace("suspend: {}", f"suspend: {duration}")
    )
    for _ in range(3):
        following = world.turn().next
    assert following.stop is stop
    assert following.message.startswith(message)


def test_who_waits_for_somebody_is_named_beside_one_of_that_name_that_goes_on_by_itself() -> None:
    """Names are shown without what they lie in."""
    world = world_of("""
entrypoint: main
templates:
- {name: main, steps: [[{name: x, template: one}, {name: y, template: two}]]}
- {name: one, steps: [[{name: ask, template: soon}]]}
- {name: two, steps: [[{name: ask, template: ever}]]}
- {name: soon, suspend: {duration: '20'}}
- {name: ever, suspend: {}}
""")
    following = world.turn().next
    assert (following.stop, following.message) == (Stop.AT, "waiting to be resumed: ask")


def test_a_retry_that_waits_says_when_it_is_tried_again() -> None:
    """Nobody has to resume it."""
    retry = "retryStrategy: {limit: 2, backoff: {duration: '30'}}"
    spec = f"entrypoint: say\ntemplates:\n- name: say\n  {retry}\n  container: {{image: i}}\n"
    world = world_of(spec, lambda *_: End(code=1))
    following = world.turn().next
    while following.stop is Stop.ON:
        world.run_pods()
        world.now += timedelta(seconds=1)
        following = world.turn().next
    assert following.stop is Stop.AT
    assert following.message.startswith(f"{world.target.name} is tried again at ")


def test_a_suspended_workflow_begins_nothing_new() -> None:
    """What runs comes to its end; taken back, it goes on."""
    world = world_of("suspend: true\n" + LONG.lstrip())
    assert world.settle().message == "suspended; resume it to go on"
    assert world.began == []
    world.change({"spec": {"suspend": None}})
    world.settle()
    assert world.status("phase") == "Succeeded"


def test_a_stopped_workflow_ends_what_runs_and_begins_no_more() -> None:
    """Its pods keep their logs: they get no more time, and are not deleted."""
    world = world_of(LONG, long)
    for _ in range(4):
        world.turn()
        world.run_pods()
    world.change({"spec": {"shutdown": "Stop"}})
    world.settle()
    assert (world.status("phase"), world.status("message")) == (
        "Failed",
        "Stopped with strategy 'Stop'",
    )
    assert world.node("long")["message"] == "workflow shutdown with strategy:  Stop"
    assert "[1].after" not in world.phases()
    assert all(one.verb is not Verb.DELETE for one in world.written)


def test_the_time_of_a_workflow_is_limited() -> None:
    """At its deadline everything that runs is ended."""
    world = run("activeDeadlineSeconds: 5\n" + LONG.lstrip(), long)
    assert world.status("phase") == "Failed"
    assert world.node("long")["phase"] == "Failed"
    assert world.now - START < timedelta(seconds=10)
    pod = next(one for one in world.pods() if one["status"]["phase"] == "Failed")
    assert pod["spec"]["activeDeadlineSeconds"] <= 5


def test_the_time_of_a_step_is_limited_from_its_beginning() -> None:
    """``timeout`` counts the waiting too."""
    world = run(LONG.replace("command: [sleep]}", "command: [sleep]}\n  timeout: 3s"), long)
    told = "Pod was active on the node longer than the specified deadline"
    assert world.node("long")["message"] == told
    assert world.status("phase") == "Failed"


def test_the_active_time_of_a_pod_is_handed_to_the_pod() -> None:
    """The node of the cluster ends it."""
    spec = LONG.replace("command: [sleep]}", "command: [sleep]}\n  activeDeadlineSeconds: 7")
    world = world_of(spec, long)
    world.turn()
    assert {one["spec"]["activeDeadlineSeconds"] for one in world.pods()} == {7}


EXITING = """
entrypoint: main
onExit: tidy
arguments: {parameters: [{name: who, value: ann}]}
templates:
- name: main
  container: {image: alpine, command: [work]}
- name: tidy
  inputs: {parameters: [{name: who}]}
  container:
    image: alpine
    command: [tidy]
    args: ["{{inputs.parameters.who}} {{workflow.status}}", "{{workflow.failures}}"]
"""


def test_the_exit_handler_runs_whatever_the_end_and_sees_it() -> None:
    """It gets the arguments of the workflow."""
    world = run(EXITING)
    assert world.status("phase") == "Succeeded"
    assert world.began == ["", ".onExit"]
    args = world.pods()[1]["spec"]["containers"][0]["args"]
    assert args == ["ann Succeeded", "null"]
    failed = run(EXITING, lambda name, _: End(code=int(name == "")))
    assert (failed.status("phase"), failed.phases()[".onExit"]) == ("Failed", "Succeeded")
    args = failed.pods()[1]["spec"]["containers"][0]["args"]
    assert args[0] == "ann Failed"
    assert "main: Error (exit code 1)" in args[1]


def test_the_exit_handler_of_a_workflow_is_no_child_of_its_root() -> None:
    """As in Argo; a hook that runs meanwhile is one."""
    hooks = "hooks: {now: {template: tidy, expression: workflow.status == 'Running'}}"
    world = run(EXITING + hooks)
    assert [one["name"] for one in world.nodes()] == ["wf", "wf.hooks.now", "wf.onExit"]
    root, hook, _ = world.nodes()
    assert root["children"] == [hook["id"]]


def test_an_exit_handler_that_fails_fails_the_workflow() -> None:
    """It never makes a failed one better."""
    world = run(EXITING, lambda name, _: End(code=int(name == ".onExit")))
    assert world.status("phase") == "Failed"


def test_the_exit_handler_runs_after_a_stop_and_not_after_a_termination() -> None:
    """As in Argo."""
    for strategy, phases in (("Stop", [".onExit"]), ("Terminate", [])):
        world = world_of(EXITING, lambda name, _: None if name == "" else End())
        for _ in range(3):
            world.turn()
            world.run_pods()
        world.change({"spec": {"shutdown": strategy}})
        world.settle()
        assert world.status("phase") == "Failed"
        assert list(world.phases()) == phases


HOOKED = """
entrypoint: main
templates:
- name: main
  steps:
  - - name: one
      template: say
      hooks:
        exit:
          template: tell
          arguments: {parameters: [{name: text, value: "{{steps.one.status}}"}]}
  - - {name: two, template: say}
- name: say
  container: {image: alpine, command: [echo]}
- name: tell
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [echo], args: ["{{inputs.parameters.text}}"]}
"""


def test_the_exit_hook_of_a_step_runs_before_what_follows() -> None:
    """It sees its own step."""
    world = run(HOOKED)
    assert world.status("phase") == "Succeeded"
    assert world.began == ["[0].one", "[0].one.onExit", "[1].two"]
    hook = world.node("one.onExit")
    assert hook["inputs"]["parameters"][0]["value"] == "Succeeded"
    assert hook["nodeFlag"] == {"hooked": True}


def test_a_finished_workflow_goes_after_its_time_to_live() -> None:
    """A time of its own for success and for failure; until then it waits."""
    spec = "ttlStrategy: {secondsAfterSuccess: 60, secondsAfterFailure: 5}\n" + EXITING.lstrip()
    world = run(spec)
    decision = world.decide()
    assert decision.next.stop is Stop.FOR
    assert decision.next.time is not None
    world.now += timedelta(seconds=61)
    (action,) = world.decide().actions
    assert (action.verb, action.target) == (Verb.DELETE, world.target)


def test_pods_of_a_finished_workflow_go_as_pod_gc_says() -> None:
    """Those of a failed one stay where only success counts."""
    spec = "podGC: {strategy: OnWorkflowSuccess}\n" + EXITING.lstrip()
    good, failed = run(spec), run(spec, lambda name, _: End(code=int(name == "")))
    for world in (good, failed):
        world.now += timedelta(seconds=6)
        world.turn()
    assert (len(good.pods()), len(failed.pods())) == (0, 2)


def test_parallelism_bounds_the_pods_of_a_workflow() -> None:
    """And that of a template the children of its node."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: each, template: say, withSequence: {count: 5}}
- name: say
  container: {image: alpine, command: [echo]}
"""
    assert run("parallelism: 2\n" + spec.lstrip()).most == 2
    world = run(spec.replace("- name: main\n", "- name: main\n  parallelism: 3\n"))
    assert world.most == 3
    assert world.status("phase") == "Succeeded"


@pytest.mark.parametrize("code", [1, 64])
def test_fail_fast_begins_nothing_more_after_a_failure(code: int) -> None:
    """Nor after an error."""
    spec = """
entrypoint: main
templates:
- name: main
  failFast: true
  parallelism: 1
  steps:
  - - {name: each, template: say, withSequence: {count: 5}}
- name: say
  container: {image: alpine, command: [echo]}
"""
    world = run(spec, lambda name, _: End(code=code * ("(1:" in name)))
    assert world.began == ["[0].each(0:0)", "[0].each(1:1)"]
    assert world.status("phase") == "Failed"


def test_what_runs_comes_to_its_end_before_steps_give_up() -> None:
    """And the next group does not begin."""
    spec = LONG.replace("- name: main\n", "- name: main\n  failFast: true\n")
    world = run(spec, lambda name, _: End(seconds=9) if "long" in name else End(code=1))
    assert world.node("long")["phase"] == "Succeeded"
    assert world.node("[0]")["finishedAt"] == world.node("long")["finishedAt"]
    assert "[1].after" not in world.phases()


def test_a_step_may_name_its_exit_handler_the_old_way() -> None:
    """``onExit`` is the hook called ``exit``."""
    spec = LONG.replace("{name: long, template: say}", "{name: long, template: say, onExit: say}")
    world = run(spec)
    assert "[0].long.onExit" in world.began
    assert world.status("phase") == "Succeeded"


def test_a_hook_fires_once_when_its_expression_holds() -> None:
    """Of the workflow and of a step; one whose expression never holds never runs."""
    spec = """
entrypoint: main
hooks:
  running: {template: say, expression: "workflow.status == 'Running'"}
  never: {template: say, expression: "workflow.status == 'Error'"}
templates:
- name: main
  steps:
  - - name: one
      template: say
      hooks:
        going: {template: say, expression: "steps.one.status == 'Running'"}
        bad: {template: say, expression: "steps.one.status == 'Failed'"}
- name: say
  container: {image: alpine, command: [echo]}
"""
    world = run(spec)
    assert sorted(world.began) == [".hooks.running", "[0].one", "[0].one.hooks.going"]
    assert world.status("phase") == "Succeeded"


def test_a_workflow_that_waited_to_begin_is_running_for_its_steps() -> None:
    """What depends on that is the same for every decision, whoever takes it."""
    world = world_of(
        """
suspend: true
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: say, withItems: [x], when: "'{{workflow.status}}' == 'Running'"}
    - {name: b, template: say}
- {name: say, container: {image: alpine, command: [echo]}}
"""
    )
    world.settle()
    assert world.status("phase") == "Pending"
    world.change({"spec": {"suspend": None}})
    world.turn()
    world.memo = None
    world.settle()
    assert world.phases()["[0].a(0:x)"] == "Succeeded"
    assert "[0].a" not in world.phases()


def test_outputs_of_a_suspended_node_are_supplied_or_have_defaults() -> None:
    """One that has neither is an error when the node goes on."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: ask, template: ask}
  - - name: use
      template: use
      arguments: {parameters: [{name: text, value: "{{steps.ask.outputs.parameters.answer}}"}]}
- name: ask
  suspend: {duration: 1s}
  outputs: {parameters: [{name: answer, valueFrom: {supplied: {}, default: usual}}]}
- name: use
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [echo], args: ["{{inputs.parameters.text}}"]}
"""
    world = run(spec)
    assert world.pods()[0]["spec"]["containers"][0]["args"] == ["usual"]
    world = run(spec.replace(", default: usual", ""))
    assert world.node("ask")["phase"] == "Error"
    assert "has not been set" in world.node("ask")["message"]
    world = world_of(spec)
    world.turn()
    node = world.node("ask")
    answered = {"parameters": [{"name": "answer", "value": "mine", "valueFrom": {"supplied": {}}}]}
    world.change({"status": {"nodes": {node["id"]: {"outputs": answered}}}})
    world.settle()
    assert world.pods()[0]["spec"]["containers"][0]["args"] == ["mine"]


def test_the_time_to_begin_is_limited() -> None:
    """``pendingTimeout`` counts only until the pod runs."""
    spec = LONG.replace("command: [sleep]}", "command: [sleep]}\n  pendingTimeout: 3s")
    assert run(spec, lambda *_: End(seconds=9)).status("phase") == "Succeeded"
    world = world_of(spec)
    world.turn()
    world.now += timedelta(seconds=3)
    world.turn()
    assert world.node("long")["message"] == "Step exceeded its deadline"
    assert [one.verb for one in world.written].count(Verb.DELETE) == 2


DAEMON = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: server, template: server}
  - - name: client
      template: client
      arguments: {parameters: [{name: address, value: "{{steps.server.ip}}"}]}
- name: server
  daemon: true
  container: {image: alpine, command: [serve]}
- name: client
  inputs: {parameters: [{name: address}]}
  container: {image: alpine, command: [ask], args: ["{{inputs.parameters.address}}"]}
"""


def test_a_daemon_is_ready_for_the_steps_after_it_and_ends_with_them() -> None:
    """They know its address; when the steps are over its pod is ended."""
    world = world_of(DAEMON, lambda name, _: None if "server" in name else End())
    world.turn()
    world.run_pods()
    (pod,) = world.pods()
    ready = {"containerStatuses": [{"name": "main", "ready": True}], "podIP": "10.1.2.3"}
    world.put({**pod, "status": {**pod["status"], **ready}})
    world.settle()
    assert world.status("phase") == "Succeeded"
    client = next(one for one in world.pods() if "client" in one["metadata"]["name"])
    assert client["spec"]["containers"][0]["args"] == ["10.1.2.3"]
    assert world.node("server")["phase"] == "Succeeded"
    server = next(one for one in world.pods() if "server" in one["metadata"]["name"])
    assert server["spec"]["activeDeadlineSeconds"] == 1


def test_pods_are_kept_for_a_while_and_by_their_labels() -> None:
    """``deleteDelayDuration`` counts from the end of the workflow."""
    head = "podGC:\n  strategy: OnWorkflowCompletion\n  deleteDelayDuration: 30s\n"
    head += "  labelSelector: {matchLabels: {keep: 'no'}}\n"
    labelled = "- name: main\n  metadata: {labels: {keep: 'no'}}"
    spec = head + EXITING.lstrip().replace("- name: main", labelled)
    world = run(spec)
    assert world.decide().next.stop is Stop.FOR
    assert len(world.pods()) == 2
    world.now += timedelta(seconds=31)
    world.settle()
    (pod,) = world.pods()
    assert "keep" not in pod["metadata"]["labels"]


def test_a_pod_gc_that_cannot_be_read_is_said_and_harms_nothing() -> None:
    """The workflow has come to its end as it did."""
    head = "podGC: {strategy: OnPodCompletion, deleteDelayDuration: soon}\n"
    world = run(head + EXITING.lstrip())
    assert world.status("phase") == "Succeeded"
    assert "deleteDelayDuration" in world.decide().next.message


def test_a_pod_that_no_node_tells_of_ends_with_its_workflow() -> None:
    """A crash left it before its node was written; a pod that is no step's stays as it is."""
    spec = "entrypoint: main\ntemplates: [{name: main, container: {image: a, command: [x]}}]"
    world = world_of(spec, lambda name, _: None if name else End())
    world.turn()
    (pod,) = world.pods()
    for name, marks in (("lost", {NODE_NAME: "wf.lost", NODE_ID: "wf-1"}), ("other", {})):
        metadata = {**pod["metadata"], "name": name, "uid": name, "annotations": marks}
        world.put({**pod, "metadata": metadata, "status": {"phase": "Running"}})
    world.settle()
    assert world.status("phase") == "Succeeded"
    told = {one["metadata"]["name"]: one["spec"] for one in world.pods()}
    assert told["lost"]["activeDeadlineSeconds"] == 1
    assert "activeDeadlineSeconds" not in told["other"]
