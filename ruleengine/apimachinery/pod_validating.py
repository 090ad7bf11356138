"""Checks of pods and pod templates: containers, ports, volumes, probes, resources.

Enough of a server's rules that a wrong object is refused here as it would be there
(reference, Kubernetes API sections 5 and 8). Objects have been defaulted and their types
checked before.
"""

import re
from typing import Final

from ruleengine.apimachinery.causes import (
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)
from ruleengine.apimachinery.checks import Causes, address, named, objects, well_named
from ruleengine.apimachinery.container_validating import (
    check_container,
    check_host_ports,
    check_security,
)
from ruleengine.apimachinery.naming import (
    check_dns_label,
    check_dns_subdomain,
    check_qualified_name,
)
from ruleengine.apimachinery.placement_validating import check_placement
from ruleengine.apimachinery.volume_validating import check_volumes
from ruleengine.model.values import Object, Path

_LARGEST: Final = 2**31 - 1
_NOT_EPHEMERAL: Final = (
    *("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources"),
    *("restartPolicy", "resizePolicy"),
)
_LONGEST_SYSCTL: Final = 253
_SYSCTL: Final = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")


def check_pod(value: Object) -> Causes:
    """Yield what is wrong with a Pod."""
    yield from check_pod_spec(value.get("spec") or {}, ("spec",))


def check_pod_spec(
    spec: Object, path: Path, policies: tuple[str, ...] = (), claims: tuple[str, ...] = ()
) -> Causes:
    """Yield what is wrong with the spec of a pod.

    ``policies`` are the restart policies that the owner of a template allows; ``claims``
    the volumes that it adds to the pods.
    """
    policy = spec.get("restartPolicy")
    if policies and policy not in policies:
        yield not_supported((*path, "restartPolicy"), policy, policies)
    volumes = objects(spec.get("volumes"))
    yield from _check_names([((*path, "volumes", at), one) for at, one in enumerate(volumes)])
    yield from check_volumes(volumes, (*path, "volumes"))
    if not spec.get("containers"):
        yield required((*path, "containers"))
    known = {*claims, *(one.get("name") for one in volumes)}
    containers: list[tuple[Path, Object]] = [
        ((*path, field, number), container)
        for field in ("containers", "initContainers", "ephemeralContainers")
        for number, container in enumerate(objects(spec.get(field)))
    ]
    for place, container in containers:
        sidecar = "initContainers" in place
        yield from check_container(container, place, known, sidecar_only=sidecar)
        if "ephemeralContainers" in place:
            yield from _ephemeral(container, place, spec)
    yield from _check_names(containers)
    yield from check_host_ports(containers, bool(spec.get("hostNetwork")))
    yield from check_placement(spec, path)
    yield from _identity(spec, path)
    yield from _surroundings(spec, path)


def _identity(spec: Object, path: Path) -> Causes:
    seconds = spec.get("activeDeadlineSeconds")
    if isinstance(seconds, int) and not 1 <= seconds <= _LARGEST:
        detail = f"must be between 1 and {_LARGEST}, inclusive"
        yield invalid((*path, "activeDeadlineSeconds"), seconds, detail)
    account = spec.get("serviceAccountName")
    yield from well_named((*path, "serviceAccountName"), account, check_dns_subdomain)
    for field in ("hostname", "subdomain"):
        yield from well_named((*path, field), spec.get(field), check_dns_label)
    yield from well_named((*path, "nodeName"), spec.get("nodeName"), check_dns_subdomain)
    for number, one in enumerate(objects(spec.get("hostAliases"))):
        yield from address((*path, "hostAliases", number, "ip"), one.get("ip"))
        for at, host in enumerate(one.get("hostnames") or ()):
            place = (*path, "hostAliases", number, "hostnames", at)
            yield from well_named(place, host, check_dns_subdomain)


def _surroundings(spec: Object, path: Path) -> Causes:
    """Yield what is wrong with the rights of a pod, its names of hosts, and its gates."""
    context = spec.get("securityContext")
    if isinstance(context, dict):
        place = (*path, "securityContext")
        yield from check_security(context, place, "fsGroup")
        for number, one in enumerate(objects(context.get("sysctls"))):
            name = str(one.get("name") or "")
            if not name:
                yield required((*place, "sysctls", number, "name"))
            elif len(name) > _LONGEST_SYSCTL or not _SYSCTL.fullmatch(name):
                detail = (
                    f"must have at most {_LONGEST_SYSCTL} characters and match regex "
                    f"^{_SYSCTL.pattern}$"
                )
                yield invalid((*place, "sysctls", number, "name"), name, detail)
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        detail = "must provide `dnsConfig` when `dnsPolicy` is None"
        yield required((*path, "dnsConfig"), detail)
    for number, one in enumerate(objects(spec.get("readinessGates"))):
        place = (*path, "readinessGates", number, "conditionType")
        yield from well_named(place, one.get("conditionType"), check_qualified_name)


def _ephemeral(container: Object, path: Path, spec: Object) -> Causes:
    """Yield what a container cannot have that is added to a pod that runs."""
    for field in _NOT_EPHEMERAL:
        if container.get(field):
            yield forbidden((*path, field), "cannot be set for an Ephemeral Container")
    target = container.get("targetContainerName")
    if target and target not in [one.get("name") for one in objects(spec.get("containers"))]:
        yield not_found((*path, "targetContainerName"), target)


def _check_names(items: list[tuple[Path, Object]]) -> Causes:
    seen: set[str] = set()
    for place, item in items:
        name = item.get("name")
        yield from named((*place, "name"), name, check_dns_label)
        if name and name in seen:
            yield duplicate((*place, "name"), name)
        seen.add(str(name or ""))
