"""Health of built-in kinds: what an object's status says about it."""

import json

import pytest

from ruleengine.environments.health import HealthStatus, health_of, worst
from ruleengine.formats import yaml_reader
from tests.vectors import vectors_folder


def _status(value: dict) -> str | None:
    verdict = health_of(value)
    return None if verdict is None else str(verdict.status)


@pytest.mark.vectors
def test_every_shared_case_of_a_built_in_kind_has_the_expected_health() -> None:
    """Argo CD's own cases for built-in kinds come out as Argo CD judges them."""
    folder = vectors_folder("argocd/health-builtin")
    expected = json.loads((folder / "expected.json").read_text())
    found = {}
    for name in expected:
        documents = yaml_reader.read((folder / name).read_bytes(), name).documents
        found[name] = _status(documents[0].value)
    print(f"health-builtin: {len(expected)} cases")
    assert found == expected


def test_a_kind_without_a_check_has_no_health() -> None:
    """No opinion is not the same as healthy."""
    assert health_of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}) is None


def test_an_application_has_no_check() -> None:
    """Argo CD leaves the health of child applications to the user."""
    assert health_of({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}) is None


def test_an_object_being_deleted_is_progressing() -> None:
    """Whatever its kind, an object on its way out is not at rest."""
    metadata = {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert _status({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}) == "Progressing"


def test_an_unknown_version_of_a_judged_kind_is_unknown() -> None:
    """A version that the check does not understand is not guessed at."""
    assert _status({"apiVersion": "apps/v1beta1", "kind": "Deployment"}) == "Unknown"


def test_a_malformed_status_is_unknown_and_never_raises() -> None:
    """Wrong user data is a verdict, not a traceback."""
    value = {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"updateStrategy": 3}}
    assert _status(value | {"status": {"observedGeneration": 1}}) == "Unknown"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, "Healthy"),
        ({"lastScheduleTime": "2026-01-02T00:00:00Z"}, "Healthy"),
        (
            {
                "lastScheduleTime": "2026-01-02T00:00:00Z",
                "lastSuccessfulTime": "2026-01-01T00:00:00Z",
            },
            "Degraded",
        ),
    ],
)
def test_a_cron_job_is_judged_by_its_last_schedule(status: dict, expected: str) -> None:
    """A schedule without a success after an earlier success is a failure."""
    assert _status({"apiVersion": "batch/v1", "kind": "CronJob", "status": status}) == expected


def test_a_daemon_set_progresses_until_every_node_has_a_pod() -> None:
    """Updated is not enough, available counts."""
    value = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"generation": 1}}
    status = {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2}
    assert _status(value | {"status": status | {"numberAvailable": 1}}) == "Progressing"
    assert _status(value | {"status": status | {"numberAvailable": 2}}) == "Healthy"


def test_the_worst_status_speaks_for_all() -> None:
    """Degraded outweighs progressing, and nothing at all is healthy."""
    assert worst([HealthStatus.PROGRESSING, HealthStatus.DEGRADED]) is HealthStatus.DEGRADED
    assert worst([]) is HealthStatus.HEALTHY
