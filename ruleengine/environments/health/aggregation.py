"""The health of many objects together: the worst one speaks for all."""

from collections.abc import Iterable

from ruleengine.environments.health.verdicts import HealthStatus

_RANK = {status: rank for rank, status in enumerate(HealthStatus)}


def worst(statuses: Iterable[HealthStatus]) -> HealthStatus:
    """Return the worst of the statuses; ``Healthy`` where there is none."""
    return max(statuses, key=_RANK.__getitem__, default=HealthStatus.HEALTHY)
