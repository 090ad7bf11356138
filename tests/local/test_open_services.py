"""``ruleengine local open``: a Service reaches a process that really listens."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.local import process
from ruleengine.model.names import RUN
from ruleengine.model.values import Object
from tests.local.sandboxes import require_sandbox
from tests.local.servers import Server

_SERVE = """
import http.server, os
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from " + os.environ["HOSTNAME"].encode())
http.server.HTTPServer((os.environ["POD_IP"], 8080), Answers).serve_forever()
"""
_LABELS = {"app": "web"}
_DEPLOYMENT: Object = {
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": _LABELS},
        "template": {
            "metadata": {"labels": _LABELS, "annotations": {RUN: "process"}},
            "spec": {
                "containers": [
                    {
                        "name": "c",
                        "image": "python:3",
                        "command": ["python", "-c", _SERVE],
                        "ports": [{"name": "http", "containerPort": 8080}],
                        "env": [
                            {
                                "name": "POD_IP",
                                "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}},
                            }
                        ],
                        "readinessProbe": {"httpGet": {"port": "http"}, "periodSeconds": 1},
                    }
                ]
            },
        },
    },
}
_SERVICE: Object = {
    "metadata": {"name": "web"},
    "spec": {"selector": _LABELS, "ports": [{"port": 80, "targetPort": "http"}]},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server with a Deployment of two processes behind a Service."""
    require_sandbox()
    state = tmp_path_factory.mktemp("state")
    with process.ensure(state) as running:
        found = Server(running)
        found("/apis/apps/v1/namespaces/default/deployments", _DEPLOYMENT)
        found("/api/v1/namespaces/default/services", _SERVICE)
        found.until(
            "/apis/apps/v1/namespaces/default/deployments/web",
            lambda one: one["status"].get("readyReplicas") == 2,
        )
        yield found
    process.stop(state)


def test_two_pods_listen_on_the_same_port(server: Server) -> None:
    """Each on an address of its own."""
    pods = json.loads(server("/api/v1/namespaces/default/pods"))["items"]
    names = {
        urllib.request.urlopen(f"http://{one['status']['podIP']}:8080").read().decode()
        for one in pods
    }
    assert names == {f"from {one['metadata']['name']}" for one in pods}


def test_the_command_opens_a_service(server: Server, tmp_path: Path) -> None:
    """Until it is interrupted."""
    command = [sys.executable, "-m", "ruleengine", "local", "open", "web", "-o", "json"]
    program = subprocess.Popen(
        [*command, "--state", str(server.state)],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert program.stdout is not None
    with program.stdout as output:
        text = ""
        while not text.endswith("}\n"):
            text += output.readline().decode()
        url = json.loads(text)["url"]
        with urllib.request.urlopen(url) as answer:
            assert answer.read().startswith(b"from web-")
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 130
