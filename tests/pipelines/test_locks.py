"""Mutexes and semaphores: who begins, who waits, and in what order."""

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Stop
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.verbs.retrying import Retry, retry
from tests.pipelines.queues import LIMITS, TWICE, WHOLE, Several, workflow
from tests.pipelines.worlds import NAMESPACE, End, Script, run, succeed, world_of

TEMPLATE = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: locked, withSequence: {count: 5}}
- name: locked
  synchronization: {semaphores: [{configMapKeyRef: {name: limits, key: two}}]}
  container: {image: alpine, command: [work]}
"""


def lasting(seconds: float) -> Script:
    """Every pod succeeds after so many seconds."""
    return lambda *_: End(seconds=seconds)


def endless(*_: object) -> End | None:
    """No pod ever ends."""
    return None


def test_no_more_nodes_run_than_a_semaphore_allows() -> None:
    """The others are Pending, say what they wait for, and all run in the end."""
    world = world_of(TEMPLATE, lasting(3), LIMITS)
    for _ in range(3):
        world.turn()
    waiting = [one for one in world.nodes() if "synchronizationStatus" in one]
    lock = f"{NAMESPACE}/ConfigMap/limits/two"
    assert [one["phase"] for one in waiting] == ["Pending"] * 3
    assert waiting[0]["synchronizationStatus"] == {"waiting": lock}
    assert waiting[0]["message"] == f"Waiting for {lock} lock. Lock status: 0/2"
    held = world.status("synchronization", "semaphore", "holding")
    assert [one["semaphore"] for one in held] == [lock]
    waits = world.status("synchronization", "semaphore", "waiting")
    assert waits == [{"semaphore": lock, "holders": held[0]["holders"]}]
    assert held[0]["holders"] == [
        f"{NAMESPACE}/wf/{world.node(one)['id']}" for one in ("a(0:0)", "a(1:1)")
    ]
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert world.most == 2
    assert len(world.began) == 5
    assert world.status("synchronization") is None
    assert "message" not in world.node("a(4:4)")


def test_a_lock_is_written_down_before_what_it_is_for_begins() -> None:
    """A crash in between leaves no pod that nobody knows to hold the lock."""
    world = world_of(TEMPLATE, succeed, LIMITS)
    assert world.turn().requests == (), "no database is asked"
    assert not world.pods()
    assert world.status("synchronization", "semaphore", "holding")
    assert "message" not in world.node("a(0:0)")
    world.turn()
    assert len(world.pods()) == 2


def test_a_workflow_waits_for_the_one_that_has_the_lock() -> None:
    """Pending, without nodes, in the words of Argo; it begins when the other has ended."""
    several = Several(workflow("first", WHOLE), workflow("second", WHOLE))
    several.busy = {"first"}
    several.rounds()
    assert several.phases() == {"first": "Running", "second": "Pending"}
    lock = f"{NAMESPACE}/Mutex/one"
    assert several.status("second", "message") == f"Waiting for {lock} lock. Lock status: 0/1"
    assert several.status("second", "nodes") is None
    assert several.status("second", "startedAt") is None
    assert several.status("first", "synchronization") == {
        "mutex": {"holding": [{"mutex": lock, "holder": f"{NAMESPACE}/first"}]}
    }
    assert several.status("second", "synchronization") == {
        "mutex": {"waiting": [{"mutex": lock, "holder": f"{NAMESPACE}/first"}]}
    }
    several.busy = set()
    several.rounds()
    assert several.phases() == {"first": "Succeeded", "second": "Succeeded"}


def test_the_queue_is_by_priority_and_then_by_age() -> None:
    """Whatever the order in which they are looked at."""
    names = ["holder", "new", "old", "urgent"]
    several = Several(
        workflow("holder", WHOLE, age=100),
        workflow("new", WHOLE, age=1),
        workflow("old", WHOLE, age=50),
        workflow("urgent", WHOLE, priority=5),
    )
    order = []
    several.busy = set(names)
    several.rounds()
    for _ in names:
        running = [one for one, phase in several.phases().items() if phase == "Running"]
        order += running
        several.busy -= set(running)
        several.rounds()
    assert order == ["holder", "urgent", "old", "new"]


def test_of_two_that_claim_a_lock_at_once_one_gives_way() -> None:
    """Neither saw the claim of the other when it made its own; none has begun."""
    several = Several(workflow("first", WHOLE), workflow("second", WHOLE))
    several.turn("first")
    claimed = several.world.objects.pop(several.targets[0])
    several.turn("second")
    several.world.put(claimed)
    several.rounds(2)
    assert sorted(str(one) for one in several.phases().values()) != ["Running", "Running"]
    several.rounds(8)
    assert several.phases() == {"first": "Succeeded", "second": "Succeeded"}
    assert len(several.world.began) == 2


def test_several_locks_are_taken_together_or_not_at_all() -> None:
    """Whoever cannot have them all holds none of them."""
    both = WHOLE.replace("{name: one}", "{name: one}, {name: two}")
    other = WHOLE.replace("{name: one}", "{name: two}")
    several = Several(workflow("holder", WHOLE, age=9), workflow("both", both, age=5))
    several.busy = {"holder", "both", "late"}
    several.rounds()
    late = workflow("late", other)
    several.world.put(late)
    several.targets.append(Target.of(late))
    several.rounds()
    assert several.phases() == {"holder": "Running", "both": "Pending", "late": "Pending"}
    assert lookup(several.status("both"), "synchronization", "mutex", "holding") is None
    several.busy = {"both"}
    several.rounds(12)
    assert several.phases() == {"holder": "Succeeded", "both": "Running", "late": "Pending"}
    several.busy = set()
    several.rounds(12)
    assert set(several.phases().values()) == {"Succeeded"}


def test_a_lock_may_lie_in_another_namespace_and_be_named_by_parameters() -> None:
    """The namespace is part of what the lock is."""
    spec = """
entrypoint: main
arguments: {parameters: [{name: what, value: database}]}
templates:
- name: main
  synchronization: {mutexes: [{name: "{{workflow.parameters.what}}", namespace: shared}]}
  container: {image: alpine, command: [work]}
"""
    world = world_of(spec)
    world.turn()
    (held,) = world.status("synchronization", "mutex", "holding")
    assert held["mutex"] == "shared/Mutex/database"


@pytest.mark.parametrize("field", ["mutex: {name: one}", "mutexes: [{name: one}]"])
def test_older_files_name_one_lock(field: str) -> None:
    """The singular field means the same."""
    world = world_of(WHOLE.replace("mutexes: [{name: one}]", field))
    world.turn()
    assert world.status("synchronization", "mutex", "holding")
    world.settle()
    assert world.status("phase") == "Succeeded"


def test_one_holder_keeps_its_lock_over_all_its_attempts() -> None:
    """Another step cannot come between two attempts, however long the second is waited for."""
    spec = (
        TWICE
        + """\
  synchronization: {mutexes: [{name: one}]}
  retryStrategy: {limit: 1, backoff: {duration: 10s}}
  container: {image: alpine, command: [work]}
"""
    )
    world = run(spec, lambda name, _: End(code=int(name.endswith("(0)"))))
    assert world.began == ["[0].a(0)", "[0].a(1)", "[0].b(0)", "[0].b(1)"]


def test_a_lock_of_steps_is_held_until_the_last_of_them_has_ended() -> None:
    """The whole subtree is what the lock is for."""
    spec = (
        TWICE
        + """\
  synchronization: {mutexes: [{name: one}]}
  steps:
  - - {name: first, template: work}
  - - {name: last, template: work}
- {name: work, container: {image: alpine, command: [work]}}
"""
    )
    world = world_of(spec)
    world.turn()
    assert world.node("a")["phase"] == "Pending"
    world.turn()
    assert (world.node("a")["phase"], world.node("b")["phase"]) == ("Running", "Pending")
    assert not world.pods(), "that it has the lock is written down first"
    world.settle()
    assert world.status("phase") == "Succeeded"
    nodes = ("a[0].first", "a[1].last", "b[0].first", "b[1].last")
    assert world.began == [f"[0].{one}" for one in nodes]


def test_nodes_that_wait_for_a_lock_leave_room_for_others() -> None:
    """They do not count as running where parallelism is limited."""
    spec = """
entrypoint: main
parallelism: 2
templates:
- name: main
  steps:
  - - {name: a, template: locked, withSequence: {count: 3}}
    - {name: free, template: work}
- name: locked
  synchronization: {mutexes: [{name: one}]}
  container: {image: alpine, command: [work]}
- {name: work, container: {image: alpine, command: [work]}}
"""
    world = world_of(spec, endless)
    for _ in range(4):
        world.turn()
    assert sorted(world.began) == ["[0].a(0:0)", "[0].free"]


def test_a_stopped_workflow_ends_what_waits_for_a_lock() -> None:
    """A node fails as others do; a workflow that never began is Failed."""
    several = Several(workflow("first", WHOLE), workflow("second", WHOLE))
    several.busy = {"first"}
    several.rounds()
    second = several.world.objects[several.targets[1]]
    several.world.put({**second, "spec": {**second["spec"], "shutdown": "Terminate"}})
    several.rounds()
    assert several.status("second", "phase") == "Failed"
    assert several.status("second", "message") == "Stopped with strategy 'Terminate'"
    world = world_of(
        TEMPLATE.replace("container:", "retryStrategy: {}\n  container:"), endless, LIMITS
    )
    for _ in range(4):
        world.turn()
    world.change({"spec": {"shutdown": "Stop"}})
    world.settle()
    assert world.status("phase") == "Failed"
    assert world.node("a(4:4)")["message"] == "Stopped with strategy 'Stop'"
    assert world.status("synchronization") is None


def test_time_runs_out_for_what_waits_for_a_lock_too() -> None:
    """A timeout counts from where the node stands in line."""
    spec = TEMPLATE.replace("container:", "timeout: 5s\n  container:")
    world = run(spec.replace("count: 5", "count: 3"), lasting(60), LIMITS)
    assert world.node("a(2:2)")["message"] == "Step exceeded its deadline"
    assert len(world.began) == 2


@pytest.mark.parametrize(
    ("key", "told"),
    [("none", "there is no key 'none' of ConfigMap 'pipelines/limits'"), ("word", "'many'")],
)
def test_a_semaphore_without_a_limit_is_an_error_that_says_so(key: str, told: str) -> None:
    """Of the node, or of the workflow that needs it to begin."""
    world = run(TEMPLATE.replace("two", key), endless, LIMITS)
    assert world.node("a(0:0)")["phase"] == "Error"
    assert told in world.node("a(0:0)")["message"]
    whole = WHOLE.replace(
        "mutexes: [{name: one}]", f"semaphores: [{{configMapKeyRef: {{name: limits, key: {key}}}}}]"
    )
    world = run(whole, endless, LIMITS)
    assert world.status("phase") == "Failed"
    assert told in world.status("message")


@pytest.mark.parametrize(
    ("limit", "turns", "phase", "told"),
    [
        ("0", 1, "Pending", f"Waiting for {NAMESPACE}/ConfigMap/few/k lock"),
        ("1", 2, "Running", "about to begin"),
        ("many", 1, "Failed", ""),
    ],
)
def test_a_workflow_that_has_not_begun_is_labelled_and_says_what_for(
    limit: str, turns: int, phase: str, told: str
) -> None:
    """One that cannot begin is over, and waits for nothing."""
    few: Object = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": limit}}
    few["metadata"] = {"name": "few", "namespace": NAMESPACE}
    own = "semaphores: [{configMapKeyRef: {name: few, key: k}}]"
    world = world_of(WHOLE.replace("mutexes: [{name: one}]", own), endless, few)
    following = [world.turn().next for _ in range(turns)][-1]
    assert following.stop is (Stop.FOR if told else Stop.DONE)
    assert following.message.startswith(told)
    assert world.workflow()["metadata"]["labels"] == {
        "workflows.argoproj.io/phase": phase,
        "workflows.argoproj.io/completed": str(phase == "Failed").lower(),
    }


def test_a_limit_may_be_changed_while_they_wait() -> None:
    """The next decision goes by what the ConfigMap says now."""
    world = world_of(TEMPLATE.replace("two", "one"), endless, LIMITS)
    for _ in range(4):
        world.turn()
    assert len(world.began) == 1
    world.put({**LIMITS, "data": {"one": "3"}})
    for _ in range(4):
        world.turn()
    assert len(world.began) == 3


def test_a_suspended_workflow_takes_no_lock() -> None:
    """What waits goes on when it is resumed."""
    world = world_of(TEMPLATE, lasting(2), LIMITS)
    for _ in range(3):
        world.turn()
    world.change({"spec": {"suspend": True}})
    world.settle()
    assert len(world.began) == 2
    world.change({"spec": {"suspend": None}})
    world.settle()
    assert len(world.began) == 5


PLAIN = WHOLE.replace("synchronization: {mutexes: [{name: one}]}\n", "")


@pytest.mark.parametrize(
    "limit",
    [
        {
            "kind": "Namespace",
            "metadata": {
                "name": NAMESPACE,
                "labels": {"workflows.argoproj.io/parallelism-limit": "1"},
            },
        },
        {
            "kind": "ConfigMap",
            "metadata": {"name": "workflow-controller-configmap", "namespace": "ruleengine"},
            "data": {"parallelism": "1"},
        },
        {
            "kind": "ConfigMap",
            "metadata": {"name": "workflow-controller-configmap", "namespace": "ruleengine"},
            "data": {"config": "namespaceParallelism: 1"},
        },
    ],
)
def test_workflows_beyond_a_limit_are_postponed(limit: Object) -> None:
    """By their priority, and in Argo's words."""
    several = Several(
        workflow("first", PLAIN, age=9),
        workflow("second", PLAIN, age=5),
        workflow("urgent", PLAIN, priority=1),
    )
    several.world.put({"apiVersion": "v1", **limit})
    several.busy = {"first", "urgent"}
    several.turn("first")
    assert (several.status("first", "phase"), several.status("first", "message")) == (
        "Pending",
        None,
    )
    several.rounds()
    assert several.phases() == {"first": "Running", "second": "Pending", "urgent": "Pending"}
    said = "Workflow processing has been postponed due to max parallelism limit"
    assert several.status("second", "message") == said
    several.busy = {"urgent"}
    several.rounds()
    assert several.phases() == {"first": "Succeeded", "second": "Pending", "urgent": "Running"}
    several.busy = set()
    several.rounds(12)
    assert set(several.phases().values()) == {"Succeeded"}


def test_a_limit_that_comes_between_claim_and_beginning_is_one_more_lock() -> None:
    """The workflow does not wait for the mutex that it holds itself."""
    several = Several(workflow("first", WHOLE))
    several.turn("first")
    assert several.status("first", "phase") == "Pending"
    assert several.status("first", "synchronization", "mutex", "holding")
    marks = {"workflows.argoproj.io/parallelism-limit": "1"}
    several.world.put(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": NAMESPACE, "labels": marks},
        }
    )
    several.rounds()
    assert several.phases() == {"first": "Succeeded"}


def test_a_retried_workflow_takes_its_locks_again() -> None:
    """Its own, and those of nodes that are on their way again; nothing runs without them."""
    spec = """
entrypoint: main
synchronization: {mutexes: [{name: whole}]}
templates:
- name: main
  steps: [[{name: a, template: locked}]]
- name: locked
  synchronization: {mutexes: [{name: one}]}
  steps: [[{name: b, template: work}]]
- {name: work, container: {image: alpine, command: [work]}}
"""
    world = run(spec, lambda *_: End(code=1))
    assert world.status("synchronization") is None
    world.put(retry(world.workflow(), world.now, Retry()).workflow)
    begun = len(world.written)
    while not any(one.reason == "retry" for one in world.written[begun:]):
        world.turn()
    held = {one["mutex"] for one in world.status("synchronization", "mutex", "holding")}
    assert held == {f"{NAMESPACE}/Mutex/whole", f"{NAMESPACE}/Mutex/one"}
    world.script = succeed
    world.settle()
    assert world.status("phase") == "Succeeded"


def test_a_workflow_that_is_gone_holds_nothing() -> None:
    """What nobody says any more nobody holds."""
    several = Several(workflow("first", WHOLE), workflow("second", WHOLE))
    several.busy = {"first"}
    several.rounds()
    del several.world.objects[several.targets.pop(0)]
    several.rounds()
    assert several.phases() == {"second": "Succeeded"}


def test_whoever_waits_looks_at_the_one_before_it_and_no_further() -> None:
    """So that a release wakes one of a long queue, not all of it."""
    several = Several(*(workflow(f"w{one}", WHOLE, age=9 - one) for one in range(5)))
    several.busy = {"w0"}
    several.rounds()
    holders = [
        lookup(several.status(f"w{one}"), "synchronization", "mutex", "waiting")[0]["holder"]
        for one in range(1, 5)
    ]
    assert holders == [f"{NAMESPACE}/w{one}" for one in range(4)]
    several.turn("w4")
    assert several.world.listed == []
    urgent = workflow("urgent", WHOLE, priority=5)
    several.world.put(urgent)
    several.targets.append(Target.of(urgent))
    several.busy = {"w0", "urgent"}
    several.rounds()
    several.busy = {"urgent"}
    several.rounds()
    waits = lookup(several.status("w1"), "synchronization", "mutex", "waiting")
    assert waits == [{"mutex": f"{NAMESPACE}/Mutex/one", "holder": f"{NAMESPACE}/urgent"}]


def test_a_node_begins_as_soon_as_one_of_those_before_it_has_ended() -> None:
    """Also where another that has the lock goes on."""
    world = run(TEMPLATE, lambda name, _: End(seconds=3 if "0:0" in name else 30), LIMITS)
    one, other, last = world.node("a(0:0)"), world.node("a(1:1)"), world.node("a(2:2)")["id"][-9:]
    third = next(one for one in world.pods() if one["metadata"]["name"].endswith(last))
    assert one["finishedAt"] <= third["metadata"]["creationTimestamp"] < other["finishedAt"]


def test_what_was_claimed_and_has_not_begun_is_given_back_while_suspended() -> None:
    """Somebody else can have it meanwhile."""
    world = world_of(TEMPLATE, lasting(2), LIMITS)
    world.turn()
    assert world.status("synchronization", "semaphore", "holding")
    world.change({"spec": {"suspend": True}})
    world.turn()
    assert world.status("synchronization", "semaphore", "holding") is None
    assert not world.pods()


def test_what_has_begun_keeps_its_lock_though_nothing_else_was_written_of_it() -> None:
    """Its pod is there: a crash and a suspended workflow do not take the lock away."""
    world = world_of(TEMPLATE, endless, LIMITS)
    world.turn()
    world.turn(writes=1)
    assert world.began == ["[0].a(0:0)"]
    world.change({"spec": {"suspend": True}})
    world.turn()
    (held,) = world.status("synchronization", "semaphore", "holding")
    assert held["holders"] == [f"{NAMESPACE}/wf/{world.node('a(0:0)')['id']}"]


def test_a_holder_that_is_no_node_holds_nothing() -> None:
    """As of a node that went when the workflow was retried."""
    world = world_of(TEMPLATE, lasting(2), LIMITS)
    world.turn()
    gone = {"semaphore": f"{NAMESPACE}/ConfigMap/limits/two", "holders": [f"{NAMESPACE}/wf/gone"]}
    world.change({"status": {"synchronization": {"semaphore": {"holding": [gone]}}}})
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert world.most == 2
