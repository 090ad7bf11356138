"""A real kube-apiserver with its etcd on loopback, for the time of a test run.

``make kubernetes`` builds them from their modules, and ``RULEENGINE_KUBERNETES`` names the folder
where they are (see the README beside this file).
"""

import contextlib
import os
import random
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ruleengine.formats import json_text
from ruleengine.formats.private_files import write_private
from ruleengine.local import material
from ruleengine.local.api.users import ADMINISTRATOR
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object

_PATIENCE = 300.0
_PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
LOOPBACK = "127.0.0.1"
_GIVEN_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")

_AUDIT = f"""
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{{level: None, users: [{ADMINISTRATOR.name}]}}, {{level: Metadata}}]
"""
"""What accounts do is noted; all that the tests and the controllers do besides would fill files."""


def programs() -> Path:
    """Return the folder of the programs that the environment names, or skip the calling test."""
    folder = Path(os.environ.get("RULEENGINE_KUBERNETES", ""))
    if not all((folder / name).exists() for name in _PROGRAMS):
        pytest.skip("no kube-apiserver is named here")
    return folder


class Program:
    """A program that runs, can be killed, and begins again where it was."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._log = folder / f"{Path(command[0]).name}.log"
        self.child = self._begin()

    def _begin(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as said:
            return subprocess.Popen(self._command, stdout=said, stderr=said)

    def kill(self) -> None:
        """End it at once."""
        self.child.kill()
        self.child.wait()

    def begin_again(self) -> None:
        """Run it anew, on what it left."""
        self.child = self._begin()


@dataclass(frozen=True)
class Server:
    """Where a kube-apiserver answers, how its administrator gets in, and what runs for it."""

    url: str
    etcd: str
    folder: Path
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        """Return the administrator's kubeconfig."""
        return self.folder / "kubeconfig"

    def requests_of(self, user: str) -> Iterator[Object]:
        """Yield what the server noted of the requests of a user, in their order."""
        with (self.folder / "audit.log").open(encoding="utf-8") as lines:
            for line in lines:
                if not line.endswith("\n"):
                    return  # it is still being written
                noted: Object = json_text.loads(line.encode())
                if noted["user"].get("username") == user:
                    yield noted

    def kubeconfig_of(self, name: str, token: str) -> Path:
        """Write a kubeconfig that speaks for whoever has a token, and return where it is."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        authority = self.folder / "ca.crt"
        shutil.copy(authority, folder)
        made = material.prepare(self.folder)
        of_token = material.Material(
            authority=made.authority,
            authority_key=made.authority_key,
            certificate=made.certificate,
            key=made.key,
            token=Secret(token),
        )
        return material.write_kubeconfig(folder, self.url, of_token)


@contextmanager
def server(*, controllers: bool) -> Iterator[Server]:
    """Run etcd and a kube-apiserver with an empty store; they end with the block.

    ``controllers`` says whether Kubernetes' own controllers run, too: accounts of namespaces,
    Deployments and Jobs, garbage. Nothing schedules or runs pods.
    """
    folder = Path(tempfile.mkdtemp(prefix="ruleengine-kubernetes-"))
    found = programs()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        etcd, peers, api = (free_port() for _ in range(3))
        store = f"http://{LOOPBACK}:{etcd}"
        made = Server(url=f"https://{LOOPBACK}:{api}", etcd=store, folder=folder)
        stack.enter_context(running(made, _etcd(found, folder, store, peers)))
        stack.enter_context(running(made, _api(found, folder, store, api)))
        wait_for(made)
        if controllers:
            stack.enter_context(running(made, _controllers(found, folder)))
        yield made


@contextmanager
def beside(other: Server, *options: str) -> Iterator[Server]:
    """Run a second kube-apiserver on the store of another; it ends with the block.

    ``options`` are its own, beside those that both have.
    """
    found, folder, port = programs(), other.folder / "beside", free_port()
    shutil.copytree(other.folder, folder, ignore=shutil.ignore_patterns("etcd", "*.log"))
    made = Server(url=f"https://{LOOPBACK}:{port}", etcd=other.etcd, folder=folder)
    with running(made, [*_api(found, folder, other.etcd, port), *options]):
        wait_for(made)
        yield made
    shutil.rmtree(folder)


@contextmanager
def running(made: Server, command: Sequence[str]) -> Iterator[None]:
    """Run a program of a server until the block ends; what it says goes to a file of its name."""
    program = Program(command, made.folder)
    made.programs[Path(command[0]).name] = program
    try:
        yield
    finally:
        program.kill()


def _etcd(programs: Path, folder: Path, url: str, peers: int) -> list[str]:
    return [
        str(programs / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls=http://{LOOPBACK}:{peers}",
        f"--initial-advertise-peer-urls=http://{LOOPBACK}:{peers}",
        f"--initial-cluster=default=http://{LOOPBACK}:{peers}",
        "--unsafe-no-fsync",
    ]


def _api(programs: Path, folder: Path, store: str, port: int) -> list[str]:
    """Return how kube-apiserver is started: with RBAC, accounts and every default of its own."""
    made = material.prepare(folder)
    material.write_kubeconfig(folder, f"https://{LOOPBACK}:{port}", made)
    policy = folder / "audit.yaml"
    policy.write_text(_AUDIT)
    tokens = folder / "tokens.csv"
    write_private(tokens, f"{made.token.reveal()},{ADMINISTRATOR.name},1,system:masters\n".encode())
    return [
        str(programs / "kube-apiserver"),
        f"--etcd-servers={store}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={port}",
        f"--tls-cert-file={made.certificate}",
        f"--tls-private-key-file={made.key}",
        f"--client-ca-file={made.authority}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={made.certificate}",
        f"--service-account-signing-key-file={made.key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true",
        "--kubelet-preferred-address-types=InternalIP",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={folder / 'audit.log'}",
    ]


def _controllers(programs: Path, folder: Path) -> list[str]:
    made = material.prepare(folder)
    return [
        str(programs / "kube-controller-manager"),
        f"--kubeconfig={folder / 'kubeconfig'}",
        "--secure-port=0",
        "--leader-elect=false",
        f"--service-account-private-key-file={made.key}",
        f"--root-ca-file={made.authority}",
    ]


def compact(made: Server) -> None:
    """Have the store forget every version before the present one."""
    revision = _asked(made, "maintenance/status", {})["header"]["revision"]
    _asked(made, "kv/compaction", {"revision": revision, "physical": True})


def _asked(made: Server, what: str, body: Object) -> Object:
    """Return what the store answers; its gRPC is to be had as JSON, too."""
    request = urllib.request.Request(f"{made.etcd}/v3/{what}", json_text.dump_bytes(body))
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: Object = json_text.loads(answer.read())
        return found


def wait_for(made: Server) -> None:
    """Wait until a kube-apiserver is ready."""
    children = [one.child for one in made.programs.values()]
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and all(one.poll() is None for one in children):
        if is_ready(made):
            return
        time.sleep(0.2)
    log = (made.folder / "kube-apiserver.log").read_text(errors="replace")
    raise AssertionError(f"kube-apiserver does not come up:\n{log[-4000:]}")


def is_ready(made: Server) -> bool:
    """Tell whether a kube-apiserver says that it, and its store, are ready."""
    trust = ssl.create_default_context(cafile=str(made.folder / "ca.crt"))
    try:
        with urllib.request.urlopen(f"{made.url}/readyz", context=trust, timeout=10):
            return True
    except (OSError, urllib.error.URLError):
        return False


def free_port() -> int:
    """Return a port that nobody listens on, of those that no connection is given.

    So a server that was killed finds its own again, however many call it meanwhile.
    """
    least = int(_GIVEN_PORTS.read_text(encoding="utf-8").split()[0])
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, random.randrange(least // 2, least)))
            return int(probe.getsockname()[1])
