"""LimitRanges: what containers get that state no resources, and what none may go beyond.

Pure: an object and the LimitRanges of its namespace. The words are those of Kubernetes' own
admission (reference, Kubernetes API section 8, "LimitRange").
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ruleengine.apimachinery.quantities import Quantity
from ruleengine.local.api.pod_resources import (
    Amounts,
    amounts_of,
    amounts_of_pod,
    containers_of,
)
from ruleengine.model.values import Object, lookup

_ANNOTATION: Final = "kubernetes.io/limit-ranger"
_DEFAULTS: Final = (("default", "limits"), ("defaultRequest", "requests"))


def with_defaults(pod: Object, ranges: Iterable[Object]) -> Object:
    """Return a pod whose containers have the defaults of LimitRanges, and say so."""
    defaults = [(item, field) for one in ranges for item, field in _container_defaults(one)]
    if not defaults:
        return pod
    spec = {**pod["spec"]}
    notes: list[str] = []
    for kind, word in (("containers", "container"), ("initContainers", "init container")):
        if kind not in spec:
            continue
        filled = []
        for one in spec[kind]:
            value, given = _filled(one, defaults)
            filled.append(value)
            notes += [
                f"{', '.join(names)} {field} for {word} {one['name']}" for field, names in given
            ]
        spec[kind] = filled
    if not notes:
        return pod
    metadata = pod["metadata"]
    note = f"LimitRanger plugin set: {'; '.join(notes)}"
    annotations = {**(metadata.get("annotations") or {}), _ANNOTATION: note}
    return {**pod, "metadata": {**metadata, "annotations": annotations}, "spec": spec}


def _items(one: Object, kind: str) -> list[Object]:
    return [item for item in lookup(one, "spec", "limits", default=()) if item.get("type") == kind]


def _container_defaults(one: Object) -> Iterator[tuple[Object, str]]:
    for item in _items(one, "Container"):
        for name, field in _DEFAULTS:
            if item.get(name):
                yield item[name], field


def _filled(
    container: Object, defaults: list[tuple[Object, str]]
) -> tuple[Object, list[tuple[str, list[str]]]]:
    """Return a container with defaults, and which it was given: names by field."""
    resources = {**(container.get("resources") or {})}
    given: dict[str, list[str]] = {}
    for stated, field in defaults:
        known = resources.get(field) or {}
        missing = {name: text for name, text in stated.items() if name not in known}
        if missing:
            resources[field] = {**known, **missing}
            given.setdefault(field.removesuffix("s"), []).extend(sorted(missing))
    found = sorted(given.items(), reverse=True)
    return ({**container, "resources": resources}, found) if given else (container, [])


def pod_problems(pod: Object, ranges: Iterable[Object]) -> list[str]:
    """Return how a pod goes beyond LimitRanges."""
    found: list[str] = []
    for one in ranges:
        for item in _items(one, "Container"):
            for container in containers_of(pod):
                resources = container.get("resources") or {}
                parts = (amounts_of(resources.get(name)) for name in ("requests", "limits"))
                found += _problems(item, *parts)
        for item in _items(one, "Pod"):
            parts = (amounts_of_pod(pod, name) for name in ("requests", "limits"))
            found += _problems(item, *parts)
    return found


def claim_problems(claim: Object, ranges: Iterable[Object]) -> list[str]:
    """Return how a PersistentVolumeClaim goes beyond LimitRanges."""
    requests = amounts_of(lookup(claim, "spec", "resources", "requests"))
    items = [item for one in ranges for item in _items(one, "PersistentVolumeClaim")]
    return [text for item in items for text in _problems(item, requests, requests)]


def _problems(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    kind = item["type"]
    for name, bound in amounts_of(item.get("min")).items():
        head = f"minimum {name} usage per {kind} is {bound}"
        if name not in requests:
            yield f"{head}.  No request is specified"
        elif requests[name] < bound:
            yield f"{head}, but request is {requests[name]}"
        elif name in limits and limits[name] < bound:
            yield f"{head}, but limit is {limits[name]}"
    for name, bound in amounts_of(item.get("max")).items():
        head = f"maximum {name} usage per {kind} is {bound}"
        if name not in limits:
            yield f"{head}.  No limit is specified"
        elif limits[name] > bound:
            yield f"{head}, but limit is {limits[name]}"
        elif name in requests and requests[name] > bound:
            yield f"{head}, but request is {requests[name]}"
    for name, bound in amounts_of(item.get("maxLimitRequestRatio")).items():
        yield from _ratio(kind, name, bound, requests, limits)


def _ratio(
    kind: str, name: str, bound: Quantity, requests: Mapping[str, Quantity], limits: Amounts
) -> Iterator[str]:
    head = f"{name} max limit to request ratio per {kind} is {bound}"
    if name not in requests or not requests[name].amount:
        yield f"{head}, but no request is specified or request is 0"
    elif name not in limits or not limits[name].amount:
        yield f"{head}, but no limit is specified or limit is 0"
    elif limits[name].amount / requests[name].amount > bound.amount:
        ratio = float(limits[name].amount / requests[name].amount)
        yield f"{head}, but provided ratio is {ratio:f}"
