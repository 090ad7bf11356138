"""Config repos, and the real control plane process of a throw-away state folder."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruleengine.cluster.client import Client
from ruleengine.cluster.connection import connect
from ruleengine.formats import json_text
from ruleengine.local import process
from ruleengine.model.http import HttpRequest
from ruleengine.model.names import MANAGER
from tests.e2e.command_line import Result, call
from tests.validation.config_repos import Repo, make_repo

_MAIN = "from ruleengine.cli.main import main; main()"


@dataclass(frozen=True)
class Place:
    """A config repo and the state folder of the control plane that it is applied to."""

    repo: Repo
    state: Path

    def call(self, command: str, *arguments: str) -> Result:
        """Run a command of the program on both, in this process."""
        return call(self.repo.root, command, *arguments, "--state", str(self.state))

    def pipeline(self, *words: str) -> Result:
        """Run a ``pipeline`` command, which must not be a defect of ours."""
        found = self.call("pipeline", *words)
        assert found.crash == ""
        return found

    def spawn(
        self,
        command: str,
        *arguments: str,
        output: int = subprocess.DEVNULL,
        errors: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a command of the program on both, as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", _MAIN, command, *arguments, "--state", str(self.state)],
            cwd=self.repo.root,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )

    def start(self) -> process.Running:
        """Start the control plane and keep it running."""
        with process.start(self.state) as found:
            return found

    def running(self) -> process.Running:
        """Return the control plane, which has to run."""
        found = process.status(self.state)
        assert found is not None
        return found

    def counted(self) -> dict[str, int]:
        """Return how many writes reached the store, by field manager, as the server counts."""
        transport = connect(str(self.running().kubeconfig), "")
        request = HttpRequest(method="GET", path="/debug/ruleengine/writes")
        counts: dict[str, int] = json_text.loads(transport.send(request).body)["writes"]
        return counts

    def writes(self) -> int:
        """Return how many of these ruleengine made."""
        return sum(number for name, number in self.counted().items() if name.startswith(MANAGER))

    def client(self) -> Client:
        """Return a client of the control plane, over TLS as any other."""
        return Client(connect(str(self.running().kubeconfig), ""))


@contextmanager
def place(folder: Path, files: dict[str, str]) -> Iterator[Place]:
    """Yield a config repo whose control plane is ended afterwards, whatever happened."""
    made = Place(make_repo(folder / "config", files), folder / "state")
    try:
        yield made
    finally:
        process.stop(made.state)


def guestbook(folder: Path, source: Path) -> dict[str, str]:
    """Return the files of a config repo with the guestbook of Argo CD's examples."""
    copied = shutil.copytree(source, folder / "guestbook")
    manifests = {
        f"apps/guestbook/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(copied.iterdir())
    }
    return {"environments/staging/guestbook.yaml": "source: {path: apps/guestbook}\n", **manifests}


def wait_for(fact: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Tell whether something becomes true before a deadline."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.02)
    return False


def end(child: subprocess.Popen[bytes]) -> None:
    """End a process that a test has started."""
    if child.poll() is None:
        os.kill(child.pid, 9)
    child.wait()
