"""A real cluster on which no pod runs: none is scheduled, and then its machine is not there."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.values import Object
from tests.e2e.command_line import Result, call
from tests.e2e.process_kit import end
from tests.kubernetes.clusters import PATIENCE, PIPELINES, SETTINGS, Cluster, cluster
from tests.kubernetes.servers import LOOPBACK, free_port
from tests.local.sandboxes import until

BUILD = """\
steps:
- {name: one, image: alpine, run: echo hi}
- {name: two, image: alpine, needs: [one], run: echo ho}
"""
FULL = "0/3 nodes are available: 3 Insufficient cpu."

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster with a workflow that is driven, whose first pod is there."""
    with cluster(tmp_path_factory.mktemp("bare"), runs_pods=False) as found:
        files = {"ruleengine.yaml": SETTINGS, "pipelines/build.yaml": BUILD}
        with found.running("bare", files, "admin", "run"):
            assert until(lambda: "running until Ctrl-C" in found.log("bare")), found.log("bare")
            begun = pipeline(found, "run", "build", "--name", "stuck", "--no-wait")
            assert begun.code == 0, begun.text
            assert until(lambda: pod(found)), found.log("bare")
            yield found


def pipeline(bare: Cluster, *words: str) -> Result:
    """Run a command of pipelines."""
    config = ("--kubeconfig", str(bare.server.kubeconfig))
    return call(bare.folder / "bare", "pipeline", *words, *config)


@contextmanager
def followed(bare: Cluster, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command of pipelines that goes on, as a process of its own."""
    words = (*words, "--kubeconfig", str(bare.server.kubeconfig))
    child = subprocess.Popen(
        [sys.executable, "-m", "ruleengine", "pipeline", *words],
        cwd=bare.folder / "bare",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield child
    finally:
        end(child)
        assert child.stdout is not None
        child.stdout.close()


def pod(bare: Cluster) -> Object | None:
    """Return the only pod, once it is there."""
    found = bare.admin.list("v1", "Pod", namespace=PIPELINES).items
    return found[0] if found else None


def say(bare: Cluster, **status: object) -> None:
    """Write the status of the only pod, as a scheduler or kubelet does."""
    found = pod(bare)
    assert found is not None
    change = {"status": status}
    bare.admin.merge_patch(Target.of(found), change, "kubelet", subresource="status")


def interrupted(child: subprocess.Popen[str], told: str) -> int:
    """Interrupt a command when it has told something; return its exit code."""
    assert child.stdout is not None
    assert any(told in line for line in child.stdout)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=PATIENCE)
    return child.returncode


def test_a_step_without_a_machine_is_told_and_whoever_follows_it_may_go(bare: Cluster) -> None:
    """Ctrl-C ends each cleanly, and leaves the workflow."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    say(bare, conditions=[{**condition, "message": FULL}])
    assert until(lambda: f"Unschedulable: {FULL}" in pipeline(bare, "get", "stuck").output)
    with followed(bare, "logs", "stuck", "-f") as child:
        assert interrupted(child, f"note: one: it has not begun: Unschedulable: {FULL}") == 130
    with followed(bare, "watch", "stuck") as child:
        assert interrupted(child, "one Pending") == 130
    assert "Status:    Running" in pipeline(bare, "get", "stuck").output


def test_what_a_step_did_not_make_yet_cannot_be_had(bare: Cluster) -> None:
    """Its log and its artifacts, with what there is in their place."""
    read = pipeline(bare, "logs", "stuck")
    assert (read.code, read.errors) == (1, f"one: it has not begun: Unschedulable: {FULL}\n")
    got = pipeline(bare, "artifact", "get", "stuck", "report")
    assert (got.code, "made no artifact 'report'" in got.errors) == (3, True)


def test_a_machine_that_is_lost_takes_its_step_with_it(bare: Cluster) -> None:
    """Its log cannot be read, and Kubernetes' own controllers clear away what ran on it.

    They say why just before they delete it, which is seen or not.
    """
    found = pod(bare)
    assert found is not None
    node: Object = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "lost"}}
    bare.admin.create(node, "admin")
    place = {
        "addresses": [{"type": "InternalIP", "address": LOOPBACK}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": free_port()}},
    }
    bare.admin.merge_patch(Target.of(node), {"status": place}, "kubelet", subresource="status")
    name = found["metadata"]["name"]
    binding = {"metadata": {"name": name}, "target": {"name": "lost"}}
    bare.post(f"/api/v1/namespaces/{PIPELINES}/pods/{name}/binding", binding)
    running = {"name": "main", "state": {"running": {}}, "image": "", "imageID": ""}
    status = {"phase": "Running", "conditions": [], "containerStatuses": [running]}
    say(bare, **status)
    assert until(lambda: "has not begun" not in pipeline(bare, "logs", "stuck").errors)
    read = pipeline(bare, "logs", "stuck")
    assert read.code == 1
    assert read.errors.startswith("one: its log cannot be read now: ")
    with followed(bare, "logs", "stuck", "-f") as child:
        assert interrupted(child, "note: one: its log cannot be read now: ") == 130
    bare.admin.delete(Target.of(node))
    waited = pipeline(bare, "wait", "stuck", "--timeout", "5m")
    assert waited.code == 1
    shown = pipeline(bare, "get", "stuck").output
    assert "PodGC: node no longer exists" in shown or "pod deleted" in shown
