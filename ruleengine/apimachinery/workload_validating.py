"""Checks of what runs pods: workloads, jobs and budgets.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ruleengine.apimachinery.causes import forbidden, invalid, not_supported, required
from ruleengine.apimachinery.checks import (
    Causes,
    amount,
    label_selector,
    natural,
    objects,
    one_of,
    well_named,
)
from ruleengine.apimachinery.metadata_validating import check_labels
from ruleengine.apimachinery.naming import check_dns_label
from ruleengine.apimachinery.pod_validating import check_pod_spec
from ruleengine.apimachinery.selectors import SelectorError, label_selector_from_object
from ruleengine.apimachinery.storage_validating import check_claim_spec
from ruleengine.model.values import Object, Path, Value, lookup

_SPEC: Final[Path] = ("spec",)
_ALWAYS: Final = ("Always",)
_LONGEST_CRON_JOB: Final = 52
_MACROS: Final = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")


def _template(
    spec: Object,
    path: Path = _SPEC,
    policies: tuple[str, ...] = _ALWAYS,
    claims: tuple[str, ...] = (),
) -> Causes:
    template = spec.get("template")
    place = (*path, "template")
    if not isinstance(template, dict):
        yield required(place)
        return
    labels = lookup(template, "metadata", "labels")
    yield from check_labels(labels, (*place, "metadata", "labels"))
    inner = template.get("spec")
    pod = inner if isinstance(inner, dict) else {}
    yield from check_pod_spec(pod, (*place, "spec"), policies, claims)


def _selector(spec: Object, kind: str) -> Causes:
    selector = spec.get("selector")
    path = (*_SPEC, "selector")
    if not isinstance(selector, dict):
        yield required(path)
        return
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid(path, selector, f"empty selector is invalid for {kind}")
        return
    yield from label_selector(selector, path)
    labels = lookup(spec, "template", "metadata", "labels", default={})
    try:
        matches = label_selector_from_object(selector).matches(labels)
    except SelectorError:
        return
    if not matches:
        place = (*_SPEC, "template", "metadata", "labels")
        yield invalid(place, labels, "`selector` does not match template `labels`")


def check_workload(value: Object) -> Causes:
    """Yield what is wrong with a ReplicaSet, or with what all workloads share."""
    spec = value.get("spec") or {}
    yield from natural(spec, _SPEC, "replicas", "minReadySeconds", "revisionHistoryLimit")
    yield from _selector(spec, str(value.get("kind", "")).lower())
    claims = tuple(
        str(lookup(claim, "metadata", "name", default=""))
        for claim in objects(spec.get("volumeClaimTemplates"))
    )
    yield from _template(spec, claims=claims)


def check_deployment(value: Object) -> Causes:
    """Yield what is wrong with a Deployment."""
    yield from check_workload(value)
    spec = value.get("spec") or {}
    yield from _lasting(spec, "ReplicaSet")
    yield from natural(spec, _SPEC, "progressDeadlineSeconds")
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if isinstance(deadline, int) and isinstance(ready, int) and 0 <= deadline <= ready:
        detail = "must be greater than minReadySeconds"
        yield invalid((*_SPEC, "progressDeadlineSeconds"), deadline, detail)
    path = (*_SPEC, "strategy", "rollingUpdate")
    rolling = lookup(spec, "strategy", "rollingUpdate")
    if lookup(spec, "strategy", "type") == "Recreate" and rolling is not None:
        yield forbidden(path, "may not be specified when strategy `type` is 'Recreate'")
    elif isinstance(rolling, dict):
        yield from _rolling(rolling, path, "may not be 0 when `maxSurge` is 0")


def _lasting(spec: Object, kind: str) -> Causes:
    """Yield what pods cannot have that are to run for as long as their owner is there."""
    if lookup(spec, "template", "spec", "activeDeadlineSeconds") is not None:
        place = (*_SPEC, "template", "spec", "activeDeadlineSeconds")
        yield forbidden(place, f"activeDeadlineSeconds in {kind} is not Supported")


def _rolling(rolling: Object, path: Path, both_zero: str) -> Causes:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    yield from amount((*path, "maxUnavailable"), unavailable, most=100)
    yield from amount((*path, "maxSurge"), surge)
    if _is_zero(unavailable) and _is_zero(surge):
        yield invalid((*path, "maxUnavailable"), unavailable, both_zero)


def _is_zero(value: Value) -> bool:
    return value == 0 or (isinstance(value, str) and value.strip("0") == "%")


def check_stateful_set(value: Object) -> Causes:
    """Yield what is wrong with a StatefulSet."""
    yield from check_workload(value)
    spec = value.get("spec") or {}
    yield from _lasting(spec, "StatefulSet")
    for number, one in enumerate(objects(spec.get("volumeClaimTemplates"))):
        place = (*_SPEC, "volumeClaimTemplates", number, "spec")
        yield from check_claim_spec(one.get("spec") or {}, place)
    yield from well_named((*_SPEC, "serviceName"), spec.get("serviceName"), check_dns_label)
    strategy = spec.get("updateStrategy") or {}
    path = (*_SPEC, "updateStrategy", "rollingUpdate")
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "OnDelete" and rolling is not None:
        yield invalid(path, rolling, "only allowed for updateStrategy 'RollingUpdate'")
    elif isinstance(rolling, dict):
        yield from natural(rolling, path, "partition")
        yield from amount((*path, "maxUnavailable"), rolling.get("maxUnavailable"), most=100)
        if rolling.get("maxUnavailable") is not None and _is_zero(rolling["maxUnavailable"]):
            yield invalid((*path, "maxUnavailable"), rolling["maxUnavailable"], "cannot be 0")
    ordinals = spec.get("ordinals")
    if isinstance(ordinals, dict):
        yield from natural(ordinals, (*_SPEC, "ordinals"), "start")
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for field in ("whenDeleted", "whenScaled"):
        place = (*_SPEC, "persistentVolumeClaimRetentionPolicy", field)
        yield from one_of(place, retention.get(field), ("Delete", "Retain"))


def check_daemon_set(value: Object) -> Causes:
    """Yield what is wrong with a DaemonSet."""
    yield from check_workload(value)
    rolling = lookup(value, "spec", "updateStrategy", "rollingUpdate")
    path = (*_SPEC, "updateStrategy", "rollingUpdate")
    if not isinstance(rolling, dict):
        return
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    yield from amount((*path, "maxUnavailable"), unavailable, most=100)
    yield from amount((*path, "maxSurge"), surge, most=100)
    if _is_zero(unavailable) and _is_zero(surge):
        yield required((*path, "maxUnavailable"), "cannot be 0 when maxSurge is 0")
    elif not _is_zero(unavailable) and surge is not None and not _is_zero(surge):
        detail = "may not be set when maxUnavailable is non-zero"
        yield invalid((*path, "maxSurge"), surge, detail)


def check_replication_controller(value: Object) -> Causes:
    """Yield what is wrong with a ReplicationController."""
    spec = value.get("spec") or {}
    yield from natural(spec, _SPEC, "replicas", "minReadySeconds")
    selector = spec.get("selector") or {}
    labels = lookup(spec, "template", "metadata", "labels", default={})
    if not selector:
        yield required((*_SPEC, "selector"))
    elif not selector.items() <= labels.items():
        place = (*_SPEC, "template", "metadata", "labels")
        yield invalid(place, labels, "`selector` does not match template `labels`")
    yield from _template(spec)


def check_pod_template(value: Object) -> Causes:
    """Yield what is wrong with a PodTemplate."""
    yield from _template(value, (), ())


def check_job(value: Object) -> Causes:
    """Yield what is wrong with a Job."""
    yield from _job_spec(value.get("spec") or {}, _SPEC)


def _job_spec(spec: Object, path: Path) -> Causes:
    yield from natural(
        spec,
        path,
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
        "ttlSecondsAfterFinished",
    )
    indexed = spec.get("completionMode") == "Indexed"
    if indexed and spec.get("completions") is None:
        yield required((*path, "completions"), "when completion mode is Indexed")
    if not indexed and spec.get("backoffLimitPerIndex") is not None:
        detail = "requires indexed completion mode"
        yield invalid((*path, "backoffLimitPerIndex"), spec["backoffLimitPerIndex"], detail)
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        detail = "when maxFailedIndexes is specified"
        yield required((*path, "backoffLimitPerIndex"), detail)
    if not indexed and spec.get("successPolicy") is not None:
        detail = "requires indexed completion mode"
        yield invalid((*path, "successPolicy"), spec["successPolicy"], detail)
    if spec.get("manualSelector") and not spec.get("selector"):
        yield required((*path, "selector"))
    yield from _failure_policy(spec, (*path, "podFailurePolicy"))
    policy = lookup(spec, "template", "spec", "restartPolicy")
    place = (*path, "template", "spec", "restartPolicy")
    if policy == "Always":
        yield required(place, 'valid values: "OnFailure", "Never"')
        yield from _template(spec, path, ())
    else:
        yield from _template(spec, path, ("OnFailure", "Never"))


def _failure_policy(spec: Object, path: Path) -> Causes:
    policy = spec.get("podFailurePolicy")
    if not isinstance(policy, dict):
        return
    replacement = spec.get("podReplacementPolicy")
    if replacement and replacement != "Failed":
        yield not_supported((*path[:-1], "podReplacementPolicy"), replacement, ("Failed",))
    if lookup(spec, "template", "spec", "restartPolicy") != "Never":
        place = (*path[:-1], "template", "spec", "restartPolicy")
        stated = lookup(spec, "template", "spec", "restartPolicy", default="")
        yield invalid(place, stated, 'only "Never" is supported when podFailurePolicy is specified')
    for number, rule in enumerate(objects(policy.get("rules"))):
        place = (*path, "rules", number)
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
        if codes is not None and conditions:
            detail = "specifying both OnExitCodes and OnPodConditions is not supported"
            yield invalid(place, rule, detail)
        if codes is None and not conditions:
            detail = "specifying one of OnExitCodes and OnPodConditions is required"
            yield invalid(place, rule, detail)
        values = lookup(codes, "values", default=[])
        if codes is not None and not values:
            where = (*place, "onExitCodes", "values")
            yield invalid(where, values, "at least one value is required")
        if lookup(codes, "operator") == "In" and 0 in values:
            where = (*place, "onExitCodes", "values", values.index(0))
            yield invalid(where, 0, "must not be 0 for the In operator")


def check_cron_job(value: Object) -> Causes:
    """Yield what is wrong with a CronJob."""
    spec = value.get("spec") or {}
    yield from _schedule(spec)
    zone = spec.get("timeZone")
    if zone == "":
        yield invalid((*_SPEC, "timeZone"), zone, "timeZone must be nil or non-empty string")
    elif zone == "Local":
        detail = (
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        )
        yield invalid((*_SPEC, "timeZone"), zone, detail)
    elif zone is not None and not _is_zone(str(zone)):
        yield invalid((*_SPEC, "timeZone"), zone, f"unknown time zone {zone}")
    yield from natural(
        spec,
        _SPEC,
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
        "failedJobsHistoryLimit",
    )
    name = str(lookup(value, "metadata", "name", default=""))
    if len(name) > _LONGEST_CRON_JOB:
        detail = f"must be no more than {_LONGEST_CRON_JOB} characters"
        yield invalid(("metadata", "name"), name, detail)
    template = lookup(spec, "jobTemplate", "spec", default={})
    if template.get("manualSelector"):
        place = (*_SPEC, "jobTemplate", "spec", "manualSelector")
        yield forbidden(place, "`manualSelector` is not allowed in a CronJob's jobTemplate")
    yield from _job_spec(template, (*_SPEC, "jobTemplate", "spec"))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return False
    return True


def _schedule(spec: Object) -> Causes:
    schedule = spec.get("schedule")
    place = (*_SPEC, "schedule")
    if not schedule:
        yield required(place)
    elif "TZ" in str(schedule):
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield invalid(place, schedule, detail)
    elif str(schedule).startswith("@"):
        if schedule not in _MACROS and not str(schedule).startswith("@every "):
            yield invalid(place, schedule, f"unrecognized descriptor: {schedule}")
    elif len(str(schedule).split()) != 5:
        found = len(str(schedule).split())
        listed = " ".join(str(schedule).split())
        yield invalid(place, schedule, f"expected exactly 5 fields, found {found}: [{listed}]")


def check_disruption_budget(value: Object) -> Causes:
    """Yield what is wrong with a PodDisruptionBudget."""
    spec = value.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield invalid(_SPEC, spec, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        yield from amount((*_SPEC, field), spec.get(field), most=100)
    yield from label_selector(spec.get("selector"), (*_SPEC, "selector"))
    policy = spec.get("unhealthyPodEvictionPolicy")
    place = (*_SPEC, "unhealthyPodEvictionPolicy")
    yield from one_of(place, policy, ("AlwaysAllow", "IfHealthyBudget"))
