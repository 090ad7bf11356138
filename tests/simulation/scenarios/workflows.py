"""The real reconciler of Workflows under faults; pods end as a script says.

A DAG whose second task fails once and is retried, a loop, and a task that reads outputs; later
a second one like it. They share a mutex and a semaphore, and two others one mutex that they
need as a whole; one task of each keeps what it makes. What is over goes to the archive, which is
an effect. Whatever happens, all end as they do without faults, no pod is made twice, what is kept
stays, no lock has more holders than it may, and all are archived, each under one key, when they
are over.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from ruleengine.cluster.client import Client
from ruleengine.formats import yaml_reader
from ruleengine.formats.json_text import loads
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.store import EventType, Key
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.data import data_folder
from ruleengine.model.decisions import Answer, Decision, Reconciler, Request, World
from ruleengine.model.names import ARGO_API_VERSION, ARGO_WORKFLOW, CONTROL_NAMESPACE, RECORD_TYPE
from ruleengine.model.records import from_secret
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.archiving import ARCHIVE, ArchivePolicy
from ruleengine.pipelines.labels import ARCHIVING_LABEL
from ruleengine.pipelines.phases import COMPLETED
from ruleengine.pipelines.reconciler import WorkflowReconciler
from tests.reconcile.kit import config_map
from tests.simulation.invariants import (
    EffectsHappen,
    Invariant,
    OthersAreLeftAlone,
    ViolationError,
    Write,
)
from tests.simulation.scenario import Act, Process, Scenario

NAMESPACE: Final = "pipelines"
_NODE: Final = "workflows.argoproj.io/node-name"
_NODE_ID: Final = "workflows.argoproj.io/node-id"
_REPORTED: Final = "workflows.argoproj.io/report-outputs-completed"

_TIMES: Final = {"startedAt": "2026-01-02T03:04:05Z", "finishedAt": "2026-01-02T03:04:45Z"}
_COMPARED: Final = (
    "type",
    "phase",
    "message",
    "inputs",
    "outputs",
    "outboundNodes",
    "resourcesDuration",
)

# No scheduler takes the pods, so that the simulated node of the control plane leaves them alone.
SPEC: Final = """
entrypoint: main
onExit: tidy
schedulerName: nobody
templates:
- name: main
  dag:
    tasks:
    - {name: make, template: make}
    - {name: flaky, template: flaky}
    - name: each
      template: use
      depends: make
      arguments:
        parameters:
        - {name: text, value: "{{item}} {{tasks.make.outputs.parameters.text}}"}
      withItems: [a, b]
    - {name: last, template: tidy, depends: "each && flaky"}
- name: make
  memoize: {key: "{{workflow.name}}", cache: {configMap: {name: cache}}}
  container: {image: alpine, command: [make]}
  outputs: {parameters: [{name: text, valueFrom: {path: /text}}]}
- name: flaky
  retryStrategy: {limit: 2}
  synchronization: {mutexes: [{name: flaky}]}
  metadata: {annotations: {lock: flaky}}
  container: {image: alpine, command: [flaky]}
- name: use
  synchronization: {semaphores: [{configMapKeyRef: {name: limits, key: use}}]}
  metadata: {annotations: {lock: use}}
  inputs: {parameters: [{name: text}]}
  container: {image: alpine, command: [use], args: ["{{inputs.parameters.text}}"]}
- name: tidy
  container: {image: alpine, command: [tidy]}
"""

SWEPT: Final = "podGC: {strategy: OnPodCompletion, deleteDelayDuration: 0s}"
"""Pods of the second one go as they end, each when it is stored how."""

ALONE: Final = """
entrypoint: main
schedulerName: nobody
synchronization: {mutexes: [{name: alone}]}
templates:
- {name: main, container: {image: alpine, command: [tidy]}}
"""


def workflow(name: str, spec: str = SPEC) -> Object:
    """Return a workflow of a name."""
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": yaml_reader.read(spec.encode(), "spec").documents[0].value,
    }


class Kubelet:
    """Stands for the node: a pod ends as the name of its node says, and reports what it made."""

    area = "kubelet"
    api_version = "v1"
    kind = "Pod"
    manager = "kubelet"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return the end of a pod, and then its report."""
        del world, now, memo
        node = str(lookup(value, "metadata", "annotations", _NODE, default=""))
        if not node:
            return Decision()
        code = int(node.endswith("flaky(0)"))
        ended = {"exitCode": code, "reason": "Error" if code else "Completed", **_TIMES}
        status = {
            **(value.get("status") or {}),
            "phase": "Failed" if code else "Succeeded",
            "containerStatuses": [
                {
                    "name": one["name"],
                    "image": one["image"],
                    "imageID": "",
                    "ready": False,
                    "restartCount": 0,
                    "state": {"terminated": ended},
                }
                for one in value["spec"]["containers"]
            ],
        }
        asked = any(one["name"] == "wait" for one in value["spec"]["containers"])
        return Decision(actions=(self._report(value),) if asked else (), status=status)

    def _report(self, pod: Object) -> Action:
        metadata = pod["metadata"]
        report = {
            "apiVersion": ARGO_API_VERSION,
            "kind": "WorkflowTaskResult",
            "metadata": {
                "name": metadata["annotations"][_NODE_ID],
                "namespace": NAMESPACE,
                "labels": {ARGO_WORKFLOW: metadata["labels"][ARGO_WORKFLOW], _REPORTED: "true"},
            },
            "outputs": {"parameters": [{"name": "text", "value": "made"}]},
        }
        target = Target.of(report)
        return Action(verb=Verb.APPLY, target=target, manager=self.manager, object=report)


def _submit(client: Client) -> None:
    client.apply(workflow("second", SPEC + SWEPT), "user")


class Workflows(Scenario):
    """Workflows that run to their end, and one that comes later."""

    seeds: ClassVar[int] = 300
    writes: ClassVar[int] = 110
    patience: ClassVar[float] = 400.0
    acts: ClassVar[Sequence[Act]] = (_submit,)

    def prepare(self, client: Client) -> None:
        """Create what is there from the start."""
        for name in (CONTROL_NAMESPACE, NAMESPACE):
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            client.create(namespace, "user")
        for kind in ("workflows", "workflowtaskresults"):
            definition = data_folder("schemas") / "crds" / f"{kind}.yaml"
            value = yaml_reader.read(definition.read_bytes(), "crd").documents[0].value
            client.create(value, "user")
        client.create(config_map("bystander", NAMESPACE), "user")
        client.discover(again=True)
        client.create(config_map("limits", NAMESPACE, use="1"), "user")
        client.apply(workflow("first"), "user")
        for name in ("alone", "lonely"):
            client.apply(workflow(name, ALONE), "user")

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the reconciler of a new process, and who stands for the node."""
        del process
        return [WorkflowReconciler(archive=ArchivePolicy()), Kubelet()]

    def effects(self) -> Mapping[str, Callable[[Request], Answer]]:
        """Return the archive, which takes everything."""
        return {ARCHIVE: lambda _: Answer(value={"archived": True})}

    def invariants(self) -> Sequence[Invariant]:
        """Return what a run promises."""
        ours = ("Workflow", "Pod", "WorkflowTaskResult", "Lease", "Event")

        def is_ours(value: Object) -> bool:
            kept = value.get("type") == RECORD_TYPE or value["metadata"]["name"] == "cache"
            return value["kind"] in ours or kept

        return (
            NoPodIsMadeTwice(),
            NoLockIsOverdrawn(),
            WhatIsKeptStays(),
            OnlyWhatIsOverIsArchived(),
            EffectsHappen(lambda request: request.payload["name"], _workflows),
            OthersAreLeftAlone(is_ours),
            *super().invariants(),
        )

    def normalise(self, value: Object) -> Object | None:
        """Return how the nodes ended, not when."""
        if value["metadata"]["name"] == "cache":
            return {"keys": sorted(value["data"])}
        if value.get("type") == RECORD_TYPE:
            return {"states": [one["state"] for one in from_secret(value)["effects"].values()]}
        if value["kind"] == "Pod" and value["metadata"]["labels"][ARGO_WORKFLOW] == "second":
            return None  # when it goes the clock says, which may be turned back
        if value["kind"] == "Pod":
            return {"phase": value["status"]["phase"]}
        if value["kind"] != "Workflow":
            return value
        nodes = lookup(value, "status", "nodes", default={})
        return {
            "phase": lookup(value, "status", "phase"),
            "archived": lookup(value, "metadata", "labels", ARCHIVING_LABEL),
            "resourcesDuration": lookup(value, "status", "resourcesDuration"),
            "nodes": {
                one["name"]: {key: one.get(key) for key in _COMPARED} for one in nodes.values()
            },
        }


def _workflows(plane: ControlPlane) -> set[str]:
    return {one["metadata"]["name"] for one in plane.store.list("workflows.argoproj.io").items}


class OnlyWhatIsOverIsArchived(Invariant):
    """What goes to the archive is stored as it ended, and does not change any more."""

    def effect(self, request: Request, plane: ControlPlane) -> None:
        """Raise for a workflow that is not over, or ended at another time."""
        name = request.payload["name"]
        stored = plane.store.get(Key("workflows.argoproj.io", NAMESPACE, name)) or {}
        ended = lookup(stored, "status", "finishedAt")
        if lookup(stored, "status", "phase") not in COMPLETED:
            raise ViolationError(f"{name} was archived before it was over")
        if ended != request.payload["finishedAt"]:
            raise ViolationError(f"{name} was archived as if it had not ended at {ended}")


class NoPodIsMadeTwice(Invariant):
    """A pod that was there is never made again, whatever became of it."""

    def __init__(self) -> None:
        self._made: set[str] = set()

    def written(self, write: Write) -> None:
        """Raise for a second creation."""
        for event in write.events:
            if event.object["kind"] != "Pod" or event.type is not EventType.ADDED:
                continue
            name = event.object["metadata"]["name"]
            if name in self._made:
                raise ViolationError(f"the pod {name} was made twice")
            self._made.add(name)


class WhatIsKeptStays(Invariant):
    """What was made is never taken for something else; only its times may be told anew."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, Object]] = {}

    def written(self, write: Write) -> None:
        """Raise where an entry is another than it was."""
        for event in write.events:
            if event.object["metadata"]["name"] != "cache":
                continue
            for key, text in event.object["data"].items():
                entry = loads(text)
                made = (entry["nodeID"], entry["outputs"])
                if self._kept.setdefault(key, made) != made:
                    raise ViolationError(f"something else is kept as {key}")


class NoLockIsOverdrawn(Invariant):
    """Of what needs the same lock, one thing at most is on its way."""

    def written(self, write: Write) -> None:
        """Raise where two are."""
        if not any(event.object["kind"] in ("Pod", "Workflow") for event in write.events):
            return
        busy = Counter(
            lookup(one, "metadata", "annotations", "lock")
            for one in write.plane.store.list("pods").items
            if lookup(one, "status", "phase") in ("Pending", "Running")
        )
        busy.pop(None, None)
        running = [
            one["metadata"]["name"]
            for one in write.plane.store.list("workflows.argoproj.io").items
            if one["spec"].get("synchronization") and lookup(one, "status", "phase") == "Running"
        ]
        if len(running) > 1 or any(count > 1 for count in busy.values()):
            raise ViolationError(f"held more than once: {busy}, {running}")


SCENARIO = Workflows()
