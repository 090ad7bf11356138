"""Artifact repositories: where they are named, and which of them counts."""

from typing import Any

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.model.names import CONTROL_NAMESPACE
from ruleengine.model.values import Object
from tests.pipelines.worlds import NAMESPACE, MemoryWorld, plan_of, world_of

TEMPLATE = {
    "name": "main",
    "container": {"image": "a", "command": ["x"]},
    "outputs": {"artifacts": [{"name": "made", "path": "/made"}]},
}
DEFAULT = "workflows.argoproj.io/default-artifact-repository"


def config_map(namespace: str, name: str = "artifact-repositories", **data: str) -> Object:
    """Return a ConfigMap with repositories; the one called ``usual`` is its default."""
    marks = {DEFAULT: "usual"} if "usual" in data else {}
    metadata = {"name": name, "namespace": namespace, "annotations": marks}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def begun(*maps: Object, reference: Object | None = None) -> MemoryWorld:
    """Begin a workflow whose step makes an artifact."""
    spec: dict[str, Any] = {"entrypoint": "main", "templates": [TEMPLATE]}
    spec["arguments"] = {"parameters": [{"name": "which", "value": "other"}]}
    if reference is not None:
        spec["artifactRepositoryRef"] = reference
    world = world_of(write(spec))
    for one in maps:
        world.put(one)
    world.turn()
    return world


def location(world: MemoryWorld) -> Any:
    """Return where its artifact goes."""
    return plan_of(world.pods()[0], "wait")["artifacts"][0]["location"]


def bucket(name: str, key: str = "wf/wf/made.tgz") -> Object:
    """Return a location in S3."""
    return {"s3": {"bucket": name, "key": key}}


NAMED = [
    (None, "usual"),
    ({}, "usual"),
    ({"key": "other"}, "other"),
    ({"configMap": "mine", "key": "k"}, "mine"),
    ({"key": "{{workflow.parameters.which}}"}, "other"),
]


@pytest.mark.parametrize(("reference", "expected"), NAMED)
def test_the_repository_of_a_workflow_is_found_where_it_is_named(
    reference: Object | None, expected: str
) -> None:
    """By ConfigMap and key, tags among them, or as the usual default; the status notes it."""
    usual = config_map(NAMESPACE, usual="s3: {bucket: usual}", other="s3: {bucket: other}")
    mine = config_map(NAMESPACE, "mine", k="s3: {bucket: mine}")
    world = begun(usual, mine, reference=reference)
    assert location(world) == bucket(expected)
    noted = world.status("artifactRepositoryRef")
    assert noted["artifactRepository"] == {"s3": {"bucket": expected}}
    assert noted["namespace"] == NAMESPACE


def test_the_control_namespace_is_looked_at_after_the_workflows_own() -> None:
    """And the configuration after both."""
    shared = config_map(CONTROL_NAMESPACE, usual="s3: {bucket: shared}")
    assert location(begun(shared)) == bucket("shared")
    own = config_map(NAMESPACE, usual="s3: {bucket: own}")
    assert location(begun(shared, own)) == bucket("own")
    assert "plugin" in location(begun())


@pytest.mark.parametrize(
    ("maps", "reference", "message"),
    [
        ((), {"key": "none"}, "no artifact repository 'none' in the ConfigMap"),
        ((config_map(NAMESPACE, usual="[1]"),), None, "is no map in YAML"),
        ((config_map(NAMESPACE, usual="archiveLogs: true"),), None, "has one location"),
    ],
)
def test_a_reference_to_no_repository_is_an_error_of_the_node(
    maps: tuple[Object, ...], reference: Object | None, message: str
) -> None:
    """It says what was looked for."""
    world = begun(*maps, reference=reference)
    assert world.node("wf")["phase"] == "Error"
    assert message in world.node("wf")["message"]


def test_a_workflow_goes_on_with_the_repository_it_began_with() -> None:
    """Whatever happens to the ConfigMap."""
    world = begun(config_map(NAMESPACE, usual="s3: {bucket: first}"))
    world.put(config_map(NAMESPACE, usual="s3: {bucket: second}"))
    world.settle()
    assert world.status("artifactRepositoryRef", "artifactRepository", "s3", "bucket") == "first"


FORMATS = [
    ("s3: {bucket: b, keyFormat: 'x/{{workflow.name}}/{{pod.name}}'}", "x/wf/wf/made.tgz"),
    ("s3: {bucket: b, keyPrefix: p}", "p/wf/wf/made.tgz"),
    ("gcs: {bucket: b, keyFormat: '{{workflow.creationTimestamp.Y}}'}", "2026/made.tgz"),
    ("azure: {container: b, blobNameFormat: 'n'}", "n/made.tgz"),
    ("hdfs: {addresses: [a], pathFormat: '/n'}", "/n/made.tgz"),
    ("artifactory: {repoURL: 'https://h/r', keyFormat: 'n'}", "https://h/r/n/made.tgz"),
]


@pytest.mark.parametrize(("text", "key"), FORMATS)
def test_keys_are_made_as_the_repository_says(text: str, key: str) -> None:
    """Each kind has its own word for it; tags are replaced."""
    ((_, body),) = location(begun(config_map(NAMESPACE, usual=text))).items()
    assert key in body.values()
    assert not {"keyFormat", "keyPrefix", "blobNameFormat", "pathFormat", "repoURL"} & body.keys()
