"""Health of objects: what their own status says about them, as Argo CD judges it.

One module per family of built-in kinds (the reference, Argo CD section 7). An object of a
kind that nobody judges has no health, which is not the same as being healthy.
"""

from ruleengine.environments.health.aggregation import worst
from ruleengine.environments.health.judging import health_of
from ruleengine.environments.health.verdicts import HealthStatus, Verdict

__all__ = ["HealthStatus", "Verdict", "health_of", "worst"]
