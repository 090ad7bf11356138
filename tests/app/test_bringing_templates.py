"""What a workflow needs is brought to where it runs: its templates, and theirs, and no others."""

from dataclasses import replace
from pathlib import Path

import pytest

from ruleengine.app.pipelines import finding
from ruleengine.app.pipelines.asking import Asked
from ruleengine.app.pipelines.bringing import bring_templates
from ruleengine.app.pipelines.places import Place
from ruleengine.app.pipelines.running import make
from ruleengine.model.actions import Target
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.names import ARGO_API_VERSION, PIPELINES_MANAGER
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.verbs.submitting import Submission
from tests.app.places import SETTINGS, WORKFLOW, empty_place

HEAD = f"apiVersion: {ARGO_API_VERSION}\n"
ENDS = "templates: [{name: main, suspend: {}}]\n"
CALLS = "templates: [{{name: main, steps: [[{{name: x, templateRef: {{name: {}, {}}}}}]]}}]\n"
FILES = {
    "pipelines/first.yaml": CALLS.format("second", "template: main"),
    "pipelines/second.yaml": CALLS.format("shared", "template: main, clusterScope: true"),
    "pipelines/shared.yaml": f"{HEAD}kind: ClusterWorkflowTemplate\nmetadata: {{name: shared}}\n"
    f"spec: {{{CALLS.format('first', 'template: main').strip()}}}\n",
    "pipelines/unasked.yaml": ENDS,
    "pipelines/own.yaml": f"{HEAD}kind: Workflow\nmetadata: {{name: takes}}\n"
    "spec: {workflowTemplateRef: {name: takes}}\n",
    "pipelines/takes.yaml": f"entrypoint: main\nparameters: {{level: low}}\n{ENDS}",
}
MADE: Object = {**WORKFLOW, "spec": {"workflowTemplateRef": {"name": "first"}}}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place whose repo declares templates that call each other."""
    return empty_place(tmp_path, {**SETTINGS, **FILES})


def live(place: Place) -> dict[str, str]:
    """Return the templates that are there, and their versions."""
    found = [one for kind in finding.TEMPLATES for one in finding.objects(place, kind, "")]
    return {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in found}


def test_templates_that_are_called_are_brought_once(place: Place) -> None:
    """Also where they call each other round; a second time nothing is written."""
    bring_templates(place, MADE, of_repo=True)
    first = live(place)
    assert first.keys() == {"first", "second", "shared"}
    bring_templates(place, MADE, of_repo=True)
    assert live(place) == first


NAMING = """
entrypoint: main
arguments: {parameters: [{name: p, valueFrom: {configMapKeyRef: {name: given, key: k}}}]}
volumes:
- {name: a, secret: {secretName: whole}}
- {name: b, persistentVolumeClaim: {claimName: claimed}}
templates:
- name: main
  inputs: {artifacts: [{name: f, path: /f, s3: {key: k, accessKeySecret: {name: key, key: k}}}]}
  synchronization: {semaphores: [{configMapKeyRef: {name: limits, key: k}}]}
  container: {image: alpine, command: [say], envFrom: [{secretRef: {name: "{{x}}"}}]}
"""
BESIDE = """
apiVersion: v1
kind: {}
metadata: {{name: {}{}}}
"""
NAMED = {
    "ConfigMap": ("given", "limits", "unasked"),
    "Secret": ("whole", "key"),
    "PersistentVolumeClaim": ("claimed",),
}


def test_what_a_template_names_is_brought_with_it(tmp_path: Path) -> None:
    """Of the namespace of the workflow, and nothing that nobody names."""
    claim = "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}\n"
    files = {
        f"pipelines/{kind.lower()}-{name}.yaml": BESIDE.format(kind, name, "")
        + (claim if kind == "PersistentVolumeClaim" else "")
        for kind, names in NAMED.items()
        for name in names
    }
    files["pipelines/elsewhere.yaml"] = BESIDE.format("ConfigMap", "given", ", namespace: other")
    place = empty_place(tmp_path, {**SETTINGS, **files, "pipelines/first.yaml": NAMING})
    bring_templates(place, MADE, of_repo=True)
    found = {
        (one["kind"], one["metadata"]["name"], one["metadata"]["namespace"])
        for kind in NAMED
        for one in place.client.list("v1", kind).items
        if one["metadata"]["name"] in {name for names in NAMED.values() for name in names}
    }
    space = MADE["metadata"]["namespace"]
    asked = {(kind, name, space) for kind, names in NAMED.items() for name in names}
    assert found == asked - {("ConfigMap", "unasked", space)}


STORE = """
apiVersion: v1
kind: ConfigMap
metadata: {{name: {}}}
data: {{s: "s3: {{bucket: b, accessKeySecret: {{name: word, key: k}}}}", odd: "a: [", more: x}}
"""


@pytest.mark.parametrize(
    ("reference", "name"),
    [("{configMap: stores, key: s}", "stores"), ("{key: s}", "artifact-repositories")],
)
def test_a_repository_is_brought_with_the_secrets_of_its_store(
    tmp_path: Path, reference: str, name: str
) -> None:
    """And so are those that images are pulled with; a ConfigMap may hold any text besides."""
    spec = f"artifactRepositoryRef: {reference}\nimagePullSecrets: [{{name: pull}}]\n"
    files = {
        "pipelines/first.yaml": f"entrypoint: main\n{spec}{ENDS}",
        "pipelines/stores.yaml": STORE.format(name),
        **{f"pipelines/{one}.yaml": BESIDE.format("Secret", one, "") for one in ("word", "pull")},
    }
    place = empty_place(tmp_path, {**SETTINGS, **files})
    bring_templates(place, MADE, of_repo=True)
    space = MADE["metadata"]["namespace"]
    for kind, one in (("ConfigMap", name), ("Secret", "word"), ("Secret", "pull")):
        assert place.client.get(Target("v1", kind, space, one)) is not None


CACHED = """
apiVersion: v1
kind: ConfigMap
metadata: {{name: cache, annotations: {{about: {}}}}}
"""


def test_a_cache_that_is_brought_anew_keeps_what_others_wrote(tmp_path: Path) -> None:
    """What was memoized, say; what the repo says of it is as the repo says it."""
    memoize = "memoize: {key: k, cache: {configMap: {name: cache}}}"
    template = f"templates: [{{name: main, {memoize}, suspend: {{}}}}]\n"
    cache = Target("v1", "ConfigMap", MADE["metadata"]["namespace"], "cache")
    files = {**SETTINGS, "pipelines/first.yaml": template}
    first = empty_place(tmp_path / "a", {**files, "pipelines/cache.yaml": CACHED.format("old")})
    bring_templates(first, MADE, of_repo=True)
    first.client.merge_patch(cache, {"data": {"k": "kept"}}, PIPELINES_MANAGER)
    later = empty_place(tmp_path / "b", {**files, "pipelines/cache.yaml": CACHED.format("new")})
    bring_templates(replace(later, cluster=first.cluster), MADE, of_repo=True)
    found = first.client.get(cache)
    assert lookup(found, "metadata", "annotations", "about") == "new"
    assert lookup(found, "data") == {"k": "kept"}


def test_no_value_of_a_secret_is_told(tmp_path: Path) -> None:
    """Not where the server refuses it either."""
    secret = BESIDE.format("Secret", "whole", ", labels: {a: b c}") + "data: {k: aHVudGVyMg}\n"
    files = {"pipelines/first.yaml": NAMING, "pipelines/secret.yaml": secret}
    with pytest.raises(FailedError, match=r"Secret/.*/whole: ") as told:
        bring_templates(empty_place(tmp_path, {**SETTINGS, **files}), MADE, of_repo=True)
    assert "aHVudGVyMg" not in str(told.value)


def test_what_was_brought_for_another_workflow_stays(place: Place) -> None:
    """Nothing is pruned, and a namespace is made also where its templates are all in place."""
    bring_templates(place, MADE, of_repo=True)
    other = {**MADE, "metadata": {"name": "wf", "namespace": "other"}}
    bring_templates(place, other, of_repo=True)
    assert place.client.get(Target("v1", "Namespace", "", "other")) is not None
    unasked = {**MADE, "spec": {"workflowTemplateRef": {"name": "unasked"}}}
    bring_templates(place, unasked, of_repo=True)
    assert live(place).keys() == {"first", "second", "shared", "unasked"}


def test_what_is_made_of_what_is_live_brings_its_namespace_only(place: Place) -> None:
    """The templates of the repo may be others."""
    other = {**MADE, "metadata": {"name": "wf", "namespace": "other"}}
    namespace = Target("v1", "Namespace", "", "other")
    assert place.client.get(namespace) is None
    bring_templates(place, other, of_repo=False)
    assert place.client.get(namespace) is not None
    assert live(place) == {}


def test_a_template_that_cannot_be_brought_is_told(tmp_path: Path) -> None:
    """With what the server says of it."""
    odd = f"{HEAD}kind: WorkflowTemplate\nmetadata: {{name: first, labels: {{a: b c}}}}\n"
    files = {"pipelines/first.yaml": f"{odd}spec: {{entrypoint: main, {ENDS.strip()}}}\n"}
    with pytest.raises(FailedError, match=r"WorkflowTemplate/.*/first: .*'b c'|\"b c\""):
        bring_templates(empty_place(tmp_path, {**SETTINGS, **files}), MADE, of_repo=True)


def test_parameters_are_those_of_the_template_as_the_repo_declares_it(place: Place) -> None:
    """It needs not be there yet, and the workflow may have its name."""
    asked = Asked(
        name="workflow/takes", submission=Submission(suffix="x", parameters={"level": "high"})
    )
    made = make(place, asked)
    assert made["spec"]["arguments"] == {"parameters": [{"name": "level", "value": "high"}]}
    unknown = Submission(suffix="x", parameters={"lvel": "high"})
    with pytest.raises(UsageError) as raised:
        make(place, Asked(name="workflow/takes", submission=unknown))
    assert raised.value.remedy == "did you mean level?"
