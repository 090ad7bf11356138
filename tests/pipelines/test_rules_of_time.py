"""The rules of an end before its time: deadlines, shutdown, daemons.

(Reference, Workflows 10 to 12, 15 and 22.)
"""

from datetime import timedelta

import pytest

from ruleengine.model.values import Object
from tests.pipelines.worlds import NODE_NAME, START, End, MemoryWorld, run, world_of

FLAKY = """
- name: inner
  retryStrategy: {limit: 3}
  steps: [[{name: x, template: flaky}]]
- name: flaky
  retryStrategy: {limit: 3, backoff: {duration: 10s}}
  container: {image: alpine, command: [flaky]}
"""
STEPS = "steps: [[{name: a, template: TEMPLATE, withSequence: {count: 3}}]]"
DAG = "dag: {tasks: [{name: a, template: TEMPLATE, withSequence: {count: 3}}]}"


@pytest.mark.parametrize("limit", ["", "parallelism: 1"])
@pytest.mark.parametrize("template", ["flaky", "inner"])
@pytest.mark.parametrize("kind", [STEPS, DAG])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shutdown": "Stop"}, "Stopped with strategy 'Stop'"),
        ({"shutdown": "Terminate"}, "Stopped with strategy 'Terminate'"),
        ({"activeDeadlineSeconds": 6}, None),
    ],
)
def test_whatever_waits_for_its_time_ends_with_the_workflow(
    change: Object, message: str | None, kind: str, template: str, limit: str
) -> None:
    """The next attempt, items that there was no room for, and all that holds them.

    One that was not stopped says what its root says.
    """
    spec = f"""
entrypoint: main
templates:
- name: main
  {limit}
  {kind.replace("TEMPLATE", template)}
{FLAKY}
"""
    world = world_of(spec, lambda *_: End(code=1))
    for _ in range(5):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    world.change({"spec": change})
    world.settle()
    told = message or world.node("wf").get("message")
    assert (world.status("phase"), world.status("message")) == ("Failed", told)
    assert {one["phase"] for one in world.nodes()} == {"Failed"}
    assert world.now < START + timedelta(seconds=9)


HANDLED = """
entrypoint: main
onExit: flaky
templates:
- {name: main, container: {image: alpine, command: [work]}}
- name: flaky
  retryStrategy: {limit: 3}
  container: {image: alpine, command: [flaky]}
"""


@pytest.mark.parametrize("change", [{"shutdown": "Stop"}, {"activeDeadlineSeconds": 5}])
def test_an_exit_handler_is_tried_again_whatever_ended_the_workflow(change: Object) -> None:
    """Its attempts are not what was stopped."""
    world = world_of(HANDLED, lambda name, _: End(code=1) if "onExit" in name else None)
    world.turn()
    world.run_pods()
    world.turn()
    world.change({"spec": change})
    world.settle()
    assert world.began == ["", *(f".onExit({one})" for one in range(4))]
    assert world.status("phase") == "Failed"


@pytest.mark.parametrize("codes", [{}, {"(0)": 1}])
def test_an_exit_handler_may_be_tried_again(codes: dict[str, int]) -> None:
    """Its attempts are hooks, and attempts all the same."""
    world = run(HANDLED, lambda name, _: End(code=codes.get(name[-3:], 0)))
    assert world.status("phase") == "Succeeded"
    flags = [one["nodeFlag"] for one in world.nodes() if "onExit(" in one["name"]]
    assert flags == [{"hooked": True, "retried": True}] * (len(codes) + 1)


STEPPED = """
- name: flaky
  retryStrategy: {limit: 3}
  steps: [[{name: one, template: work}], [{name: two, template: work}]]
"""


def terminated_in_its_exit_handler(spec: str) -> MemoryWorld:
    """Return a workflow that was terminated while a pod of its exit handler ran."""
    world = world_of(spec, lambda name, _: None if "onExit" in name else End())
    for _ in range(6):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    world.change({"spec": {"shutdown": "Terminate"}})
    world.settle()
    return world


def test_a_terminated_exit_handler_begins_nothing_more() -> None:
    """Whatever steps it has."""
    spec = HANDLED[: HANDLED.index("- name: flaky")] + STEPPED
    spec += "- {name: work, container: {image: alpine, command: [work]}}\n"
    world = terminated_in_its_exit_handler(spec)
    assert world.began == ["", ".onExit(0)[0].one"]
    assert world.status("phase") == "Failed"


def test_a_terminated_exit_handler_is_not_tried_again() -> None:
    """It ends with the attempt that runs."""
    world = terminated_in_its_exit_handler(HANDLED)
    assert world.began == ["", ".onExit(0)"]
    assert world.status("phase") == "Failed"


SERVED = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: serve, template: serve}
  - - {name: long, template: work}
  - - name: late
      template: work
      arguments: {parameters: [{name: ip, value: "{{steps.serve.ip}}"}]}
- name: serve
  daemon: true
  retryStrategy: {limit: 1}
  container: {image: alpine, command: [serve]}
- name: work
  inputs: {parameters: [{name: ip, value: none}]}
  container: {image: alpine, command: [work, "{{inputs.parameters.ip}}"]}
"""


class Served:
    """A world with a daemon that is tried again, and what becomes of its pods."""

    def __init__(self) -> None:
        self.world = world_of(SERVED, lambda name, _: None if "serve" in name else End(seconds=9))

    def turns(self, count: int) -> None:
        """Let time pass; every daemon that runs is ready."""
        for _ in range(count):
            self.world.turn()
            self.world.run_pods()
            for number, pod in enumerate(self.pods()):
                if pod["status"]["phase"] == "Running":
                    listed = [{"name": "main", "ready": True}]
                    status = {**pod["status"], "podIP": f"10.0.0.{number}"}
                    self.world.put({**pod, "status": {**status, "containerStatuses": listed}})
            self.world.now += timedelta(seconds=1)

    def pods(self) -> list[Object]:
        """Return the pods of the daemon."""
        found = self.world.pods()
        return [one for one in found if "serve" in one["metadata"]["annotations"][NODE_NAME]]

    def fail(self) -> None:
        """Let the daemon end by itself."""
        for pod in self.pods():
            state = {"terminated": {"exitCode": 1, "reason": "Error"}}
            listed = [{"name": "main", "ready": False, "state": state}]
            status = {**pod["status"], "phase": "Failed", "containerStatuses": listed}
            self.world.put({**pod, "status": status})


def phases(world: MemoryWorld) -> list[str]:
    """Return the phases of the daemon: of what tries it again, and of each attempt."""
    return [one["phase"] for one in world.nodes() if "serve" in one["name"]]


def test_a_daemon_that_ends_early_is_tried_again() -> None:
    """Although its step is over; who comes later is given the address of the new one."""
    served = Served()
    served.turns(4)
    assert phases(served.world) == ["Running", "Running"]
    served.fail()
    served.turns(4)
    assert phases(served.world) == ["Running", "Failed", "Running"]
    served.turns(30)
    assert served.world.status("phase") == "Succeeded"
    assert phases(served.world) == ["Succeeded", "Failed", "Succeeded"]
    assert served.world.node("late")["inputs"]["parameters"][0]["value"] == "10.0.0.1"
    assert served.pods()[-1]["spec"]["activeDeadlineSeconds"] == 1


def test_a_daemon_that_ends_too_often_has_failed() -> None:
    """What runs beside it goes on."""
    served = Served()
    for _ in range(2):
        served.turns(4)
        served.fail()
    served.turns(30)
    assert phases(served.world) == ["Failed", "Failed", "Failed"]
    assert served.world.node("serve")["message"] == "No more retries left"
    assert "daemoned" not in served.world.node("serve")


def test_an_attempt_that_would_begin_as_its_steps_end_does_not() -> None:
    """Its pod is not made: nobody would end it."""
    served = Served()
    served.turns(4)
    while not any(_is_over(one, "late") for one in served.world.pods()):
        served.turns(1)
    served.fail()
    served.world.settle()
    assert served.world.status("phase") == "Succeeded"
    assert phases(served.world) == ["Succeeded", "Failed", "Succeeded"]
    assert len(served.pods()) == 1


def _is_over(pod: Object, step: str) -> bool:
    """Tell whether a pod is that of a step, and has succeeded."""
    name = pod["metadata"]["annotations"][NODE_NAME]
    return name.endswith(step) and pod["status"]["phase"] == "Succeeded"


def test_a_daemon_that_ends_early_fails_its_dag() -> None:
    """As any target, and that is so after a restart as well."""
    served = Served()
    spec = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: serve, template: serve}
    - {name: long, template: work}
    - {name: late, template: work, depends: long}
- {name: serve, daemon: true, container: {image: alpine, command: [serve]}}
- {name: work, container: {image: alpine, command: [work]}}
"""
    served.world = world_of(spec, served.world.script)
    served.turns(4)
    served.fail()
    served.turns(20)
    assert served.world.status("phase") == "Failed"
    phases = {".serve": "Failed", ".long": "Succeeded", ".late": "Succeeded"}
    assert served.world.phases() == phases


def test_a_daemon_that_reports_what_it_made_may_end_early_as_well() -> None:
    """It has failed, once it has said everything; what asks for it later goes without."""
    outputs = "daemon: true\n  outputs: {parameters: [{name: o, valueFrom: {path: /o}}]}"
    served = Served()
    served.world = world_of(
        SERVED.replace("retryStrategy: {limit: 1}", "").replace("daemon: true", outputs),
        lambda name, _: End(seconds=2 if "serve" in name else 9, parameters={"o": "made"}),
    )
    served.turns(12)
    serve = served.world.node("serve")
    assert (serve["phase"], serve["message"]) == ("Failed", "the daemon came to its end")
    assert "daemoned" not in serve


def test_an_attempt_that_is_not_ready_goes_with_the_steps() -> None:
    """Nobody needs it any more."""
    served = Served()
    while not any("late" in one for one in served.world.began):
        served.turns(1)
    served.fail()
    served.world.turn()
    assert phases(served.world) == ["Running", "Failed", "Pending"]
    served.world.settle()
    assert served.world.status("phase") == "Succeeded"
    assert phases(served.world) == ["Succeeded", "Failed", "Succeeded"]


IN_STEPS = """
entrypoint: main
templates:
- name: main
  steps:
  - - name: serve
      LOOP
      inline:
        daemon: true
        retryStrategy: {limit: 1}
        container: {image: alpine, command: [serve, "for {{item}}"]}
  - - {name: long, template: work}
- {name: work, container: {image: alpine, command: [work]}}
"""
IN_DAG = """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - name: serve
      LOOP
      inline:
        daemon: true
        retryStrategy: {limit: 1}
        container: {image: alpine, command: [serve, "for {{item}}"]}
    - {name: long, template: work, depends: serve}
- {name: work, container: {image: alpine, command: [work]}}
"""


@pytest.mark.parametrize("looped", [False, True])
@pytest.mark.parametrize(
    ("spec", "name", "child"),
    [(IN_STEPS, "[0].serve", "[0].serve(0:x)"), (IN_DAG, ".serve", ".serve(0:x)")],
)
def test_a_daemon_that_is_written_in_place_is_tried_again(
    spec: str, name: str, child: str, *, looped: bool
) -> None:
    """As one that is named, and with the item that it was begun for."""
    stated = spec.replace("LOOP", "withItems: [x]") if looped else spec.replace(" {{item}}", "")
    served = Served()
    served.world = world_of(
        stated.replace("      LOOP\n", ""),
        lambda name, _: None if "serve" in name else End(seconds=9),
    )
    served.turns(4)
    served.fail()
    served.world.memo = None
    served.turns(30)
    assert served.world.status("phase") == "Succeeded"
    whole = child if looped else name
    found = {one: phase for one, phase in served.world.phases().items() if one.startswith(whole)}
    assert found == {whole: "Succeeded", f"{whole}(0)": "Failed", f"{whole}(1)": "Succeeded"}
    commands = [one["spec"]["containers"][0]["command"][-1] for one in served.pods()]
    assert commands == ["for x" if looped else "for"] * 2


def test_a_daemon_that_is_tried_again_knows_the_step_it_was_begun_for() -> None:
    """Also after a restart."""
    served = Served()
    told = SERVED.replace("command: [serve]", 'command: [serve, "{{steps.name}}"]')
    served.world = world_of(told, served.world.script)
    served.turns(4)
    served.fail()
    served.world.memo = None
    served.turns(4)
    commands = [one["spec"]["containers"][0]["command"] for one in served.pods()]
    assert commands == [["serve", "serve"], ["serve", "serve"]]


def test_a_workflow_without_time_ends_at_once() -> None:
    """Nought seconds are a deadline."""
    world = run("activeDeadlineSeconds: 0\n" + HANDLED.replace("onExit: flaky", ""))
    assert (world.status("phase"), world.began) == ("Failed", [])


@pytest.mark.parametrize("shutdown", ["Stop", "Terminate"])
def test_a_pod_that_was_made_before_a_crash_ends_with_what_is_stopped(shutdown: str) -> None:
    """Nothing else of its decision was written: there is no node that could end it."""
    world = world_of(HANDLED.replace("onExit: flaky", ""), lambda *_: None)
    world.turn(1)
    world.memo = None
    world.run_pods()
    world.change({"spec": {"shutdown": shutdown}})
    world.settle()
    assert (world.status("phase"), world.phases()) == ("Failed", {})
    assert world.pods()[0]["spec"]["activeDeadlineSeconds"] == 1


def test_a_pod_that_was_made_before_a_crash_ends_with_a_workflow_that_gave_up() -> None:
    """Its task does not begin any more."""
    spec = """
entrypoint: main
templates:
- name: main
  failFast: true
  dag: {tasks: [{name: a, template: work}, {name: b, template: work}]}
- {name: work, container: {image: alpine, command: [work]}}
"""
    world = world_of(spec, lambda name, _: End(code=1, seconds=0) if name == ".a" else None)
    world.turn(2)
    world.memo = None
    world.run_pods()
    world.run_pods()
    world.settle()
    assert (world.status("phase"), world.phases()) == ("Failed", {".a": "Failed"})
    ends = {one["spec"].get("activeDeadlineSeconds") for one in world.pods()}
    assert ends == {None, 1}


SUSPENDED = """
entrypoint: main
activeDeadlineSeconds: 30
templates:
- name: main
  steps: [[{name: a, template: wait}], [{name: b, template: wait}]]
- {name: wait, suspend: {}}
"""


def test_a_suspended_node_fails_when_the_time_is_over() -> None:
    """Nobody has to look for that: the deadline itself is waited for."""
    world = world_of(SUSPENDED)
    assert world.turn().next.time == START + timedelta(seconds=30)
    world.settle()
    a = world.node("a")
    assert (a["phase"], a["message"]) == ("Failed", "Step exceeded its deadline")
    assert a["finishedAt"] == "2026-01-02T03:04:35Z"
    assert (world.status("phase"), len(world.nodes())) == ("Failed", 3)


@pytest.mark.parametrize(("template", "seconds"), [(None, 40), (60, 40), (7, 7)])
def test_a_pod_has_the_lesser_of_two_times(template: int | None, seconds: int) -> None:
    """Its template's, and what is left of its workflow's; an exit handler has only its own."""
    own = f"activeDeadlineSeconds: {template}" if template else ""
    spec = f"""
entrypoint: main
onExit: main
activeDeadlineSeconds: 40
templates:
- name: main
  {own}
  container: {{image: alpine, command: [work]}}
"""
    world = run(spec)
    main, handler = sorted(world.pods(), key=lambda one: len(one["metadata"]["name"]))
    assert main["spec"]["activeDeadlineSeconds"] == seconds
    assert handler["spec"].get("activeDeadlineSeconds") == template


BARE = """
entrypoint: main
templates:
- name: main
  container: {image: alpine, command: [work]}
"""


@pytest.mark.parametrize("seconds", [10**12, 2**63 - 1])
@pytest.mark.parametrize(
    "place",
    [
        pytest.param("entrypoint: main", id="workflow"),
        pytest.param("templates:\n- name: main", id="template"),
    ],
)
def test_more_seconds_than_any_date_bears_are_no_end(place: str, seconds: int) -> None:
    """The field is an int64; a pod is told the most that Kubernetes takes."""
    indent = "  " if "name" in place else ""
    stated = f"{place}\n{indent}activeDeadlineSeconds: {seconds}"
    world = run(BARE.replace(place, stated))
    assert world.status("phase") == "Succeeded"
    assert [one["spec"]["activeDeadlineSeconds"] for one in world.pods()] == [2**31 - 1]


IN_HANDLER = """
entrypoint: work
onExit: handle
templates:
- name: handle
  steps: [[{name: serve, template: serve}], [{name: ask, template: work}]]
- {name: serve, daemon: true, MEMO container: {image: alpine, command: [serve]}}
- {name: work, container: {image: alpine, command: [work]}}
"""
MEMOIZED = "memoize: {key: k, cache: {configMap: {name: c}}},"


@pytest.mark.parametrize("memo", ["", MEMOIZED])
def test_a_daemon_of_an_exit_handler_ends_with_it(memo: str) -> None:
    """Nothing runs of a workflow that is over; nor is it kept up for what it made."""
    served = Served()
    served.world = world_of(
        IN_HANDLER.replace("MEMO", memo), lambda name, _: None if "serve" in name else End()
    )
    served.turns(20)
    assert served.world.status("phase") == "Succeeded"
    assert {one["phase"] for one in served.world.nodes()} == {"Succeeded"}


def test_what_has_its_lock_and_has_not_begun_ends_with_the_workflow() -> None:
    """Between the two there is a decision, in which it may be stopped."""
    spec = """
entrypoint: main
templates:
- name: main
  retryStrategy: {limit: 1}
  synchronization: {mutexes: [{name: one}]}
  container: {image: alpine, command: [work]}
"""
    world = world_of(spec)
    world.turn()
    assert world.status("synchronization", "mutex", "holding")
    world.change({"spec": {"suspend": True}})
    world.turn()
    world.change({"spec": {"suspend": None}})
    world.turn()
    world.change({"spec": {"shutdown": "Stop"}})
    world.settle()
    assert world.status("phase") == "Failed"


def test_a_daemon_that_is_ready_has_given_its_lock_back() -> None:
    """Others take it while the daemon runs, and its attempts go on."""
    spec = SERVED.replace("  daemon: true", "  daemon: true\n  synchronization: LOCK")
    spec = spec.replace("- name: work", "- name: work\n  synchronization: LOCK")
    served = Served()
    served.world = world_of(
        spec.replace("LOCK", "{mutexes: [{name: one}]}"),
        lambda name, _: None if "serve" in name else End(seconds=9),
    )
    served.turns(40)
    assert served.world.status("phase") == "Succeeded"
    assert phases(served.world) == ["Succeeded", "Succeeded"]


@pytest.mark.parametrize(("whole", "seconds"), [(30, 18), (60, 28)])
def test_an_attempt_has_the_lesser_of_what_is_left_of_all_times(whole: int, seconds: int) -> None:
    """What is left of the workflow, and of the time that all attempts have together."""
    spec = f"""
entrypoint: main
activeDeadlineSeconds: {whole}
templates:
- name: main
  retryStrategy: {{limit: 1, backoff: {{duration: 1s, maxDuration: 40s}}}}
  container: {{image: alpine, command: [work]}}
"""
    world = run(spec, lambda name, _: End(code=int("(0)" in name), seconds=11))
    (second,) = [
        one for one in world.pods() if one["metadata"]["annotations"][NODE_NAME][-2] == "1"
    ]
    assert second["spec"]["activeDeadlineSeconds"] == seconds


DEFAULTED = """
entrypoint: main
templateDefaults: {timeout: 3s}
templates:
- name: main
  steps: [[{name: a, template: inner}], [{name: b, template: inner}]]
- name: inner
  LOCK
  steps: [[{name: leaf, template: work}], [{name: last, template: work}]]
- {name: work, container: {image: alpine, command: [work]}}
"""


def test_a_timeout_of_the_defaults_ends_no_steps_that_run() -> None:
    """It is that of each leaf, although the defaults lie under templates of steps, too."""
    world = run(DEFAULTED.replace("LOCK", ""), lambda *_: End(seconds=2))
    assert world.status("phase") == "Succeeded"
    world = run(DEFAULTED.replace("LOCK", ""), lambda *_: End(seconds=9))
    assert (world.node("leaf")["phase"], world.status("phase")) == ("Failed", "Failed")


def test_a_timeout_of_the_defaults_ends_steps_that_wait_for_a_lock() -> None:
    """They have not begun in time."""
    spec = DEFAULTED.replace("LOCK", "synchronization: {mutexes: [{name: one}]}")
    spec = spec.replace("}], [{name: b", "}, {name: b")
    world = run(spec, lambda *_: End(seconds=2))
    assert (world.node("a")["phase"], world.node("b")["phase"]) == ("Succeeded", "Failed")
    assert world.node("b")["message"] == "Step exceeded its deadline"


@pytest.mark.parametrize("field", ["timeout", "pendingTimeout"])
def test_a_step_that_waits_for_too_long_fails_its_group(field: str) -> None:
    """As one that runs for too long does; its pod, which has not begun, goes."""
    spec = f"""
entrypoint: main
templates:
- name: main
  steps: [[{{name: a, template: work}}], [{{name: b, template: work}}]]
- {{name: work, {field}: 5s, container: {{image: alpine, command: [work]}}}}
"""
    world = world_of(spec)
    world.turn()
    world.now += timedelta(seconds=4)
    world.turn()
    assert world.node("a")["phase"] == "Pending"
    world.now += timedelta(seconds=1)
    world.turn()
    a, group = world.node("a"), world.node("[0]")
    assert (a["phase"], a["message"]) == ("Failed", "Step exceeded its deadline")
    assert (group["phase"], group["message"]) == ("Failed", f"child '{a['id']}' failed")
    assert not world.pods()
    assert world.status("phase") == "Failed"
