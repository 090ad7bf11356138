"""The real kubectl on a control plane of its own."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruleengine.cluster.connection import connect
from ruleengine.local import process
from ruleengine.model.http import HttpRequest


@dataclass(frozen=True)
class Kubectl:
    """kubectl with a fresh home, as the administrator of a running control plane."""

    program: str
    kubeconfig: Path
    home: Path

    def run(self, *arguments: str, content: Any = None) -> subprocess.CompletedProcess[str]:
        """Run it; ``content`` is given as JSON on standard input."""
        return subprocess.run(
            [self.program, "--kubeconfig", str(self.kubeconfig), *arguments],
            env={**os.environ, "HOME": str(self.home), "KUBE_EDITOR": "sed -i s/colour/color/"},
            input=None if content is None else json.dumps(content),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def __call__(self, *arguments: str, content: Any = None) -> str:
        """Run it, which has to work, and return what it says."""
        done = self.run(*arguments, content=content)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def object(self, *arguments: str, content: Any = None) -> Any:
        """Return what it answers with as plain data."""
        done = self.run(*arguments, "-o", "json", content=content)
        assert done.returncode == 0, (arguments, done.stderr)
        return json.loads(done.stdout)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Iterator[str]]:
        """Yield the lines that it says while it runs; it is ended afterwards."""
        with subprocess.Popen(
            [self.program, "--kubeconfig", str(self.kubeconfig), *arguments],
            env={**os.environ, "HOME": str(self.home)},
            stdout=subprocess.PIPE,
            text=True,
        ) as started:
            assert started.stdout is not None
            try:
                yield iter(started.stdout)
            finally:
                started.kill()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request as kubectl would, without starting it."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = HttpRequest(method=method, path=path, headers=headers, body=content)
        with closing(connect(str(self.kubeconfig), "")) as transport:
            return json.loads(transport.send(request).body)


@contextmanager
def server_for(program: str, folder: Path) -> Iterator[Kubectl]:
    """Yield kubectl on a control plane in a folder, which is ended afterwards."""
    state, home = folder / "state", folder / "home"
    home.mkdir()
    try:
        with process.start(state) as running:
            yield Kubectl(program, running.kubeconfig, home)
    finally:
        process.stop(state)
