"""What becomes of a workflow that is stopped or out of time (reference, Workflows 22).

Pods that run are ended. What would begin from then on has failed at once, and says why; what had
come to its end by itself is taken for what it is.
"""

from datetime import timedelta

import pytest

from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.retrying import Retry, retry
from tests.pipelines.worlds import NODE_NAME, End, MemoryWorld, Script, succeed, world_of

Change = tuple[Object, str]
STOP: Change = ({"shutdown": "Stop"}, "workflow shutdown with strategy: Stop")
TERMINATE: Change = ({"shutdown": "Terminate"}, "workflow shutdown with strategy: Terminate")
DEADLINE: Change = ({"activeDeadlineSeconds": 1}, "Step exceeded its deadline")
NAMES = ("stop", "terminate", "deadline")
EARLY_ENDS = pytest.mark.parametrize(("change", "told"), [STOP, TERMINATE, DEADLINE], ids=NAMES)
SAY = "{name: say, container: {image: alpine, command: [say]}}"
GAVE_UP = "template has failed or errored children and failFast enabled"
FORGIVEN = "continueOn: {failed: true}"


def fail(*_: object) -> End:
    """Every pod fails."""
    return End(code=1)


def ended_early(main: str, change: Object, script: Script = succeed, *more: str) -> MemoryWorld:
    """Return a world whose workflow was told to end when its first pods had come to their end."""
    templates = "\n".join(f"- {one}" for one in (f"{{name: main, {main}}}", SAY, *more))
    world = world_of(f"entrypoint: main\ntemplates:\n{templates}\n", script)
    while not any(one["status"]["phase"] in ("Succeeded", "Failed") for one in world.pods()):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    world.change({"spec": change})
    world.settle()
    return world


def told_by(world: MemoryWorld) -> dict[str, tuple[str, str | None]]:
    """Return phase and message of the nodes but the root, by name."""
    nodes = (one for one in world.nodes() if one["name"] != "wf")
    return {one["name"].removeprefix("wf"): (one["phase"], one.get("message")) for one in nodes}


@EARLY_ENDS
def test_the_next_steps_have_failed_and_say_why(change: Object, told: str) -> None:
    """The group before them had succeeded; no pod is made for them."""
    world = ended_early(
        "steps: [[{name: a, template: say}], [{name: b, template: say}, {name: c, template: say}]]",
        change,
    )
    failed = f"child '{world.node('b')['id']}' failed"
    assert told_by(world) == {
        "[0]": ("Succeeded", None),
        "[0].a": ("Succeeded", None),
        "[1]": ("Failed", failed),
        "[1].b": ("Failed", told),
        "[1].c": ("Failed", told),
    }
    assert (world.node("b")["type"], len(world.pods())) == ("Pod", 1)
    assert world.node("wf")["message"] == failed
    assert world.node("wf")["outboundNodes"] == [world.node("b")["id"], world.node("c")["id"]]


@EARLY_ENDS
def test_the_next_tasks_have_failed_and_those_after_them_are_omitted(
    change: Object, told: str
) -> None:
    """What looks for a failure begins as well, and has failed by that."""
    tasks = (
        "{name: a, template: say}, {name: b, template: say, depends: a},"
        "{name: c, template: say, depends: b}, {name: d, template: say, depends: b.Failed}"
    )
    world = ended_early(f"dag: {{tasks: [{tasks}]}}", change)
    omitted = "omitted: depends condition not met"
    assert told_by(world) == {
        ".a": ("Succeeded", None),
        ".b": ("Failed", told),
        ".c": ("Omitted", omitted),
        ".d": ("Failed", told),
    }
    assert world.status("phase") == "Failed"


@EARLY_ENDS
def test_what_there_was_no_room_for_has_failed_without_waiting(change: Object, told: str) -> None:
    """Limits of templates and of the workflow are for what runs."""
    world = ended_early(
        "parallelism: 1, steps: [[{name: a, template: say, withItems: [1, 2, 3]}]]", change
    )
    assert told_by(world) == {
        "[0]": ("Failed", f"child '{world.node('a(1:2)')['id']}' failed"),
        "[0].a(0:1)": ("Succeeded", None),
        "[0].a(1:2)": ("Failed", told),
        "[0].a(2:3)": ("Failed", told),
    }


@pytest.mark.parametrize("change", [STOP[0], TERMINATE[0], DEADLINE[0]], ids=NAMES)
def test_a_pod_that_had_succeeded_by_itself_is_taken_for_that(change: Object) -> None:
    """Though it is seen at the moment at which the workflow is told to end."""
    world = ended_early("container: {image: alpine, command: [say]}", change)
    assert (world.status("phase"), world.status("message")) == ("Succeeded", None)


@pytest.mark.parametrize("change", [STOP[0], TERMINATE[0], DEADLINE[0]], ids=NAMES)
def test_a_pod_that_had_failed_by_itself_says_by_what(change: Object) -> None:
    """Of the workflow alone is said that it was stopped."""
    world = ended_early("container: {image: alpine, command: [say]}", change, fail)
    failed = "main: Error (exit code 1)"
    assert (world.node("wf")["phase"], world.node("wf")["message"]) == ("Failed", failed)
    strategy = change.get("shutdown")
    told = f"Stopped with strategy '{strategy}'" if strategy else failed
    assert (world.status("phase"), world.status("message")) == ("Failed", told)


@pytest.mark.parametrize("change", [STOP[0], TERMINATE[0]], ids=NAMES[:2])
def test_a_stopped_dag_has_failed_whatever_its_tasks_came_to(change: Object) -> None:
    """Steps have not: they say what their steps came to."""
    dag = ended_early("dag: {tasks: [{name: a, template: say}]}", change)
    steps = ended_early("steps: [[{name: a, template: say}]]", change)
    assert (dag.node("a")["phase"], dag.status("phase")) == ("Succeeded", "Failed")
    assert dag.node("wf")["outboundNodes"] == [dag.node("a")["id"]]
    assert "message" not in dag.node("wf")
    assert (steps.status("phase"), steps.status("message")) == ("Succeeded", None)


def test_a_dag_that_is_out_of_time_says_what_its_tasks_came_to() -> None:
    """Nothing of it was left to begin."""
    world = ended_early("dag: {tasks: [{name: a, template: say}]}", DEADLINE[0])
    assert world.status("phase") == "Succeeded"


@pytest.mark.parametrize("change", [STOP[0], DEADLINE[0]], ids=["stop", "deadline"])
def test_the_exit_handler_of_a_step_that_did_not_begin_runs(change: Object) -> None:
    """It is there for whatever the end was; a termination alone keeps it from that."""
    world = ended_early(
        "steps: [[{name: a, template: say}], [{name: b, template: say, onExit: say}]]", change
    )
    assert world.node("b")["phase"] == "Failed"
    assert world.node("b.onExit")["phase"] == "Succeeded"


def test_a_dag_of_an_exit_handler_runs_to_its_end_in_a_stopped_workflow() -> None:
    """Only what was stopped has failed for that."""
    world = world_of(
        "entrypoint: say\nonExit: after\ntemplates:\n"
        f"- {SAY}\n- {{name: after, dag: {{tasks: [{{name: a, template: say}}]}}}}\n"
    )
    world.turn()
    world.change({"spec": STOP[0]})
    world.settle()
    assert world.phases() == {".onExit": "Succeeded", ".onExit.a": "Succeeded"}


def test_what_waits_for_a_person_has_failed_at_once() -> None:
    """In words of its own, as what is called through HTTP has."""
    web = "{name: web, http: {url: 'http://x'}}"
    world = ended_early(
        "steps: [[{name: a, template: say}], [{name: b, template: ask}, {name: c, template: web}]]",
        STOP[0],
        succeed,
        "{name: ask, suspend: {}}",
        web,
    )
    told = "Stopped with strategy 'Stop'"
    assert (world.node("b")["message"], world.node("c")["message"]) == (told, told)


def test_a_call_through_http_that_is_under_way_is_stopped_in_words_of_its_own() -> None:
    """It has no pod in Argo, which tells so of pods."""
    world = world_of("entrypoint: web\ntemplates:\n- {name: web, http: {url: 'http://x'}}\n")
    world.turn()
    world.run_pods()
    world.change({"spec": STOP[0]})
    world.settle()
    assert world.node("wf")["message"] == "Stopped with strategy 'Stop'"


@EARLY_ENDS
def test_a_suspended_workflow_ends_without_being_resumed(change: Object, told: str) -> None:
    """Nobody has to resume what is over."""
    main = "steps: [[{name: a, template: say}], [{name: b, template: say}]]"
    world = ended_early(main, {**change, "suspend": True})
    assert world.node("b")["message"] == told
    assert world.status("phase") == "Failed"


@pytest.mark.parametrize("body", [SAY[12:-1], "steps: [[{name: x, template: say}]]"])
@EARLY_ENDS
def test_what_would_need_a_lock_waits_for_none(change: Object, told: str, body: str) -> None:
    """The steps around it hold it, and nothing begins that it would be for."""
    lock = "synchronization: {mutexes: [{name: m}]}"
    world = ended_early(
        f"{lock}, steps: [[{{name: a, template: say}}], [{{name: b, template: locked}}]]",
        change,
        succeed,
        f"{{name: locked, {lock}, {body}}}",
    )
    last = world.nodes()[-1]
    assert (last["type"], last["phase"], last["message"]) == ("Pod", "Failed", told)


@pytest.mark.parametrize(
    ("begins", "message"),
    [(True, GAVE_UP), (False, "child 'wf-ID' failed")],
    ids=["what ran", "what never began"],
)
def test_steps_give_up_for_what_ran_and_not_for_what_never_began(
    *, begins: bool, message: str
) -> None:
    """As in Argo, which looks for the failures of pods first."""

    def script(name: str, _: Object) -> End:
        return End(seconds=60 if "1:2" in name else 1)

    limit = "" if begins else "parallelism: 1, "
    world = ended_early(
        f"failFast: true, {limit}steps: [[{{name: a, template: say, withItems: [1, 2]}}]]",
        STOP[0],
        script,
    )
    failed = world.node("a(1:2)")["id"]
    assert world.node("wf")["message"] == message.replace("wf-ID", failed)


def test_steps_that_fail_fast_give_up_although_each_failure_is_excused() -> None:
    """What did not begin for that has not succeeded."""
    world = ended_early(
        "failFast: true, parallelism: 1, "
        f"steps: [[{{name: a, template: say, {FORGIVEN}, withItems: [1, 2, 3]}}]]",
        STOP[0],
    )
    assert (world.node("wf")["phase"], world.node("wf")["message"]) == ("Failed", GAVE_UP)


def test_a_pod_of_which_nothing_was_written_is_ended_by_a_stop() -> None:
    """Whoever made it had no time to say so; its lock is given back, and it has not ended."""
    flaky = "{name: flaky, retryStrategy: {limit: 2}, container: {image: alpine, command: [x]}}"
    world = world_of(
        f"entrypoint: flaky\nonExit: say\ntemplates:\n- {flaky}\n- {SAY}\n",
        lambda name, _: None if name in ("(1)", ".onExit") else End(code=1),
    )
    for _ in range(2):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    world.turn(writes=1)  # the next attempt, and no status
    assert len(world.pods()) == 2
    world.change({"spec": STOP[0]})
    world.turn()
    assert world.status("phase") == "Running"
    assert world.began == ["(0)", "(1)", ".onExit"]
    left = {one["metadata"]["annotations"][NODE_NAME] for one in world.pods()}
    assert left == {"wf(0)", "wf.onExit"}


def test_what_did_not_begin_begins_by_a_retry() -> None:
    """Its node goes, and with it what kept it from beginning; what had succeeded stays."""
    main = f"steps: [[{{name: a, template: say, {FORGIVEN}}}], [{{name: b, template: say}}]]"
    world = ended_early(main, STOP[0])
    world.put(retry(world.workflow(), world.now, Retry()).workflow)
    world.settle()
    assert (world.node("b")["phase"], world.status("phase")) == ("Succeeded", "Succeeded")
