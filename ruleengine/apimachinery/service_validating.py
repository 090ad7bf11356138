"""Checks of Services.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

from ipaddress import ip_address
from typing import Final

from ruleengine.apimachinery.causes import duplicate, forbidden, invalid, not_supported, required
from ruleengine.apimachinery.checks import (
    Causes,
    address,
    labels_of,
    named,
    network,
    objects,
    one_of,
    port_number,
    port_or_name,
    well_named,
)
from ruleengine.apimachinery.naming import (
    check_dns_label,
    check_dns_subdomain,
    check_qualified_name,
)
from ruleengine.model.values import Object, Path, Value, lookup

_SPEC: Final[Path] = ("spec",)
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_NEAR: Final = ("PreferClose", "PreferSameNode", "PreferSameZone")
_BALANCED: Final = (
    "allocateLoadBalancerNodePorts",
    "loadBalancerClass",
    "loadBalancerSourceRanges",
)
_LONGEST_AFFINITY: Final = 86400


def check_service(value: Object) -> Causes:
    """Yield what is wrong with a Service."""
    spec = value.get("spec") or {}
    sort = spec.get("type")
    headless = spec.get("clusterIP") == "None"
    if sort == "ExternalName":
        yield from _external_name(spec)
    elif not spec.get("ports") and not headless:
        yield required((*_SPEC, "ports"))
    yield from _addresses(spec)
    yield from one_of((*_SPEC, "trafficDistribution"), spec.get("trafficDistribution"), _NEAR)
    yield from _service_ports(spec)
    yield from labels_of(spec.get("selector"), (*_SPEC, "selector"))
    yield from _affinity(spec)
    for number, one in enumerate(spec.get("externalIPs") or ()):
        yield from _reachable((*_SPEC, "externalIPs", number), one)
    for number, one in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        yield from network((*_SPEC, "loadBalancerSourceRanges", number), str(one).strip())
    yield from _out_of_place(spec)


def _addresses(spec: Object) -> Causes:
    sort, headless = spec.get("type"), spec.get("clusterIP") == "None"
    if headless and sort in ("LoadBalancer", "NodePort"):
        detail = f"may not be set to 'None' for {sort} services"
        yield invalid((*_SPEC, "clusterIPs", 0), "None", detail)
    elif spec.get("clusterIP") and not headless:
        yield from address((*_SPEC, "clusterIP"), spec["clusterIP"])
    if spec.get("ipFamilyPolicy") == "RequireDualStack":
        detail = "this cluster is not configured for dual-stack services"
        yield invalid((*_SPEC, "ipFamilyPolicy"), spec["ipFamilyPolicy"], detail)
    for number, family in enumerate(spec.get("ipFamilies") or ()):
        if family in spec["ipFamilies"][:number]:
            yield duplicate((*_SPEC, "ipFamilies", number), family)
        elif family == "IPv6":
            detail = "not configured on this cluster"
            yield invalid((*_SPEC, "ipFamilies", number), family, detail)


def _out_of_place(spec: Object) -> Causes:
    """Yield the fields that a Service of its type may not have."""
    sort = spec.get("type")
    checked = sort == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"
    if spec.get("healthCheckNodePort") and not checked:
        detail = (
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        )
        yield invalid((*_SPEC, "healthCheckNodePort"), spec["healthCheckNodePort"], detail)
    if sort != "LoadBalancer":
        detail = "may only be used when `type` is 'LoadBalancer'"
        for name in _BALANCED:
            if spec.get(name) not in (None, "", []):
                yield forbidden((*_SPEC, name), detail)
    exposed = sort in ("LoadBalancer", "NodePort") or spec.get("externalIPs")
    if spec.get("externalTrafficPolicy") and not exposed:
        detail = "may only be set for externally-accessible services"
        yield invalid((*_SPEC, "externalTrafficPolicy"), spec["externalTrafficPolicy"], detail)


def _reachable(path: Path, text: Value) -> Causes:
    """Check an address that others reach a Service by."""
    wrong = [*address(path, text)]
    yield from wrong
    if not wrong:
        one = ip_address(text)
        if one.is_unspecified or one.is_loopback or one.is_link_local:
            yield invalid(path, text, "may not be unspecified, loopback or link-local")


def _external_name(spec: Object) -> Causes:
    place = (*_SPEC, "externalName")
    name = str(spec.get("externalName") or "").removesuffix(".")
    yield from named(place, name, check_dns_subdomain)
    if spec.get("clusterIP") not in (None, "", "None"):
        detail = "may not be set when `type` is 'ExternalName'"
        yield forbidden((*_SPEC, "clusterIPs"), detail)
    for field in ("ipFamilies", "ipFamilyPolicy"):
        if spec.get(field):
            yield forbidden((*_SPEC, field), "may not be set for ExternalName services")


def _service_ports(spec: Object) -> Causes:
    ports = objects(spec.get("ports"))
    names: set[Value] = set()
    pairs: set[Value] = set()
    nodes: set[Value] = set()
    for number, port in enumerate(ports):
        path = (*_SPEC, "ports", number)
        name = port.get("name")
        if not name and len(ports) > 1:
            yield required((*path, "name"))
        yield from well_named((*path, "name"), name, check_dns_label)
        if name and name in names:
            yield duplicate((*path, "name"), name)
        names.add(name)
        if not port.get("port"):
            yield invalid((*path, "port"), 0, "must be between 1 and 65535, inclusive")
        yield from port_number((*path, "port"), port.get("port") or 1)
        protocol = port.get("protocol")
        if protocol and protocol not in _PROTOCOLS:
            yield not_supported((*path, "protocol"), protocol, _PROTOCOLS)
        if port.get("appProtocol"):
            yield from named((*path, "appProtocol"), port["appProtocol"], check_qualified_name)
        if port.get("targetPort") is not None:
            yield from port_or_name((*path, "targetPort"), port["targetPort"])
        pair = (protocol, port.get("port"))
        if pair in pairs:
            yield duplicate(path, {"protocol": protocol, "port": port.get("port")})
        pairs.add(pair)
        yield from _node_port(spec, port, path, nodes)


def _node_port(spec: Object, port: Object, path: Path, seen: set[Value]) -> Causes:
    number = port.get("nodePort")
    if not number:
        return
    sort = spec.get("type")
    if sort not in ("LoadBalancer", "NodePort"):
        yield forbidden((*path, "nodePort"), f"may not be used when `type` is '{sort}'")
    pair = (port.get("protocol"), number)
    if pair in seen:
        yield duplicate((*path, "nodePort"), number)
    seen.add(pair)


def _affinity(spec: Object) -> Causes:
    config = spec.get("sessionAffinityConfig")
    place = (*_SPEC, "sessionAffinityConfig")
    if spec.get("sessionAffinity") == "None" and config is not None:
        yield forbidden(place, "must not be set when session affinity is None")
    seconds = lookup(config, "clientIP", "timeoutSeconds")
    if isinstance(seconds, int) and not 0 < seconds <= _LONGEST_AFFINITY:
        detail = f"must be greater than 0 and less than {_LONGEST_AFFINITY}"
        yield invalid((*place, "clientIP", "timeoutSeconds"), seconds, detail)
