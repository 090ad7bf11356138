"""What ``ruleengine.yaml`` says about the local control plane."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from ruleengine.formats import yaml_reader
from ruleengine.model.configuration import (
    ArchiveSettings,
    NodeStatusSettings,
    SynchronizationSettings,
)
from ruleengine.model.data import data_folder
from ruleengine.model.values import Object, Value
from ruleengine.repository.configuration import read_text


def test_the_default_repository_of_artifacts_is_read() -> None:
    """As Argo's controller has it."""
    configuration, findings = read_text(b"artifactRepository: {s3: {bucket: b}, archiveLogs: true}")
    assert findings == ()
    assert configuration.artifact_repository == {"s3": {"bucket": "b"}, "archiveLogs": True}


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("artifactRepository: {archiveLogs: true}", ["has one location, not 0"]),
        ("artifactRepository: {s3: {}, gcs: {}}", ["has one location, not 2"]),
        ("artifactRepository: s3", ["must be a mapping"]),
        ("artifactRepository: {s4: {}}", ["no setting 's4'", "has one location, not 0"]),
    ],
)
def test_a_wrong_repository_of_artifacts_is_a_finding(text: str, messages: list[str]) -> None:
    """And none is configured."""
    configuration, findings = read_text(text.encode())
    assert configuration.artifact_repository is None
    assert [said in one.message for one, said in zip(findings, messages, strict=True)] == [
        True
    ] * len(messages)


def test_settings_of_the_local_control_plane_are_read() -> None:
    """Images by their names, and how many pods run at a time."""
    text = b"local: {images: {acme/build: {entrypoint: [make], env: {A: b}}}, maxPods: 7}"
    configuration, findings = read_text(text)
    assert findings == ()
    assert configuration.local.most_pods == 7
    assert configuration.local.images == {"acme/build": {"entrypoint": ["make"], "env": {"A": "b"}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("local: {images: {a: make, b: {cmd: [x]}}}", "the image a must be a mapping"),
        ("local: {images: {a: {cmd: x}, b: {cmd: [x]}}}", "does not say what it starts"),
        ("local: {images: {a: {}, b: {cmd: [x]}}}", "does not say what it starts"),
        ("local: {images: {b: {cmd: [x], comand: [y]}}}", "there is no setting 'comand'"),
        ("local: {images: {a: {cmd: [x], family: bsd}, b: {cmd: [x]}}}", "no family that is known"),
        ("local: {image: {}, images: {b: {cmd: [x]}}}", "there is no setting 'image'"),
        ("local: {maxPods: 0, images: {b: {cmd: [x]}}}", "maxPods is a number of pods, not 0"),
        ("local: {maxPods: yes, images: {b: {cmd: [x]}}}", "is a number of pods, not True"),
    ],
)
def test_a_wrong_image_is_a_finding_and_the_others_count(text: str, message: str) -> None:
    """At its line."""
    configuration, findings = read_text(text.encode())
    assert list(configuration.local.images) == ["b"]
    assert [message in one.message and one.place is not None for one in findings] == [True]


def test_an_archive_is_kept_where_it_is_stated() -> None:
    """With all defaults, or with what is said."""
    assert read_text(b"engine: native\n")[0].archive is None
    assert read_text(b"archive: {}\n")[0].archive == ArchiveSettings()
    text = b"archive: {database: 'postgresql://me@db/runs', selector: team=shop, ttl: 30d}\n"
    found, findings = read_text(text)
    assert findings == ()
    assert found.archive == ArchiveSettings(
        database="postgresql://me@db/runs", selector="team=shop", ttl=timedelta(days=30)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("archive: 1", "archive must be a mapping"),
        ("archive: {tl: 1d}", "there is no setting 'tl'"),
        ("archive: {database: mysql://db/x}", "no URL of a PostgreSQL database"),
        ("archive: {database: 'postgresql://[db/x'}", "no URL of a PostgreSQL database"),
        ("archive: {database: 'postgresql://db:port/x'}", "no URL of a PostgreSQL database"),
        ("archive: {database: 'postgresql://me:secret@db/x'}", "holds a password"),
        ("archive: {database: 'postgresql://db/x?password=secret'}", "holds a password"),
        ("archive: {selector: '=,'}", "no label selector"),
        ("archive: {ttl: soon}", "is no duration"),
        ("archive: {ttl: -5d}", "is no duration"),
    ],
)
def test_a_wrong_setting_of_the_archive_is_a_finding(text: str, message: str) -> None:
    """At its line; a password is in no message."""
    _, findings = read_text(text.encode())
    (finding,) = findings
    assert message in finding.message
    assert "secret" not in f"{finding.message} {finding.remedy}"
    assert finding.place.line == 1


def test_large_workflows_are_stored_as_is_stated() -> None:
    """By default that is left to what serves them; what is wrong leaves the default in force."""
    found, findings = read_text(b"nodeStatus: {largest: 1000, offload: true}\n")
    assert (found.node_status, findings) == (NodeStatusSettings(largest=1000, offload=True), ())
    for text in ("1", "{largest: big}", "{largest: true}", "{offload: 3}", "{lagest: 1}"):
        found, (finding,) = read_text(f"nodeStatus: {text}\n".encode())
        assert found.node_status == NodeStatusSettings()
        assert finding.remedy


RESOURCES = "resources: {requests: {cpu: 0.1, memory: 64Mi}, limits: {cpu: 1}}"


def test_our_own_containers_are_what_is_stated() -> None:
    """What is wrong leaves the default in force."""
    text = f"executor: {{image: reg/ours:1, imagePullPolicy: Never, {RESOURCES}}}\n"
    found, findings = read_text(text.encode())
    amounts = {"requests": {"cpu": 0.1, "memory": "64Mi"}, "limits": {"cpu": 1}}
    stated = {"image": "reg/ours:1", "imagePullPolicy": "Never", "resources": amounts}
    assert (found.executor, findings) == (stated, ())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1", 1),
        ("\n  image: 1", 2),
        ("\n  imagePullPolicy: Sometimes", 2),
        ("\n  name: x", 2),
        ("\n  resources: 1", 2),
        ("\n  resources:\n    claims: []", 2),
        ("\n  resources:\n    limits: 1", 3),
        ("\n  resources:\n    limits:\n      cpu: much", 4),
    ],
)
def test_what_is_wrong_with_our_own_containers_is_told_at_its_line(text: str, place: int) -> None:
    """The default stays in force."""
    found, (finding,) = read_text(f"executor: {text}\n".encode())
    assert (found.executor, finding.place.line if finding.place else 0) == ({}, place)
    assert finding.remedy


def test_locks_of_a_database_lie_where_it_is_stated() -> None:
    """By default with the archive; no password and no other database is taken."""
    assert read_text(b"engine: native\n")[0].synchronization == SynchronizationSettings()
    text = b"synchronization: {database: 'postgresql://me@db/locks', controller: east}\n"
    found, findings = read_text(text)
    stated = SynchronizationSettings(database="postgresql://me@db/locks", controller="east")
    assert (found.synchronization, findings) == (stated, ())
    wrong = ("1", "{base: x}", "{database: mysql://db/x}", "{database: 'postgresql://a:b@db/x'}")
    for one in (*wrong, f"{{controller: {'x' * 65}}}"):
        found, (finding,) = read_text(f"synchronization: {one}\n".encode())
        assert found.synchronization == SynchronizationSettings()
        assert finding.remedy


EVERYTHING = b"""
apiVersion: ruleengine.dev/v1
kind: Configuration
metadata: {name: settings}
engine: native
repo: https://example.com/config.git
context: main
kubeconfig: kubeconfig
namespace: jobs
controlNamespace: control
archive: {database: "postgresql://me@db/runs", selector: team=shop, ttl: 30d}
artifactRepository: {s3: {bucket: b}}
clusters: {production: main}
defaults: {Application: {project: shop}}
executor:
  image: "registry.example/ruleengine:1"
  imagePullPolicy: Always
  resources: {requests: {cpu: 1}, limits: {cpu: 1}}
local:
  images: {acme/build: {entrypoint: [make], cmd: [all], env: {A: b}, family: debian}}
  maxPods: 200
nodeStatus: {largest: 500000, offload: true}
synchronization: {database: "postgresql://me@db/locks", controller: east}
waivers: [{code: support-field-unsupported, path: "**", reason: draft, expires: "2099-01-31"}]
"""


def _fields(schema: Object) -> Object:
    """Return the fields of a schema, by name, with what is below them."""
    if "properties" in schema:
        return {name: _fields(one) for name, one in schema["properties"].items()}
    inner = schema.get("items") or schema.get("additionalProperties")
    return _fields(inner) if inner else {}


def _stated(value: Value, fields: Object) -> Object:
    """Return which of the fields a value states; names that users choose are passed over."""
    if isinstance(value, list):
        return _stated(value[0], fields)
    if not fields or not isinstance(value, dict):
        return {}
    if not value.keys() & fields.keys():
        (value,) = value.values()
        return _stated(value, fields)
    return {name: _stated(one, fields[name]) for name, one in value.items()}


def test_settings_are_those_of_the_schema_and_of_the_docs() -> None:
    """What an editor offers is read, all of it, and has its row."""
    schema = json.loads((data_folder("schemas") / "ruleengine/Configuration.json").read_bytes())
    value = yaml_reader.read(EVERYTHING, "ruleengine.yaml").documents[0].value
    assert _stated(value, _fields(schema)) == _fields(schema)
    _, findings = read_text(EVERYTHING)
    assert findings == ()
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
    for name in schema["properties"].keys() - {"apiVersion", "kind", "metadata"}:
        assert f"| `{name}" in page or f", `{name}`" in page
