"""Retry: what is begun again, what runs again, and what is kept (reference, Workflows 22)."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from ruleengine.formats.json_text import loads
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
        spec=f"entrypoint: say\nshutdown: Terminate\ntemplates:\n{SAY}", gone=set(), reset={""}
    ),
    "a failed step, and the exit handler that told of it": Case(
        spec=STEPS.replace("entrypoint: main", "entrypoint: main\nonExit: say"),
        gone={"[1].bad", ".onExit"},
        reset={"", "[1]"},
    ),
    "a chosen step inside of what went well": Case(
        spec=f"""
entrypoint: main
templates:
- name: main
  steps:
  - - {{name: outer, template: inner}}
  - - {{name: bad, template: bad}}
- name: inner
  dag: {{tasks: [{{name: deep, template: say}}, {{name: beside, template: say}}]}}
{SAY}
""",
        asked=Retry(restart_successful=True, selector=parse_selector("displayName=deep")),
        gone={"[0].outer.deep", "[1]", "[1].bad"},
        reset={"", "[0]", "[0].outer"},
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


@pytest.mark.parametrize("name", CASES)
def test_what_stays_of_the_nodes_names_only_what_stays(name: str) -> None:
    """What runs again has no end; what had come to one keeps it, and all else that it had."""
    case = CASES[name]
    world = ended(case.spec, case.failing)
    before = world.status("nodes")
    parts = split(before, "wf", case.asked)
    retried = retry(world.workflow(), world.now, case.asked)
    after = retried.workflow["status"]["nodes"]
    assert after.keys() == before.keys() - parts.gone
    for key, node in after.items():
        children = [one for one in before[key].get("children", ()) if one not in parts.gone]
        assert node.get("children", []) == children
        if key in parts.reset:
            assert node["phase"] == "Running"
            ends = {"finishedAt", "message", "outboundNodes", "outputs", "resourcesDuration"}
            assert not ends & node.keys()
        else:
            assert {**node, "children": []} == {**before[key], "children": []}
    pods = {one.name for one in retried.pods}
    assert pods <= {one["metadata"]["name"] for one in world.pods()}
    kept = retried.workflow["status"].keys() | {"finishedAt", "message", "resourcesDuration"}
    assert world.workflow()["status"].keys() <= kept


def node(name: str, kind: str, phase: str, *children: str, **fields: object) -> Object:
    """Return a node whose id is its name."""
    found = {"id": name, "name": name, "displayName": name, "type": kind, "phase": phase}
    return {**found, "children": list(children), **fields}


def test_a_root_that_could_not_begin_is_begun_anew() -> None:
    """Its node has no type that anything could go on from."""
    parts = split({"wf": node("wf", "Skipped", "Error")}, "wf", Retry())
    assert (parts.gone, parts.reset) == ({"wf"}, set())


def test_a_daemon_is_begun_again_with_what_it_is_beside() -> None:
    """One of steps that went well as a whole is not needed any more."""
    listed = (
        node("wf", "Steps", "Failed", "wf[0]"),
        node("wf[0]", "StepGroup", "Succeeded", "wf[0].serve", "wf[0].well", boundaryID="wf"),
        node("wf[0].serve", "Pod", "Succeeded", "wf[1]", boundaryID="wf", podIP="10.0.0.1"),
        node("wf[0].well", "Steps", "Succeeded", "wf[0].well[0]", "wf[1]", boundaryID="wf"),
        node("wf[0].well[0]", "StepGroup", "Succeeded", "wf[0].well[0].own"),
        node("wf[0].well[0].own", "Pod", "Succeeded", boundaryID="wf[0].well", podIP="10.0.0.2"),
        node("wf[1]", "StepGroup", "Failed", "wf[1].bad", boundaryID="wf"),
        node("wf[1].bad", "Pod", "Failed", boundaryID="wf"),
    )
    parts = split({one["id"]: one for one in listed}, "wf", Retry())
    assert parts.gone == {"wf[0].serve", "wf[1].bad"}
    assert parts.reset == {"wf", "wf[1]"}


CHOSEN = parse_selector("displayName=good")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Retry(restart_successful=True), "said by both options together"),
        (Retry(selector=CHOSEN), "said by both options together"),
        (
            Retry(restart_successful=True, selector=parse_selector("displayName=gone")),
            "no node of the workflow wf is selected",
        ),
    ],
)
def test_what_is_to_be_restarted_has_to_be_meant(asked: Retry, told: str) -> None:
    """Both options, and a node that there is."""
    world = ended(STEPS)
    with pytest.raises((UsageError, FailedError), match=told):
        retry(world.workflow(), world.now, asked)


def test_what_succeeded_is_retried_where_it_is_to_be_restarted() -> None:
    """Without that there is nothing to retry."""
    world = ended(STEPS)
    done = world.workflow()
    done = {**done, "status": {**done["status"], "phase": "Succeeded"}}
    with pytest.raises(FailedError, match="succeeded: there is nothing to retry"):
        retry(done, world.now, Retry())
    asked = Retry(restart_successful=True, selector=CHOSEN)
    assert retry(done, world.now, asked).workflow["status"]["phase"] == "Running"


def test_other_parameters_lie_where_the_spec_does() -> None:
    """Also in the template that the workflow was made from; a count that is none begins anew."""
    stored = {"arguments": {"parameters": [{"name": "x", "value": "1"}], "artifacts": [{}]}}
    world = ended(STEPS)
    world.change(
        {
            "metadata": {"annotations": {RETRIES: "often"}},
            "status": {"storedWorkflowTemplateSpec": {**stored, "entrypoint": "main"}},
        }
    )
    found = retry(world.workflow(), world.now, Retry(parameters={"x": "2"})).workflow
    arguments = {"parameters": [{"name": "x", "value": "2"}], "artifacts": [{}]}
    assert found["spec"]["arguments"] == arguments
    assert found["status"]["storedWorkflowTemplateSpec"] == {
        "entrypoint": "main",
        "arguments": arguments,
    }
    assert found["metadata"]["annotations"][RETRIES] == "1"


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


@pytest.mark.parametrize("kind", ["steps", "dag"])
def test_what_a_loop_made_before_is_among_its_results(kind: str) -> None:
    """Where it is asked for still, in the order of the items; nothing else is."""
    loop = 'template: say, withParam: "{{workflow.parameters.items}}"'
    shown = 'parameters: [{name: x, value: "{{KIND.each.outputs.result}}"}]'
    use = f"template: use, arguments: {{{shown.replace('KIND', kind.replace('dag', 'tasks'))}}}"
    holds = {
        "steps": f"steps: [[{{name: each, {loop}}}], [{{name: use, {use}}}]]",
        "dag": f"dag: {{tasks: [{{name: each, {loop}}}, {{name: use, depends: each, {use}}}]}}",
    }
    world = world_of(
        f"""
entrypoint: main
arguments: {{parameters: [{{name: items, value: '["a", "bad"]'}}]}}
templates:
- name: main
  {holds[kind]}
- name: use
  inputs: {{parameters: [{{name: x}}]}}
  container: {{image: alpine, command: [echo]}}
{SAY}
""",
        lambda name, _: End(code=int("bad" in name), result="1" if ":a" in name else "2"),
    )
    world.settle()
    assert world.status("phase") == "Failed"
    asked = Retry(parameters={"items": '["a", "new"]'})
    world.put(retry(world.workflow(), world.now, asked).workflow)
    world.memo = None
    world.settle()
    assert world.status("phase") == "Succeeded"
    begun = [one.removeprefix("[0]") for one in world.began if "each" in one]
    assert begun == [".each(0:a)", ".each(1:bad)", ".each(1:new)"]
    value = world.node("use")["inputs"]["parameters"][0]["value"]
    assert loads(value) == [1, 2]


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
