"""What a rollout remembers between decisions: the part of its status that decides.

People steer by patching these fields: they clear ``pauseConditions`` to promote, and set
``abort`` or ``promoteFull`` (reference, Rollouts 5.4). The rest of the status is a view.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, Value

CANARY_PAUSE: Final = "CanaryPauseStep"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Hashes in use, the step, pauses, and what people asked for.

    ``controller_pause`` without any pause is the sign that somebody promoted.
    """

    current: str = ""
    stable: str = ""
    step_hash: str = ""
    index: int | None = None
    pauses: tuple[Object, ...] = ()
    controller_pause: bool = False
    abort: bool = False
    aborted_at: str = ""
    promote_full: bool = False
    collisions: int | None = None

    @classmethod
    def of(cls, status: Object) -> Self:
        """Return the state that a status holds; what cannot be read counts as absent."""
        index, collisions = status.get("currentStepIndex"), status.get("collisionCount")
        pauses = status.get("pauseConditions")
        return cls(
            current=_text(status.get("currentPodHash")),
            stable=_text(status.get("stableRS")),
            step_hash=_text(status.get("currentStepHash")),
            index=max(index, 0) if isinstance(index, int) else None,
            pauses=tuple(one for one in pauses if isinstance(one, dict))
            if isinstance(pauses, list)
            else (),
            controller_pause=status.get("controllerPause") is True,
            abort=status.get("abort") is True,
            aborted_at=_text(status.get("abortedAt")),
            promote_full=status.get("promoteFull") is True,
            collisions=collisions if isinstance(collisions, int) else None,
        )

    @property
    def fields(self) -> Object:
        """The fields of a status that hold it; without those that are absent."""
        found: Object = {
            "currentPodHash": self.current,
            "stableRS": self.stable,
            "currentStepHash": self.step_hash,
            "pauseConditions": list(self.pauses),
            "controllerPause": self.controller_pause,
            "abort": self.abort,
            "abortedAt": self.aborted_at,
            "promoteFull": self.promote_full,
        }
        kept = {name: one for name, one in found.items() if one}
        numbers = {"currentStepIndex": self.index, "collisionCount": self.collisions}
        return kept | {name: one for name, one in numbers.items() if one is not None}

    @property
    def is_promoted(self) -> bool:
        """Whether the template in use is the stable one."""
        return bool(self.stable) and self.stable == self.current

    def paused_since(self) -> datetime | None:
        """Return since when the pause of a step lasts; ``None`` where there is none."""
        for one in self.pauses:
            if one.get("reason") == CANARY_PAUSE:
                return _moment(one.get("startTime"))
        return None

    def paused(self, now: datetime) -> Self:
        """Return the state with the pause of a step begun now."""
        pause = {"reason": CANARY_PAUSE, "startTime": format_time(now)}
        return replace(self, pauses=(*self.pauses, pause), controller_pause=True)

    def without_pauses(self) -> Self:
        """Return the state with every pause cleared."""
        return replace(self, pauses=(), controller_pause=False)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Value) -> datetime:
    """Return the moment that a status names; the beginning of time where it names none."""
    try:
        return parse_time(_text(value))
    except ValueError:
        return parse_time("1970-01-01T00:00:00Z")
