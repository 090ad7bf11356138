"""Broken variants of the toy, each with one mistake that is easily made.

Most of them do well as long as nothing goes wrong; the simulation has to catch every one.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ruleengine.model.decisions import Decision, Next, Request, Stop, World
from ruleengine.model.values import Object
from ruleengine.reconcile.indexes import in_index
from tests.simulation.feed import ScheduledFeed
from tests.simulation.scenario import Process
from tests.simulation.scenarios.counters import Counting


class ForgetsTheOverlay(Counting):
    """Reads children from the watch cache, where its own last writes may still be missing.

    It looks again every second, so that it gets there as long as the cache does.
    """

    def __init__(self, process: Process) -> None:
        self._feed = process.feed

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what Counting decides on a stale world."""
        decision = super().decide(value, _Stale(self._feed, world), now, memo)
        if decision.next.stop is Stop.ON:
            later = Next(stop=Stop.AT, time=now + timedelta(seconds=1))
            return replace(decision, next=later)
        return decision


class _Stale:
    """A world without the overlay of acknowledged writes."""

    def __init__(self, feed: ScheduledFeed, world: World) -> None:
        self._feed = feed
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def list(
        self, api_version: str, kind: str, namespace: str, index: tuple[str, str]
    ) -> Sequence[Object]:
        """Return what the watch cache has."""
        self._world.list(api_version, kind, namespace, index)
        found = self._feed.cached(api_version, kind)
        return [one for one in found if in_index(one, index)]


class HidesWhatItReads(Counting):
    """Reads children past the world, which so cannot know what wakes it."""

    def __init__(self, process: Process) -> None:
        self._feed = process.feed

    def children(self, value: Object, world: World) -> dict[int, Object]:
        """Return the children that the watch cache has."""
        del world
        owner = ("owner", str(value["metadata"]["uid"]))
        list(self._feed.list("v1", "ConfigMap"))
        mine = [one for one in self._feed.cached("v1", "ConfigMap") if in_index(one, owner)]
        return {int(one["data"]["index"]): one for one in mine}

    def make(self, value: Object, missing: Sequence[int]) -> Decision:
        """Wait for the child without a word of which it is."""
        decision = super().make(value, missing)
        return replace(decision, next=Next(stop=Stop.ON, message="a child"))


class NamesAtRandom(Counting):
    """Gives every child a new name whenever it decides."""

    def __init__(self, process: Process) -> None:
        self._randomness = Random(process.number)

    def name_of(self, value: Object, index: int) -> str:
        """Return a name that nobody can derive again."""
        return f"{value['metadata']['name']}-{index}-{self._randomness.randrange(10**6)}"


class PublishesWithoutIntent(Counting):
    """Declares its effect a mere read, so that nothing is recorded before."""

    def __init__(self, process: Process) -> None:
        del process

    def request(self, value: Object) -> Request:
        """Return the effect as a read."""
        return replace(super().request(value), effect=False)


class PublishesUnderManyKeys(Counting):
    """Lets the version of the object into the key of its effect."""

    def __init__(self, process: Process) -> None:
        del process

    def request(self, value: Object) -> Request:
        """Return an effect whose key changes with every write."""
        request = super().request(value)
        version = value["metadata"]["resourceVersion"]
        return replace(request, payload={**request.payload, "version": version})


class StatusRunsAhead(Counting):
    """Counts the child that it is only about to make."""

    def __init__(self, process: Process) -> None:
        del process

    def make(self, value: Object, missing: Sequence[int]) -> Decision:
        """Return the step with a status that comes too early."""
        decision = super().make(value, missing)
        status = {**(decision.status or {}), "made": missing[0] + 1}
        return replace(decision, status=status)


class IgnoresDeletion(Counting):
    """Goes on as if the object were not about to go."""

    def __init__(self, process: Process) -> None:
        del process

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what Counting decides for an object that stays."""
        kept = {k: v for k, v in value["metadata"].items() if k != "deletionTimestamp"}
        return super().decide({**value, "metadata": kept}, world, now, memo)


class MakesAllAtOnce(Counting):
    """Makes all children in one decision; where one fails, those after it are there."""

    def __init__(self, process: Process) -> None:
        del process

    def make(self, value: Object, missing: Sequence[int]) -> Decision:
        """Return all steps as one."""
        decision = super().make(value, missing)
        return replace(decision, actions=tuple(self.child(value, one) for one in missing))


BROKEN = (
    ForgetsTheOverlay,
    HidesWhatItReads,
    NamesAtRandom,
    PublishesWithoutIntent,
    PublishesUnderManyKeys,
    StatusRunsAhead,
    IgnoresDeletion,
    MakesAllAtOnce,
)
