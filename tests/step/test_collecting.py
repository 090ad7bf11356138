"""Artifacts that are deleted, and paths that are listed: what pods of ours do by themselves."""

import json
from pathlib import Path
from typing import Any

import pytest

from ruleengine.app.crds import crd_actions
from ruleengine.local.control_plane import in_memory_plane
from ruleengine.model.values import Object
from ruleengine.step.collecting import collect
from ruleengine.step.data import result_of
from ruleengine.step.plan import StepError
from ruleengine.step.resources import perform
from tests.step.planes import PlaneApi, plan
from tests.step.test_artifacts import Pod, kept_at

TASKS = "/apis/argoproj.io/v1alpha1/namespaces/default/workflowartifactgctasks"


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    """Return a pod with some artifacts in its store."""
    made = Pod(tmp_path)
    for name in ("a/one.csv", "a/two.txt", "a/b/three.csv", "other"):
        place = made.store / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(name)
    return made


@pytest.fixture
def api() -> PlaneApi:
    """Return an API that knows the tasks."""
    plane = in_memory_plane()
    found = PlaneApi(plane)
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
    for action in crd_actions():
        if action.target.name == "workflowartifactgctasks.argoproj.io":
            found.apply(path + action.target.name, action.object or {}, "test")
    plane.settle()
    return found


def test_what_a_task_names_is_deleted_and_told(pod: Pod, api: PlaneApi) -> None:
    """Each by itself: one that cannot be deleted keeps no other."""
    artifacts: dict[str, Object] = {
        "one": {"name": "one", "archive": {"none": {}}, **kept_at("a/one.csv")},
        "gone": {"name": "gone", **kept_at("nowhere")},
        "bad": {"name": "bad", **kept_at("../other")},
        "none": {"name": "none", "raw": {"data": "x"}},
    }
    task = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowArtifactGCTask",
        "metadata": {"name": "t", "namespace": "default"},
        "spec": {"artifactsByNode": {"n": {"artifacts": artifacts}}},
    }
    api.apply(f"{TASKS}/t", task, "test")
    collect(plan(pod.root, tasks=("t",)), api, pod.access)
    told = api.get(f"{TASKS}/t")["status"]["artifactResultsByNode"]["n"]["artifactResults"]
    assert {name: one["success"] for name, one in told.items()} == {
        "one": True,
        "gone": True,
        "bad": False,
        "none": False,
    }
    assert "leads out of the store" in told["bad"]["error"]
    assert not (pod.store / "a/one.csv").exists()
    assert (pod.store / "other").exists()


def listed(pod: Pod, *expressions: str, key: str = "a") -> Any:
    """Return what a ``data`` template comes to."""
    source = {"name": "artifactPaths", "location": kept_at(key)}
    made = plan(pod.root, inputs=(source,), data={"expressions": list(expressions)})
    return json.loads(result_of(made, pod.access))


def test_paths_of_artifacts_are_listed_and_transformed(pod: Pod) -> None:
    """Each expression sees what the one before it made."""
    assert listed(pod) == ["a/b/three.csv", "a/one.csv", "a/two.txt"]
    ending = "filter(data, {# endsWith '.csv'})"
    assert listed(pod, ending) == ["a/b/three.csv", "a/one.csv"]
    assert listed(pod, ending, "map(data, {len(#)})") == [13, 9]
    assert listed(pod, key="none") == []
    source = {"name": "artifactPaths", "location": kept_at("none")}
    assert result_of(plan(pod.root, inputs=(source,)), pod.access) == "[]"
    texts = ["{'b': 1, 'a': 2}", "{'a': 2, 'b': 1}"]
    plans = [plan(pod.root, inputs=(source,), data={"expressions": [one]}) for one in texts]
    assert {result_of(one, pod.access) for one in plans} == {'{"a":2,"b":1}'}


@pytest.mark.parametrize("text", ["data[", "data.x.y", "unknown(data)"])
def test_an_expression_that_fails_is_told(pod: Pod, text: str) -> None:
    """With the expression."""
    with pytest.raises(StepError, match="of the transformation"):
        listed(pod, text)


def test_a_place_that_cannot_be_listed_is_told(pod: Pod) -> None:
    """Such as a URL."""
    source = {"name": "artifactPaths", "location": {"http": {"url": "http://127.0.0.1:1/x"}}}
    with pytest.raises(StepError, match="cannot be listed over HTTP"):
        result_of(plan(pod.root, inputs=(source,)), pod.access)


def test_a_manifest_may_be_an_artifact(pod: Pod, api: PlaneApi) -> None:
    """It is applied as one that stands in the document."""
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {a: b}}"
    (pod.store / "manifest").write_text(text)
    artifact = {"name": "m", "location": kept_at("manifest")}
    made = plan(pod.root, resource={"action": "create"}, inputs=(artifact,))
    perform(made, api, access=pod.access)
    assert api.get("/api/v1/namespaces/default/configmaps/made")["data"] == {"a": "b"}
    (pod.store / "manifest").write_bytes(b"\xff\xfe")
    with pytest.raises(StepError, match="is no text"):
        perform(made, api, access=pod.access)
