"""New workflows from documents: what they are made of, and what is checked before."""

from dataclasses import replace

import pytest

from ruleengine.model.errors import UsageError
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.submitting import Submission, submitted
from tests.pipelines.worlds import documents

(SPEC,) = documents("""
entrypoint: main
arguments:
  parameters:
  - {name: level, enum: [low, high], value: low}
  - {name: target}
  - {name: from, valueFrom: {configMapKeyRef: {name: c, key: k}}}
workflowMetadata: {labels: {team: shop}, annotations: {a: b}}
templates:
- name: main
  container: {image: alpine, command: [echo]}
- name: other
  inputs: {parameters: [{name: deep}]}
  container: {image: alpine, command: [echo]}
""")
ASKED = Submission(suffix="abcde", parameters={"target": "web"}, namespace="shop")


def document(kind: str, **metadata: object) -> Object:
    """Return a document with the spec above."""
    spec = {"schedules": ["@daily"], "workflowSpec": SPEC} if kind == "CronWorkflow" else SPEC
    named = {"name": "build", **metadata}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": named, "spec": spec}


def test_a_template_is_referred_to_with_the_arguments_given() -> None:
    """The workflow says what it was made of."""
    made = submitted(document("WorkflowTemplate", namespace="ci"), ASKED)
    assert made["metadata"] == {
        "name": "build-abcde",
        "namespace": "ci",
        "labels": {"team": "shop", "workflows.argoproj.io/workflow-template": "build"},
        "annotations": {"a": "b"},
    }
    assert made["spec"]["workflowTemplateRef"] == {"name": "build"}
    assert made["spec"]["arguments"]["parameters"][1] == {"name": "target", "value": "web"}
    cluster = submitted(document("ClusterWorkflowTemplate"), ASKED)
    assert cluster["spec"]["workflowTemplateRef"] == {"name": "build", "clusterScope": True}
    assert cluster["metadata"]["namespace"] == "shop"


def test_a_cron_workflow_owns_what_is_run_of_it() -> None:
    """As what its schedule runs; one that is not there yet owns nothing."""
    made = submitted(document("CronWorkflow", uid="u"), ASKED)
    assert made["metadata"]["labels"]["workflows.argoproj.io/cron-workflow"] == "build"
    assert made["metadata"]["ownerReferences"][0]["uid"] == "u"
    assert made["spec"]["templates"] == SPEC["templates"]
    assert "ownerReferences" not in submitted(document("CronWorkflow"), ASKED)["metadata"]


def test_what_is_run_of_a_cron_workflow_has_the_marks_that_its_schedule_gives() -> None:
    """Labels, annotations and finalizers of ``workflowMetadata``, as what its schedule runs."""
    stated = document("CronWorkflow")
    marks = {"labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["example.com/kept"]}
    stated["spec"]["workflowMetadata"] = marks
    metadata = submitted(stated, ASKED)["metadata"]
    assert metadata["labels"] == {"a": "b", "workflows.argoproj.io/cron-workflow": "build"}
    assert (metadata["annotations"], metadata["finalizers"]) == ({"c": "d"}, ["example.com/kept"])


def test_a_workflow_is_copied_with_its_labels() -> None:
    """Its own prefix counts; a shutdown is not copied."""
    stated = document("Workflow", generateName="b-", labels={"x": "y"})
    made = submitted({**stated, "spec": {**SPEC, "shutdown": "Stop"}}, ASKED)
    assert made["metadata"]["name"] == "b-abcde"
    assert made["metadata"]["labels"] == {"team": "shop", "x": "y"}
    assert "shutdown" not in made["spec"]


def test_what_is_asked_for_wins() -> None:
    """Name, prefix, entrypoint, labels, priority and service account."""
    asked = Submission(
        suffix="abcde",
        parameters={"target": "web", "level": "high"},
        generate_name="g-",
        labels={"team": "mine"},
        priority=3,
        service_account="robot",
    )
    made = submitted(document("Workflow"), asked)
    assert made["metadata"]["name"] == "g-abcde"
    assert made["metadata"]["labels"]["team"] == "mine"
    assert (made["spec"]["priority"], made["spec"]["serviceAccountName"]) == (3, "robot")
    named = Submission(suffix="x", parameters={"target": "web"}, name="exactly")
    assert submitted(document("Workflow"), named)["metadata"]["name"] == "exactly"


def test_a_workflow_made_of_a_template_has_its_parameters() -> None:
    """They are checked against those of both."""
    value = document("Workflow")
    value["spec"] = {"workflowTemplateRef": {"name": "build"}}
    made = submitted(value, ASKED, document("WorkflowTemplate"))
    assert made["spec"]["arguments"]["parameters"][1]["value"] == "web"


def asked(entrypoint: str = "", **parameters: str) -> Submission:
    """Return a submission."""
    return Submission(suffix="x", parameters=parameters, entrypoint=entrypoint)


@pytest.mark.parametrize(
    ("submission", "text"),
    [
        (asked(target="a", levl="low"), "did you mean level?"),
        (asked(target="a", colour="red"), "its parameters: level, target, from"),
        (asked(), "pass -p target=VALUE"),
        (asked(target="a", level="middle"), "level is one of: low, high"),
        (asked(target="a", entrypoint="mian"), "did you mean main?"),
        (asked(target="a", entrypoint="zzz"), "its templates: main, other"),
        (asked(target="a", entrypoint="other"), "declare deep among spec.arguments.parameters"),
        (asked(levl="low"), "the parameter 'target' has no value"),
        (replace(ASKED, name="Bad_Name"), "--name 'Bad_Name' is no name of a workflow"),
        (replace(ASKED, name="x" * 64), "more than 63 characters"),
        (replace(ASKED, generate_name="-x"), "--generate-name '-x' is no name of a workflow"),
        (replace(ASKED, labels={"a b": "c"}), "--labels a b=c is no label"),
        (replace(ASKED, labels={"a": "c d"}), "--labels a=c d is no label"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_created(
    submission: Submission, text: str
) -> None:
    """All of it at once."""
    with pytest.raises(UsageError) as caught:
        submitted(document("WorkflowTemplate"), submission)
    assert text in f"{caught.value.message} {caught.value.remedy}"


def test_what_is_left_to_be_supplied_is_asked_for() -> None:
    """A workflow without it would fail before it begins."""
    stated = document("Workflow")
    supplied = {"name": "who", "valueFrom": {"supplied": {}}}
    stated["spec"] = {**SPEC, "arguments": {"parameters": [supplied]}}
    with pytest.raises(UsageError, match="the parameter 'who' has no value") as caught:
        submitted(stated, asked())
    assert caught.value.remedy == "pass -p who=VALUE"
    made = submitted(stated, asked(who="me"))
    assert made["spec"]["arguments"]["parameters"] == [{"name": "who", "value": "me"}]


def test_other_kinds_and_missing_entrypoints_are_refused() -> None:
    """They are no pipelines."""
    with pytest.raises(UsageError, match="a ConfigMap cannot be run"):
        submitted(document("ConfigMap"), ASKED)
    without = {key: value for key, value in SPEC.items() if key != "entrypoint"}
    with pytest.raises(UsageError) as caught:
        submitted({**document("Workflow"), "spec": without}, ASKED)
    assert "--entrypoint" in caught.value.remedy
