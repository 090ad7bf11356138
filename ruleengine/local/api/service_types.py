"""What depends on the type of a Service, and goes when it becomes one of another type.

An API server takes back what it gave out for the type before, where the writer left that as it
was: so ``kubectl apply`` can make a ``ClusterIP`` of a ``NodePort`` (Kubernetes, "Service").
"""

from collections.abc import Callable, Mapping
from typing import Final

from ruleengine.model.values import Object, Value, equal

_EXPOSED: Final = ("NodePort", "LoadBalancer")


def chooses_node_ports(spec: Object) -> bool:
    """Tell whether a Service is given ports of the node where it states none."""
    if spec.get("type") == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return spec.get("type") == "NodePort"


def _has_address(spec: Object) -> bool:
    return spec.get("type") != "ExternalName"


def _is_exposed(spec: Object) -> bool:
    return spec.get("type") in _EXPOSED or (_has_address(spec) and bool(spec.get("externalIPs")))


def _is_balanced(spec: Object) -> bool:
    return spec.get("type") == "LoadBalancer"


def _is_checked(spec: Object) -> bool:
    return _is_balanced(spec) and spec.get("externalTrafficPolicy") == "Local"


_NEEDED: Final[Mapping[str, Callable[[Object], bool]]] = {
    **dict.fromkeys(("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"), _has_address),
    **dict.fromkeys(("allocateLoadBalancerNodePorts", "loadBalancerClass"), _is_balanced),
    "externalTrafficPolicy": _is_exposed,
    "healthCheckNodePort": _is_checked,
}


def retyped(spec: Object, before: Object) -> Object:
    """Return a specification without what only the one ``before`` it needs.

    What its writer changed along with the type stays, and the validation refuses it.
    """
    kept = {
        name: value
        for name, value in spec.items()
        if not (_is_over(name, spec, before) and equal(value, before.get(name)))
    }
    stated = _node_ports(spec)
    over = chooses_node_ports(before) and not chooses_node_ports(spec)
    if over and stated and stated <= _node_ports(before):
        kept["ports"] = [
            {name: value for name, value in port.items() if name != "nodePort"}
            for port in spec["ports"]
        ]
    return kept


def _is_over(name: str, spec: Object, before: Object) -> bool:
    needs = _NEEDED.get(name)
    return needs is not None and needs(before) and not needs(spec)


def _node_ports(spec: Object) -> set[Value]:
    return {one["nodePort"] for one in spec.get("ports") or () if one.get("nodePort")}
