"""Rollouts on the local control plane in process: real ReplicaSets and pods, virtual time."""

from dataclasses import dataclass, field
from datetime import timedelta

from ruleengine.cluster.client import Client
from ruleengine.formats import yaml_reader
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.model.data import data_folder
from ruleengine.model.names import MANAGER
from ruleengine.model.values import Object
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.rollouts.reconciler import RolloutReconciler
from tests.rollouts.objects import NAMESPACE, ROLLOUT


@dataclass
class Stage:
    """A control plane with the CRD of Rollouts and an empty namespace."""

    plane: ControlPlane = field(default_factory=in_memory_plane)

    def __post_init__(self) -> None:
        """Apply what every test needs."""
        self.client = Client(self.plane)
        crd = data_folder("schemas") / "crds" / "rollouts.yaml"
        self.apply(yaml_reader.read(crd.read_bytes(), "crd").documents[0].value)
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})

    def apply(self, value: Object) -> None:
        """Apply an object as the repo does."""
        self.client.apply(value, MANAGER, force=True)
        self.plane.settle()

    def sleep(self, seconds: float) -> None:
        """Let time pass in the cluster."""
        self.plane.advance(max(seconds, 0.1))

    def settle(self, seconds: float = 600.0) -> Settled:
        """Reconcile as a fresh process does."""
        clock = self.plane.clock
        assert isinstance(clock, VirtualClock)
        client = Client(self.plane)
        return settle(
            Surroundings.of(client, [RolloutReconciler()]),
            Settling(
                now=clock.now,
                feed=PollFeed(client, self.sleep),
                deadline=clock.now() + timedelta(seconds=seconds),
            ),
        )

    def rollout(self) -> Object:
        """Return the rollout as it is."""
        found = self.client.get(ROLLOUT)
        assert found is not None
        return found

    def status(self, name: str) -> object:
        """Return a field of the rollout's status."""
        return self.rollout()["status"].get(name)

    def patch_status(self, patch: Object) -> None:
        """Patch the status as a person with kubectl does."""
        version = self.rollout()["metadata"]["resourceVersion"]
        self.client.status_patch(ROLLOUT, patch, "kubectl", resource_version=version)

    def images(self) -> list[str]:
        """Return the image of every pod that is there."""
        pods = self.client.list("v1", "Pod")
        return sorted(one["spec"]["containers"][0]["image"] for one in pods.items)
