"""The real reconciler of Applications under faults: two revisions, three waves, a prune."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from ruleengine.cluster.client import Client
from ruleengine.environments.merging import make_merge
from ruleengine.environments.reconciler import ApplicationReconciler
from ruleengine.local.store import Key
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Answer, Reconciler, Request
from ruleengine.model.names import CONTROL_NAMESPACE
from ruleengine.model.values import Object, Value, lookup
from tests.reconcile.kit import config_map, crd
from tests.simulation.invariants import (
    Invariant,
    OthersAreLeftAlone,
    ViolationError,
    Write,
    created,
)
from tests.simulation.scenario import Act, Process, Scenario

API_VERSION: Final = "argoproj.io/v1alpha1"
NAMESPACE: Final = "staging"
WAVE: Final = "argocd.argoproj.io/sync-wave"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_VARIES: Final = frozenset({"observedGeneration", "history", "id"})

APPLICATION: Final[Object] = {
    "apiVersion": API_VERSION,
    "kind": "Application",
    "metadata": {"name": "web-staging", "namespace": CONTROL_NAMESPACE},
    "spec": {
        "project": "default",
        "source": {"path": "apps/web", "targetRevision": "v1"},
        "destination": {"name": "in-cluster", "namespace": NAMESPACE},
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "syncOptions": ["CreateNamespace=true"],
        },
    },
}


def deployment() -> Object:
    """Return a Deployment."""
    labels = {"app": "web"}
    container = {"name": "web", "image": "example.com/web:1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _in_wave(value: Object, wave: int) -> Object:
    metadata = {**value["metadata"], "annotations": {WAVE: str(wave)}}
    return {**value, "metadata": metadata}


REVISIONS: Final[Mapping[str, Sequence[Object]]] = {
    "v1": (
        config_map("settings", NAMESPACE, colour="red"),
        config_map("old", NAMESPACE),
        _in_wave(deployment(), 1),
        _in_wave(config_map("last", NAMESPACE), 2),
    ),
    "v2": (
        config_map("settings", NAMESPACE, colour="blue"),
        _in_wave(deployment(), 1),
        _in_wave(config_map("last", NAMESPACE), 2),
    ),
}
"""What the repository holds at each revision; the second drops an object."""


def render(request: Request) -> Answer:
    """Return the objects of the revision that is asked for."""
    revision = str(lookup(request.payload, "source", "targetRevision", default="v1"))
    objects = [
        {"object": one, "path": "apps/web/all.yaml", "line": 1} for one in REVISIONS[revision]
    ]
    return Answer(
        value={
            "objects": objects,
            "revision": revision * 20,
            "dirty": False,
            "sourceType": "Directory",
            "findings": [],
        }
    )


class Applications(Scenario):
    """One Application that is synced, moved to another revision, and synced again."""

    writes: ClassVar[int] = 25
    acts: ClassVar[Sequence[Act]] = (
        lambda client: client.merge_patch(
            Target(API_VERSION, "Application", CONTROL_NAMESPACE, "web-staging"),
            {"spec": {"source": {"targetRevision": "v2"}}},
            "user",
        ),
    )

    def prepare(self, client: Client) -> None:
        """Create what is there from the start."""
        namespace = {"apiVersion": "v1", "kind": "Namespace"}
        definition = crd("Application", "argoproj.io")
        definition["spec"]["versions"][0]["name"] = "v1alpha1"
        client.create({**namespace, "metadata": {"name": CONTROL_NAMESPACE}}, "user")
        client.create(config_map("bystander", "default"), "user")
        client.create(definition, "user")
        client.discover(again=True)
        client.create(APPLICATION, "user")

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the reconciler of a new process."""
        return [ApplicationReconciler(merge=make_merge(process.surroundings.shapes))]

    def reads(self) -> Mapping[str, Callable[[Request], Answer]]:
        """Return who renders."""
        return {"render": render}

    def invariants(self) -> Sequence[Invariant]:
        """Return what a sync promises."""
        return (
            WavesAreKept(),
            OthersAreLeftAlone(_is_ours),
            *super().invariants(),
        )

    def normalise(self, value: Object) -> Object | None:
        """Return the object without times and counts; none for what controllers name."""
        if value["kind"] in ("Pod", "ReplicaSet", "Secret"):
            return None
        if value["kind"] == "Application":
            status = value.get("status", {})
            return {
                "spec": value["spec"],
                "sync": lookup(status, "sync", "status"),
                "revision": lookup(status, "sync", "revision"),
                "health": lookup(status, "health", "status"),
                "phase": lookup(status, "operationState", "phase"),
                "resources": _steady(status.get("resources", [])),
            }
        return dict(_steady(value))


def _steady(value: Value) -> Value:
    """Return a value without times and what else differs from run to run."""
    if isinstance(value, dict):
        kept = {key: _steady(one) for key, one in value.items() if key not in _VARIES}
        return {
            key: one for key, one in kept.items() if not (isinstance(one, str) and _TIME.match(one))
        }
    return [_steady(one) for one in value] if isinstance(value, list) else value


def _is_ours(value: Object) -> bool:
    metadata = value["metadata"]
    if value["kind"] in ("Application", "Event", "Lease"):
        return True
    return metadata.get("namespace", metadata["name"]) == NAMESPACE or (
        value["kind"] == "Secret" and metadata["namespace"] == CONTROL_NAMESPACE
    )


class WavesAreKept(Invariant):
    """What is in a later wave is made when the wave before is there and healthy."""

    def written(self, write: Write) -> None:
        """Raise for an object that came before its time."""
        store = write.plane.store
        if (
            created(write, "Deployment")
            and store.get(Key("configmaps", NAMESPACE, "settings")) is None
        ):
            raise ViolationError("the Deployment came before its settings")
        if any(one["metadata"]["name"] == "last" for one in created(write, "ConfigMap")):
            before = store.get(Key("deployments.apps", NAMESPACE, "web"))
            if lookup(before, "status", "availableReplicas", default=0) < 2:
                raise ViolationError("the last wave came before the Deployment was available")


SCENARIO = Applications()
