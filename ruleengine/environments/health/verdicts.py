"""The words of health, and the small readings that every family needs."""

from enum import StrEnum
from typing import NamedTuple

from ruleengine.model.values import Object, lookup


class HealthStatus(StrEnum):
    """The states of health, best first: the order in which the worst one is found."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


class Verdict(NamedTuple):
    """The health of one object, and why it is not better."""

    status: HealthStatus
    message: str = ""


def healthy(message: str = "") -> Verdict:
    """Return the verdict that all is well."""
    return Verdict(HealthStatus.HEALTHY, message)


def progressing(message: str) -> Verdict:
    """Return the verdict that the object is still getting there."""
    return Verdict(HealthStatus.PROGRESSING, message)


def degraded(message: str) -> Verdict:
    """Return the verdict that the object failed."""
    return Verdict(HealthStatus.DEGRADED, message)


def number(value: Object, *path: str, default: int = 0) -> int:
    """Return a whole number of an object, ``default`` where there is none."""
    found = lookup(value, *path, default=default)
    return found if isinstance(found, int) else default


def conditions(value: Object) -> list[Object]:
    """Return the conditions that the status of an object holds."""
    found = lookup(value, "status", "conditions", default=[])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def condition(value: Object, name: str) -> Object | None:
    """Return the condition of one type, or ``None``."""
    return next((one for one in conditions(value) if one.get("type") == name), None)


def behind(value: Object) -> bool:
    """Tell whether the controller of an object has not seen its newest spec yet."""
    generation = number(value, "metadata", "generation")
    return generation > number(value, "status", "observedGeneration")
