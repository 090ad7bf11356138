"""Health of a HorizontalPodAutoscaler (the reference, Argo CD section 7)."""

import json

from ruleengine.environments.health.verdicts import (
    Verdict,
    conditions,
    degraded,
    healthy,
    progressing,
)
from ruleengine.model.values import Object, lookup

_ANNOTATION = "autoscaling.alpha.kubernetes.io/conditions"
"""Where version 1 keeps the conditions for which it has no field."""

_FAILURES = {
    "AbleToScale": {"FailedGetScale", "FailedUpdateScale"},
    "ScalingActive": {
        "FailedComputeMetricsReplicas",
        "FailedGetExternalMetric",
        "FailedGetObjectMetric",
        "FailedGetPodsMetric",
        "FailedGetResourceMetric",
        "InvalidSelector",
    },
}


def autoscaler(value: Object) -> Verdict:
    """Judge an autoscaler of version 1 or 2 by its conditions."""
    states = conditions(value)
    if str(value.get("apiVersion")).endswith("/v1"):
        states = _annotated(value)
    for state in states:
        if state.get("reason") in _FAILURES.get(str(state.get("type")), ()):
            return degraded(str(state.get("message", "")))
    for state in states:
        if state.get("type") in ("AbleToScale", "ScalingLimited") and state["status"] == "True":
            return healthy(str(state.get("message", "")))
    return progressing("waiting to scale for the first time")


def _annotated(value: Object) -> list[Object]:
    """Return the conditions of a version 1 autoscaler. Raises ``ValueError`` for broken ones."""
    text = lookup(value, "metadata", "annotations", _ANNOTATION, default="[]")
    found = json.loads(text)
    return [one for one in found if isinstance(one, dict)]
