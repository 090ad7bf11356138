"""The real reconciler of Rollouts under faults, with ReplicaSets and pods of the control plane.

A canary goes over two steps with a pause; in the middle of it, or after it, a third version
comes. Whatever happens, the third one runs at the end, the pods that serve never fall below
what the strategy allows, and no pause is cut short.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ruleengine.cluster.client import Client
from ruleengine.formats import yaml_reader
from ruleengine.local.store import Event, Key
from ruleengine.model.actions import Target
from ruleengine.model.data import data_folder
from ruleengine.model.decisions import Reconciler
from ruleengine.model.names import ARGO_API_VERSION, CONTROL_NAMESPACE
from ruleengine.model.values import Object, lookup
from ruleengine.rollouts.reconciler import RolloutReconciler
from tests.reconcile.kit import config_map
from tests.simulation.invariants import Invariant, OthersAreLeftAlone, ViolationError, Write
from tests.simulation.scenario import Act, Process, Scenario

NAMESPACE: Final = "production"
WEB: Final = Target(ARGO_API_VERSION, "Rollout", NAMESPACE, "web")
REPLICAS: Final = 4
FEWEST, MOST = REPLICAS - 1, REPLICAS + 1
PAUSE: Final = timedelta(seconds=10)
_PAUSE_STEP: Final = 1
_SETS: Final = "replicasets.apps"
_OURS: Final = ("Rollout", "ReplicaSet", "Lease", "Event")


def rollout(version: int, pause: timedelta = PAUSE) -> Object:
    """Return the Rollout at a version."""
    labels = {"app": "web"}
    steps = [{"setWeight": 25}, {"pause": {"duration": f"{pause.seconds}s"}}, {"setWeight": 50}]
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Rollout",
        "metadata": {"name": WEB.name, "namespace": NAMESPACE},
        "spec": {
            "replicas": REPLICAS,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": f"example.com/web:{version}"}]},
            },
            "strategy": {"canary": {"steps": steps}},
        },
    }


def release(version: int, pause: timedelta = PAUSE) -> Act:
    """Return the act of somebody who releases a version."""
    return lambda client: client.apply(rollout(version, pause), "user")


class Rollouts(Scenario):
    """One Rollout that is deployed, then released twice."""

    seeds: ClassVar[int] = 40
    writes: ClassVar[int] = 60
    patience: ClassVar[float] = 400.0
    acts: ClassVar[Sequence[Act]] = (release(2), release(3))

    def prepare(self, client: Client) -> None:
        """Create what is there from the start."""
        definition = data_folder("schemas") / "crds" / "rollouts.yaml"
        for name in (CONTROL_NAMESPACE, NAMESPACE):
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            client.create(namespace, "user")
        client.create(yaml_reader.read(definition.read_bytes(), "crd").documents[0].value, "user")
        client.create(config_map("bystander", NAMESPACE), "user")
        client.discover(again=True)
        client.apply(rollout(1), "user")

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the reconciler of a new process."""
        del process
        return [RolloutReconciler()]

    def invariants(self) -> Sequence[Invariant]:
        """Return what a release promises."""
        return (
            EnoughPodsServe(),
            PausesAreKept(),
            OneSetPerTemplate(),
            OthersAreLeftAlone(lambda one: one["kind"] in _OURS),
            *super().invariants(),
        )

    def normalise(self, value: Object) -> Object | None:
        """Return what runs; not how many sets of old versions are remembered, nor since when."""
        if value["kind"] == "Pod":
            return None
        if value["kind"] == "ReplicaSet":
            counts = {name: lookup(value, *path) for name, path in _COUNTS.items()}
            return {**counts, "image": image_of(value)} if counts["wanted"] else None
        if value["kind"] == "Rollout":
            status = value.get("status", {})
            kept = ("phase", "stableRS", "currentPodHash", "currentStepIndex", "replicas")
            return {"spec": value["spec"], **{name: status.get(name) for name in kept}}
        return value


_COUNTS: Final = {
    "wanted": ("spec", "replicas"),
    "there": ("status", "replicas"),
    "available": ("status", "availableReplicas"),
}


def image_of(value: Object) -> str:
    """Return the image of the first container of a ReplicaSet."""
    return str(lookup(value, "spec", "template", "spec", "containers", 0, "image", default=""))


def sets_of(write: Write) -> list[Object]:
    """Return the ReplicaSets that are stored."""
    return list(write.plane.store.list(_SETS, NAMESPACE).items)


def stable_hash(write: Write) -> str:
    """Return the hash of the version that is stable; empty before the first deploy is done."""
    stored = write.plane.store.get(Key("rollouts.argoproj.io", NAMESPACE, WEB.name))
    return str(lookup(stored, "status", "stableRS", default=""))


def scaled(write: Write) -> list[Event]:
    """Return what a write did to the counts of ReplicaSets."""
    return [
        one
        for one in write.events
        if one.object["kind"] == "ReplicaSet"
        and lookup(one.previous, "spec", "replicas") != one.object["spec"]["replicas"]
    ]


def wanted_before(event: Event) -> int:
    """Return how many pods a ReplicaSet was to have before a write."""
    return int(lookup(event.previous, "spec", "replicas", default=0))


def serving_of(one: Object) -> int:
    """Return how many pods of a ReplicaSet serve and will go on doing so."""
    available = lookup(one, "status", "availableReplicas", default=0)
    return int(min(one["spec"]["replicas"], available))


class EnoughPodsServe(Invariant):
    """Once a stable version served with all its pods, never too few serve, nor too many grow."""

    def __init__(self) -> None:
        self._begun = False

    def written(self, write: Write) -> None:
        """Raise where a scaling leaves too few pods, or adds some where there are too many."""
        sets, stable = sets_of(write), stable_hash(write)
        serving = {one["metadata"]["name"]: serving_of(one) for one in sets}
        self._begun = self._begun or serving.get(f"{WEB.name}-{stable}") == REPLICAS
        changed = scaled(write)
        if not changed or not self._begun:
            return
        if sum(serving.values()) < FEWEST:
            raise ViolationError(f"{sum(serving.values())} of at least {FEWEST} pods serve")
        asked = sum(one["spec"]["replicas"] for one in sets)
        grew = any(lookup(one.object, "spec", "replicas") > wanted_before(one) for one in changed)
        if asked > MOST and grew:
            raise ViolationError(f"{asked} pods are asked for, {MOST} are allowed")


class PausesAreKept(Invariant):
    """A version that is not stable yet stays at one pod until its pause is over by the clock.

    The pause lasts from the time that the status states. Once the clock has shown its end it is
    over, also where the clock jumps back before the next pod comes.
    """

    def __init__(self) -> None:
        self._latest: datetime | None = None
        self._paused: tuple[str, datetime] | None = None
        self._over: set[str] = set()

    def written(self, write: Write) -> None:
        """Raise for a step after the pause, or a second pod, that comes too early."""
        now = write.plane.clock.now()
        self._latest = max(now, self._latest or now)
        for event in write.events:
            if event.object["kind"] == "Rollout":
                self._follow(event.object.get("status", {}), now)
        stable = stable_hash(write)
        for event in scaled(write):
            version = event.key.name.removeprefix(f"{WEB.name}-")
            grows = event.object["spec"]["replicas"] > max(wanted_before(event), 1)
            if stable and grows and version not in {stable, *self._over}:
                raise ViolationError(f"{event.key.name} went on before its pause was over")

    def _follow(self, status: Object, now: datetime) -> None:
        version, step = str(status.get("currentPodHash")), status.get("currentStepIndex") or 0
        for condition in status.get("pauseConditions") or ():
            begun = datetime.fromisoformat(condition["startTime"])
            if self._paused != (version, begun):
                self._paused, self._latest = (version, begun), now
        if step <= _PAUSE_STEP or status.get("stableRS") in (None, version):
            return
        since = self._paused[1] if self._paused and self._paused[0] == version else None
        latest = self._latest or now
        if version not in self._over and (since is None or latest - since < PAUSE):
            waited = "no time" if since is None else latest - since
            raise ViolationError(f"{version} went on after {waited} of its pause")
        self._over.add(version)


class OneSetPerTemplate(Invariant):
    """No template ever has two ReplicaSets."""

    def written(self, write: Write) -> None:
        """Raise for a second one."""
        images = [image_of(one) for one in sets_of(write)]
        if len(images) > len(set(images)):
            raise ViolationError(f"there are ReplicaSets of {sorted(images)}")


SCENARIO = Rollouts()
