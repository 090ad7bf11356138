"""Ports of pods, as the Python client and kubectl forward them over websockets."""

import contextlib
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ruleengine.local import process
from ruleengine.model.names import RUN
from ruleengine.model.values import Object
from tests.local.sandboxes import require_sandbox
from tests.local.servers import PODS, Server, kubectl_environment
from tests.programs import kubectl

SCRIPT = """
import os, socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            self.wfile.write(b"got " + line)
        self.wfile.write(b"bye")
server = socketserver.ThreadingTCPServer((os.environ["IP"], 8123), Echo)
print("up", flush=True)
server.serve_forever()
"""


def pod(name: str, **annotations: str) -> Object:
    """Return a pod that gives lines back, and says goodbye once nobody writes any more."""
    address = {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    container = {
        "name": "c",
        "image": "python",
        "command": ["python3", "-c", SCRIPT],
        "env": [address],
        "readinessProbe": {"tcpSocket": {"port": 8123}, "periodSeconds": 1},
    }
    return {
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server with a pod that listens and one that is simulated."""
    require_sandbox()
    state = tmp_path_factory.mktemp("state")
    with process.ensure(state) as running:
        found = Server(running)
        found(PODS, pod("p", **{RUN: "process"}))
        found(PODS, pod("q"))
        for name in ("p", "q"):
            found.until(
                f"{PODS}/{name}",
                lambda one: one["status"].get("containerStatuses", [{}])[0].get("ready"),
            )
        yield found
    process.stop(state)


def talk(place: socket.socket, word: bytes) -> bytes:
    """Say a line and that nothing follows; return everything that comes back."""
    place.sendall(word + b"\n")
    place.shutdown(socket.SHUT_WR)
    found = b""
    while chunk := place.recv(1024):
        found += chunk
    return found


def test_the_python_client_forwards_ports(server: Server) -> None:
    """Several by one websocket; one where nobody listens says so."""
    kubernetes = pytest.importorskip("kubernetes")
    from kubernetes.stream import portforward

    configuration = kubernetes.client.Configuration()
    file = str(server.state / "kubeconfig")
    kubernetes.config.load_kube_config(file, client_configuration=configuration)
    with kubernetes.client.ApiClient(configuration) as client:
        core = kubernetes.client.CoreV1Api(client)
        call = core.connect_get_namespaced_pod_portforward
        found = portforward(call, "p", "default", ports="8123,8124")
        place = found.socket(8123)
        place.settimeout(30)
        place.sendall(b"this\n")
        assert place.recv(1024) == b"got this\n"
        closed = found.socket(8124)
        closed.settimeout(30)
        assert closed.recv(1) == b""
        assert "nothing answers" in found.error(8124)
        found.close()
        for one in threading.enumerate():
            if one.name.startswith("Kubernetes port forward proxy"):
                one.join(30)


@pytest.mark.parametrize(
    ("path", "protocol", "code", "message"),
    [
        (f"{PODS}/q/portforward?ports=80", "v4.channel.k8s.io", 400, "is simulated"),
        (f"{PODS}/p/portforward?ports=x", "v4.channel.k8s.io", 400, "'x' is no port"),
        (f"{PODS}/p/portforward?ports=80", "v5.channel.k8s.io", 400, "one of these protocols"),
        (f"{PODS}/none/portforward", "SPDY/3.1+portforward.k8s.io", 404, "not found"),
    ],
)
def test_what_cannot_be_forwarded_is_said(
    server: Server, path: str, protocol: str, code: int, message: str
) -> None:
    """Before there is a websocket."""
    status, said = server.upgrade(path, protocol)
    assert (status, message in said) == (code, True), said


@contextlib.contextmanager
def forwarded(server: Server, home: Path, *arguments: str) -> Iterator[Any]:
    """Have kubectl forward ports; it is ended in the end."""
    running = subprocess.Popen(
        [kubectl(), "port-forward", *arguments],
        env=kubectl_environment(server, home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield running
    finally:
        running.terminate()
        running.communicate(timeout=30)


@pytest.mark.kubectl
def test_kubectl_forwards_ports(server: Server, tmp_path: Path) -> None:
    """Many connections one after another and at once, each told when the other side is done."""
    with forwarded(server, tmp_path, "pod/p", ":8123") as running:
        line = running.stdout.readline()
        match = re.search(r"127.0.0.1:(\d+) -> 8123", line)
        assert match, line + running.stdout.read()
        here = ("127.0.0.1", int(match[1]))
        with contextlib.ExitStack() as stack:
            places = [
                stack.enter_context(socket.create_connection(here, timeout=30)) for _ in range(5)
            ]
            for number, place in enumerate(places):
                assert talk(place, str(number).encode()) == f"got {number}\nbye".encode()


@pytest.mark.kubectl
def test_kubectl_says_where_nobody_listens(server: Server, tmp_path: Path) -> None:
    """The connection is closed, and kubectl has the reason."""
    with forwarded(server, tmp_path, "pod/p", ":8124") as running:
        match = re.search(r"127.0.0.1:(\d+) -> 8124", running.stdout.readline())
        assert match
        with socket.create_connection(("127.0.0.1", int(match[1])), timeout=30) as place:
            assert place.recv(1) == b""
        said = ""
        while "nothing answers" not in said:
            line = running.stdout.readline()
            assert line, said
            said += line
