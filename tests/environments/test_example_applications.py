"""The public example applications, from their folder to Synced and Healthy."""

from pathlib import Path

import pytest

from ruleengine.model.actions import Target, Verb
from ruleengine.model.decisions import Stop
from tests.environments.worlds import (
    AUTOMATED,
    Files,
    MemoryWorld,
    application,
    finish_deployment,
    finish_job,
)
from tests.vectors import vectors_folder

PROJECT = Path(__file__).resolve().parents[2]
DONE = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}


def _world(root: Path, path: str) -> MemoryWorld:
    """Return a world whose application is one folder of a tree on disk."""
    files = {
        one.relative_to(root).as_posix(): one.read_bytes()
        for one in sorted(root.rglob("*"))
        if one.is_file()
    }
    world = MemoryWorld(head="v1", trees={"v1": Files(files, "v1")})
    value = application(automated=AUTOMATED)
    value["spec"]["source"] = {"path": path}
    world.put(value)
    return world


def _controllers(world: MemoryWorld) -> None:
    """Let every job and workload come to a good end."""
    for one in list(world.objects):
        if one.kind == "Job":
            finish_job(world, one.name)
        elif one.kind == "Deployment":
            finish_deployment(world, one.name)
        elif one.kind == "ReplicaSet":
            world.put({**world.objects[one], "status": DONE})


def _run(world: MemoryWorld) -> None:
    """Turn until done, with controllers that finish whatever was made."""
    for _ in range(20):
        if world.settle().stop is Stop.DONE:
            return
        _controllers(world)
    raise AssertionError(world.status())


@pytest.mark.vectors
def test_the_guestbook_ends_synced_and_healthy() -> None:
    """Two objects, no automation beyond the usual, and nothing left to do."""
    world = _world(vectors_folder("argocd-example-apps"), "guestbook")
    _run(world)
    assert world.names(Verb.APPLY) == ["guestbook-ui", "guestbook-ui"]
    assert world.status("sync", "status") == "Synced"
    assert world.status("health", "status") == "Healthy"
    assert world.status("summary", "images") == ["gcr.io/google-samples/gb-frontend:v5"]
    assert world.status("sourceType") == "Directory"


@pytest.mark.vectors
def test_the_example_of_waves_and_hooks_runs_in_its_order() -> None:
    """A generated PreSync hook, the backend, a page up, the frontend, the page down."""
    world = _world(vectors_folder("argocd-example-apps"), "sync-waves")
    _run(world)
    names = world.names(Verb.APPLY)
    assert names[0].startswith("upgrade-sql-schemav1-presync-")
    assert names[1:] == [
        "backend",
        "backend",
        "maint-page-up",
        "frontend",
        "frontend",
        "maint-page-down",
    ]
    assert world.status("health", "status") == "Healthy"
    assert world.names(Verb.DELETE) == []


@pytest.mark.parametrize("path", ["apps/api", "apps/web/staging", "apps/web/production"])
def test_the_sample_repo_renders_and_settles(path: str) -> None:
    """What newcomers read is synced whole, and a second look changes nothing."""
    world = _world(PROJECT / "sample-repo", path)
    _run(world)
    assert world.status("sync", "status") == "Synced"
    kinds = {one.kind for one in world.objects if one != Target.of(world.application())}
    assert kinds
    assert world.decide().actions == ()
