"""What ``ruleengine.yaml`` says about the local control plane."""

from datetime import timedelta

import pytest

from ruleengine.model.configuration import ArchiveSettings, NodeStatusSettings
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


def test_images_of_the_local_control_plane_are_read() -> None:
    """By the image's name."""
    text = b"local: {images: {acme/build: {entrypoint: [make], env: {A: b}}}}"
    configuration, findings = read_text(text)
    assert findings == ()
    assert configuration.local_images == {"acme/build": {"entrypoint": ["make"], "env": {"A": "b"}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("local: {images: {a: make, b: {cmd: [x]}}}", "the image a must be a mapping"),
        ("local: {images: {a: {cmd: x}, b: {cmd: [x]}}}", "does not say what it starts"),
        ("local: {images: {a: {}, b: {cmd: [x]}}}", "does not say what it starts"),
        ("local: {images: {b: {cmd: [x], comand: [y]}}}", "there is no setting 'comand'"),
        ("local: {image: {}, images: {b: {cmd: [x]}}}", "there is no setting 'image'"),
    ],
)
def test_a_wrong_image_is_a_finding_and_the_others_count(text: str, message: str) -> None:
    """At its line."""
    configuration, findings = read_text(text.encode())
    assert list(configuration.local_images) == ["b"]
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
        ("archive: {database: 'postgresql://me:secret@db/x'}", "holds a password"),
        ("archive: {database: 'postgresql://db/x?password=secret'}", "holds a password"),
        ("archive: {selector: '=,'}", "no label selector"),
        ("archive: {ttl: soon}", "is no duration"),
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
    for text in ("1", "{largest: big}", "{offload: 3}", "{lagest: 1}"):
        found, (finding,) = read_text(f"nodeStatus: {text}\n".encode())
        assert found.node_status == NodeStatusSettings()
        assert finding.remedy
