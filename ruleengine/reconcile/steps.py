"""One decision while it is performed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ruleengine.model.actions import PlannedAction, Target
from ruleengine.model.decisions import Decision, Reconciler
from ruleengine.model.values import Object
from ruleengine.reconcile.hands import Hand
from ruleengine.reconcile.keys import Key
from ruleengine.reconcile.observations import Seen


@dataclass(frozen=True, slots=True)
class Told:
    """An object and what is to be said about it."""

    target: Target
    message: str


@dataclass(slots=True)
class Step:
    """A decision, what is used to perform it, and what came of that so far.

    ``changed`` is what has its object decided again, ``foreseen`` what was written just as the
    decision counts on.
    ``answered`` and ``heard`` say that a request has an answer now that had none, ``failed``
    that something could not be done, ``void`` that others drove before it was, ``urgent``
    that its status is written with its actions. ``rest`` is what is still to be written, ``mark``
    what goes along with the status: labels of the object itself. ``late`` is what comes after it.
    """

    key: Key
    value: Object
    reconciler: Reconciler
    hand: Hand
    decision: Decision
    now: datetime
    changed: list[Seen] = field(default_factory=list)
    foreseen: list[Seen] = field(default_factory=list)
    answered: bool = False
    heard: bool = False
    failed: bool = False
    void: bool = False
    urgent: bool = False
    rest: Sequence[PlannedAction] = ()
    mark: PlannedAction | None = None
    late: Sequence[PlannedAction] = ()

    def wake_by(self, moment: datetime) -> None:
        """Have the object decided at a time at the latest."""
        key = self.key
        key.wake_at = moment if key.wake_at is None else min(key.wake_at, moment)
