"""Statuses: what differs, when that has to be written, and what is shown until it is.

A status that may wait is shown to the decisions of this process at once, so that each of them
goes on where the one before stopped; the server gets it once a second. Whatever comes from the
server in between takes its place, and decisions come to the same again. Where many objects are on
their way such statuses take turns, so that writing them does not hold up the rest.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from ruleengine.apimachinery.patches import make_merge_patch
from ruleengine.model.decisions import Decision
from ruleengine.model.values import Object, Value, version_of
from ruleengine.reconcile.keys import Key
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.packing import PLAIN, Packing

PAUSE: Final = timedelta(seconds=1)
"""How long a status that is not urgent waits after the one before was written."""

_TURN: Final = timedelta(seconds=0.1)
"""How far apart the turns of statuses are that may wait."""

_LONGEST: Final = timedelta(seconds=30)
"""How long such a status waits for its turn at most, however many there are."""


class Statuses:
    """How the statuses that decisions want stand against those that are stored."""

    def __init__(self, observations: Observations, packing: Packing = PLAIN) -> None:
        self._observations = observations
        self._packing = packing
        self._next_turn = datetime.min.replace(tzinfo=UTC)

    def stored(self, key: Key) -> Object | None:
        """Return an object as the server has it, as far as we know.

        Where it has changed, a status that was only shown is lost, and with it the memo of the
        decision that it came from: the next decision comes to it again.
        """
        live = self._observations.get(key.target)
        if key.stored is not None and version_of(key.stored) == version_of(live):
            return key.stored
        if key.stored is not None:
            key.stored = key.memo = None
        return live

    def is_due(self, key: Key, decision: Decision, now: datetime) -> bool:
        """Tell whether a status differs and has to be written whatever else is."""
        stored = self.stored(key)
        if stored is None or self.may_wait(key, decision, now):
            return False
        read = self._packing.unpack(stored)
        if not status_difference(read, decision.status):
            return False
        return is_urgent(read, decision) or not self.is_too_early(key, decision, now)

    def read(self, stored: Object) -> Object:
        """Return a stored object as its reconciler reads it. Raises ``StoreError``."""
        return self._packing.unpack(stored)

    def patch(self, stored: Object, status: Object, difference: Object) -> Object:
        """Return the patch that leads from a stored object to a status as that is stored.

        ``difference`` is the patch between both as they are read. Raises ``StoreError``.
        """
        packed = self._packing.pack(stored, status)
        if packed is status and self._packing.unpack(stored) is stored:
            return difference
        return status_difference(stored, packed)

    def may_wait(self, key: Key, decision: Decision, now: datetime) -> bool:
        """Tell whether a status is not written now, whatever is new in it.

        That is known without looking through what may be thousands of nodes.
        """
        return bool(decision.may_wait) and self.is_too_early(key, decision, now)

    def is_too_early(self, key: Key, decision: Decision, now: datetime) -> bool:
        """Tell whether the last status was written a moment ago."""
        return now < self.due(key, decision, now)

    def due(self, key: Key, decision: Decision, now: datetime) -> datetime:
        """Return when a status is written that is not urgent."""
        if key.status_at is None:
            return now
        if not decision.may_wait:
            return key.status_at + PAUSE
        if key.turn is None:
            key.turn = self._take_turn(now)
        return max(key.status_at + max(PAUSE, timedelta(seconds=decision.may_wait)), key.turn)

    def _take_turn(self, now: datetime) -> datetime:
        """Return from when on one more status may be written, after those that came before."""
        latest = now + _LONGEST
        turn = min(max(now, self._next_turn), latest)
        self._next_turn = min(turn + _TURN, latest)
        return turn

    def show(self, key: Key, decision: Decision) -> bool:
        """Show a status that may wait to the decisions to come; tell whether it is a new one."""
        stored = self.stored(key)
        if stored is None or self._packing.unpack(stored).get("status") == decision.status:
            return False
        key.stored = stored
        self._observations.put({**stored, "status": decision.status}, key.target)
        return True


def is_urgent(stored: Object, decision: Decision) -> bool:
    """Tell whether a status must not wait: it has another phase than the one that is stored."""
    return not decision.may_wait and changes_phase(stored, decision.status or {})


def status_difference(live: Object, desired: Object | None) -> Object:
    """Return the merge patch that leads to the desired status; empty where nothing does.

    ``desired`` is the whole status; ``None`` leaves it alone.
    """
    if desired is None:
        return {}
    return make_merge_patch(live.get("status") or {}, desired)


def changes_phase(live: Object, desired: Object) -> bool:
    """Tell whether a desired status has a phase somewhere that the live one has not."""
    return _phases(live.get("status")) != _phases(desired)


def _phases(status: Value, depth: int = 3) -> list[str]:
    """Return the texts of a status that say in which phase something is."""
    if not isinstance(status, dict) or not depth:
        return []
    found = [
        f"{name}={status[name]}"
        for name in ("phase", "status")
        if isinstance(status.get(name), str)
    ]
    for name in sorted(name for name, inner in status.items() if isinstance(inner, dict)):
        found.extend(f"{name}.{one}" for one in _phases(status[name], depth - 1))
    return found
