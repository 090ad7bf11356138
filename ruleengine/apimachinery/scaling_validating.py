"""Checks of HorizontalPodAutoscalers.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

from typing import Final

from ruleengine.apimachinery.causes import invalid, not_supported, required
from ruleengine.apimachinery.checks import (
    Causes,
    named,
    natural,
    objects,
    one_of,
    positive,
)
from ruleengine.apimachinery.naming import check_path_segment
from ruleengine.model.values import Object, Path, lookup

_SPEC: Final[Path] = ("spec",)
_SCALED: Final = ("Percent", "Pods")
_LONGEST_WINDOW: Final = 3600
_LONGEST_PERIOD: Final = 1800


def check_autoscaler(value: Object) -> Causes:
    """Yield what is wrong with a HorizontalPodAutoscaler."""
    spec = value.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if isinstance(least, int) and least < 1:
        yield invalid((*_SPEC, "minReplicas"), least, "must be greater than or equal to 1")
    if isinstance(most, int) and most < 1:
        yield invalid((*_SPEC, "maxReplicas"), most, "must be greater than 0")
    if isinstance(most, int) and isinstance(least, int) and most < least:
        detail = "must be greater than or equal to `minReplicas`"
        yield invalid((*_SPEC, "maxReplicas"), most, detail)
    target = spec.get("scaleTargetRef") or {}
    for field in ("kind", "name"):
        place = (*_SPEC, "scaleTargetRef", field)
        yield from named(place, target.get(field), check_path_segment)
    version = str(target.get("apiVersion") or "")
    if "/" not in version and target.get("kind") != "ReplicationController":
        place = (*_SPEC, "scaleTargetRef", "apiVersion")
        yield invalid(place, version, "apiVersion must specify API group")
    yield from positive(spec, _SPEC, "targetCPUUtilizationPercentage")
    for number, metric in enumerate(objects(spec.get("metrics"))):
        yield from _metric(metric, (*_SPEC, "metrics", number))
    for field in ("scaleUp", "scaleDown"):
        rules = lookup(spec, "behavior", field)
        if isinstance(rules, dict):
            yield from _scaling(rules, (*_SPEC, "behavior", field))


def _metric(metric: Object, path: Path) -> Causes:
    sort = str(metric.get("type") or "")
    if not sort:
        yield required((*path, "type"), "must specify a metric source type")
        return
    name = sort[:1].lower() + sort[1:]
    source = metric.get(name)
    if not isinstance(source, dict):
        yield required((*path, name), "must populate information for the given metric source")
        return
    target = source.get("target") or {}
    if not target.get("type"):
        yield required((*path, name, "target", "type"), "must specify a metric target type")
    yield from positive(target, (*path, name, "target"), "averageUtilization")
    kinds = ("averageUtilization", "averageValue", "value")
    if target and not any(target.get(kind) is not None for kind in kinds):
        detail = "must set either a target raw value or a target utilization"
        yield required((*path, name, "target", "averageUtilization"), detail)


def _scaling(rules: Object, path: Path) -> Causes:
    window = rules.get("stabilizationWindowSeconds")
    yield from natural(rules, path, "stabilizationWindowSeconds")
    if isinstance(window, int) and window > _LONGEST_WINDOW:
        detail = f"must be less than or equal to {_LONGEST_WINDOW}"
        yield invalid((*path, "stabilizationWindowSeconds"), window, detail)
    yield from one_of(
        (*path, "selectPolicy"), rules.get("selectPolicy"), ("Disabled", "Max", "Min")
    )
    policies = objects(rules.get("policies"))
    if not policies:
        yield required((*path, "policies"), "must specify at least one Policy")
    for number, policy in enumerate(policies):
        place = (*path, "policies", number)
        if policy.get("type") not in _SCALED:
            yield not_supported((*place, "type"), policy.get("type") or "", _SCALED)
        numbers = {name: policy.get(name) or 0 for name in ("value", "periodSeconds")}
        yield from positive(numbers, place, *numbers)
        period = policy.get("periodSeconds")
        if isinstance(period, int) and period > _LONGEST_PERIOD:
            detail = f"must be less than or equal to {_LONGEST_PERIOD}"
            yield invalid((*place, "periodSeconds"), period, detail)
