"""The conditions of a rollout (reference, Rollouts 8.1 and 8.2).

A condition whose status and reason stay is not touched at all, so that deciding again
gives an equal status; only ``Progressing`` renews its time when there is progress.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object

AVAILABLE: Final = "Available"
COMPLETED: Final = "Completed"
HEALTHY: Final = "Healthy"
INVALID_SPEC: Final = "InvalidSpec"
PAUSED: Final = "Paused"
PROGRESSING: Final = "Progressing"

ABORTED: Final = "RolloutAborted"
TIMED_OUT: Final = "ProgressDeadlineExceeded"
SUCCEEDED: Final = "NewReplicaSetAvailable"


class Conditions:
    """The conditions of one status while it is made."""

    def __init__(self, previous: object, now: datetime) -> None:
        found = previous if isinstance(previous, list) else []
        self._found: list[Object] = [one for one in found if isinstance(one, dict)]
        self._now = format_time(now)

    @property
    def all(self) -> Sequence[Object]:
        """Every condition, in the order in which they were last replaced."""
        return tuple(self._found)

    def get(self, kind: str) -> Object:
        """Return a condition; an empty map where there is none."""
        return next((one for one in self._found if one.get("type") == kind), {})

    def set(self, kind: str, status: str, reason: str, message: str) -> None:
        """Set a condition; nothing changes where status and reason are what they were."""
        before = self.get(kind)
        if (before.get("status"), before.get("reason")) == (status, reason):
            return
        since = before.get("lastTransitionTime") if before.get("status") == status else None
        self.drop(kind)
        self._found.append(
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastUpdateTime": self._now,
                "lastTransitionTime": since or self._now,
            }
        )

    def renew(self, kind: str, status: str, reason: str, message: str) -> None:
        """Set a condition, and its time of update even where it was that already."""
        self.set(kind, status, reason, message)
        fresh = {"message": message, "lastUpdateTime": self._now}
        self._found = [one | fresh if one.get("type") == kind else one for one in self._found]

    def drop(self, kind: str) -> None:
        """Take a condition away."""
        self._found = [one for one in self._found if one.get("type") != kind]

    def deadline(self, seconds: timedelta) -> datetime | None:
        """Return when there will have been no progress for too long."""
        try:
            return parse_time(str(self.get(PROGRESSING).get("lastUpdateTime", ""))) + seconds
        except ValueError:
            return None
