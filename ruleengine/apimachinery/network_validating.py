"""Checks of Ingresses, NetworkPolicies and EndpointSlices.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

from ipaddress import ip_address, ip_network
from typing import Final

from ruleengine.apimachinery.causes import duplicate, forbidden, invalid, not_supported, required
from ruleengine.apimachinery.checks import (
    Causes,
    label_selector,
    named,
    network,
    objects,
    port_number,
    port_or_name,
    well_named,
)
from ruleengine.apimachinery.naming import (
    check_dns_1035_label,
    check_dns_label,
    check_dns_subdomain,
    check_port_name,
    check_qualified_name,
    check_wildcard_subdomain,
)
from ruleengine.model.values import Object, Path, Value, lookup

_SPEC: Final[Path] = ("spec",)
_PATH_TYPES: Final = ("Exact", "Prefix", "ImplementationSpecific")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_ADDRESS_TYPES: Final = ("FQDN", "IPv4", "IPv6")
_IN_PATHS: Final = ("//", "/./", "/../", "%2f", "%2F")
_AT_END: Final = ("/..", "/.")
_MOST_ENDPOINTS: Final = 1000
_MOST_ADDRESSES: Final = 100


def check_ingress(value: Object) -> Causes:
    """Yield what is wrong with an Ingress."""
    spec = value.get("spec") or {}
    rules = objects(spec.get("rules"))
    if not rules and not spec.get("defaultBackend"):
        yield invalid(_SPEC, spec, "either `defaultBackend` or `rules` must be specified")
    if isinstance(spec.get("defaultBackend"), dict):
        yield from _backend(spec["defaultBackend"], (*_SPEC, "defaultBackend"))
    for number, rule in enumerate(rules):
        path = (*_SPEC, "rules", number)
        yield from _host(rule.get("host"), (*path, "host"))
        http = rule.get("http")
        if isinstance(http, dict):
            paths = objects(http.get("paths"))
            if not paths:
                yield required((*path, "http", "paths"))
            for at, one in enumerate(paths):
                yield from _http_path(one, (*path, "http", "paths", at))
    for number, one in enumerate(objects(spec.get("tls"))):
        place = (*_SPEC, "tls", number)
        for at, host in enumerate(one.get("hosts") or ()):
            check = check_wildcard_subdomain if "*" in str(host) else check_dns_subdomain
            yield from well_named((*place, "hosts", at), host, check)
        yield from well_named((*place, "secretName"), one.get("secretName"), check_dns_subdomain)
    yield from well_named(
        (*_SPEC, "ingressClassName"), spec.get("ingressClassName"), check_dns_subdomain
    )


def _host(host: Value, path: Path) -> Causes:
    if not host:
        return
    try:
        ip_address(str(host))
    except ValueError:
        check = check_wildcard_subdomain if "*" in str(host) else check_dns_subdomain
        yield from well_named(path, host, check)
    else:
        yield invalid(path, host, "must be a DNS name, not an IP address")


def _http_path(one: Object, path: Path) -> Causes:
    sort, text = one.get("pathType"), one.get("path") or ""
    if not sort:
        yield required((*path, "pathType"), "pathType must be specified")
    elif sort not in _PATH_TYPES:
        yield not_supported((*path, "pathType"), sort, _PATH_TYPES)
    elif sort == "ImplementationSpecific":
        if text and not text.startswith("/"):
            yield invalid((*path, "path"), text, "must be an absolute path")
    elif not text.startswith("/"):
        yield invalid((*path, "path"), text, "must be an absolute path")
    else:
        for part in _IN_PATHS:
            if part in text:
                yield invalid((*path, "path"), text, f"must not contain '{part}'")
        for part in _AT_END:
            if text.endswith(part):
                yield invalid((*path, "path"), text, f"cannot end with '{part}'")
    yield from _backend(one.get("backend") or {}, (*path, "backend"))


def _backend(backend: Object, path: Path) -> Causes:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield invalid(path, "", "cannot set both resource and service backends")
    elif service is None and resource is None:
        yield required(path, "resource or service backend is required")
    if not isinstance(service, dict):
        return
    place = (*path, "service")
    yield from named((*place, "name"), service.get("name"), check_dns_1035_label)
    port = service.get("port") or {}
    if port.get("name") and port.get("number"):
        yield invalid(place, "", "cannot set both port name & port number")
    elif port.get("name"):
        yield from well_named((*place, "port", "name"), port["name"], check_port_name)
    elif port.get("number"):
        yield from port_number((*place, "port", "number"), port["number"])
    else:
        yield required((*place, "port"), "port name or number is required")


def check_ingress_class(value: Object) -> Causes:
    """Yield what is wrong with an IngressClass."""
    controller = lookup(value, "spec", "controller", default="")
    place = (*_SPEC, "controller")
    if not controller:
        yield required(place)
    elif "/" not in controller or check_qualified_name(controller.partition("/")[0] + "/a"):
        yield invalid(place, controller, 'must be a domain-prefixed path (such as "acme.io/foo")')
    parameters = lookup(value, "spec", "parameters")
    if isinstance(parameters, dict):
        where = (*_SPEC, "parameters")
        for field in ("kind", "name"):
            if not parameters.get(field):
                yield required((*where, field), f"{field} is required")
        if parameters.get("scope") == "Namespace" and not parameters.get("namespace"):
            detail = "`parameters.scope` is set to 'Namespace'"
            yield required((*where, "namespace"), detail)


def check_network_policy(value: Object) -> Causes:
    """Yield what is wrong with a NetworkPolicy."""
    spec = value.get("spec") or {}
    yield from label_selector(spec.get("podSelector"), (*_SPEC, "podSelector"))
    for field, peers in (("ingress", "from"), ("egress", "to")):
        for number, rule in enumerate(objects(spec.get(field))):
            path = (*_SPEC, field, number)
            for at, port in enumerate(objects(rule.get("ports"))):
                yield from _policy_port(port, (*path, "ports", at))
            for at, peer in enumerate(objects(rule.get(peers))):
                yield from _peer(peer, (*path, peers, at))
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        detail = "may not specify more than two policyTypes"
        yield invalid((*_SPEC, "policyTypes"), types, detail)


def _policy_port(port: Object, path: Path) -> Causes:
    protocol, number, last = (port.get(name) for name in ("protocol", "port", "endPort"))
    if protocol and protocol not in _PROTOCOLS:
        yield not_supported((*path, "protocol"), protocol, _PROTOCOLS)
    if number is not None:
        yield from port_or_name((*path, "port"), number)
    if last is None:
        return
    if number is None:
        yield required((*path, "endPort"), "may not be specified when `port` is not specified")
    elif isinstance(number, str):
        detail = "may not be specified when `port` is non-numeric"
        yield invalid((*path, "endPort"), last, detail)
    elif isinstance(last, int) and isinstance(number, int) and last < number:
        yield invalid((*path, "endPort"), last, "must be greater than or equal to `port`")


def _peer(peer: Object, path: Path) -> Causes:
    block = peer.get("ipBlock")
    for field in ("podSelector", "namespaceSelector"):
        yield from label_selector(peer.get(field), (*path, field))
    if not peer:
        yield required(path, "must specify a peer")
    if not isinstance(block, dict):
        return
    if len(peer) > 1:
        yield forbidden(path, "may not specify both ipBlock and another peer")
    if not block.get("cidr"):
        yield required((*path, "ipBlock", "cidr"))
    else:
        yield from network((*path, "ipBlock", "cidr"), block["cidr"])
    for number, one in enumerate(block.get("except") or ()):
        yield from network((*path, "ipBlock", "except", number), one)
        yield from _inside((*path, "ipBlock", "except", number), one, block.get("cidr"))


def _inside(path: Path, inner: Value, outer: Value) -> Causes:
    """Check that a range of addresses is a part of another, where both are ranges."""
    try:
        part, whole = (ip_network(str(one), strict=False) for one in (inner, outer))
    except ValueError:
        return
    if part.prefixlen <= whole.prefixlen or part.network_address not in whole:
        yield invalid(path, inner, "must be a strict subset of `cidr`")


def check_endpoint_slice(value: Object) -> Causes:
    """Yield what is wrong with an EndpointSlice."""
    sort = value.get("addressType")
    if not sort:
        yield required(("addressType",))
    elif sort not in _ADDRESS_TYPES:
        yield not_supported(("addressType",), sort, _ADDRESS_TYPES)
    endpoints = objects(value.get("endpoints"))
    if len(endpoints) > _MOST_ENDPOINTS:
        detail = f"must have at most {_MOST_ENDPOINTS} items"
        yield invalid(("endpoints",), len(endpoints), detail)
    for number, endpoint in enumerate(endpoints):
        path = ("endpoints", number, "addresses")
        addresses = endpoint.get("addresses") or []
        if not addresses:
            yield required(path, "must contain at least 1 address")
        elif len(addresses) > _MOST_ADDRESSES:
            yield invalid(path, len(addresses), f"must have at most {_MOST_ADDRESSES} items")
        for at, one in enumerate(addresses):
            if sort in ("IPv4", "IPv6"):
                yield from _address_of(sort, one, (*path, at))
            elif sort == "FQDN":
                yield from well_named((*path, at), one, check_dns_subdomain)
    yield from _slice_ports(value)


def _slice_ports(value: Object) -> Causes:
    names: set[Value] = set()
    for number, port in enumerate(objects(value.get("ports"))):
        name = port.get("name") or ""
        if name in names:
            yield duplicate(("ports", number, "name"), name)
        names.add(name)
        yield from well_named(("ports", number, "name"), name, check_dns_label)
        if port.get("protocol") and port["protocol"] not in _PROTOCOLS:
            yield not_supported(("ports", number, "protocol"), port["protocol"], _PROTOCOLS)


def _address_of(sort: str, text: Value, path: Path) -> Causes:
    try:
        found = f"IPv{ip_address(str(text)).version}"
    except ValueError:
        found = ""
    if sort != found:
        yield invalid(path, text, f"must be a valid {sort} address")
