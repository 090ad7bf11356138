"""Kinds that are served in two forms and stored in one.

Events of ``events.k8s.io`` are those of the core group under other names; a
HorizontalPodAutoscaler of ``autoscaling/v1`` is one of ``v2`` that knows one metric, and
keeps the rest in annotations (reference, Kubernetes API section 8, "Events", and the API
conventions on conversion without loss).
"""

from collections.abc import Callable, Mapping
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.values import Object, Value, lookup

STORED_AS: Final[Mapping[str, str]] = {"events.events.k8s.io": "events"}
"""The resource whose objects a resource shows, where it is not its own."""

_NEW_NAMES: Final = {
    "message": "note",
    "involvedObject": "regarding",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_OLD_NAMES: Final = {new: old for old, new in _NEW_NAMES.items()}
_OTHER_METRICS: Final = "autoscaling.alpha.kubernetes.io/metrics"
_BEHAVIOUR: Final = "autoscaling.alpha.kubernetes.io/behavior"
_CPU: Final = "targetCPUUtilizationPercentage"


def _renamed(value: Object, names: Mapping[str, str], api_version: str) -> Object:
    found = {names.get(name, name): inner for name, inner in value.items()}
    return {**found, "apiVersion": api_version}


def _is_cpu(metric: Value) -> bool:
    """Tell whether a metric is the one that ``autoscaling/v1`` has a field for."""
    target = lookup(metric, "resource", default={})
    stated = (lookup(metric, "type"), lookup(target, "name"), lookup(target, "target", "type"))
    return stated == ("Resource", "cpu", "Utilization")


def _to_v1(value: Object) -> Object:
    spec, metadata = dict(value.get("spec") or {}), dict(value["metadata"])
    metrics = spec.pop("metrics", None) or []
    behaviour = spec.pop("behavior", None)
    notes = dict(metadata.get("annotations") or {})
    cpu = next((one for one in metrics if _is_cpu(one)), None)
    others = [one for one in metrics if one is not cpu]
    if cpu is not None:
        spec[_CPU] = lookup(cpu, "resource", "target", "averageUtilization")
    if others:
        notes[_OTHER_METRICS] = json_text.dumps(others)
    if behaviour:
        notes[_BEHAVIOUR] = json_text.dumps(behaviour)
    if notes:
        metadata["annotations"] = notes
    return {**value, "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec}


def _to_v2(value: Object) -> Object:
    spec, metadata = dict(value.get("spec") or {}), dict(value["metadata"])
    notes = dict(metadata.get("annotations") or {})
    metrics = _kept(notes.pop(_OTHER_METRICS, ""), list)
    behaviour = _kept(notes.pop(_BEHAVIOUR, ""), dict)
    percentage = spec.pop(_CPU, None)
    if percentage is not None:
        target = {"type": "Utilization", "averageUtilization": percentage}
        cpu = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
        metrics = [cpu, *(metrics or [])]
    if metrics:
        spec["metrics"] = metrics
    if behaviour:
        spec["behavior"] = behaviour
    if "annotations" in metadata:
        metadata["annotations"] = notes
        if not notes:
            del metadata["annotations"]
    return {**value, "apiVersion": "autoscaling/v2", "metadata": metadata, "spec": spec}


def _kept(text: str, wanted: type) -> Value:
    """Return what an annotation keeps; nothing where somebody has spoilt it."""
    try:
        value = json_text.loads(text) if text else None
    except ValueError:
        return None
    return value if isinstance(value, wanted) else None


Convert = Callable[[Object], Object]

_CONVERSIONS: Final[Mapping[tuple[str, str, str], Convert]] = {
    ("Event", "v1", "events.k8s.io/v1"): lambda one: _renamed(one, _NEW_NAMES, "events.k8s.io/v1"),
    ("Event", "events.k8s.io/v1", "v1"): lambda one: _renamed(one, _OLD_NAMES, "v1"),
    ("HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1"): _to_v1,
    ("HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2"): _to_v2,
}
_STORED_FORM: Final = {
    ("Event", "events.k8s.io/v1"): "v1",
    ("HorizontalPodAutoscaler", "autoscaling/v1"): "autoscaling/v2",
}


def shown_as(value: Object, api_version: str) -> Object:
    """Return a stored object in the version that is asked for."""
    stated = str(value.get("apiVersion"))
    if stated == api_version:
        return value
    convert = _CONVERSIONS.get((str(value.get("kind")), stated, api_version))
    return convert(value) if convert else {**value, "apiVersion": api_version}


def to_store(value: Object) -> Object:
    """Return an object in the form in which its kind is stored."""
    wanted = _STORED_FORM.get((str(value.get("kind")), str(value.get("apiVersion"))))
    return shown_as(value, wanted) if wanted else value


def stored_field(resource: str, path: str) -> str:
    """Return the field of stored objects that a field selector of a view names."""
    if resource not in STORED_AS:
        return path
    head, dot, rest = path.partition(".")
    return f"{_OLD_NAMES.get(head, head)}{dot}{rest}"
