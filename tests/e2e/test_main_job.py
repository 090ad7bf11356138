"""The main job with the real process over TLS: init to why, twice, killed, and side by side."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.local import process
from ruleengine.model.actions import Target
from tests.e2e.command_line import call
from tests.e2e.process_kit import Place, end, guestbook, place, wait_for
from tests.vectors import vectors_folder

pytestmark = pytest.mark.slow

APPLICATION = Target("argoproj.io/v1alpha1", "Application", "ruleengine", "guestbook-staging")
DEPLOYMENT = Target("apps/v1", "Deployment", "staging", "guestbook-ui")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    """Return a config repo whose environment points at the guestbook."""
    source = vectors_folder("argocd-example-apps") / "guestbook"
    with place(tmp_path, guestbook(tmp_path, source)) as made:
        yield made


@pytest.mark.vectors("argocd-example-apps")
def test_the_guestbook_ends_synced_and_healthy_and_the_second_run_writes_nothing(
    shop: Place,
) -> None:
    """It says that its pods were simulated; the writes are counted by the server."""
    shop.start()
    first = shop.call("apply")
    first.check_explained(0)
    assert "Application/ruleengine/guestbook-staging: Synced, Healthy" in first.output
    assert "simulated 1 of 1 pods" in first.output
    before = shop.writes()
    second = shop.call("apply")
    second.check_explained(0)
    assert "everything unchanged" in second.output
    assert shop.writes() == before
    plan = shop.call("plan")
    plan.check_explained(0)
    assert shop.writes() == before
    listed = shop.call("get", "applications")
    assert listed.output.splitlines()[1].split()[:3] == [
        "ruleengine",
        "guestbook-staging",
        "Healthy",
    ]
    assert shop.call("get", "pods").output.splitlines()[-1] == "simulated 1 of 1 pods"
    assert "simulated" not in listed.output


def test_nothing_in_the_name_of_a_folder_writes_a_line_of_its_own(tmp_path: Path) -> None:
    """Or rings a bell: every command that names a file shows it on one line."""
    files = {
        "rollouts/a\a\nb/map.yaml": write(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "map", "namespace": "default"},
            }
        )
    }
    with place(tmp_path, files) as shop:
        shop.start()
        for command in ("plan", "apply", "status", "get configmaps", "why configmap/map"):
            shown = shop.call(*command.split())
            assert "\a" not in shown.output, command
            assert "rollouts/a\\x07\\nb/map.yaml" in shown.output, command
            assert "\nb/map.yaml" not in shown.output, command


@pytest.mark.vectors("argocd-example-apps")
def test_drift_pruning_and_the_floor_over_the_wire(shop: Place) -> None:
    """A hand edit is drift, a removed file is pruned, an emptied folder is refused."""
    shop.start()
    shop.call("apply").check_explained(0)
    client = shop.client()
    client.merge_patch(DEPLOYMENT, {"spec": {"replicas": 3}}, "kubectl-edit")
    drift = shop.call("plan")
    drift.check_explained(2)
    assert "- spec.replicas: 3" in drift.output
    assert "+ spec.replicas: 1" in drift.output
    shop.call("apply").check_explained(0)
    assert shop.call("plan").code == 0
    shop.repo.write({"apps/guestbook/guestbook-ui-svc.yaml": None})
    shop.call("apply").check_explained(0)
    service = Target("v1", "Service", "staging", "guestbook-ui")
    assert client.get(service) is None
    shop.repo.write({"environments/staging/guestbook.yaml": None})
    refused = shop.call("apply")
    refused.check_explained(1)
    assert "refused" in refused.output
    assert "--allow-prune" in refused.text
    assert client.get(APPLICATION) is not None
    shop.call("apply", "--allow-prune").check_explained(0)
    assert client.get(APPLICATION) is None


def test_a_new_config_repo_works_from_init_to_why(tmp_path: Path) -> None:
    """Every command of the first hour, in the order of the first hour."""
    root, state = tmp_path / "my-config", ("--state", str(tmp_path / "state"))
    try:
        call(tmp_path, "init", "my-config").check_explained(0)
        call(root, "validate").check_explained(0)
        call(root, "plan", *state).check_explained(2)
        call(root, "apply", *state).check_explained(0)
        call(root, "plan", *state).check_explained(0)
        status = call(root, "status", *state)
        status.check_explained(0)
        assert "Synced" in status.output
        why = call(root, "why", "deployment/hello", *state)
        why.check_explained(0)
        assert "apps/hello/deployment.yaml:1" in why.output
        assert "environment-short-form" in why.output
        found = call(root, "get", "deployments/hello", "-o", "json", *state)
        found.check_explained(0)
        assert json.loads(found.output)["items"][0]["metadata"]["name"] == "hello"
    finally:
        process.stop(tmp_path / "state")


NEVER_READY = "metadata:\n      annotations: {local.ruleengine.dev/fault: never-ready}"


def test_apply_waits_for_what_it_began_and_no_longer_than_it_may(tmp_path: Path) -> None:
    """``--timeout`` ends the waiting with a failure, ``--no-wait`` does not wait at all."""
    root, state = tmp_path / "my-config", ("--state", str(tmp_path / "state"))
    try:
        call(tmp_path, "init", "my-config").check_explained(0)
        deployment = root / "apps/hello/deployment.yaml"
        good = deployment.read_text()
        deployment.write_text(
            good.replace("metadata:\n      labels", f"{NEVER_READY}\n      labels")
        )
        at_once = call(root, "apply", "--no-wait", *state)
        at_once.check_explained(0)
        assert "Application/ruleengine/hello-staging  created" in at_once.output
        assert "not waited for" in at_once.text
        assert "Deployment/staging/hello" not in at_once.output
        late = call(root, "apply", "--wait", "--timeout", "3s", *state)
        late.check_explained(1)
        assert "Deployment/staging/hello  created" in late.output
        assert "not settled: Application/ruleengine/hello-staging" in late.text
        assert "--timeout" in late.text
        deployment.write_text(good)
        call(root, "apply", "--timeout", "2m", *state).check_explained(0)
    finally:
        process.stop(tmp_path / "state")


def test_the_demo_twice(tmp_path: Path) -> None:
    """The second time everything is unchanged, and it says so."""
    state = tmp_path / "demo"
    try:
        call(tmp_path, "demo", "--state", str(state)).check_explained(0)
        again = call(tmp_path, "demo", "--state", str(state), "--expect-unchanged")
        again.check_explained(0)
        assert "zero writes" in again.output
    finally:
        process.stop(state)


@pytest.mark.vectors("argocd-example-apps")
def test_a_server_killed_midway_loses_nothing(shop: Place) -> None:
    """Kill -9 of the control plane while documents are written; the next run ends the same."""
    shop.start()
    child = shop.spawn("apply")
    try:
        assert wait_for(lambda: shop.writes() > 5)
        os.kill(shop.running().pid, signal.SIGKILL)
        assert wait_for(lambda: process.status(shop.state) is None)
        assert child.wait(60) in (0, 1, 4)
    finally:
        end(child)
    shop.start()
    shop.call("apply").check_explained(0)
    before = shop.writes()
    shop.call("apply").check_explained(0)
    assert shop.writes() == before


def reached(shop: Place, writes: int, child: subprocess.Popen[bytes]) -> bool:
    """Tell whether so many writes are done, or the client has ended before."""
    return shop.writes() >= writes or child.poll() is not None


@pytest.mark.vectors("argocd-example-apps")
def test_a_client_killed_midway_is_gone_on_from(shop: Place) -> None:
    """Kill -9 of apply at several moments; the last run ends synced and healthy."""
    shop.start()
    for writes in (3, 21, 24):
        child = shop.spawn("apply")
        try:
            wait_for(partial(reached, shop, writes, child))
        finally:
            end(child)
    last = shop.call("apply")
    last.check_explained(0)
    assert "guestbook-staging: Synced, Healthy" in last.output
    before = shop.writes()
    shop.call("apply").check_explained(0)
    assert shop.writes() == before


@pytest.mark.vectors("argocd-example-apps")
def test_an_interrupted_apply_says_so_and_is_gone_on_from(shop: Place) -> None:
    """Ctrl-C ends it with 130 at a safe point; the next run ends synced and healthy."""
    shop.start()
    child = shop.spawn("apply")
    try:
        assert wait_for(partial(reached, shop, 4, child))
        os.kill(child.pid, signal.SIGINT)
        assert child.wait(60) == 130
    finally:
        end(child)
    shop.call("apply").check_explained(0)
    before = shop.writes()
    shop.call("apply").check_explained(0)
    assert shop.writes() == before


@pytest.mark.vectors("argocd-example-apps")
def test_two_apply_processes_at_once_both_succeed(shop: Place) -> None:
    """Neither the start of the server nor the objects are fought over."""
    children = [shop.spawn("apply"), shop.spawn("apply")]
    try:
        assert [child.wait(60) for child in children] == [0, 0]
    finally:
        for child in children:
            end(child)
    shop.start()
    before = shop.writes()
    shop.call("apply").check_explained(0)
    assert shop.writes() == before


@pytest.mark.vectors("argocd-example-apps")
def test_a_control_plane_that_is_not_kept_ends_with_its_last_client(shop: Place) -> None:
    """Its state stays: the next run finds everything as it was."""
    child = shop.spawn("apply")
    assert child.wait(60) == 0
    assert wait_for(lambda: process.status(shop.state) is None)
    again = shop.call("apply")
    again.check_explained(0)
    assert "everything unchanged" in again.output


def test_local_is_started_looked_at_stopped_and_reset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command tells what it found, with its exit code."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    state = ("--state", str(tmp_path / "state"))
    try:
        assert call(tmp_path, "local", "status", *state).code == 1
        started = call(tmp_path, "local", "start", *state)
        started.check_explained(0)
        assert "export KUBECONFIG=" in started.output
        assert call(tmp_path, "local", "status", *state).code == 0
        printed = call(tmp_path, "local", "kubeconfig", *state)
        assert Path(printed.output.strip()).is_file()
        assert call(tmp_path, "local", "stop", *state).output == "stopped\n"
        assert call(tmp_path, "local", "stop", *state).output == "it was not running\n"
        unasked = call(tmp_path, "local", "reset", *state)  # where nobody can answer
        assert (unasked.code, "say --yes" in unasked.errors) == (3, True)
        assert (tmp_path / "state" / "store.sqlite").exists()
        call(tmp_path, "local", "reset", "--yes", *state).check_explained(0)
        assert not (tmp_path / "state" / "store.sqlite").exists()
    finally:
        process.stop(tmp_path / "state")


def kubeconfig(server: str, authority: Path) -> str:
    """Return the text of a kubeconfig with a token that is wrong."""
    cluster = {"server": server, "certificate-authority": str(authority)}
    return write(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "far",
            "clusters": [{"name": "far", "cluster": cluster}],
            "users": [{"name": "far", "user": {"token": "wrong"}}],
            "contexts": [{"name": "far", "context": {"cluster": "far", "user": "far"}}],
        }
    )


@pytest.mark.vectors("argocd-example-apps")
def test_a_cluster_that_cannot_be_had_is_explained(shop: Place, tmp_path: Path) -> None:
    """A missing cluster and a wrong token are exit code 4, an unknown context 3."""
    running = shop.start()
    file = tmp_path / "config.yaml"
    file.write_text(kubeconfig(running.url, shop.state / "ca.crt"))
    denied = call(shop.repo.root, "plan", "--kubeconfig", str(file))
    denied.check_explained(4)
    assert "remedy:" in denied.errors
    unknown = call(shop.repo.root, "plan", "--kubeconfig", str(file), "--context", "near")
    unknown.check_explained(3)
    assert "near" in unknown.errors
    process.stop(shop.state)
    missing = call(shop.repo.root, "plan", "--kubeconfig", str(file))
    missing.check_explained(4)
    assert "remedy:" in missing.errors
