"""Hands: what the areas write with, each with a client whose writes end with its lease."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ruleengine.cluster.errors import ApiError
from ruleengine.cluster.fencing import FencedError
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.actions import Outcome, Target
from ruleengine.model.decisions import Reconciler
from ruleengine.model.values import Object
from ruleengine.reconcile.driving import Driving
from ruleengine.reconcile.effects import Effects
from ruleengine.reconcile.leftovers import Leftover, find_leftovers
from ruleengine.reconcile.observations import Observations, Seen
from ruleengine.reconcile.publishing import Publisher
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.reconcile.writing import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How decisions are performed: who is told, how often is retried, what spreads retries.

    Of the outcomes the last ``most_outcomes`` are kept. Once ``cancel`` is set nothing more is
    begun.
    """

    progress: Callable[[Outcome], None] = field(default=lambda _: None, repr=False)
    retrying: Retrying = field(default_factory=Retrying)
    seed: int = 0
    most_outcomes: int | None = None
    cancel: threading.Event = field(default_factory=threading.Event, repr=False)


@dataclass(frozen=True, slots=True)
class Hand:
    """What one area writes with."""

    writer: Writer
    effects: Effects
    publisher: Publisher


class Hands:
    """The hands of all areas, and what they look after besides single decisions."""

    def __init__(
        self,
        surroundings: Surroundings,
        observations: Observations,
        driving: Driving,
        manner: Manner,
    ) -> None:
        self._surroundings = surroundings
        self._observations = observations
        self._driving = driving
        self._manner = manner
        self._hands: dict[str, Hand] = {}

    def of(self, area: str) -> Hand:
        """Return what an area writes with."""
        hand = self._hands.get(area)
        if hand is None:
            client = self._driving.client(area, self._surroundings.client)
            writer = Writer(client, self._manner.retrying)
            effects = Effects(client, self._surroundings, self._observations.answers)
            hand = self._hands[area] = Hand(writer, effects, Publisher(client, writer))
        return hand

    def look_anew(self, changed: list[Seen]) -> None:
        """Read the world anew, ledgers too; add what differs to ``changed``.

        Raises ``ApiError``; what differed until then was added.
        """
        self._driving.look_anew(self._observations, self._surroundings.client, changed)
        for hand in self._hands.values():
            hand.effects.look_anew()

    def warn(self, reconciler: Reconciler, event: Object) -> None:
        """Say on an object what is wrong with it, once; a warning is worth no failure."""
        place = Target.of(event)
        try:
            known = self._surroundings.client.get(place) is not None
            if not known and self._driving.may_write(reconciler.area):
                self.of(reconciler.area).publisher.publish(reconciler, [event])
        except (ApiError, FencedError):
            return

    def forget(self, target: Target) -> None:
        """Forget what was kept for an object that is gone."""
        reconciler = self._surroundings.reconciler_of(target)
        if reconciler is not None and not self._driving.is_idle(reconciler.area):
            self.of(reconciler.area).effects.forget(target)

    def collect(self) -> list[Seen]:
        """Delete the ledgers of objects that went while no process of ours was there.

        Returns what was seen anew for it. What cannot be deleted is left to a later run.
        """
        changed: list[Seen] = []
        for one in find_leftovers(self._surroundings, self._observations):
            reconciler = self._surroundings.reconciler_of(one.owner)
            if reconciler is None:
                continue
            try:
                self._remove(one, reconciler.area, changed)
            except (ApiError, FencedError):
                continue
        return changed

    def _remove(self, ledger: Leftover, area: str, changed: list[Seen]) -> None:
        if not self._driving.may_write(area):
            return
        if self._driving.is_outdated(area):
            self.look_anew(changed)
        if ledger.is_orphan(self._observations):
            ledger.remove(self._driving.client(area, self._surroundings.client))
