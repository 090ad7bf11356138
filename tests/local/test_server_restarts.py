"""What becomes of running pods when the control plane is killed and started again."""

import os
import signal
from pathlib import Path

from ruleengine.local import process
from ruleengine.model.names import RUN
from ruleengine.model.values import Object
from tests.local.sandboxes import alive_below, require_sandbox, until
from tests.local.servers import PODS, Server


def pod(name: str, policy: str) -> Object:
    """Return a pod that runs for long."""
    script = "echo up; sleep 1000"
    containers = [{"name": "c", "image": "busybox", "command": ["sh", "-c", script]}]
    metadata = {"name": name, "annotations": {RUN: "process"}}
    return {"metadata": metadata, "spec": {"containers": containers, "restartPolicy": policy}}


def is_running(value: Object) -> bool:
    """Tell whether the container of a pod runs."""
    states = value["status"].get("containerStatuses", ())
    return any("running" in one["state"] for one in states)


def test_a_killed_server_forgets_no_pod_and_runs_none_twice(tmp_path: Path) -> None:
    """What never restarts has failed and says why; the rest begins anew, once."""
    require_sandbox()
    try:
        with process.ensure(tmp_path) as first:
            server = Server(first)
            for name, policy in (("once", "Never"), ("again", "Always")):
                server(PODS, pod(name, policy))
                server.until(f"{PODS}/{name}", is_running)
                assert until(lambda name=name: server(f"{PODS}/{name}/log") == "up\n")
            assert len(alive_below(tmp_path / "pods")) >= 2
            os.kill(first.pid, signal.SIGKILL)
            assert until(lambda: not alive_below(tmp_path / "pods"))
        with process.ensure(tmp_path) as second:
            server = Server(second)
            failed = server.until(f"{PODS}/once", lambda one: one["status"]["phase"] == "Failed")
            assert failed["status"]["reason"] == "NodeRestarted"
            assert server(f"{PODS}/once/log") == "up\n"
            again = server.until(
                f"{PODS}/again",
                lambda one: (
                    one["status"]["containerStatuses"][0]["restartCount"] == 1 and is_running(one)
                ),
            )
            last = again["status"]["containerStatuses"][0]["lastState"]["terminated"]
            assert (last["exitCode"], last["reason"]) == (137, "NodeRestarted")
            assert server(f"{PODS}/again/log?previous=true") == "up\n"
    finally:
        process.stop(tmp_path)
    assert until(lambda: not alive_below(tmp_path / "pods"))
