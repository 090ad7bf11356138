"""Retry: what is begun again, what runs again, and what is kept (reference, Workflows 22)."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from ruleengine.model.actions import Target, Verb
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.names import RETRIES
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.verbs.retrying import Retry, retry, split
from ruleengine.pipelines.verbs.selecting import parse_selector
from tests.pipelines.worlds import NAMESPACE, End, MemoryWorld, Script, world_of

SAY = """
- name: say
  container: {image: alpine, command: [echo]}
- name: bad
  container: {image: alpine, command: ["false"]}
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A workflow in which ``failing`` pods fail, and what its retry makes of the nodes."""

    spec: str
    gone: set[str]
    reset: set[str]
    failing: str = "bad"
    asked: Retry = field(default_factory=Retry)


STEPS = f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: good, template: say}}
  - - {{name: bad, template: bad}}
    - {{name: beside, template: say}}
  - - {{name: after, template: say}}
{SAY}
"""
DAG = f"""
entrypoint: main
templates:
- name: main
  dag:
    failFast: false
    tasks:
    - {{name: good, template: say}}
    - {{name: bad, template: bad, dependencies: [good]}}
    - {{name: after, template: say, dependencies: [bad]}}
    - {{name: apart, template: say, dependencies: [good]}}
{SAY}
"""
CASES = {
    "a failed step": Case(spec=STEPS, gone={"[1].bad"}, reset={"", "[1]"}),
    "a failed task and what was left out for it": Case(
        spec=DAG, gone={".bad", ".after"}, reset={""}
    ),
    "a failed leaf deep inside": Case(
        spec=f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: outer, template: inner}}
- name: inner
  dag:
    tasks:
    - {{name: good, template: say}}
    - {{name: bad, template: bad, dependencies: [good]}}
{SAY}
""",
        gone={"[0].outer.bad"},
        reset={"", "[0]", "[0].outer"},
    ),
    "one item of a loop": Case(
        spec=f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {{name: each, template: say, withItems: [a, bad, c]}}
{SAY}
""",
        gone={".each(1:bad)"},
        reset={"", ".each"},
    ),
    "every attempt that failed": Case(
        spec="""
entrypoint: main
templates:
- name: main
  steps:
  - - {name: bad, template: again}
- name: again
  retryStrategy: {limit: 1}
  container: {image: alpine, command: ["false"]}
""",
        gone={"[0].bad(0)", "[0].bad(1)"},
        reset={"", "[0]", "[0].bad"},
    ),
    "whole attempts of steps, with what succeeded in them": Case(
        spec=f"""
entrypoint: main
templates:
- name: main
  retryStrategy: {{limit: 1}}
  steps:
  - - {{name: good, template: say}}
  - - {{name: bad, template: bad}}
{SAY}
""",
        gone={
            f"({number}){part}"
            for number in (0, 1)
            for part in ("", "[0]", "[0].good", "[1]", "[1].bad")
        },
        reset={""},
    ),
    "nothing of attempts before one that succeeded": Case(
        spec=f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: once, template: again}}
  - - {{name: bad, template: bad}}
- name: again
  retryStrategy: {{limit: 1}}
  container: {{image: alpine, command: ["false"]}}
{SAY}
""",
        failing="bad|once(0)",
        gone={"[1].bad"},
        reset={"", "[1]"},
    ),
    "nothing that was excused": Case(
        spec=f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: excused, template: say, continueOn: {{failed: true}}}}
  - - {{name: good, template: say}}
  - - {{name: bad, template: bad}}
{SAY}
""",
        failing="bad|excused",
        gone={"[2].bad"},
        reset={"", "[2]"},
    ),
    "a failed step whose own exit hook went well": Case(
        spec=f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: bad, template: bad, hooks: {{exit: {{template: say}}}}}}
{SAY}
""",
        failing="[0].bad",
        gone={"[0].bad", "[0].bad.onExit"},
        reset={"", "[0]"},
    ),
    "the exit handler of the workflow": Case(
        spec=f"""
entrypoint: bad
onExit: bye
templates:
- name: bye
  steps:
  - - {{name: good, template: say}}
{SAY}
""",
        failing="",
        gone={".onExit", ".onExit[0]", ".onExit[0].good"},
        reset={""},
    ),
    "the exit handler, whatever had failed": Case(
        spec=f"onExit: say\n{STEPS.lstrip()}", gone={"[1].bad", ".onExit"}, reset={"", "[1]"}
    ),
    "a set of containers, as a whole": Case(
        spec="""
entrypoint: main
templates:
- name: main
  steps:
  - - {name: set, template: set}
- name: set
  containerSet:
    containers:
    - {name: main, image: alpine, command: [echo]}
    - {name: second, image: alpine, command: ["false"], dependencies: [main]}
""",
        failing="set",
        gone={"[0].set", "[0].set.main", "[0].set.second"},
        reset={"", "[0]"},
    ),
    "a step that could not be begun": Case(
        spec=f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: good, template: say}}
  - - {{name: lost, template: nowhere}}
{SAY}
""",
        gone={"[1].lost"},
        reset={"", "[1]"},
    ),
    "a workflow of which nothing had begun": Case(
        spec=f"entrypoint: say\nshutdown: Terminate\ntemplates:\n{SAY}", gone={""}, reset=set()
    ),
    "what a selector means, and what came after it": Case(
        spec=STEPS,
        asked=Retry(restart_successful=True, selector=parse_selector("displayName=good")),
        gone={"[0].good", "[1]", "[1].bad", "[1].beside"},
        reset={"", "[0]"},
    ),
}


def failing(names: str) -> Script:
    """Return a script in which the pods named fail."""

    def end(name: str, _: Object) -> End:
        parts = [part for part in names.split("|") if part]
        wrong = any(part in name for part in parts) and ".onExit" not in name
        return End(code=1 if wrong or not name else 0)

    return end


def ended(spec: str, names: str = "bad") -> MemoryWorld:
    """Return a world whose workflow has failed."""
    world = world_of(spec, failing(names))
    world.settle()
    assert world.status("phase") in ("Failed", "Error")
    return world


def short(nodes: Object, ids: frozenset[str]) -> set[str]:
    """Return names without that of the workflow."""
    return {nodes[one]["name"].removeprefix("wf") for one in ids}


@pytest.mark.parametrize("name", CASES)
def test_a_retry_begins_again(name: str) -> None:
    """What went wrong and what came after it; what holds it runs again."""
    case = CASES[name]
    nodes = ended(case.spec, case.failing).status("nodes")
    parts = split(nodes, "wf", case.asked)
    assert (short(nodes, parts.gone), short(nodes, parts.reset)) == (case.gone, case.reset)


@pytest.mark.parametrize("name", [name for name in CASES if "lost" not in CASES[name].spec])
def test_a_retried_workflow_ends_well_and_keeps_what_succeeded(name: str) -> None:
    """Nothing that is kept runs twice, and the whole succeeds once its pods do."""
    case = CASES[name]
    world = ended(case.spec, case.failing)
    began = list(world.began)
    world.put(retry(world.workflow(), world.now, case.asked).workflow)
    world.script, world.memo = (lambda *_: End()), None
    world.settle()
    assert world.status("phase") == "Succeeded", world.phases()
    again = world.began[len(began) :]
    kept = {one for one in began if one not in case.gone}
    assert not kept & set(again) - {""}
    assert {one["phase"] for one in world.nodes()} <= {"Succeeded", "Failed", "Skipped"}


def test_a_pod_from_before_the_retry_is_never_taken_for_the_new_one() -> None:
    """It is deleted first, although the reconciler still sees it; each pod says its retry."""
    world = ended(STEPS)
    retried = retry(world.workflow(), world.now, Retry())
    (gone,) = retried.pods
    assert gone in world.objects
    world.put(retried.workflow)
    world.memo = None
    decision = world.turn()
    assert [(one.verb, one.target) for one in decision.actions if one.target.kind == "Pod"] == [
        (Verb.DELETE, gone)
    ]
    world.script = lambda *_: End()
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert lookup(world.objects[gone], "metadata", "annotations", RETRIES) == "1"


def test_a_report_about_a_pod_from_before_the_retry_counts_for_nothing() -> None:
    """Outputs belong to the pod that made them."""
    spec = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: make, template: make}
- name: make
  script: {image: alpine, command: [sh], source: make}
  outputs: {parameters: [{name: x, valueFrom: {path: /x}}]}
"""
    world = world_of(spec, lambda *_: End(parameters={"x": "1"}))
    world.settle()
    node = world.node("make")
    result = Target("argoproj.io/v1alpha1", "WorkflowTaskResult", NAMESPACE, node["id"])
    owner = {"kind": "Pod", "uid": "another", "name": "x", "apiVersion": "v1"}
    other = world_of(spec, lambda *_: End())
    stale = world.objects[result]
    other.put({**stale, "metadata": {**stale["metadata"], "ownerReferences": [owner]}})
    other.turn()
    assert "outputs" not in other.node("make")
    pod = next(one for one in other.pods())
    other.put({**pod, "status": {"phase": "Succeeded"}})
    other.turn()
    assert "outputs" not in other.node("make")


OF_ITS_END = {
    "workflows.argoproj.io/completed": "true",
    "workflows.argoproj.io/workflow-archiving-status": "Archived",
}


def test_shutdown_deadline_and_completion_are_cleared() -> None:
    """And the time counts from now on."""
    world = ended(STEPS)
    world.change(
        {
            "spec": {"shutdown": "Stop", "activeDeadlineSeconds": 0},
            "metadata": {"labels": {**OF_ITS_END, "mine": "yes"}},
        }
    )
    found = retry(world.workflow(), world.now, Retry()).workflow
    assert "shutdown" not in found["spec"]
    assert "activeDeadlineSeconds" not in found["spec"]
    assert found["metadata"]["labels"] == {"mine": "yes", "workflows.argoproj.io/phase": "Running"}
    assert "finishedAt" not in found["status"]
    assert found["status"]["conditions"] == []
    failed = {**found, "status": {**found["status"], "phase": "Failed"}}
    again = retry(failed, world.now, Retry()).workflow
    assert again["metadata"]["annotations"][RETRIES] == "2"


def test_other_parameters_expand_loops_anew() -> None:
    """Members that are no longer asked for are forgotten, new ones run."""
    spec = f"""
entrypoint: main
arguments: {{parameters: [{{name: items, value: '["a", "bad"]'}}]}}
templates:
- name: main
  steps:
  - - {{name: each, template: say, withParam: "{{{{workflow.parameters.items}}}}"}}
{SAY}
"""
    world = ended(spec)
    asked = Retry(parameters={"items": '["c", "new"]'})
    world.put(retry(world.workflow(), world.now, asked).workflow)
    world.memo = None
    world.settle()
    assert world.status("phase") == "Succeeded"
    first = ["[0].each(0:a)", "[0].each(1:bad)"]
    assert world.began == [*first, "[0].each(0:c)", "[0].each(1:new)"]
    group = world.node("[0]")
    members = {world.status("nodes")[one]["name"] for one in group["children"]}
    assert members == {"wf[0].each(0:c)", "wf[0].each(1:new)"}


def test_a_stopped_workflow_goes_on_where_it_was_stopped() -> None:
    """Tasks that had not begun begin."""
    world = world_of(DAG, lambda name, _: None if name == ".bad" else End())
    for _ in range(8):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    world.change({"spec": {"shutdown": "Stop"}})
    world.settle()
    assert world.status("phase") == "Failed"
    world.put(retry(world.workflow(), world.now, Retry()).workflow)
    world.script, world.memo = (lambda *_: End()), None
    world.settle()
    assert world.status("phase") == "Succeeded"
    assert world.began.count(".good") == 1


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        ("Running", "cannot be retried: it is Running"),
        ("Succeeded", "there is nothing to retry"),
        ("", "cannot be retried: it is not begun"),
    ],
)
def test_only_what_failed_can_be_retried(phase: str, told: str) -> None:
    """The message says what to do in place of it."""
    value: Object = {"metadata": {"name": "wf"}, "spec": {}, "status": {"phase": phase}}
    with pytest.raises(FailedError, match=told) as caught:
        retry(value, world_of(STEPS).now, Retry())
    assert "ruleengine pipeline" in caught.value.remedy


@pytest.mark.parametrize(
    "half", [Retry(restart_successful=True), Retry(selector=parse_selector("name=wf"))]
)
def test_what_succeeded_is_restarted_by_both_options_only(half: Retry) -> None:
    """One of them alone says too little."""
    with pytest.raises(UsageError, match="by both options together"):
        retry(ended(STEPS).workflow(), world_of(STEPS).now, half)


def test_parameters_that_a_workflow_does_not_have_are_refused() -> None:
    """Before anything is changed."""
    world = ended(STEPS)
    with pytest.raises(UsageError):
        retry(world.workflow(), world.now, Retry(parameters={"x": "1"}))
