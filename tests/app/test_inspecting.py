"""What ``status`` says of an application whose last sync failed."""

import pytest

from ruleengine.app.inspecting import Standing, _application, health_word
from ruleengine.app.inspecting import _standing as standing_of
from ruleengine.model.actions import Target
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import Origin
from tests.app.kit import APPLICATION

ORIGIN = Origin(path="environments/shop.yaml", line=1)

REFUSED = {"kind": "Deployment", "name": "bad", "status": "SyncFailed", "hookPhase": "Failed"}
HOOK = {"kind": "Job", "name": "migrate", "hookType": "PostSync", "hookPhase": "Failed"}


def _standing(sync: str, *resources: dict, **state: object) -> Standing:
    operation = {"syncResult": {"revision": "one", "resources": list(resources)}, **state}
    found = {
        "sync": {"status": sync, "revision": "two"},
        "health": {"status": "Healthy"},
        "operationState": operation,
    }
    return _application(APPLICATION, ORIGIN, found)


@pytest.mark.parametrize(
    "state",
    [
        {"phase": "Running", "retryCount": 1, "finishedAt": "2026-01-02T03:04:05Z"},
        {"phase": "Running", "retryCount": 2},
        {"phase": "Failed"},
        {"phase": "Error"},
    ],
)
def test_a_sync_that_failed_is_a_failure_also_while_it_is_tried_again(state: dict) -> None:
    """Its message says what failed and when it is tried again."""
    standing = _standing("OutOfSync", REFUSED, message="1 of 2 tasks failed", **state)
    assert standing.failed
    assert standing.message == "1 of 2 tasks failed"


def test_a_sync_under_way_without_failures_is_none() -> None:
    """It has only not come to its end."""
    standing = _standing("OutOfSync", phase="Running", message="waiting for Deployment/web")
    assert not standing.failed


def test_a_superseded_sync_is_no_failure_once_everything_is_in_sync() -> None:
    """What it could not do is not desired any more; a failed hook stays unfinished business."""
    state = {"phase": "Failed", "message": "superseded by two"}
    assert not _standing("Synced", REFUSED, **state).failed
    assert _standing("Synced", HOOK, **state).failed
    assert _standing("OutOfSync", REFUSED, **state).failed


@pytest.mark.parametrize(
    ("kind", "status", "health", "message"),
    [
        ("Application", {}, "", "no controller of Argo has looked at it yet"),
        ("Application", {"health": {"status": "Healthy"}}, "Healthy", ""),
        ("Workflow", {"phase": "Running"}, "Running", ""),
        ("Sensor", {}, "", "no controller of Argo has looked at it yet"),
        ("WorkflowTemplate", {}, "", ""),
        ("AppProject", {}, "", ""),
    ],
)
def test_what_is_handed_over_stands_as_argo_says(
    kind: str, status: dict, health: str, message: str
) -> None:
    """It is not recorded, and nobody waits for a controller of ours."""
    target = Target("argoproj.io/v1alpha1", kind, "argocd", "shop")
    found = standing_of(target, ORIGIN, {"status": status}, Engine.HANDOVER)
    assert (found.state, found.health, found.message) == ("handed over", health, message)


def test_what_failed_at_argo_failed() -> None:
    """Handing over is no excuse."""
    target = Target("argoproj.io/v1alpha1", "Application", "argocd", "shop")
    live = {"status": {"operationState": {"phase": "Failed", "message": "no such path"}}}
    found = standing_of(target, ORIGIN, live, Engine.HANDOVER)
    assert (found.state, found.message) == ("failed", "no such path")


@pytest.mark.parametrize(
    ("kind", "status", "health"),
    [
        ("Application", {"health": {"status": "Missing"}}, "Missing"),
        ("Rollout", {"phase": "Paused"}, "Paused"),
        ("Sensor", {"conditions": [{"type": "Deployed", "status": "False"}]}, "Degraded"),
        ("WorkflowTemplate", {}, ""),
    ],
)
def test_a_listed_object_has_the_health_that_status_tells(
    kind: str, status: dict, health: str
) -> None:
    """Nobody has to ask two commands."""
    live = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "shop", "namespace": "argocd"},
        "status": status,
    }
    assert health_word(live) == health
