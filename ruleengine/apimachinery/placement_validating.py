"""Checks of where a pod may run: selectors, tolerations, affinities, and how pods are spread.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

from typing import Final

from ruleengine.apimachinery.causes import duplicate, invalid, required
from ruleengine.apimachinery.checks import (
    Causes,
    label_selector,
    labels_of,
    objects,
    one_of,
    operands,
    well_named,
)
from ruleengine.apimachinery.naming import check_qualified_name
from ruleengine.model.values import Object, Path, Value

_EFFECTS: Final = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_WITH_ONE: Final = ("Gt", "Lt")


def check_placement(spec: Object, path: Path) -> Causes:
    """Yield what is wrong with where a pod may run."""
    yield from labels_of(spec.get("nodeSelector"), (*path, "nodeSelector"))
    for number, one in enumerate(objects(spec.get("tolerations"))):
        yield from _toleration(one, (*path, "tolerations", number))
    yield from _spread(objects(spec.get("topologySpreadConstraints")), path)
    affinity = spec.get("affinity")
    if isinstance(affinity, dict):
        yield from _nodes(affinity.get("nodeAffinity"), (*path, "affinity", "nodeAffinity"))
        for field in ("podAffinity", "podAntiAffinity"):
            yield from _pods(affinity.get(field), (*path, "affinity", field))


def _toleration(one: Object, path: Path) -> Causes:
    key, operator, effect = (one.get(name) for name in ("key", "operator", "effect"))
    yield from well_named((*path, "key"), key, check_qualified_name)
    if not key and operator != "Exists":
        detail = (
            "operator must be Exists when `key` is empty, which means "
            '"match all values and all keys"'
        )
        yield invalid((*path, "operator"), operator or "", detail)
    if operator == "Exists" and one.get("value"):
        detail = "value must be empty when `operator` is 'Exists'"
        yield invalid((*path, "operator"), one["value"], detail)
    yield from one_of((*path, "operator"), operator, ("Equal", "Exists"))
    if one.get("tolerationSeconds") is not None and effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid((*path, "effect"), effect or "", detail)
    yield from one_of((*path, "effect"), effect, _EFFECTS)


def _spread(constraints: list[Object], path: Path) -> Causes:
    seen: set[Value] = set()
    for number, one in enumerate(constraints):
        place = (*path, "topologySpreadConstraints", number)
        if not isinstance(one.get("maxSkew"), int) or one["maxSkew"] <= 0:
            yield invalid((*place, "maxSkew"), one.get("maxSkew") or 0, "must be greater than zero")
        if not one.get("topologyKey"):
            yield required((*place, "topologyKey"), "can not be empty")
        yield from one_of(
            (*place, "whenUnsatisfiable"),
            one.get("whenUnsatisfiable"),
            ("DoNotSchedule", "ScheduleAnyway"),
        )
        yield from label_selector(one.get("labelSelector"), (*place, "labelSelector"))
        pair = (one.get("topologyKey"), one.get("whenUnsatisfiable"))
        if pair in seen:
            yield duplicate(place, f"{{{pair[0]}, {pair[1]}}}")
        seen.add(pair)


def _nodes(affinity: Value, path: Path) -> Causes:
    if not isinstance(affinity, dict):
        return
    needed = affinity.get(_REQUIRED)
    if isinstance(needed, dict):
        place = (*path, _REQUIRED, "nodeSelectorTerms")
        terms = objects(needed.get("nodeSelectorTerms"))
        if not terms:
            yield required(place, "must have at least one node selector term")
        for number, term in enumerate(terms):
            yield from _expressions(term, (*place, number))
    for number, one in enumerate(objects(affinity.get(_PREFERRED))):
        place = (*path, _PREFERRED, number)
        yield from _weight(one, place)
        yield from _expressions(one.get("preference") or {}, (*place, "preference"))


def _expressions(term: Object, path: Path) -> Causes:
    for number, one in enumerate(objects(term.get("matchExpressions"))):
        place = (*path, "matchExpressions", number)
        operator, values = one.get("operator"), one.get("values") or []
        if operator not in _WITH_ONE:
            yield from operands(operator, values, place)
        elif len(values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            yield required((*place, "values"), detail)
        problem = check_qualified_name(str(one.get("key") or ""))
        if problem:
            yield invalid((*place, "key"), one.get("key") or "", problem)


def _pods(affinity: Value, path: Path) -> Causes:
    if not isinstance(affinity, dict):
        return
    for number, one in enumerate(objects(affinity.get(_REQUIRED))):
        yield from _term(one, (*path, _REQUIRED, number))
    for number, one in enumerate(objects(affinity.get(_PREFERRED))):
        place = (*path, _PREFERRED, number)
        yield from _weight(one, place)
        yield from _term(one.get("podAffinityTerm") or {}, (*place, "podAffinityTerm"))


def _term(term: Object, path: Path) -> Causes:
    yield from label_selector(term.get("labelSelector"), (*path, "labelSelector"))
    yield from label_selector(term.get("namespaceSelector"), (*path, "namespaceSelector"))
    key = str(term.get("topologyKey") or "")
    if not key:
        yield required((*path, "topologyKey"), "can not be empty")
    problem = check_qualified_name(key)
    if problem:
        yield invalid((*path, "topologyKey"), key, problem)


def _weight(one: Object, path: Path) -> Causes:
    weight = one.get("weight")
    if not isinstance(weight, int) or not 1 <= weight <= 100:
        yield invalid((*path, "weight"), weight or 0, "must be in the range 1-100")
