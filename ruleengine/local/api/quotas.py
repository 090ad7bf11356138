"""ResourceQuotas: what objects count for, what is used, and what would be too much.

Pure: objects and a quota. The admission and the controller that writes ``status.used`` count
with the same functions (reference, Kubernetes API section 8, "ResourceQuota").
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Final

from ruleengine.apimachinery.quantities import Format, Quantity
from ruleengine.local.api.pod_resources import (
    NONE,
    ONE,
    Amounts,
    amounts_of,
    amounts_of_pod,
    containers_of,
    quality_of,
    together,
)
from ruleengine.model.values import Object, lookup

RESOURCE: Final = "resourcequotas"
PODS: Final = "pods"
CLAIMS: Final = "persistentvolumeclaims"
_SERVICES: Final = "services"
_CLASS: Final = ".storageclass.storage.k8s.io/"
_BARE: Final = ("cpu", "memory", "ephemeral-storage")
"""Resources whose requests a quota may name without saying so."""

_COUNTED: Final = ("configmaps", "replicationcontrollers", RESOURCE, "secrets", _SERVICES, CLAIMS)
_NEEDED: Final = ("cpu", "memory")
"""Resources that every container has to state where a quota names them."""

_OVER: Final = ("Succeeded", "Failed")
_PORTS: Final = ("NodePort", "LoadBalancer")


def usage_of(value: Object, resource: str) -> Amounts:
    """Return what an object of a resource counts for, by the names that quotas know."""
    found = {f"count/{resource}": ONE}
    if resource in _COUNTED:
        found[resource] = ONE
    if resource == PODS and lookup(value, "status", "phase") not in _OVER:
        return found | _of_pod(value)
    if resource == _SERVICES:
        return found | _of_service(value)
    if resource == CLAIMS:
        return found | _of_claim(value)
    return found


def _of_pod(pod: Object) -> dict[str, Quantity]:
    found = {PODS: ONE}
    for field in ("requests", "limits"):
        for name, amount in amounts_of_pod(pod, field).items():
            found[f"{field}.{name}"] = amount
            if field == "requests" and name in _BARE:
                found[name] = amount
    return found


def _of_service(service: Object) -> dict[str, Quantity]:
    spec = service.get("spec") or {}
    kind, ports = spec.get("type"), len(spec.get("ports") or ())
    if kind not in _PORTS:
        return {}
    found = {"services.nodeports": Quantity(Fraction(ports), Format.DECIMAL)}
    if kind == "LoadBalancer":
        found["services.loadbalancers"] = ONE
        if spec.get("allocateLoadBalancerNodePorts") is False:
            del found["services.nodeports"]
    return found


def _of_claim(claim: Object) -> dict[str, Quantity]:
    size = amounts_of(lookup(claim, "spec", "resources", "requests")).get("storage", NONE)
    found = {"requests.storage": size}
    if name := lookup(claim, "spec", "storageClassName"):
        found |= {f"{name}{_CLASS}requests.storage": size, f"{name}{_CLASS}{CLAIMS}": ONE}
    return found


def resources_of(quota: Object) -> set[str]:
    """Return the resources of the objects that a quota counts."""
    return {_counted_by(name) for name in lookup(quota, "spec", "hard", default=())}


def _counted_by(name: str) -> str:
    if name.startswith("count/"):
        return name.removeprefix("count/")
    if name == "requests.storage" or _CLASS in name:
        return CLAIMS
    plain = name.partition(".")[0]
    return plain if plain in _COUNTED else PODS


def counts(quota: Object, value: Object, resource: str) -> bool:
    """Tell whether a quota counts an object: its scopes narrow it to some of the pods."""
    spec = quota.get("spec") or {}
    terms = [{"scopeName": one, "operator": "Exists"} for one in spec.get("scopes") or ()]
    terms += lookup(spec, "scopeSelector", "matchExpressions", default=[])
    if not terms:
        return True
    return resource == PODS and all(_is_in(value, one) for one in terms)


def _is_in(pod: Object, term: Object) -> bool:  # noqa: PLR0911 - one return per scope
    """Tell whether a pod is in a scope."""
    spec = pod["spec"]
    match term["scopeName"]:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return quality_of(spec) == "BestEffort"
        case "NotBestEffort":
            return quality_of(spec) != "BestEffort"
        case "PriorityClass":
            return _selects(str(spec.get("priorityClassName") or ""), term)
        case "CrossNamespacePodAffinity":
            return any(_crosses(one) for one in _affinity_terms(spec))
    return False


def _selects(name: str, term: Object) -> bool:
    values = term.get("values") or ()
    match term.get("operator"):
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "DoesNotExist":
            return not name
    return bool(name)


def _affinity_terms(spec: Object) -> Iterable[Object]:
    for kind in ("podAffinity", "podAntiAffinity"):
        stated = lookup(spec, "affinity", kind, default={})
        yield from stated.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for one in stated.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield one.get("podAffinityTerm") or {}


def _crosses(term: Object) -> bool:
    return bool(term.get("namespaces")) or term.get("namespaceSelector") is not None


def used(quota: Object, objects: Callable[[str], Iterable[Object]]) -> Amounts:
    """Return what is used of what a quota limits; ``objects`` gives those of a resource."""
    parts = [
        usage_of(one, resource)
        for resource in resources_of(quota)
        for one in objects(resource)
        if counts(quota, one, resource)
    ]
    total = together(parts)
    return {name: total.get(name, NONE) for name in hard_of(quota)}


def hard_of(quota: Object) -> Amounts:
    """Return the bounds of a quota."""
    return amounts_of(lookup(quota, "spec", "hard"))


def missing(quota: Object, pod: Object) -> list[str]:
    """Return what the containers of a pod have to state because a quota counts it."""
    found = []
    for name in sorted(hard_of(quota)):
        field, _, resource = name.rpartition(".")
        if resource not in _NEEDED or field not in ("", "requests", "limits"):
            continue
        lacking = [
            one["name"]
            for one in containers_of(pod)
            if resource not in (lookup(one, "resources", field or "requests") or {})
        ]
        if lacking:
            found.append(f"{name} for: {','.join(sorted(lacking))}")
    return found


def exceeded(quota: Object, before: Amounts, more: Amounts) -> str:
    """Return what would be too much; empty where ``more`` still fits beside ``before``."""
    hard = hard_of(quota)
    wanted = {name: more[name] for name in sorted(hard) if name in more and more[name] > NONE}
    over = [name for name, one in wanted.items() if before[name] + one > hard[name]]
    if not over:
        return ""
    shown = (
        ("requested", [f"{name}={wanted[name]}" for name in over]),
        ("used", [f"{name}={before[name]}" for name in over]),
        ("limited", [f"{name}={hard[name]}" for name in over]),
    )
    texts = [f"{word}: {','.join(parts)}" for word, parts in shown]
    return f"exceeded quota: {quota['metadata']['name']}, {', '.join(texts)}"


def _added(after: Amounts, before: Amounts) -> Amounts:
    """Return what an object counts for more than it did."""
    return {name: one - before.get(name, NONE) for name, one in after.items()}


def problem_of(
    quotas: Sequence[Object],
    value: Object,
    live: Object | None,
    resource: str,
    used_of: Callable[[Object], Amounts],
) -> str:
    """Return which quota forbids an object, and why; empty where none does.

    ``live`` is the object as it is, ``None`` for a new one; ``used_of`` says what is used of a
    quota.
    """
    for quota in quotas:
        if not counts(quota, value, resource) or resource not in resources_of(quota):
            continue
        if live is None and resource == PODS and (texts := missing(quota, value)):
            return f"failed quota: {quota['metadata']['name']}: must specify {'; '.join(texts)}"
        known = live is not None and counts(quota, live, resource)
        before = usage_of(live, resource) if known and live is not None else {}
        more = _added(usage_of(value, resource), before)
        if any(more.get(name, NONE) > NONE for name in hard_of(quota)):
            problem = exceeded(quota, used_of(quota), more)
            if problem:
                return problem
    return ""
