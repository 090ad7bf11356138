"""Checks of the main built-in kinds, beyond their types: what a server refuses with 422.

One function per kind, for an object by itself; what an update must not change is in
:mod:`ruleengine.apimachinery.change_validating` (reference, Kubernetes API section 8).
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Final

from ruleengine.apimachinery.causes import (
    Cause,
    Key,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from ruleengine.apimachinery.definition_validating import DEFINITION, check_definition
from ruleengine.apimachinery.int_or_string import percentage
from ruleengine.apimachinery.metadata_validating import check_labels
from ruleengine.apimachinery.naming import check_config_key, check_dns_label
from ruleengine.apimachinery.pod_validating import check_pod_spec, check_port
from ruleengine.apimachinery.selectors import SelectorError, label_selector_from_object
from ruleengine.model.values import Object, Path, Value, lookup

Check = Callable[[Object], Iterator[Cause]]

_SPEC: Final[Path] = ("spec",)
_MOST_DATA_BYTES: Final = 1024 * 1024
_PATH_TYPES: Final = ("Exact", "Prefix", "ImplementationSpecific")


def _natural(spec: Object, *fields: str) -> Iterator[Cause]:
    for field in fields:
        number = spec.get(field)
        if isinstance(number, int) and number < 0:
            yield invalid((*_SPEC, field), number, "must be greater than or equal to 0")


def _template(
    spec: Object, policies: tuple[str, ...], path: Path = _SPEC, claims: tuple[str, ...] = ()
) -> Iterator[Cause]:
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


def _selector(spec: Object, kind: str) -> Iterator[Cause]:
    selector = spec.get("selector")
    path = (*_SPEC, "selector")
    if not isinstance(selector, dict):
        return
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid(path, selector, f"empty selector is invalid for {kind}")
        return
    try:
        matches = label_selector_from_object(selector).matches(
            lookup(spec, "template", "metadata", "labels", default={})
        )
    except SelectorError as error:
        yield invalid(path, selector, str(error))
        return
    if not matches:
        yield invalid(
            (*_SPEC, "template", "metadata", "labels"),
            lookup(spec, "template", "metadata", "labels", default={}),
            "`selector` does not match template `labels`",
        )


def _workload(value: Object) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    yield from _natural(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    yield from _selector(spec, str(value.get("kind", "")).lower())
    claims = tuple(
        lookup(claim, "metadata", "name", default="")
        for claim in spec.get("volumeClaimTemplates") or ()
    )
    yield from _template(spec, ("Always",), claims=claims)


def _deployment(value: Object) -> Iterator[Cause]:
    yield from _workload(value)
    spec = value.get("spec") or {}
    path = (*_SPEC, "strategy", "rollingUpdate")
    rolling = lookup(spec, "strategy", "rollingUpdate")
    if lookup(spec, "strategy", "type") == "Recreate" and rolling is not None:
        yield forbidden(path, "may not be specified when strategy `type` is 'Recreate'")
    elif isinstance(rolling, dict):
        amounts = [rolling.get(name) for name in ("maxUnavailable", "maxSurge")]
        for name, amount in zip(("maxUnavailable", "maxSurge"), amounts, strict=True):
            yield from _amount(amount, (*path, name))
        if all(amount in (0, "0%") for amount in amounts):
            detail = "may not be 0 when `maxSurge` is 0"
            yield invalid((*path, "maxUnavailable"), amounts[0], detail)


def _amount(amount: Value, path: Path) -> Iterator[Cause]:
    """Check a number or percentage."""
    if isinstance(amount, str):
        try:
            percentage(amount)
        except ValueError:
            yield invalid(
                path,
                amount,
                "a valid percent string must be a numeric string followed by an ending '%'",
            )
    elif isinstance(amount, int) and amount < 0:
        yield invalid(path, amount, "must be greater than or equal to 0")


def _job_spec(spec: Object, path: Path) -> Iterator[Cause]:
    for field in ("parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished"):
        number = spec.get(field)
        if isinstance(number, int) and number < 0:
            yield invalid((*path, field), number, "must be greater than or equal to 0")
    if spec.get("completionMode") == "Indexed" and spec.get("completions") is None:
        detail = "when completion mode is Indexed"
        yield required((*path, "completions"), detail)
    yield from _template(spec, ("OnFailure", "Never"), path)


def _job(value: Object) -> Iterator[Cause]:
    yield from _job_spec(value.get("spec") or {}, _SPEC)


def _cron_job(value: Object) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    schedule = spec.get("schedule")
    if isinstance(schedule, str):
        if not schedule.startswith("@") and len(schedule.split()) != 5:
            detail = f"expected exactly 5 fields, found {len(schedule.split())}"
            yield invalid((*_SPEC, "schedule"), schedule, detail)
        elif "TZ=" in schedule:
            detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            yield invalid((*_SPEC, "schedule"), schedule, detail)
    if len(lookup(value, "metadata", "name", default="")) > 52:
        detail = "must be no more than 52 characters"
        yield invalid(("metadata", "name"), value["metadata"]["name"], detail)
    inner = lookup(spec, "jobTemplate", "spec", default={})
    yield from _job_spec(inner, (*_SPEC, "jobTemplate", "spec"))


def _pod(value: Object) -> Iterator[Cause]:
    yield from check_pod_spec(value.get("spec") or {}, _SPEC)


def _service(value: Object) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    if spec.get("type") == "ExternalName":
        if not spec.get("externalName"):
            yield required((*_SPEC, "externalName"))
        return
    ports = spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None":
        yield required((*_SPEC, "ports"))
    names: set[str] = set()
    for number, port in enumerate(ports):
        path = (*_SPEC, "ports", number)
        yield from check_port(port.get("port"), (*path, "port"))
        name = port.get("name")
        if not name:
            if len(ports) > 1:
                yield required((*path, "name"))
            continue
        problem = check_dns_label(str(name))
        if problem:
            yield invalid((*path, "name"), name, problem)
        if name in names:
            yield duplicate((*path, "name"), name)
        names.add(name)
    yield from check_labels(spec.get("selector"), (*_SPEC, "selector"))


def _data(value: Object) -> Iterator[Cause]:
    size = 0
    keys: set[str] = set()
    for field in ("data", "binaryData"):
        for key, text in (value.get(field) or {}).items():
            problem = check_config_key(key)
            if problem:
                yield invalid((field, Key(key)), key, problem)
            if key in keys:
                yield duplicate((field, Key(key)), key)
            keys.add(key)
            size += len(str(text))
    if size > _MOST_DATA_BYTES:
        yield too_long((), f"may not be more than {_MOST_DATA_BYTES} bytes")


def _secret(value: Object) -> Iterator[Cause]:
    yield from _data(value)
    for key, text in (value.get("data") or {}).items():
        try:
            base64.b64decode(str(text), validate=True)
        except (binascii.Error, ValueError):
            yield invalid(("data", Key(key)), "", "must be base64")


def _ingress(value: Object) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    rules = spec.get("rules") or []
    if not rules and not spec.get("defaultBackend"):
        yield invalid(_SPEC, spec, "either `defaultBackend` or `rules` must be specified")
    for number, rule in enumerate(rules):
        for at, one in enumerate(lookup(rule, "http", "paths", default=[])):
            path = (*_SPEC, "rules", number, "http", "paths", at)
            if not one.get("pathType"):
                yield required((*path, "pathType"), "pathType must be specified")
            elif one["pathType"] not in _PATH_TYPES:
                yield not_supported((*path, "pathType"), one["pathType"], _PATH_TYPES)
            written = one.get("path") or ""
            if one.get("pathType") in ("Exact", "Prefix") and not written.startswith("/"):
                yield invalid((*path, "path"), written, "must be an absolute path")
            yield from _backend(one.get("backend") or {}, (*path, "backend"))


def _backend(backend: Object, path: Path) -> Iterator[Cause]:
    service = backend.get("service")
    if service is None and backend.get("resource") is None:
        yield required(path, "resource or service backend is required")
    elif isinstance(service, dict):
        if not service.get("name"):
            yield required((*path, "service", "name"))
        port = service.get("port") or {}
        if not port.get("number") and not port.get("name"):
            yield required((*path, "service", "port"), "port name or number is required")


def _claim(value: Object) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    if not spec.get("accessModes"):
        yield required((*_SPEC, "accessModes"), "at least 1 access mode is required")
    if lookup(spec, "resources", "requests", "storage") is None:
        yield required((*_SPEC, "resources", "requests", "storage"))


def _autoscaler(value: Object) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    most, least = spec.get("maxReplicas"), spec.get("minReplicas")
    if isinstance(most, int) and most < 1:
        yield invalid((*_SPEC, "maxReplicas"), most, "must be greater than 0")
    if isinstance(most, int) and isinstance(least, int) and most < least:
        detail = "must be greater than or equal to `minReplicas`"
        yield invalid((*_SPEC, "maxReplicas"), most, detail)
    for field in ("kind", "name"):
        if not lookup(spec, "scaleTargetRef", field):
            yield required((*_SPEC, "scaleTargetRef", field))


def _disruption_budget(value: Object) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield invalid(_SPEC, spec, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        yield from _amount(spec.get(field), (*_SPEC, field))


def _binding(value: Object) -> Iterator[Cause]:
    for number, subject in enumerate(value.get("subjects") or ()):
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            yield required(("subjects", number, "namespace"))


CHECKS: Final[dict[tuple[str, str], Check]] = {
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "ConfigMap"): _data,
    ("", "Secret"): _secret,
    ("", "PersistentVolumeClaim"): _claim,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _workload,
    ("apps", "StatefulSet"): _workload,
    ("apps", "DaemonSet"): _workload,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("policy", "PodDisruptionBudget"): _disruption_budget,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("rbac.authorization.k8s.io", "RoleBinding"): _binding,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _binding,
    DEFINITION: check_definition,
}
"""The check of each kind by group and kind."""
