"""The conditions of Argo Events: a status is nothing but these, ordered by type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ruleengine.model.problems import Problem
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

DEPLOYED: Final = "Deployed"

INVALID: Final = "InvalidSpec"
"""The reason of an object that is left alone because of its spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: ``True``, ``False`` or ``Unknown``, why in a word, and in a sentence."""

    status: str
    reason: str = ""
    message: str = ""


def holds(message: str = "", reason: str = "") -> Condition:
    """Return a condition that is met."""
    return Condition(status="True", reason=reason, message=message)


def fails(message: str, reason: str) -> Condition:
    """Return a condition that is not met."""
    return Condition(status="False", reason=reason, message=message)


def refused(problem: Problem) -> Condition:
    """Return the condition of an object that is left alone because of its spec."""
    return fails(problem.text, INVALID)


def make_status(value: Object, conditions: Mapping[str, Condition], now: datetime) -> Object:
    """Return the whole status of an object: what others wrote beside the conditions stays.

    A condition keeps its time for as long as its status is what it was.
    """
    previous = value.get("status")
    previous = previous if isinstance(previous, dict) else {}
    before = {
        str(one.get("type")): one
        for one in lookup(previous, "conditions", default=[])
        if isinstance(one, dict)
    }
    listed = [
        _listed(kind, conditions[kind], before.get(kind, {}), now) for kind in sorted(conditions)
    ]
    return {**previous, "conditions": listed}


def _listed(kind: str, condition: Condition, before: Object, now: datetime) -> Object:
    since = before.get("lastTransitionTime") if before.get("status") == condition.status else None
    found = {
        "type": kind,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": since or format_time(now),
    }
    return {name: one for name, one in found.items() if one}
