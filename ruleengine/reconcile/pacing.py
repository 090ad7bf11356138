"""Pacing: when an object is decided again after a decision about it was performed."""

from datetime import timedelta
from typing import Final

from ruleengine.reconcile.backoff import pause_after
from ruleengine.reconcile.keys import Key
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.quarantine import Quarantine
from ruleengine.reconcile.statuses import PAUSE
from ruleengine.reconcile.steps import Step

_RESTLESS: Final = 200
"""How many decisions in a row may change something without the object coming to rest."""


def pace(step: Step, observations: Observations, quarantine: Quarantine, seed: int) -> None:
    """Settle when an object is decided again, or put it aside where that has no end."""
    key, now = step.key, step.now
    if key.watched or step.void:
        return
    key.failures = key.failures + 1 if step.failed else 0
    if step.failed:
        step.wake_by(now + pause_of(key, seed))
    if not (step.changed or step.answered or step.rest):
        key.restless = 0
        if key.wake_at is not None and key.wake_at <= now:
            key.wake_at = now + PAUSE
        return
    # What happens outside has no end, and what was broken off has one.
    key.restless = 0 if step.heard or step.rest else key.restless + 1
    value = observations.get(key.target) if key.restless > _RESTLESS else None
    if value is not None:
        what = f"after {_RESTLESS} decisions in a row there is still something new"
        quarantine.put_aside(key, value, what)
    elif step.rest or not step.failed:
        key.wake_at = now


def pause_of(key: Key, seed: int) -> timedelta:
    """Return for how long an object is left alone after what failed."""
    return timedelta(seconds=pause_after(key.failures, key.target, seed))
