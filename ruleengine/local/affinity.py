"""Which nodes a pod asks for, by its node selector and required node affinity; pure."""

from typing import Final

from ruleengine.apimachinery.selectors import Operator, Requirement
from ruleengine.model.values import Object, lookup

_OPERATORS: Final = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
    "Gt": Operator.GREATER,
    "Lt": Operator.LESS,
}
_REQUIRED: Final = ("nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")


def wants_node(spec: Object, node: Object) -> bool:
    """Tell whether the specification of a pod lets it run on a node.

    The terms of an affinity are alternatives; what a term states holds together. A term that
    states nothing matches no node.
    """
    labels = node["metadata"].get("labels") or {}
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    required = lookup(spec, "affinity", *_REQUIRED)
    if required is None:
        return True
    fields = {"metadata.name": node["metadata"]["name"]}
    return any(_matches(term, labels, fields) for term in required.get("nodeSelectorTerms") or ())


def _matches(term: Object, labels: Object, fields: Object) -> bool:
    expressions, names = term.get("matchExpressions") or (), term.get("matchFields") or ()
    stated = [(one, labels) for one in expressions] + [(one, fields) for one in names]
    return bool(stated) and all(_holds(one, values) for one, values in stated)


def _holds(expression: Object, values: Object) -> bool:
    operator = _OPERATORS[expression["operator"]]
    stated = tuple(expression.get("values") or ())
    return Requirement(expression["key"], operator, stated).matches(values)
