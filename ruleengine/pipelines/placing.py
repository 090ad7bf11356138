"""Where pods run: other attempts on other machines (reference, Workflows 10)."""

from collections.abc import Sequence
from typing import Final

from ruleengine.model.values import Object, lookup

_HOST: Final = "kubernetes.io/hostname"
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"


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
