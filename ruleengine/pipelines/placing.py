"""Where and as whom pods run, and other attempts on other machines.

As the reference has it (Workflows 2, 3 and 10).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from ruleengine.model.values import Object, Value, lookup

_HOST: Final = "kubernetes.io/hostname"
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"

_OF_TEMPLATE: Final = {
    "nodeSelector": "nodeSelector",
    "affinity": "affinity",
    "tolerations": "tolerations",
    "schedulerName": "schedulerName",
    "priorityClassName": "priorityClassName",
    "hostAliases": "hostAliases",
    "securityContext": "securityContext",
    "resourceClaims": "resourceClaims",
    "podResources": "resources",
}
"""Fields of a template, and what they are called in the spec of a pod."""

_OF_WORKFLOW: Final = {
    **{name: field for name, field in _OF_TEMPLATE.items() if name != "priorityClassName"},
    "podPriorityClassName": "priorityClassName",
    "dnsConfig": "dnsConfig",
    "dnsPolicy": "dnsPolicy",
    "hostNetwork": "hostNetwork",
    "imagePullSecrets": "imagePullSecrets",
}


def avoiding(affinity: Object, hosts: Sequence[str]) -> Object:
    """Return an affinity that keeps a pod away from machines as well.

    Every term of the affinity has to hold besides, as terms are alternatives.
    """
    away = {"key": _HOST, "operator": "NotIn", "values": list(hosts)}
    stated = lookup(affinity, "nodeAffinity", _REQUIRED, "nodeSelectorTerms") or [{}]
    terms = [
        {**one, "matchExpressions": [*(one.get("matchExpressions") or ()), away]} for one in stated
    ]
    node = {**(affinity.get("nodeAffinity") or {}), _REQUIRED: {"nodeSelectorTerms": terms}}
    return {**affinity, "nodeAffinity": node}


def placement(spec: Object, template: Object) -> Iterator[tuple[str, Value]]:
    """Yield the fields that say where and as whom a pod runs; the template's own win."""
    for source, names in ((spec, _OF_WORKFLOW), (template, _OF_TEMPLATE)):
        for name, field in names.items():
            if name in source and source[name] is not None:
                yield field, source[name]
    for name in ("serviceAccountName", "automountServiceAccountToken"):
        value = template.get(name, spec.get(name))
        if value is not None:
            yield name, value
