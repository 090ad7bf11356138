"""The demo: the whole story, once; a second time nothing; killed in the middle, the same end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.cluster.client import Client
from ruleengine.cluster.connection import connect
from ruleengine.formats import json_text
from ruleengine.local import process
from ruleengine.model.http import HttpRequest
from ruleengine.model.names import ARGO_API_VERSION, MANAGER
from ruleengine.model.values import Object, lookup
from tests.e2e.process_kit import wait_for

pytestmark = pytest.mark.slow

_MAIN = "from ruleengine.cli.main import main; main()"


class Demo:
    """The demo with a state of its own, whose control plane is kept running."""

    def __init__(self, state: Path) -> None:
        self.state = state
        with process.start(state) as found:
            self._kubeconfig = str(found.kubeconfig)

    def spawn(self) -> "subprocess.Popen[str]":
        """Start the demo."""
        return subprocess.Popen(
            [sys.executable, "-c", _MAIN, "demo", "--state", str(self.state), "-o", "json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> Object:
        """Run the demo to its end; return what it printed."""
        with self.spawn() as child:
            output, errors = child.communicate(timeout=240)
        assert child.returncode == 0, errors
        found: Object = json.loads(output)
        return found

    def client(self) -> Client:
        """Return a client of its control plane."""
        return Client(connect(self._kubeconfig, ""))

    def writes(self) -> int:
        """Return how many writes by ruleengine the server has counted."""
        request = HttpRequest(method="GET", path="/debug/ruleengine/writes")
        answer = connect(self._kubeconfig, "").send(request)
        counts = json_text.loads(answer.body)["writes"]
        return sum(number for name, number in counts.items() if name.startswith(MANAGER))

    def end_state(self) -> Object:
        """Return how the parts of the story stand, without what differs by time."""
        client = self.client()
        (run,) = client.list(ARGO_API_VERSION, "Workflow").items
        (rollout,) = client.list(ARGO_API_VERSION, "Rollout").items
        applications = client.list(ARGO_API_VERSION, "Application").items
        nodes = lookup(run, "status", "nodes", default={}).values()
        return {
            "workflow": (run["metadata"]["name"], run["status"]["phase"]),
            "nodes": sorted((one["name"], one["phase"]) for one in nodes),
            "rollout": (rollout["status"]["phase"], rollout["status"]["stableRS"]),
            "applications": sorted(
                (one["metadata"]["name"], one["status"]["sync"]["status"]) for one in applications
            ),
            "pods": sorted(
                str(lookup(one, "metadata", "labels", "app"))
                for one in client.list("v1", "Pod").items
            ),
        }


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """Return a demo, whose control plane is ended afterwards."""
    found = Demo(tmp_path / "state")
    try:
        yield found
    finally:
        process.stop(found.state)


def test_a_push_goes_all_the_way_and_happens_once(demo: Demo) -> None:
    """Push, event, pipeline, sync, canary; the second time nothing is written at the server."""
    first = demo.run()
    state = demo.end_state()
    assert state["workflow"][1] == "Succeeded"
    assert state["rollout"][0] == "Healthy"
    assert {phase for _, phase in state["nodes"]} == {"Succeeded"}
    assert {sync for _, sync in state["applications"]} == {"Synced"}
    assert first["pods"]["simulated"] < first["pods"]["total"]
    (web,) = (
        one
        for one in demo.client().list(ARGO_API_VERSION, "Application").items
        if one["metadata"]["name"] == "web-staging"
    )
    asked = lookup(web, "status", "operationState", "operation", "initiatedBy", "username")
    assert asked == "build-test-promote"
    writes = demo.writes()
    assert demo.run()["writes"] == 0
    assert (demo.writes(), demo.end_state()) == (writes, state)


@pytest.mark.parametrize("pods", [1, 3])
def test_killed_in_the_middle_of_the_pipeline_it_comes_to_the_same_end(
    demo: Demo, pods: int
) -> None:
    """Nothing is pushed twice, and no step runs twice."""
    with demo.spawn() as child:
        assert wait_for(lambda: len(_pods_of_workflows(demo.client())) >= pods, 120)
        os.kill(child.pid, signal.SIGKILL)
    before = _pods_of_workflows(demo.client())
    demo.run()
    after = _pods_of_workflows(demo.client())
    assert before.items() <= after.items()
    state = demo.end_state()
    assert state["workflow"][1] == "Succeeded"
    assert state["rollout"][0] == "Healthy"
    assert len(after) == 5
    assert demo.run()["writes"] == 0


def test_where_the_control_plane_is_killed_the_next_demo_comes_to_the_end(demo: Demo) -> None:
    """Steps that ran are lost with it, and run again; nothing is pushed twice."""
    with demo.spawn() as child:
        assert wait_for(lambda: len(_pods_of_workflows(demo.client())) == 5, 120)
        found = process.status(demo.state)
        assert found is not None
        os.kill(found.pid, signal.SIGKILL)
        child.communicate(timeout=240)
    demo.run()
    state = demo.end_state()
    assert (state["workflow"][1], state["rollout"][0]) == ("Succeeded", "Healthy")
    assert demo.run()["writes"] == 0


def _pods_of_workflows(client: Client) -> dict[str, str]:
    pods = client.list("v1", "Pod", label_selector="workflows.argoproj.io/workflow").items
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in pods}
