"""``artifactGC``: artifacts go when their workflow is over, or with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Refusal, Stop
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.retrying import Retry, retry
from tests.pipelines.worlds import (
    COLLECTION,
    COLLECTS,
    NAMESPACE,
    End,
    MemoryWorld,
    Script,
    documents,
    parameters,
    plan_of,
    run,
    succeed,
    world_of,
)

FINALIZER = "workflows.argoproj.io/artifact-gc"
SPEC = """
entrypoint: main
artifactGC: {strategy: %s%s}
templates:
- name: main
  container: {image: a, command: [make]}
  outputs:
    artifacts:
    - {name: one, path: /one}
    - {name: two, path: /two%s}
"""


def ran(strategy: str, more: str = "", second: str = "", script: Script = succeed) -> MemoryWorld:
    """Run a workflow with two artifacts to its end, and let pods go on after it."""
    world = world_of(SPEC % (strategy, more, second), script)
    world.settle()
    return world


def deleted(world: MemoryWorld) -> list[str]:
    """Return the artifacts that are marked as deleted."""
    listed = world.node("wf")["outputs"]["artifacts"]
    return [one["name"] for one in listed if one.get("deleted")]


def collectors(world: MemoryWorld) -> list[Object]:
    """Return the pods that delete artifacts."""
    return [one for one in world.pods() if COLLECTS in one["metadata"]["labels"]]


def delete(world: MemoryWorld) -> None:
    """Delete the workflow, as far as its finalizers let it go."""
    world.change({"metadata": {"deletionTimestamp": "2026-01-02T04:00:00Z"}})
    world.settle()


def finalizers(world: MemoryWorld) -> list[str]:
    """Return the finalizers of the workflow."""
    found: list[str] = world.workflow()["metadata"].get("finalizers", [])
    return found


def condition(world: MemoryWorld) -> str:
    """Return why artifacts could not be deleted."""
    listed = world.status("conditions") or ()
    return next((one["message"] for one in listed if one["type"] == "ArtifactGCError"), "")


def test_artifacts_go_when_their_workflow_is_over() -> None:
    """By a pod, which is told by a task; both carry where the artifacts lie."""
    world = ran("OnWorkflowCompletion")
    assert deleted(world) == ["one", "two"]
    (pod,) = collectors(world)
    (name,) = plan_of(pod, "main")["tasks"]
    task = world.objects[Target("argoproj.io/v1alpha1", "WorkflowArtifactGCTask", NAMESPACE, name)]
    listed = task["spec"]["artifactsByNode"]["wf"]["artifacts"]
    assert listed["one"]["plugin"] == {"name": "directory", "key": "wf/wf/one.tgz"}
    (owner,) = task["metadata"]["ownerReferences"]
    assert (owner["name"], owner["controller"], owner["blockOwnerDeletion"]) == ("wf", True, True)
    assert pod["metadata"]["ownerReferences"] == [owner]
    drafts, claim = pod["spec"]["volumes"]
    assert ("emptyDir" in drafts, "persistentVolumeClaim" in claim) == (True, True)
    assert world.status("artifactGCStatus", "strategiesProcessed") == {"OnWorkflowCompletion": True}
    assert finalizers(world) == []  # nothing keeps it any more
    delete(world)
    assert len(collectors(world)) == 1


def test_artifacts_go_with_their_workflow() -> None:
    """A finalizer keeps it until they are gone, and nothing happens before."""
    world = ran("OnWorkflowDeletion")
    assert (deleted(world), collectors(world)) == ([], [])
    assert finalizers(world) == [FINALIZER]
    delete(world)
    assert deleted(world) == []  # the status of what goes is written no more
    assert finalizers(world) == []
    assert len(collectors(world)) == 1


@pytest.mark.parametrize("strategy", ["Never", '""'])
def test_artifacts_are_kept_where_nobody_says_otherwise(strategy: str) -> None:
    """Without a finalizer."""
    world = ran(strategy)
    assert (deleted(world), finalizers(world)) == ([], [])
    assert not any("finalizers" in (one.object or {}).get("metadata", {}) for one in world.written)
    delete(world)
    assert collectors(world) == []


def test_an_artifact_may_say_otherwise_than_its_workflow() -> None:
    """Both ways."""
    world = ran("OnWorkflowCompletion", second=", artifactGC: {strategy: Never}")
    assert deleted(world) == ["one"]
    world = ran("Never", second=", artifactGC: {strategy: OnWorkflowCompletion}")
    assert deleted(world) == ["two"]


def test_one_artifact_is_enough_to_keep_its_workflow() -> None:
    """Beside what others keep it for, which is theirs to let go."""
    world = world_of(SPEC % ("Never", "", ", artifactGC: {strategy: OnWorkflowDeletion}"))
    world.change({"metadata": {"finalizers": ["example.com/own"]}})
    world.settle()
    assert finalizers(world) == ["example.com/own", FINALIZER]
    delete(world)
    assert (finalizers(world), len(collectors(world))) == (["example.com/own"], 1)
    assert world.turn().actions == ()


def test_artifacts_of_a_template_of_another_document_keep_its_workflow() -> None:
    """Nothing in the workflow itself says that they go."""
    (spec,) = documents(SPEC % ("Never", "", ", artifactGC: {strategy: OnWorkflowDeletion}"))
    template: Object = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "made", "namespace": NAMESPACE},
        "spec": {"templates": spec["templates"]},
    }
    steps = "[[{name: one, templateRef: {name: made, template: main}}]]"
    world = run(f"entrypoint: all\ntemplates: [{{name: all, steps: {steps}}}]", succeed, template)
    assert finalizers(world) == [FINALIZER]


def test_who_deletes_is_as_the_workflow_and_the_artifact_say() -> None:
    """One pod for each; the patch has the last word."""
    more = (
        ", serviceAccountName: general, podMetadata: {labels: {a: b}, annotations: {c: d}}, "
        "podSpecPatch: '{\"priority\": 7}'"
    )
    own = ", artifactGC: {serviceAccountName: special}"
    world = ran("OnWorkflowCompletion", more, own)
    assert deleted(world) == ["one", "two"]
    pods = {one["spec"]["serviceAccountName"]: one for one in collectors(world)}
    assert pods.keys() == {"general", "special"}
    assert {one["spec"]["priority"] for one in pods.values()} == {7}
    assert pods["general"]["metadata"]["labels"]["a"] == "b"
    assert pods["general"]["metadata"]["annotations"] == {"c": "d"}


def test_marks_of_an_artifact_lie_over_those_of_its_workflow() -> None:
    """Key by key, as in Argo; those that tell whose a pod is stay ours."""
    more = ", podMetadata: {labels: {a: b, e: f}, annotations: {c: d}}"
    marks = "{labels: {a: z, workflows.argoproj.io/workflow: other}, annotations: {g: h}}"
    world = ran("OnWorkflowCompletion", more, f", artifactGC: {{podMetadata: {marks}}}")
    labels = [one["metadata"]["labels"] for one in collectors(world)]
    assert sorted((one["a"], one["e"]) for one in labels) == [("b", "f"), ("z", "f")]
    assert {one["workflows.argoproj.io/workflow"] for one in labels} == {"wf"}
    annotations = [one["metadata"]["annotations"] for one in collectors(world)]
    assert sorted(annotations, key=len) == [{"c": "d"}, {"c": "d", "g": "h"}]


TAGGED = """
entrypoint: main
arguments:
  parameters:
  - {name: who, value: cleaner}
  - {name: many, valueFrom: {configMapKeyRef: {name: settings, key: many}}}
artifactGC:
  strategy: %s
  serviceAccountName: "{{workflow.parameters.who}}"
  podMetadata: {labels: {of: "{{workflow.labels.team}}", as: "{{workflow.status}}"}}
  podSpecPatch: '{"priority": {{workflow.parameters.many}}}'
templates:
- name: main
  inputs: {parameters: [{name: who}]}
  container: {image: a, command: [make]}
  outputs:
    artifacts:
    - {name: one, path: /one}
    - {name: two, path: /two, artifactGC: {serviceAccountName: "{{inputs.parameters.who}}-two"}}
"""


@pytest.mark.parametrize("strategy", ["OnWorkflowCompletion", "OnWorkflowDeletion"])
def test_tags_are_replaced_by_what_the_whole_workflow_knew(strategy: str) -> None:
    """When it is deleted as well; those of an artifact by what its step knew."""
    world = world_of(TAGGED % strategy, succeed, parameters(many="7"))
    world.change({"metadata": {"labels": {"team": "red"}}})
    world.settle()
    delete(world)
    pods = {one["spec"]["serviceAccountName"]: one for one in collectors(world)}
    assert pods.keys() == {"cleaner", "cleaner-two"}
    for one in pods.values():
        assert one["spec"]["priority"] == 7
        assert (one["metadata"]["labels"]["of"], one["metadata"]["labels"]["as"]) == (
            "red",
            "Succeeded",
        )
    assert finalizers(world) == []


def test_tags_know_the_parameters_of_a_template_and_what_was_given_away() -> None:
    """Those of the template that a workflow is made of, and outputs with a global name."""
    (spec,) = documents("""
entrypoint: main
arguments: {parameters: [{name: who, value: cleaner}]}
artifactGC:
  strategy: OnWorkflowDeletion
  serviceAccountName: "{{workflow.parameters.who}}-{{workflow.outputs.parameters.told}}"
templates:
- name: main
  container: {image: a, command: [make]}
  outputs:
    parameters: [{name: p, globalName: told, valueFrom: {path: /p}}]
    artifacts: [{name: one, path: /one}]
""")
    template: Object = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "made", "namespace": NAMESPACE},
        "spec": spec,
    }
    own = "workflowTemplateRef: {name: made}"
    world = run(own, lambda *_: End(parameters={"p": "far"}), template)
    delete(world)
    (pod,) = collectors(world)
    assert pod["spec"]["serviceAccountName"] == "cleaner-far"


def test_tags_are_replaced_where_a_workflow_goes_before_its_end() -> None:
    """Each time by the same, so that no second pod is made."""
    at = "{{=string(now().Unix())}}"
    more = f', podMetadata: {{labels: {{at: "{at}", as: "{{{{workflow.status}}}}"}}}}'
    steps = """
- name: both
  steps:
  - - {name: first, template: main}
  - - {name: second, template: main}
"""
    text = SPEC.replace("entrypoint: main", "entrypoint: both") + steps.lstrip()

    def first(name: str, pod: Object) -> End | None:
        del pod
        return None if name.endswith("second") else End()

    world = world_of(text % ("OnWorkflowDeletion", more, ""), first)
    while "[1].second" not in world.began:
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    world.change({"metadata": {"deletionTimestamp": "2026-01-02T04:00:00Z"}})
    while finalizers(world):
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    (pod,) = collectors(world)
    assert pod["metadata"]["labels"]["as"] == "Running"
    assert pod["metadata"]["labels"]["at"] == "1767326400"


def test_a_workflow_made_of_a_template_has_what_that_states() -> None:
    """And says itself what it wants otherwise."""
    (spec,) = documents(SPEC % ("OnWorkflowDeletion", ", serviceAccountName: theirs", ""))
    template: Object = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "made", "namespace": NAMESPACE},
        "spec": spec,
    }
    own = "workflowTemplateRef: {name: made}\nartifactGC: {podMetadata: {labels: {a: b}}}"
    world = run(own, succeed, template)
    assert finalizers(world) == [FINALIZER]
    delete(world)
    (pod,) = collectors(world)
    assert (pod["spec"]["serviceAccountName"], pod["metadata"]["labels"]["a"]) == ("theirs", "b")


@pytest.mark.parametrize("strategy", ["OnWorkflowCompletion", "OnWorkflowDeletion"])
def test_a_patch_that_cannot_be_read_is_a_condition(strategy: str) -> None:
    """It ends neither the workflow nor whoever decides about it."""
    world = ran(strategy, ", podSpecPatch: '[]'")
    assert world.status("phase") == "Succeeded"
    delete(world)
    assert "podSpecPatch is no map" in condition(world)
    assert finalizers(world) == [FINALIZER]


def test_a_repository_is_asked_for_where_something_is_to_be_deleted() -> None:
    """One that is not there is nothing to a workflow without artifacts."""
    world = run(
        """
entrypoint: main
artifactRepositoryRef: {configMap: none, key: none}
templates:
- {name: main, suspend: {duration: 1}}
"""
    )
    assert (world.status("phase"), condition(world)) == ("Succeeded", "")


def test_what_a_retried_workflow_makes_goes_at_its_next_end() -> None:
    """By a task and a pod of its own."""

    def fails(name: str, pod: Object) -> End:
        del pod
        return End(code=0 if name == COLLECTION else 1)

    world = ran("OnWorkflowCompletion", script=fails)
    assert (world.status("phase"), deleted(world)) == ("Failed", ["one", "two"])
    retried = retry(world.workflow(), world.now, Retry())
    world.put(retried.workflow)
    world.script = succeed
    for one in retried.pods:
        del world.objects[one]
    assert world.status("artifactGCStatus") is None
    world.settle()
    assert (world.status("phase"), deleted(world)) == ("Succeeded", ["one", "two"])
    assert len(collectors(world)) == 2


def refuses(name: str, pod: Object) -> End:
    """Nothing can be deleted."""
    del pod
    return End(seconds=0, message="access denied" if name == COLLECTION else "")


def breaks(name: str, pod: Object) -> End:
    """Pods that delete fail."""
    del pod
    return End(code=2, message="no such account") if name == COLLECTION else End()


@pytest.mark.parametrize(
    ("script", "said"), [(refuses, "access denied"), (breaks, "no such account")]
)
def test_what_cannot_be_deleted_is_a_condition_and_keeps_the_workflow(
    script: Script, said: str
) -> None:
    """Until somebody says that it may go without."""
    world = ran("OnWorkflowCompletion", script=script)
    assert deleted(world) == []
    assert condition(world) == f"wf/one: {said}; wf/two: {said}"
    delete(world)
    assert finalizers(world) == [FINALIZER]
    decision = world.turn()
    assert decision.next.stop is Stop.FOR
    assert "set artifactGC.forceFinalizerRemoval" in decision.next.message
    world.change({"spec": {"artifactGC": {"forceFinalizerRemoval": True}}})
    world.settle()
    assert finalizers(world) == []


def stays(name: str, pod: Object) -> End | None:
    """Every pod succeeds in no time, but those that delete never end."""
    del pod
    return None if name == COLLECTION else End(seconds=0)


def half_done(world: MemoryWorld) -> None:
    """Say that the first of two artifacts is gone."""
    (pod,) = collectors(world)
    (name,) = plan_of(pod, "main")["tasks"]
    target = Target("argoproj.io/v1alpha1", "WorkflowArtifactGCTask", NAMESPACE, name)
    told = {"wf": {"artifactResults": {"one": {"name": "one", "success": True}}}}
    world.put({**world.objects[target], "status": {"artifactResultsByNode": told}})


def test_a_workflow_is_let_go_once_its_status_tells_what_is_gone() -> None:
    """Not before that is stored; and of what went well there is no event."""
    world = world_of(SPEC % ("OnWorkflowCompletion", "", ""), at_once)
    decisions = []
    while finalizers(world) == [] or world.status("phase") != "Succeeded":
        decisions.append(world.turn())
        world.run_pods()
    while finalizers(world):
        decisions.append(world.turn())
        world.run_pods()
    (release,) = (one for one in decisions[-1].actions if one.reason == "artifactGC")
    assert release.late
    assert [one.events for one in decisions if one.events] == []


SILENT = [{"state": {"terminated": {"exitCode": 1}}}, {"state": {}}]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"message": "evicted"}, "evicted"),
        ({"message": "evicted", "containerStatuses": SILENT}, "evicted"),
        ({"containerStatuses": SILENT}, "its pod failed"),
        ({}, "its pod failed"),
    ],
)
def test_what_is_gone_before_its_pod_breaks_is_marked(status: Object, said: str) -> None:
    """Only what is left is a condition, in the words that there are."""
    world = world_of(SPEC % ("OnWorkflowCompletion", "", ""), stays)
    while not collectors(world):
        world.turn()
        world.run_pods()
    (pod,) = collectors(world)
    half_done(world)
    world.put({**pod, "status": {"phase": "Failed", **status}})
    world.settle()
    assert deleted(world) == ["one"]
    assert condition(world) == f"wf/two: {said}"


def test_a_pod_that_succeeds_without_a_word_is_waited_for_a_minute() -> None:
    """What it wrote may be seen after its end; what is not seen by then is a condition."""
    world = world_of(SPEC % ("OnWorkflowCompletion", "", ""), stays)
    while not collectors(world):
        world.turn()
        world.run_pods()
    (pod,) = collectors(world)
    half_done(world)
    ended = {"state": {"terminated": {"exitCode": 0, "finishedAt": "2026-01-02T05:00:00Z"}}}
    world.put({**pod, "status": {"phase": "Succeeded", "containerStatuses": [ended]}})
    world.now = datetime(2026, 1, 2, 5, 0, 59, tzinfo=UTC)
    decision = world.turn()
    assert (decision.next.stop, condition(world)) == (Stop.ON, "")
    assert decision.next.time == datetime(2026, 1, 2, 5, 1, tzinfo=UTC)
    world.now = decision.next.time
    world.turn()
    assert deleted(world) == ["one"]
    assert condition(world) == "wf/two: its pod ended without a word of it"


def test_a_workflow_that_waits_for_its_artifacts_goes_at_its_time() -> None:
    """Whichever comes first: that of the workflow, or that of a silent pod."""
    more = "}\nttlStrategy: {secondsAfterCompletion: %d"
    for seconds, first in ((30, 30), (90, 60)):
        world = world_of(SPEC % ("OnWorkflowCompletion", more % seconds, ""), stays)
        while not collectors(world):
            world.turn()
            world.run_pods()
        ended = datetime.fromisoformat(world.status("finishedAt"))
        assert world.turn().next.time == ended + timedelta(seconds=seconds)
        (pod,) = collectors(world)
        state = {"terminated": {"exitCode": 0, "finishedAt": world.status("finishedAt")}}
        status = {"phase": "Succeeded", "containerStatuses": [{"state": state}]}
        world.put({**pod, "status": status})
        assert world.turn().next.time == ended + timedelta(seconds=first)


def test_a_pod_that_deletes_says_what_it_needs() -> None:
    """As a quota may want to know; the settings and the patch have the last word."""
    (pod,) = collectors(ran("OnWorkflowCompletion"))
    resources = pod["spec"]["containers"][0]["resources"]
    assert {kind: sorted(one) for kind, one in resources.items()} == {
        "limits": ["cpu", "memory"],
        "requests": ["cpu", "memory"],
    }
    world = world_of(SPEC % ("OnWorkflowCompletion", "", ""))
    stated = {"limits": {"cpu": "2"}}
    world.executor = {"resources": stated}
    world.settle()
    (pod,) = collectors(world)
    assert pod["spec"]["containers"][0]["resources"] == stated


def test_what_could_not_be_deleted_is_told_by_an_event() -> None:
    """Once, about the workflow."""
    world = world_of(SPEC % ("OnWorkflowDeletion", "", ""), refuses)
    world.settle()
    world.change({"metadata": {"deletionTimestamp": "2026-01-02T04:00:00Z"}})
    told = []
    for _ in range(4):
        told += world.turn().events
        world.run_pods()
        world.run_pods()
    (event,) = told
    assert (event["type"], event["reason"]) == ("Warning", "ArtifactGCFailed")
    assert event["message"] == condition(world)
    assert event["involvedObject"]["name"] == "wf"
    world.change({"spec": {"artifactGC": {"forceFinalizerRemoval": True}}})
    assert world.turn().events == ()


def at_once(name: str, pod: Object) -> End:
    """Every pod succeeds in no time."""
    del name, pod
    return End(seconds=0)


def test_a_pod_that_gives_no_reason_is_believed_all_the_same() -> None:
    """What it did not delete is still there."""
    world = world_of(SPEC % ("OnWorkflowCompletion", "", ""), stays)
    while not collectors(world):
        world.turn()
        world.run_pods()
    half_done(world)
    (pod,) = collectors(world)
    (name,) = plan_of(pod, "main")["tasks"]
    target = Target("argoproj.io/v1alpha1", "WorkflowArtifactGCTask", NAMESPACE, name)
    told = world.objects[target]["status"]["artifactResultsByNode"]["wf"]["artifactResults"]
    told = {"wf": {"artifactResults": {**told, "two": {"name": "two", "success": False}}}}
    world.put({**world.objects[target], "status": {"artifactResultsByNode": told}})
    world.settle()
    assert (deleted(world), condition(world)) == (["one"], "wf/two: it failed")


@pytest.mark.parametrize(("kind", "what"), [("Pod", "pod"), ("WorkflowArtifactGCTask", "task")])
def test_what_is_refused_is_told(kind: str, what: str) -> None:
    """By the server's own words, and nobody waits for it."""
    world = world_of(SPEC % ("OnWorkflowCompletion", "", ""), at_once)
    while world.status("phase") != "Succeeded":
        world.turn()
        world.run_pods()
    decision = world.decide()
    (target,) = (one.target for one in decision.actions if one.target.kind == kind)
    world.refusals[target] = Refusal(message="forbidden", final=False)
    world.turn()
    assert condition(world) == ""  # it is tried again
    world.refusals[target] = Refusal(message="forbidden", final=True)
    world.turn()
    assert f"its {what} was refused: forbidden" in condition(world)


def test_stopping_between_any_two_writes_changes_nothing() -> None:
    """The same task and pod are made again, under the same names."""
    world = world_of(SPEC % ("OnWorkflowCompletion", "", ""), at_once)
    for _ in range(30):
        world.turn(writes=1)
        world.turn(writes=0)
        world.run_pods()
        world.memo = None
        world.turn()
    assert deleted(world) == ["one", "two"]
    assert len(collectors(world)) == 1
    assert finalizers(world) == []


def test_pods_that_delete_outlive_pod_gc() -> None:
    """They are needed until they are done."""
    world = ran("OnWorkflowCompletion\n  }\npodGC: {strategy: OnWorkflowCompletion", "")
    world.now += timedelta(seconds=6)
    world.turn()
    assert [COLLECTS in one["metadata"]["labels"] for one in world.pods()] == [True]
    assert deleted(world) == ["one", "two"]


def test_an_unknown_repository_is_a_condition() -> None:
    """What cannot be found cannot be deleted."""
    world = ran("OnWorkflowDeletion")
    status: Any = {**world.status(), "artifactRepositoryRef": {"artifactRepository": {}}}
    world.put({**world.workflow(), "status": status})
    delete(world)
    assert "has one location" in condition(world)
    assert finalizers(world) == [FINALIZER]
