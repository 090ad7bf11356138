"""A small world in memory: a rollout, its ReplicaSets, and a controller that is not too quick."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ruleengine.apimachinery.patches import merge_patch
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.structured_merge import apply
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Answer, Decision, Next, Request, Stop
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.rollouts.reconciler import RolloutReconciler
from ruleengine.rollouts.replicasets import HASH, REVISION
from tests.rollouts.objects import NAMESPACE, ROLLOUT, rollout

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class MemoryWorld:
    """Objects by target; ``decisions`` counts, ``written`` lists what was performed."""

    objects: dict[Target, Object] = field(default_factory=dict)
    now: datetime = START
    written: list[Action] = field(default_factory=list)
    most: int = 0
    least: int | None = None

    def get(self, target: Target) -> Object | None:
        """Return the object, or ``None``."""
        return self.objects.get(target)

    def list(
        self, api_version: str, kind: str, namespace: str = "", index: tuple[str, str] | None = None
    ) -> Sequence[Object]:
        """Return objects of a kind by name; the index is that of owners."""
        return [
            value
            for target, value in sorted(self.objects.items())
            if (target.api_version, target.kind) == (api_version, kind)
            and namespace in ("", target.namespace)
            and (index is None or index[1] in _owners(value))
        ]

    def answer(self, request: Request) -> Answer | None:
        """Nothing outside is ever asked."""
        raise AssertionError(request)

    def put(self, value: Object) -> None:
        """Store an object as it is."""
        self.objects[Target.of(value)] = value

    def declare(self, value: Object) -> None:
        """Bring the rollout to another spec, as an apply from the repo does."""
        live = self.objects.get(ROLLOUT, {})
        metadata = {**value["metadata"], **live.get("metadata", {"uid": "rollout-uid"})}
        if live.get("spec") != value["spec"]:
            metadata["generation"] = metadata.get("generation", 0) + 1
        self.put({**live, **value, "metadata": metadata})

    def patch(self, **status: object) -> None:
        """Patch the status as a person does."""
        self.put(merge_patch(self.rollout(), {"status": status}))

    def perform(self, action: Action) -> None:
        """Do what an action says, the way an API server would."""
        self.written.append(action)
        live = self.objects.get(action.target)
        if action.verb is Verb.DELETE:
            self.objects.pop(action.target)
        elif action.verb is Verb.PATCH:
            self.put(merge_patch(live, action.object))
        elif action.verb is Verb.CREATE:
            assert live is None
            metadata = {
                "uid": f"uid-{len(self.written):05}",
                "creationTimestamp": format_time(self.now),
            }
            stored = action.object or {}
            self.put({**stored, "metadata": stored["metadata"] | metadata})
        else:
            assert live is not None
            self.put(self._applied(live, action))

    def _applied(self, live: Object, action: Action) -> Object:
        return apply(
            live,
            action.object or {},
            manager=action.manager,
            schema=schema_for(action.target.api_version, action.target.kind),
            now=format_time(self.now),
            force=True,
        ).object

    def rollout(self) -> Object:
        """Return the rollout under test."""
        return self.objects[ROLLOUT]

    def status(self, *path: str | int) -> object:
        """Return a part of its status."""
        return lookup(self.rollout(), "status", *path)

    def sets(self) -> Sequence[Object]:
        """Return every ReplicaSet, the oldest first."""
        found = self.list("apps/v1", "ReplicaSet", NAMESPACE)
        return sorted(found, key=lambda one: one["metadata"]["uid"])

    def pods(self) -> dict[str, int]:
        """Return how many pods each image has, without those that have none."""
        found = {
            one["spec"]["template"]["spec"]["containers"][0]["image"]: one["spec"]["replicas"]
            for one in self.sets()
        }
        return {image: count for image, count in found.items() if count}

    def decide(self) -> Decision:
        """Return the decision on the rollout, and check that memory does not change it."""
        reconciler = RolloutReconciler()
        decision = reconciler.decide(self.rollout(), self, self.now, None)
        again = reconciler.decide(self.rollout(), self, self.now, decision.memo)
        assert decision == again
        return decision

    def turn(self, writes: int | None = None) -> Decision:
        """Decide once and do what was decided, but no more than so many writes.

        The status is the last of them.
        """
        decision = self.decide()
        for action in decision.actions[:writes]:
            self.perform(action)
            self.watch()
        if (writes is None or writes > len(decision.actions)) and decision.status is not None:
            self.put({**self.rollout(), "status": decision.status})
        return decision

    def watch(self) -> None:
        """Note how many pods there were at most, and how many available ones at least."""
        counts = [(one["spec"]["replicas"], _available(one)) for one in self.sets()]
        self.most = max(self.most, sum(spec for spec, _ in counts))
        sure = sum(min(pair) for pair in counts)
        self.least = sure if self.least is None else min(self.least, sure)

    def control(self, pods: int = 1000) -> bool:
        """Let every ReplicaSet come so many pods nearer to its spec; tell if one moved."""
        moved = False
        for one in self.sets():
            wanted, ready = one["spec"]["replicas"], _available(one)
            step = max(-pods, min(pods, wanted - ready))
            count = ready + step
            status = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), count)
            moved = moved or one.get("status") != status
            self.put({**one, "status": status})
        return moved

    def settle(self, *, pods: int = 1000, turns: int = 200) -> Next:
        """Decide, and let the cluster follow, until nothing changes without somebody else."""
        for _ in range(turns):
            before = dict(self.objects)
            decision = self.turn()
            self.control(pods)
            if self.objects == before:
                return decision.next
        raise AssertionError(f"not settled after {turns} turns: {decision.next}")

    def wait(self, following: Next) -> None:
        """Let time pass until a decision wants to go on."""
        assert following.stop is Stop.AT
        assert following.time is not None
        self.now = max(following.time, self.now + timedelta(seconds=1))

    def labels(self) -> dict[str, str]:
        """Return the revision of each ReplicaSet by the hash that names it."""
        return {
            one["metadata"]["labels"][HASH]: one["metadata"]["annotations"][REVISION]
            for one in self.sets()
        }


def _owners(value: Object) -> list[str]:
    return [one["uid"] for one in lookup(value, "metadata", "ownerReferences", default=[])]


def _available(value: Object) -> int:
    return int(lookup(value, "status", "availableReplicas", default=0))


def world_of(value: Object | None = None, *, pods: int = 1000) -> MemoryWorld:
    """Return a world in which a first release is done."""
    world = MemoryWorld()
    world.declare(value or rollout())
    world.settle(pods=pods)
    return world
