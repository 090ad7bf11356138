"""The rules of locks, one by one (reference, Workflows 17 and 18)."""

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.locks import rank_of
from tests.pipelines.queues import LIMITS, WAITS_FOR_ITSELF, WHOLE, Several, workflow
from tests.pipelines.worlds import NAMESPACE, End, run, world_of

MUTEX = f"{NAMESPACE}/Mutex"
SEMAPHORE = f"{NAMESPACE}/ConfigMap/limits"

ALL = """
entrypoint: main
synchronization:
  mutexes: [{name: first}, {name: second}]
  semaphores:
  - configMapKeyRef: {name: limits, key: one}
  - configMapKeyRef: {name: more, key: one}
templates:
- {name: main, container: {image: alpine, command: [work]}}
"""
MORE: Object = {**LIMITS, "metadata": {"name": "more", "namespace": NAMESPACE}}


def whole(locks: str) -> str:
    """Return a workflow that takes locks as a whole."""
    return WHOLE.replace("{mutexes: [{name: one}]}", f"{{{locks}}}")


@pytest.mark.parametrize(
    ("held", "lock"),
    [
        ("mutexes: [{name: first}]", f"{MUTEX}/first"),
        ("mutexes: [{name: second}]", f"{MUTEX}/second"),
        (
            "semaphores: [{configMapKeyRef: {name: limits, key: one}}]",
            f"{SEMAPHORE}/one",
        ),
        (
            "semaphores: [{configMapKeyRef: {name: more, key: one}}]",
            f"{NAMESPACE}/ConfigMap/more/one",
        ),
    ],
)
def test_each_of_all_locks_that_are_stated_is_waited_for(held: str, lock: str) -> None:
    """Whichever another holds; it is the one that the message names."""
    several = Several(workflow("holder", whole(held), age=9), workflow("all", ALL))
    several.world.put(MORE)
    several.busy = {"holder"}
    several.rounds()
    assert several.phases() == {"holder": "Running", "all": "Pending"}
    assert several.status("all", "message") == f"Waiting for {lock} lock. Lock status: 0/1"
    several.busy = set()
    several.rounds()
    assert several.phases() == {"holder": "Succeeded", "all": "Succeeded"}


@pytest.mark.parametrize(
    ("stated", "lock"),
    [
        ("semaphore: {configMapKeyRef: {name: limits, key: two}}", f"{SEMAPHORE}/two"),
        ('mutexes: [{name: "{{workflow.name}}"}]', f"{MUTEX}/one"),
        (
            'semaphores: [{configMapKeyRef: {name: limits, key: "{{workflow.name}}"}}]',
            f"{SEMAPHORE}/one",
        ),
        ("mutexes: [{name: one, namespace: far}]", "far/Mutex/one"),
    ],
)
def test_a_lock_of_a_workflow_is_called_by_its_place(stated: str, lock: str) -> None:
    """Older files name one semaphore; a name may be that of a parameter."""
    several = Several(workflow("one", whole(stated)))
    several.turn("one")
    kind = "semaphore" if "semaphore" in stated else "mutex"
    holding = lookup(several.status("one"), "synchronization", kind, "holding", default=())
    held = {entry[kind] for entry in holding}
    assert held == {lock}


def test_a_semaphore_lies_in_the_namespace_that_it_states() -> None:
    """Its limit is read there."""
    stated = "semaphores: [{configMapKeyRef: {name: limits, key: one}, namespace: far}]"
    several = Several(workflow("one", whole(stated)), workflow("two", whole(stated)))
    far = {**LIMITS, "metadata": {"name": "limits", "namespace": "far"}, "data": {"one": "2"}}
    several.world.put(far)
    several.busy = {"one", "two"}
    several.rounds()
    assert several.phases() == {"one": "Running", "two": "Running"}


def test_the_queue_goes_by_the_priority_of_a_template_and_by_name_in_the_end() -> None:
    """The priority may stand in the WorkflowTemplate; nobody of the same age is first by chance."""
    reference = "workflowTemplateRef: {name: urgent}"
    urgent = workflow("urgent", f"entrypoint: main\n{reference}")
    names = ["holder", "b", "a", "urgent"]
    several = Several(
        workflow("holder", WHOLE, age=9), workflow("b", WHOLE), workflow("a", WHOLE), urgent
    )
    template = workflow("urgent", WHOLE, priority=3)
    several.world.put({**template, "kind": "WorkflowTemplate"})
    several.busy = set(names)
    order = []
    several.rounds()
    for _ in names:
        running = [one for one, phase in several.phases().items() if phase == "Running"]
        order += running
        several.busy -= set(running)
        several.rounds()
    assert order == ["holder", "urgent", "a", "b"]


BOTH = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: both}
    - {name: b, template: single}
- name: both
  synchronization: {mutexes: [{name: one}, {name: own}]}
  container: {image: alpine, command: [work]}
- name: single
  synchronization: {mutexes: [{name: own}]}
  container: {image: alpine, command: [work]}
"""


def test_a_node_does_not_overtake_one_that_waits_for_more() -> None:
    """It stands in the queue of each lock that it needs, before those that came later."""
    several = Several(workflow("holder", WHOLE, age=9), workflow("two", BOTH))
    several.busy = {"holder"}
    several.rounds()
    assert several.began == ["holder"]
    several.busy = set()
    several.rounds(12)
    assert several.began == ["holder", "two[0].a", "two[0].b"]


TWO = "semaphores: [{configMapKeyRef: {name: limits, key: two}}]"


def test_a_node_that_waits_for_more_takes_one_slot_from_those_behind_it() -> None:
    """One and no more; the message tells what is held, not what is waited for."""
    spec = BOTH.replace("{name: one}, {name: own}]", f"{{name: one}}], {TWO}")
    spec = spec.replace("mutexes: [{name: own}]", TWO)
    spec = spec.replace("- {name: b,", "- {name: c, template: single}\n    - {name: b,")
    several = Several(workflow("holder", WHOLE, age=9), workflow("two", spec))
    several.busy = {"holder", "two"}
    several.rounds()
    assert sorted(several.began) == ["holder", "two[0].c"]
    (b,) = (one for one in several.nodes("two") if one["displayName"] == "b")
    assert b["message"] == f"Waiting for {SEMAPHORE}/two lock. Lock status: 1/2"


def looped(count: int, key: str) -> str:
    """Return a workflow whose nodes take a semaphore."""
    return f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: a, template: locked, withSequence: {{count: {count}}}}}
- name: locked
  synchronization: {{semaphores: [{{configMapKeyRef: {{name: limits, key: {key}}}}}]}}
  container: {{image: alpine, command: [work]}}
"""


def test_a_workflow_stands_in_the_queue_with_all_its_nodes() -> None:
    """A younger one takes no slot that the second node of an older one waits for."""
    several = Several(
        workflow("holder", looped(2, "two"), age=9),
        workflow("old", looped(2, "two"), age=5),
        workflow("young", looped(1, "two")),
    )
    several.busy = {"holder", "old", "young"}
    several.rounds()
    several.busy = {"old", "young"}
    several.world.run_pods()
    several.turn("holder")
    for name in ("young", "old", "young", "old", "young"):
        several.turn(name)
    begun = [one for one in several.began if not one.startswith("holder")]
    assert begun == ["old[0].a(0:0)", "old[0].a(1:1)"]


def test_a_claim_counts_once() -> None:
    """Also while its node says still that it waits for the lock."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: locked, withSequence: {count: 2}}
    - {name: b, template: both}
- name: locked
  synchronization: {semaphores: [{configMapKeyRef: {name: limits, key: four}}]}
  container: {image: alpine, command: [work]}
- name: both
  synchronization:
    mutexes: [{name: one}]
    semaphores: [{configMapKeyRef: {name: limits, key: four}}]
  container: {image: alpine, command: [work]}
"""
    several = Several(
        workflow("holder", WHOLE, age=9),
        workflow("first", spec, age=5),
        workflow("second", looped(1, "four")),
    )
    several.busy = {"holder", "first", "second"}
    for name in ("holder", "first", "second", "second"):
        several.turn(name)
    assert several.began == ["second[0].a(0:0)"]


HANDLED = """
entrypoint: main
onExit: locked
templates:
- {name: main, container: {image: alpine, command: [work]}}
- name: locked
  synchronization: {mutexes: [{name: one}]}
  container: {image: alpine, command: [work]}
"""


@pytest.mark.parametrize("change", [{"shutdown": "Stop"}, {"suspend": True}])
def test_an_exit_handler_waits_for_its_lock_whatever_becomes_of_the_rest(change: Object) -> None:
    """Also where the workflow was stopped or suspended."""
    several = Several(workflow("holder", WHOLE, age=9), workflow("two", HANDLED))
    several.busy = {"holder", "two"}
    several.rounds()
    assert sorted(several.began) == ["holder", "two"]
    several.busy = {"holder"}
    several.rounds()
    two = several.targets[1]
    stored = several.world.objects[two]
    several.world.put({**stored, "spec": {**stored["spec"], **change}})
    several.rounds()
    assert len(several.began) == 2
    assert several.status("two", "phase") == "Running"
    several.busy = set()
    several.rounds()
    assert several.began[2:] == ["two.onExit"]


def test_a_node_waits_no_longer_than_its_time() -> None:
    """Although the lock does not become free."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: long}
    - {name: b, template: short}
- name: long
  synchronization: {mutexes: [{name: one}]}
  container: {image: alpine, command: [work]}
- name: short
  timeout: 5s
  synchronization: {mutexes: [{name: one}]}
  container: {image: alpine, command: [work]}
"""
    world = run(spec, lambda *_: End(seconds=60))
    a, b = world.node("a"), world.node("b")
    assert (b["phase"], b["message"]) == ("Failed", "Step exceeded its deadline")
    assert b["finishedAt"] < a["finishedAt"]


@pytest.mark.parametrize("shutdown", ["Stop", "Terminate"])
def test_a_node_that_waits_fails_when_its_workflow_is_shut_down(shutdown: str) -> None:
    """Each of them, whatever holds the lock."""
    several = Several(workflow("holder", WHOLE, age=9), workflow("two", BOTH))
    several.busy = {"holder"}
    several.rounds()
    two = several.targets[1]
    stored = several.world.objects[two]
    several.world.put({**stored, "spec": {**stored["spec"], "shutdown": shutdown}})
    several.rounds()
    assert several.status("two", "phase") == "Failed"
    nodes = lookup(several.world.objects[two], "status", "nodes")
    assert {one["phase"] for one in nodes.values()} == {"Failed"}
    assert several.status("two", "synchronization") is None


CONTROLLER = Target("v1", "ConfigMap", "ruleengine", "workflow-controller-configmap")


def controlled(data: Object) -> Object:
    """Return the ConfigMap of the controller."""
    metadata = {"name": CONTROLLER.name, "namespace": CONTROLLER.namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@pytest.mark.parametrize(
    ("data", "label", "running"),
    [
        ({"parallelism": "2"}, None, 2),
        ({"config": "parallelism: 2", "parallelism": "1"}, None, 1),
        ({"namespaceParallelism": "1", "parallelism": "2"}, None, 1),
        ({"namespaceParallelism": "1"}, "2", 2),
        ({"namespaceParallelism": "2"}, "0", 3),
        ({"parallelism": "0"}, None, 3),
        ({"config": "- no map"}, None, 3),
        ({"config": "# nothing"}, None, 3),
    ],
)
def test_limits_of_workflows_count_together(data: Object, label: str | None, running: int) -> None:
    """A namespace's own label beats what holds for all; nought is no limit."""
    several = Several(*(workflow(f"w{one}", PLAIN) for one in range(3)))
    several.world.put(controlled(data))
    marks = {} if label is None else {"workflows.argoproj.io/parallelism-limit": label}
    metadata = {"name": NAMESPACE, "labels": marks}
    several.world.put({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    several.busy = {"w0", "w1", "w2"}
    several.rounds()
    assert list(several.phases().values()).count("Running") == running


PLAIN = WHOLE.replace("synchronization: {mutexes: [{name: one}]}\n", "")


def test_a_limit_of_workflows_that_is_no_number_is_an_error_that_says_so() -> None:
    """Of the workflow that needs to know it."""
    world = world_of(PLAIN)
    world.put(controlled({"parallelism": "many"}))
    world.settle()
    assert world.status("phase") == "Failed"
    assert "the limit of parallel workflows 'many' is no whole number" in world.status("message")


def test_two_of_one_name_stand_in_one_queue_by_their_namespaces() -> None:
    """Of the same age as well: one of them is first for both."""
    ranks = []
    for namespace in ("b", "a"):
        value = workflow("same", WHOLE)
        ranks.append(rank_of({**value, "metadata": {**value["metadata"], "namespace": namespace}}))
    assert ranks[1] < ranks[0]


def test_who_waits_for_a_node_of_another_workflow_names_the_node() -> None:
    """It is the holder, not its workflow."""
    several = Several(workflow("one", looped(1, "one"), age=9), workflow("two", looped(1, "one")))
    several.busy = {"one"}
    several.rounds()
    waits = lookup(several.status("two"), "synchronization", "semaphore", "waiting")
    (node,) = (one["id"] for one in several.nodes("one") if one["type"] == "Pod")
    assert waits[0]["holders"] == [f"{NAMESPACE}/one/{node}"]


def test_a_semaphore_that_names_no_configmap_is_an_error() -> None:
    """Of the workflow that states it, and no traceback."""
    several = Several(workflow("one", whole("semaphores: [{namespace: far}]")))
    several.turn("one")
    assert several.status("one", "phase") == "Failed"


def test_a_lock_is_of_its_workflow_while_that_runs() -> None:
    """Taken once by the workflow, it is given back only at the end of its last step."""
    spec = """
entrypoint: main
synchronization: {mutexes: [{name: one}]}
templates:
- name: main
  steps:
  - - {name: a, template: work}
  - - {name: b, template: work}
- {name: work, container: {image: alpine, command: [work]}}
"""
    several = Several(workflow("steps", spec, age=9), workflow("other", WHOLE))
    several.rounds(20)
    assert several.began == ["steps[0].a", "steps[1].b", "other"]


def test_a_workflow_that_only_waits_for_a_lock_says_so() -> None:
    """Nothing of it is on its way; here it waits for itself, as a template may have it."""
    world = world_of(WAITS_FOR_ITSELF)
    world.settle()
    assert world.turn().next.message == "waiting for locks"


@pytest.mark.parametrize("shutdown", ["Stop", "Terminate"])
def test_steps_that_wait_for_a_lock_end_with_their_workflow(shutdown: str) -> None:
    """No pod of theirs is there to be stopped."""
    world = world_of("""
entrypoint: main
templates:
- name: main
  synchronization: {mutexes: [{name: m}]}
  steps: [[{name: inner, template: inner}]]
- name: inner
  synchronization: {mutexes: [{name: m}]}
  steps: [[{name: leaf, template: leaf}]]
- {name: leaf, container: {image: alpine, command: [echo]}}
""")
    world.settle()
    world.change({"spec": {"shutdown": shutdown}})
    world.settle()
    assert world.node("inner")["phase"] == "Failed"
    assert world.status("message") == f"Stopped with strategy '{shutdown}'"
