"""``ruleengine run`` as a real process: stopped, killed, and gone on with."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.model.names import STARTED_BY
from tests.e2e.process_kit import Place, place
from tests.web.test_receivers import free_port

TRIGGER = """\
on:
  push:
    webhook: {{port: "{port}", endpoint: /push, method: POST}}
do:
- k8s:
    operation: create
    source: {{resource: {{apiVersion: v1, kind: ConfigMap, metadata: {{generateName: got-}}}}}}
"""
_PATIENCE = 60.0


@pytest.fixture
def port() -> int:
    """Return a port that is free."""
    return free_port()


@pytest.fixture
def site(tmp_path: Path, port: int) -> Iterator[Place]:
    """Return a config repo with one trigger, and a control plane that stays between runs."""
    with place(tmp_path, {"triggers/on-push.yaml": TRIGGER.format(port=port)}) as made:
        made.start()
        yield made


def send(port: int, process: subprocess.Popen[bytes], *, patient: bool = False) -> int:
    """Send a webhook and return the status of its answer; 0 where there was none.

    A ``patient`` sender waits for the port to be opened.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", "/push", '{"ref": "main"}')
            return connection.getresponse().status
        except (ConnectionError, http.client.HTTPException):
            if not patient or process.poll() is not None or time.monotonic() > end:
                return 0
        finally:
            connection.close()
        time.sleep(0.05)


def started(site: Place) -> list[str]:
    """Return the events that objects were created for."""
    found = site.client().list("v1", "ConfigMap", namespace="ruleengine").items
    return [
        one["metadata"]["annotations"][STARTED_BY]
        for one in found
        if one["metadata"]["name"].startswith("got-")
    ]


def test_every_acknowledged_event_survives_kill_9(site: Place, port: int) -> None:
    """Killed in the middle of many, the next command handles each once."""
    process = site.spawn("run")
    try:
        acknowledged = send(port, process, patient=True) == 200
        for _ in range(25):
            acknowledged += send(port, process) == 200
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert acknowledged == 26
    assert site.call("apply").code == 0
    causes = started(site)
    assert len(set(causes)) == len(causes) == acknowledged
    before = site.writes()
    assert site.call("apply").code == 0
    assert site.writes() == before


def test_ctrl_c_ends_a_run_and_closes_its_ports(site: Place, port: int) -> None:
    """Its exit code is 0: it is the way to end it. What it had taken in is handled."""
    process = site.spawn("run", output=subprocess.PIPE)
    try:
        assert send(port, process, patient=True) == 200
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=_PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 0
    assert b"running until Ctrl-C" in told
    assert send(port, process) == 0
    assert site.call("apply").code == 0
    assert len(started(site)) == 1


def test_two_runs_on_one_state_receive_once(site: Place, port: int) -> None:
    """The second waits for the lease; when the first is gone it takes over, port and all."""
    first = site.spawn("run")
    second = None
    try:
        assert send(port, first, patient=True) == 200
        second = site.spawn("run")
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        assert send(port, second, patient=True) == 200
        second.send_signal(signal.SIGINT)
        assert second.wait(_PATIENCE) == 0
    finally:
        for process in (first, second):
            if process is not None and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    assert site.call("apply").code == 0
    assert len(set(started(site))) == 2


def test_with_handover_a_run_writes_and_ends(tmp_path: Path, port: int) -> None:
    """It says who goes on, and does not claim to be running."""
    files = {
        "ruleengine.yaml": "engine: handover\nrepo: https://example.com/r.git\n",
        "triggers/on-push.yaml": TRIGGER.format(port=port),
    }
    with place(tmp_path, files) as made:
        found = made.call("run")
    assert found.code == 0, found.text
    assert "Argo's controllers act on these documents, so this run ends here" in found.output
    assert "ended after" in found.output
    assert "running until" not in found.output
