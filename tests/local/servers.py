"""A caller on a real server over TLS, as its administrator."""

import base64
import contextlib
import http.client
import json
import os
import ssl
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ruleengine.local import process
from ruleengine.model.values import Object
from tests.local.sandboxes import until
from tests.programs import kubectl

Kubectl = Callable[..., tuple[int, str, str]]
PODS = "/api/v1/namespaces/default/pods"


class Server:
    """Calls a running server."""

    def __init__(self, running: process.Running) -> None:
        self.state = running.kubeconfig.parent
        self.url = running.url
        self._trust = ssl.create_default_context(cafile=str(self.state / "ca.crt"))
        self._token = (self.state / "token").read_text()

    def upgrade(self, path: str, protocol: str) -> tuple[int, str]:
        """Ask for a websocket; return the status of the answer and what it says."""
        headers = {
            "authorization": f"Bearer {self._token}",
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": base64.b64encode(b"sixteen bytes...").decode(),
            "sec-websocket-protocol": protocol,
        }
        place = urlsplit(self.url).netloc
        connection = http.client.HTTPSConnection(place, context=self._trust, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def __call__(self, path: str, body: Object | None = None) -> str:
        """Send a request and return the body of its answer."""
        request = urllib.request.Request(
            self.url + path,
            headers={"authorization": f"Bearer {self._token}", "content-type": "application/json"},
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, context=self._trust) as answer:
            text: str = answer.read().decode()
            return text

    def until(self, path: str, fact: Callable[[Object], bool]) -> Object:
        """Wait until something is true of an object, and return it."""
        latest: list[Object] = []

        def found() -> Object | None:
            latest[:] = [json.loads(self(path))]
            return latest[0] if fact(latest[0]) else None

        value = until(found)
        assert value is not None, latest
        return value

    def run(self, pod: Object) -> Object:
        """Create a pod and wait until it is over."""
        self(PODS, pod)
        path = f"{PODS}/{pod['metadata']['name']}"
        return self.until(path, lambda one: one["status"]["phase"] in ("Succeeded", "Failed"))


def kubectl_environment(server: Server, home: Path) -> dict[str, str]:
    """Return the environment in which kubectl speaks to a server, by websockets where it can."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "KUBECONFIG": str(server.state / "kubeconfig"),
        "KUBECTL_PORT_FORWARD_WEBSOCKETS": "true",
        "KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "true",
    }


def kubectl_of(server: Server, home: Path) -> Kubectl:
    """Return what runs kubectl against a server: exit code, output, errors. Skips without one."""
    program, environment = kubectl(), kubectl_environment(server, home)

    def run(*arguments: str, text: str = "") -> tuple[int, str, str]:
        done = subprocess.run(
            [program, *arguments],
            env=environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run
