"""A throw-away config repo and a control plane in this process, brought together as ``app`` does.

The controllers run in a thread of their own whose clock hurries, so that a simulated pod
is ready at once. What counts as a write is counted by the server, not by its client.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from ruleengine.app.applying import ApplyOptions, Delivery, deliver
from ruleengine.app.clusters import Connected
from ruleengine.app.declaring import declare
from ruleengine.app.observing import Observers
from ruleengine.app.planning import Engagement, engage, plan_now
from ruleengine.app.workspace import open_workspace
from ruleengine.cli.delivering import shown
from ruleengine.cluster.client import Client
from ruleengine.cluster.retrying import Retrying
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.actions import Change, Outcome, Plan, PlannedAction, Result, Target
from ruleengine.model.errors import UnreachableError
from ruleengine.model.findings import has_errors
from ruleengine.model.http import HttpRequest, HttpResponse, Transport
from ruleengine.model.names import INVENTORY_TYPE, MANAGER
from ruleengine.model.values import Object, lookup
from tests.validation.config_repos import Repo

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "example.com/web:1"}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
"""
SHOP = {
    "environments/staging/web.yaml": "source: {path: apps/web}\n",
    "apps/web/deployment.yaml": DEPLOYMENT,
    "apps/web/service.yaml": SERVICE,
}
"""One application with one Deployment and one Service."""

WEB = Target("apps/v1", "Deployment", "staging", "web")
SERVICE_TARGET = Target("v1", "Service", "staging", "web")
APPLICATION = Target("argoproj.io/v1alpha1", "Application", "ruleengine", "web-staging")
PATIENCE = timedelta(seconds=60)
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def config_map(name: str, value: str = "green", namespace: str = "") -> str:
    """Return the text of a ConfigMap."""
    place = f", namespace: {namespace}" if namespace else ""
    head = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{place}}}\n"
    return f"{head}data: {{switch: {value}}}\n"


class Lossy:
    """A transport that lets ``writes`` writes through and is cut off from then on."""

    def __init__(self, inner: Transport, writes: int) -> None:
        self._inner = inner
        self._left = writes
        self._lock = threading.Lock()
        self.cut = False

    def send(self, request: HttpRequest) -> HttpResponse:
        """Pass a request on. Raises ``UnreachableError`` once cut off."""
        with self._lock:
            if request.method in _WRITES:
                self.cut = self.cut or self._left == 0
                self._left -= 1
            if self.cut:
                raise UnreachableError("the line is cut", "mend it")
        return self._inner.send(request)


@dataclass
class World:
    """A config repo, and the control plane that it is applied to."""

    repo: Repo
    state: Path
    plane: ControlPlane
    transport: Transport = field(init=False)

    def __post_init__(self) -> None:
        self.transport = self.plane

    def client(self, transport: Transport | None = None) -> Client:
        """Return a client that never waits before it tries again."""
        retrying = Retrying(attempts=2, sleep=lambda _: None, jitter=lambda: 0.0)
        return Client(transport or self.transport, retrying)

    def engage(self, transport: Transport | None = None) -> Engagement:
        """Read the repo as it lies there now and connect it to the control plane."""
        workspace = open_workspace(self.repo.root)
        cluster = Connected(client=self.client(transport), local=True, name="the test's")
        declared = declare(workspace)
        assert not has_errors(declared.findings), declared.findings
        return engage(workspace, declared, cluster, self.state)

    def plan(self) -> Plan:
        """Return the plan of the repo as it lies there now."""
        return plan_now(self.engage(), datetime.now(UTC))

    def apply(
        self,
        *,
        transport: Transport | None = None,
        observers: Observers | None = None,
        **options: object,
    ) -> Delivery:
        """Apply the repo as it lies there now."""
        chosen = replace(ApplyOptions(timeout=PATIENCE), **options)
        return deliver(self.engage(transport), chosen, observers or Observers())

    def change(self, files: dict[str, str | None]) -> None:
        """Write files (``None`` removes one) and commit them."""
        self.repo.write(files)
        self.repo.commit()

    def get(self, target: Target) -> Object | None:
        """Return a live object."""
        return self.client().get(target)

    def edit(self, target: Target, patch: Object) -> None:
        """Change a live object by hand."""
        self.client().merge_patch(target, patch, "kubectl-edit")

    def writes(self) -> int:
        """Return how many writes by ruleengine reached the store."""
        counts = self.plane.api.writes.items()
        return sum(number for manager, number in counts if manager.startswith(MANAGER))

    def inventory(self) -> list[Object]:
        """Return the Secrets in which is remembered what the repo owns."""
        found = self.client().list("v1", "Secret").items
        return [one for one in found if one.get("type") == INVENTORY_TYPE]

    def owned(self) -> set[str]:
        """Return the keys of all that the inventory remembers."""
        inventory = self.engage().inventory
        return {key for entries in inventory.folders.values() for key in entries}

    def declared_state(self) -> dict[str, Object]:
        """Return everything that ruleengine wrote, without what differs from run to run."""
        client = self.client()
        found: dict[str, Object] = {}
        for info in client.discover().resources():
            if "list" not in info.verbs:
                continue
            for one in client.list(info.api_version, info.kind).items:
                if _ours(one):
                    found[str(Target.of(one))] = _normal(one)
        return found


def _ours(value: Object) -> bool:
    managers = lookup(value, "metadata", "managedFields", default=())
    return any(str(one.get("manager", "")).startswith(MANAGER) for one in managers)


def _normal(value: Object) -> Object:
    """Return what has to be the same after every way to the same end."""
    metadata = value["metadata"]
    status = value.get("status") or {}
    managers = [
        (one["manager"], one["operation"], one.get("subresource"), one["fieldsV1"])
        for one in metadata["managedFields"]
        if one["manager"].startswith(MANAGER) and one["operation"] == "Apply"
    ]
    return {
        **{name: part for name, part in value.items() if name not in ("metadata", "status")},
        "labels": metadata.get("labels"),
        "annotations": metadata.get("annotations"),
        "finalizers": metadata.get("finalizers"),
        "managers": sorted(managers, key=str),
        "sync": lookup(status, "sync", "status"),
        "health": lookup(status, "health", "status"),
        "phase": lookup(status, "operationState", "phase"),
        "readyReplicas": status.get("readyReplicas"),
    }


def results(delivery: Delivery) -> dict[str, Result]:
    """Return what became of every object last, statuses left out."""
    return {str(one.planned.action.target): one.result for one in shown(delivery)}


def changes(plan: Plan) -> dict[str, PlannedAction]:
    """Return what a plan would change, by object."""
    return {
        str(one.action.target): one for one in plan.actions if one.change is not Change.UNCHANGED
    }


def messages(outcomes: Iterable[Outcome]) -> str:
    """Return everything that outcomes say."""
    return "\n".join(f"{one.planned.action.target}: {one.message}" for one in outcomes)


@contextmanager
def running(repo: Repo, state: Path) -> Iterator[World]:
    """Yield a control plane whose controllers run for as long as the block."""
    plane = ControlPlane(MemoryStore(), VirtualClock(), randomness=Random(1), strict=True)
    stop = threading.Event()

    def control() -> None:
        while not stop.is_set():
            plane.advance(0.5)
            stop.wait(0.005)

    thread = threading.Thread(target=control, name="controllers")
    thread.start()
    try:
        yield World(repo, state, plane)
    finally:
        stop.set()
        thread.join()
