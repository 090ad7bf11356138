"""A real cluster for tests: the server, Kubernetes' controllers, a kubelet, and accounts on it."""

import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruleengine.cluster.client import Client
from ruleengine.cluster.connection import connect
from ruleengine.formats import json_text, yaml_reader
from ruleengine.model.actions import Target
from ruleengine.model.http import HttpRequest, Transport
from ruleengine.model.values import Object, lookup
from tests.e2e.process_kit import end
from tests.kubernetes.kubelet import kubelet
from tests.kubernetes.servers import Server, server
from tests.local.sandboxes import require_sandbox, until
from tests.validation.config_repos import Repo, make_repo

PATIENCE = 400
"""Seconds after which what was started is given up, on a machine with much else to do."""

PIPELINES = "ruleengine"
"""The namespace of workflows, and of records."""

SETTINGS = """\
apiVersion: ruleengine.dev/v1
kind: Configuration
namespace: ruleengine
artifactRepository: {plugin: {name: directory}}
"""
_MAIN = "from ruleengine.cli.main import main; main()"


@dataclass(frozen=True)
class Cluster:
    """A cluster where pods run, and a folder for what is done on it."""

    server: Server
    transport: Transport
    folder: Path

    @property
    def admin(self) -> Client:
        """Return a client of the administrator, which does not know yet what kinds there are."""
        return Client(self.transport)

    def apply(self, text: str) -> None:
        """Apply documents as the administrator."""
        for one in yaml_reader.read(text.encode(), "given.yaml").documents:
            self.admin.apply(one.value, "admin")

    def ensure_namespace(self, name: str) -> None:
        """Have a namespace there."""
        self.admin.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, "admin"
        )

    def define(self, definitions: Iterable[Object]) -> None:
        """Define kinds, in place of other definitions of them, and wait until they are served."""
        kinds = [Target.of(self.admin.apply(one, "admin").object) for one in definitions]

        def established() -> bool:
            found = [lookup(self.admin.get(one), "status", "conditions") for one in kinds]
            return all(
                any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
                for conditions in found
            )

        assert until(established)

    def post(self, path: str, body: Object) -> Object:
        """Create something as the administrator, and return what the server says."""
        request = HttpRequest(
            method="POST",
            path=path,
            headers={"content-type": "application/json"},
            body=json_text.dump_bytes(body),
        )
        answer: Object = json_text.loads(self.transport.send(request).body)
        return answer

    def account(self, name: str, role: Sequence[Object], *, everywhere: bool = False) -> None:
        """Make an account that has rights, in its namespace or in all."""
        group, subject = "rbac.authorization.k8s.io", {"kind": "ServiceAccount", "name": name}
        kind = "ClusterRole" if everywhere else "Role"
        place = {} if everywhere else {"namespace": PIPELINES}
        metadata = {"name": name, **place}
        self.admin.apply(
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": name, "namespace": PIPELINES},
            },
            "admin",
        )
        self.admin.apply(
            {"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, "rules": [*role]},
            "admin",
        )
        self.admin.apply(
            {
                "apiVersion": f"{group}/v1",
                "kind": f"{kind}Binding",
                "metadata": metadata,
                "roleRef": {"apiGroup": group, "kind": kind, "name": name},
                "subjects": [{**subject, "namespace": PIPELINES}],
            },
            "admin",
        )

    def kubeconfig_of(self, account: str, server: Server | None = None) -> Path:
        """Return a kubeconfig with a token of an account; that of ``admin`` may everything.

        It leads to our server, or to another ``server`` with the same store.
        """
        if account == "admin":
            return self.server.kubeconfig
        path = f"/api/v1/namespaces/{PIPELINES}/serviceaccounts/{account}/token"
        answer = self.post(path, {"spec": {"expirationSeconds": 7200}})
        return (server or self.server).kubeconfig_of(account, answer["status"]["token"])

    @contextmanager
    def running(
        self, name: str, files: Mapping[str, str | None], account: str | Path, *words: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command of the program as an account, on a config repo with these files, too.

        In place of the account its kubeconfig may be given.
        """
        config = account if isinstance(account, Path) else self.kubeconfig_of(account)
        root = self.folder / name
        if root.exists():
            repo = Repo(root)
            repo.write({**files})
            repo.commit()
        else:
            known = {path: text for path, text in files.items() if text is not None}
            repo = make_repo(root, {"ruleengine.yaml": SETTINGS, **known})
        command = [sys.executable, "-c", _MAIN, *words]
        with (self.folder / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(
                [*command, "--kubeconfig", str(config)],
                cwd=repo.root,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                yield child
            finally:
                end(child)

    def log(self, name: str) -> str:
        """Return what the command on a config repo has said so far."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")


@contextmanager
def cluster(folder: Path, *, runs_pods: bool = True) -> Iterator[Cluster]:
    """Run a cluster that has the namespace of workflows; skips where none can be.

    ``runs_pods`` says whether it has a machine on which pods run.
    """
    if runs_pods:
        require_sandbox()
    with ExitStack() as stack:
        made = stack.enter_context(server(controllers=True))
        if runs_pods:
            stack.enter_context(kubelet(made, folder))
        transport = connect(str(made.kubeconfig))
        found = Cluster(made, transport, folder)
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PIPELINES}}
        found.admin.create(namespace, "admin")
        account = Target("v1", "ServiceAccount", PIPELINES, "default")
        assert until(lambda: found.admin.get(account)), "the controllers do not work"
        yield found
