"""What is there before a workflow begins, and what goes when it has ended."""

from datetime import timedelta

import pytest

from ruleengine.model.actions import Target, Verb
from ruleengine.model.decisions import Refusal
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.pipelines.worlds import NAMESPACE, End, MemoryWorld, documents, run, succeed, world_of

CLAIMS = """
entrypoint: main
volumeClaimTemplates:
- metadata: {name: work, labels: {kind: scratch}}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
templates:
- name: main
  container:
    image: alpine
    command: [work]
    volumeMounts: [{name: work, mountPath: /work}]
"""
CLAIM = Target("v1", "PersistentVolumeClaim", NAMESPACE, "wf-work")
BUDGET = Target("policy/v1", "PodDisruptionBudget", NAMESPACE, "wf")


def verbs(world: MemoryWorld, target: Target) -> list[Verb]:
    """Return what was done to an object."""
    return [one.verb for one in world.written if one.target == target]


def test_claims_are_made_before_the_first_step_and_mounted_by_their_names() -> None:
    """They belong to the workflow; its status lists them."""
    world = world_of(CLAIMS)
    world.turn()
    assert not world.pods()
    claim = world.objects[CLAIM]
    assert claim["spec"]["resources"] == {"requests": {"storage": "1Gi"}}
    assert claim["metadata"]["labels"]["kind"] == "scratch"
    assert claim["metadata"]["ownerReferences"][0]["name"] == "wf"
    world.turn()
    (pod,) = world.pods()
    volume = {"name": "work", "persistentVolumeClaim": {"claimName": "wf-work"}}
    assert pod["spec"]["volumes"] == [volume]
    assert world.status("persistentVolumeClaims") == [volume]
    plain = {"name": "plain", "emptyDir": {}}
    both = CLAIMS.replace("/work}]", "/work}, {name: plain, mountPath: /plain}]")
    world = world_of(both + "volumes: [{name: plain, emptyDir: {}}]\n")
    world.turn()
    world.turn()
    assert world.pods()[0]["spec"]["volumes"] == [plain, volume]


@pytest.mark.parametrize(
    ("strategy", "code", "gone"),
    [
        (None, 0, True),
        (None, 1, False),
        ("OnWorkflowSuccess", 1, False),
        ("OnWorkflowCompletion", 0, True),
        ("OnWorkflowCompletion", 1, True),
    ],
)
def test_claims_go_when_the_workflow_has_ended_as_it_says(
    strategy: str | None, code: int, gone: bool
) -> None:
    """After success, or whatever the end."""
    stated = f"volumeClaimGC: {{strategy: {strategy}}}\n" if strategy else ""
    world = run(stated + CLAIMS.lstrip(), lambda *_: End(code=code))
    assert (CLAIM not in world.objects) is gone
    assert verbs(world, CLAIM) == [Verb.CREATE, *([Verb.DELETE] if gone else [])]


def test_what_a_template_says_of_claims_and_budgets_holds_at_the_end_too() -> None:
    """The workflow itself names neither: what it is made of is written in its status."""
    (spec,) = documents(CLAIMS)
    shared = {
        "apiVersion": ARGO_API_VERSION,
        "kind": "WorkflowTemplate",
        "metadata": {"name": "shared", "namespace": NAMESPACE},
        "spec": {
            **spec,
            "podDisruptionBudget": {"minAvailable": 1},
            "volumeClaimGC": {"strategy": "OnWorkflowCompletion"},
        },
    }
    world = run("workflowTemplateRef: {name: shared}", lambda *_: End(code=1), shared)
    for one in (CLAIM, BUDGET):
        assert verbs(world, one) == [Verb.CREATE, Verb.DELETE]


def test_a_claim_that_is_refused_for_good_ends_the_workflow() -> None:
    """With the words of the server; one that may be granted later is waited for."""
    world = world_of(CLAIMS)
    world.refusals[CLAIM] = Refusal("spec is immutable", final=True)
    world.turn()
    assert world.status("phase") == "Error"
    assert "PersistentVolumeClaim wf-work was refused" in world.status("message")
    world = world_of(CLAIMS)
    world.refusals[CLAIM] = Refusal("exceeded quota", final=False)
    assert CLAIM in [one.target for one in world.decide().actions]


def test_a_budget_protects_the_pods_while_the_workflow_runs() -> None:
    """It selects the pods of the workflow, and goes with its end."""
    spec = CLAIMS + "podDisruptionBudget: {minAvailable: 9999}\n"
    world = world_of(spec)
    world.turn()
    assert world.objects[BUDGET]["spec"] == {
        "minAvailable": 9999,
        "selector": {"matchLabels": {"workflows.argoproj.io/workflow": "wf"}},
    }
    world.settle()
    assert BUDGET not in world.objects
    assert verbs(world, BUDGET) == [Verb.CREATE, Verb.DELETE]


MARKED = """
entrypoint: main
arguments: {parameters: [{name: team, value: blue}]}
workflowMetadata:
  labels: {plain: text}
  annotations: {note: "see {{this}}"}
  labelsFrom: {team: {expression: "workflow.parameters.team + '-team'"}}
templates:
- name: main
  container: {image: alpine, command: [echo], args: ["{{workflow.labels.team}}"]}
"""


def metadata(world: MemoryWorld, kind: str) -> Object:
    """Return the labels or annotations of the workflow."""
    found: Object = lookup(world.workflow(), "metadata", kind)
    return found


def test_a_workflow_gives_itself_labels_before_it_begins() -> None:
    """Plain ones, and those that expressions make; its steps can name them."""
    world = run(MARKED)
    labels = metadata(world, "labels")
    assert (labels["plain"], labels["team"]) == ("text", "blue-team")
    assert metadata(world, "annotations")["note"] == "see {{this}}"
    (pod,) = world.pods()
    assert pod["spec"]["containers"][0]["args"] == ["blue-team"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("plain: text", "plain: no label", 'invalid label value "no label" for label "plain": '),
        ("+ '-team'", "== 'x'", "of the label 'team' is no text but False"),
        ("+ '-team'", "+ ' x'", 'invalid label value "blue x" for label "team" and expression "'),
    ],
)
def test_labels_that_cannot_be_end_the_workflow(old: str, new: str, told: str) -> None:
    """Before anything of it runs."""
    world = run(MARKED.replace(old, new))
    assert world.status("phase") == "Error"
    assert told in world.status("message")
    assert world.began == []


def test_what_a_workflow_needs_comes_after_its_locks_and_before_its_steps() -> None:
    """A workflow that waits for a lock makes nothing."""
    world = world_of(CLAIMS + "synchronization: {mutexes: [{name: one}]}\n")
    world.turn()
    assert CLAIM not in world.objects
    world.settle()
    assert verbs(world, CLAIM)[0] is Verb.CREATE
    assert world.began == [""]


def test_the_next_attempt_runs_on_another_machine_where_asked() -> None:
    """Every machine of an earlier attempt is avoided, besides what is stated."""
    spec = """
entrypoint: main
templates:
- name: main
  retryStrategy: {limit: 2, affinity: {nodeAntiAffinity: {}}}
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: Exists}]}]
  container: {image: alpine, command: [work]}
"""
    world = run(spec, lambda *_: End(code=1))
    pods = {
        one["metadata"]["annotations"]["workflows.argoproj.io/node-name"]: one
        for one in world.pods()
    }
    place = ("nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    first, last = (lookup(pods[f"wf({one})"], "spec", "affinity", *place) for one in (0, 2))
    disk = {"key": "disk", "operator": "Exists"}
    assert first == [{"matchExpressions": [disk]}]
    away = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["n"]}
    assert last == [{"matchExpressions": [disk, away]}]


def test_attempts_run_anywhere_where_nothing_is_asked() -> None:
    """The strategy has to say it."""
    spec = """
entrypoint: main
templates:
- name: main
  retryStrategy: {limit: 1}
  container: {image: alpine, command: [work]}
"""
    world = run(spec, lambda *_: End(code=1))
    assert all("affinity" not in one["spec"] for one in world.pods())


@pytest.mark.parametrize(("name", "shown"), [("Nice-name", "Nice-name"), ("no name", "a")])
def test_a_template_may_say_under_which_name_its_node_is_shown(name: str, shown: str) -> None:
    """Where it is a name; the node itself keeps its own."""
    spec = f"""
entrypoint: main
templates:
- name: main
  steps:
  - - name: a
      template: work
      arguments: {{parameters: [{{name: called, value: {name}}}]}}
- name: work
  annotations: {{workflows.argoproj.io/display-name: "{{{{inputs.parameters.called}}}}"}}
  inputs: {{parameters: [{{name: called}}]}}
  container: {{image: alpine, command: [work]}}
"""
    world = run(spec, succeed)
    assert world.node(shown)["name"] == "wf[0].a"


def test_a_claim_says_whose_it_is() -> None:
    """With the labels and annotations of its template; it goes with its workflow."""
    spec = CLAIMS.replace("labels: {kind: scratch}}", "labels: {k: v}, annotations: {a: b}}")
    world = world_of(spec + "podDisruptionBudget: {minAvailable: 1}\n")
    world.turn()
    owner = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "name": "wf",
        "uid": "workflow-uid",
        "controller": True,
    }
    claim, budget = (world.objects[one]["metadata"] for one in (CLAIM, BUDGET))
    assert claim["ownerReferences"] == budget["ownerReferences"] == [owner]
    assert claim["labels"] == {"k": "v", "workflows.argoproj.io/workflow": "wf"}
    assert claim["annotations"] == {"a": "b"}
    assert budget["labels"] == {"workflows.argoproj.io/workflow": "wf"}
    assert "annotations" not in budget


def test_what_goes_already_is_not_deleted_again_and_what_is_of_others_not_at_all() -> None:
    """A claim with a finalizer, say, and a budget that the workflow did not ask for."""
    world = world_of(CLAIMS)
    world.put({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": META})
    while world.status("phase") != "Succeeded":
        world.turn()
        world.run_pods()
        world.now += timedelta(seconds=1)
    (gone,) = world.decide().actions
    assert (gone.verb, gone.target) == (Verb.DELETE, CLAIM)
    claim = world.objects[CLAIM]
    assert gone.uid == claim["metadata"]["uid"]
    metadata = {**claim["metadata"], "deletionTimestamp": "2026-01-02T03:04:05Z"}
    world.put({**claim, "metadata": metadata})
    assert world.decide().actions == ()


META = {"name": BUDGET.name, "namespace": BUDGET.namespace}
