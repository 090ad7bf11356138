"""Checks of what limits a namespace: ResourceQuotas and LimitRanges.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

from typing import Final

from ruleengine.apimachinery.causes import Key, duplicate, forbidden, invalid, required
from ruleengine.apimachinery.checks import Causes, objects, operands, quantities, well_named
from ruleengine.apimachinery.naming import check_qualified_name
from ruleengine.apimachinery.quantities import QuantityError, parse_quantity
from ruleengine.model.values import Object, Path, Value, lookup

_SPEC: Final[Path] = ("spec",)
_COUNTED: Final = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    }
)
"""What quotas count, one by one."""

_QUOTAS: Final = _COUNTED | {
    *("cpu", "memory", "ephemeral-storage", "storage"),
    *(
        f"{field}.{name}"
        for field in ("requests", "limits")
        for name in ("cpu", "memory", "ephemeral-storage")
    ),
    "requests.storage",
}
"""The names without a prefix that quotas know."""

_OF_CONTAINERS: Final = ("cpu", "memory", "ephemeral-storage")
_CLAIM: Final = "PersistentVolumeClaim"
_LIMITED: Final = ("Container", "Pod", _CLAIM)
_LIMITS: Final = ("default", "defaultRequest", "max", "maxLimitRequestRatio", "min")
_PODS: Final = frozenset({"pods"})
_OF_PODS: Final = _PODS | {
    "cpu",
    "memory",
    "limits.cpu",
    "limits.memory",
    "requests.cpu",
    "requests.memory",
}
_SCOPES: Final = {
    "BestEffort": _PODS,
    "CrossNamespacePodAffinity": _OF_PODS,
    "NotBestEffort": _OF_PODS,
    "NotTerminating": _OF_PODS,
    "PriorityClass": _OF_PODS,
    "Terminating": _OF_PODS,
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
"""What a quota may count of the objects in each scope, of the resources that are standard."""

_OPPOSED: Final = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_WITH_OPERANDS: Final = ("PriorityClass", "VolumeAttributesClass")


def check_quota(value: Object) -> Causes:
    """Yield what is wrong with a ResourceQuota."""
    hard = lookup(value, "spec", "hard", default={})
    yield from quantities(hard, (*_SPEC, "hard"))
    for name, text in hard.items():
        place = (*_SPEC, "hard", Key(name))
        yield from well_named(place, name, check_qualified_name)
        if "/" not in name and name not in _QUOTAS and not name.startswith("hugepages-"):
            yield invalid(place, name, "must be a standard resource for quota")
        whole = name.startswith("count/") or name in _COUNTED
        if whole and not _is_whole(text):
            yield invalid(place, str(text), "must be an integer")
    scopes = lookup(value, "spec", "scopes", default=[])
    yield from _scopes(scopes, hard, (*_SPEC, "scopes"))
    path = (*_SPEC, "scopeSelector", "matchExpressions")
    terms = objects(lookup(value, "spec", "scopeSelector", "matchExpressions"))
    yield from _scopes([one.get("scopeName") or "" for one in terms], hard, path)
    for number, one in enumerate(terms):
        yield from _operands(one, (*path, number))


def _scopes(scopes: list[str], hard: Object, path: Path) -> Causes:
    for scope in scopes:
        if scope not in _SCOPES:
            yield invalid(path, scope, "unsupported scope")
        elif any(name in _QUOTAS and name not in _SCOPES[scope] for name in hard):
            yield invalid(path, scope, "unsupported scope applied to resource")
    if any(pair <= set(scopes) for pair in _OPPOSED):
        yield invalid(path, scopes, "conflicting scopes")


def _operands(term: Object, path: Path) -> Causes:
    operator = term.get("operator") or ""
    if term.get("scopeName") not in _WITH_OPERANDS and operator != "Exists":
        yield invalid((*path, "operator"), operator, "must be 'Exists' for this scope")
    yield from operands(operator, term.get("values") or [], path)


def _is_whole(text: Value) -> bool:
    try:
        return parse_quantity(str(text)).amount.denominator == 1
    except QuantityError:
        return True


def check_limit_range(value: Object) -> Causes:
    """Yield what is wrong with a LimitRange: what is least must not be more than the most."""
    seen: set[Value] = set()
    for number, limit in enumerate(objects(lookup(value, "spec", "limits"))):
        path = (*_SPEC, "limits", number)
        sort = limit.get("type") or ""
        problem = check_qualified_name(sort)
        if not problem and "/" not in sort and sort not in _LIMITED:
            problem = "must be a standard limit type or fully qualified"
        if problem:
            yield invalid((*path, "type"), sort, problem)
        if sort in seen:
            yield duplicate((*path, "type"), sort)
        seen.add(sort)
        if sort == _CLAIM and not any(
            "storage" in (limit.get(one) or ()) for one in ("min", "max")
        ):
            yield required((*path, "limits"), "either minimum or maximum storage value is required")
        for field in ("default", "defaultRequest"):
            if limit.get("type") == "Pod" and limit.get(field):
                yield forbidden((*path, field), "may not be specified when `type` is 'Pod'")
        for field in _LIMITS:
            yield from _resources(limit, field, path)
        yield from _ratios(limit.get("maxLimitRequestRatio") or {}, path)
        for lower, upper in (("min", "max"), ("min", "default"), ("default", "max")):
            yield from _in_order(limit, (lower, upper), path)


def _resources(limit: Object, field: str, path: Path) -> Causes:
    for name in limit.get(field) or {}:
        place = (*path, field, Key(name))
        yield from well_named(place, name, check_qualified_name)
        if "/" in name or name.startswith("hugepages-"):
            continue
        if limit.get("type") not in ("Container", "Pod"):
            if name not in _QUOTAS:
                yield invalid(place, name, "must be a standard resource type or fully qualified")
        elif name not in _OF_CONTAINERS:
            yield invalid(place, name, "must be a standard resource for containers")


def _ratios(ratios: Object, path: Path) -> Causes:
    for name, text in ratios.items():
        try:
            small = parse_quantity(str(text)).amount < 1
        except QuantityError:
            continue
        if small:
            place = (*path, "maxLimitRequestRatio", Key(name))
            yield invalid(place, str(text), f"ratio {text} is less than 1")


def _in_order(limit: Object, names: tuple[str, str], path: Path) -> Causes:
    lower, upper = (limit.get(name) or {} for name in names)
    for name in sorted(lower.keys() & upper.keys()):
        try:
            wrong = parse_quantity(str(lower[name])) > parse_quantity(str(upper[name]))
        except QuantityError:
            continue
        if wrong:
            detail = (
                f"{names[0]} value {lower[name]} is greater than {names[1]} value {upper[name]}"
            )
            yield invalid((*path, names[0], Key(name)), str(lower[name]), detail)
