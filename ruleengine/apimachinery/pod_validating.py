"""Checks of pods and pod templates: containers, ports, volumes, probes, resources.

Enough of a server's rules that a wrong object is refused here as it would be there
(reference, Kubernetes API sections 5 and 8). Objects have been defaulted and their types
checked before.
"""

from typing import Final

from ruleengine.apimachinery.causes import (
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)
from ruleengine.apimachinery.checks import (
    Causes,
    address,
    label_selector,
    labels_of,
    named,
    natural,
    objects,
    one_of,
    well_named,
)
from ruleengine.apimachinery.container_validating import check_container, check_host_ports
from ruleengine.apimachinery.naming import (
    check_dns_label,
    check_dns_subdomain,
    check_qualified_name,
)
from ruleengine.model.values import Object, Path, Value

_LARGEST_ID: Final = 2**31 - 1
_LARGEST: Final = 2**31 - 1
_NOT_EPHEMERAL: Final = (
    *("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources"),
    *("restartPolicy", "resizePolicy"),
)
_EFFECTS: Final = ("NoExecute", "NoSchedule", "PreferNoSchedule")


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
    yield from _volumes(spec, (*path, "volumes"))
    if not spec.get("containers"):
        yield required((*path, "containers"))
    known = {*claims, *(one.get("name") for one in objects(spec.get("volumes")))}
    host = bool(spec.get("hostNetwork"))
    all_containers: list[Object] = []
    for field in ("initContainers", "containers"):
        containers = objects(spec.get(field))
        all_containers += containers
        for number, container in enumerate(containers):
            place = (*path, field, number)
            sidecar = field != "containers"
            yield from check_container(container, place, known, sidecar_only=sidecar)
            if host:
                yield from check_host_ports(container, place)
    for number, container in enumerate(objects(spec.get("ephemeralContainers"))):
        place = (*path, "ephemeralContainers", number)
        all_containers.append(container)
        yield from check_container(container, place, known, sidecar_only=False)
        yield from _ephemeral(container, place, spec)
    yield from _check_names(all_containers, (*path, "containers"))
    yield from _placement(spec, path)
    yield from _identity(spec, path)


def _volumes(spec: Object, path: Path) -> Causes:
    volumes = objects(spec.get("volumes"))
    yield from _check_names(volumes, path)
    for number, volume in enumerate(volumes):
        sources = [name for name in volume if name != "name" and volume[name] is not None]
        if not sources:
            yield required((*path, number), "must specify a volume type")
        for source in sources[1:]:
            detail = "may not specify more than 1 volume type"
            yield forbidden((*path, number, source), detail)
        yield from _source(volume, (*path, number))


_NEEDED: Final = {
    "hostPath": "path",
    "nfs": "server",
    "persistentVolumeClaim": "claimName",
    "csi": "driver",
}
"""What a source of a volume cannot do without."""


def _source(volume: Object, path: Path) -> Causes:
    for source, field in _NEEDED.items():
        inner = volume.get(source)
        if isinstance(inner, dict) and not inner.get(field):
            yield required((*path, source, field))
    secret, config = volume.get("secret"), volume.get("configMap")
    if isinstance(secret, dict) and not secret.get("secretName"):
        yield required((*path, "secret", "secretName"))
    if isinstance(config, dict) and not config.get("name"):
        yield required((*path, "configMap", "name"))
    for name, inner in (("secret", secret), ("configMap", config)):
        for number, item in enumerate(objects(inner.get("items") if inner else None)):
            place = (*path, name, "items", number)
            for field in ("key", "path"):
                if not item.get(field):
                    yield required((*place, field))
            if ".." in str(item.get("path") or "").split("/"):
                yield invalid((*place, "path"), item["path"], "must not contain '..'")


def _placement(spec: Object, path: Path) -> Causes:
    yield from labels_of(spec.get("nodeSelector"), (*path, "nodeSelector"))
    for number, one in enumerate(objects(spec.get("tolerations"))):
        yield from _toleration(one, (*path, "tolerations", number))
    seen: set[Value] = set()
    for number, one in enumerate(objects(spec.get("topologySpreadConstraints"))):
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


def _identity(spec: Object, path: Path) -> Causes:
    seconds = spec.get("activeDeadlineSeconds")
    if isinstance(seconds, int) and not 1 <= seconds <= _LARGEST:
        detail = f"must be between 1 and {_LARGEST}, inclusive"
        yield invalid((*path, "activeDeadlineSeconds"), seconds, detail)
    yield from natural(spec, path, "terminationGracePeriodSeconds")
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
    context = spec.get("securityContext")
    if isinstance(context, dict):
        yield from _ids(context, (*path, "securityContext"), "runAsUser", "runAsGroup", "fsGroup")


def _ids(context: Object, path: Path, *fields: str) -> Causes:
    for field in fields:
        number = context.get(field)
        if isinstance(number, int) and not 0 <= number <= _LARGEST_ID:
            detail = f"must be between 0 and {_LARGEST_ID}, inclusive"
            yield invalid((*path, field), number, detail)


def _ephemeral(container: Object, path: Path, spec: Object) -> Causes:
    """Yield what a container cannot have that is added to a pod that runs."""
    for field in _NOT_EPHEMERAL:
        if container.get(field):
            yield forbidden((*path, field), "cannot be set for an Ephemeral Container")
    target = container.get("targetContainerName")
    if target and target not in [one.get("name") for one in objects(spec.get("containers"))]:
        yield not_found((*path, "targetContainerName"), target)


def _check_names(items: list[Object], path: Path) -> Causes:
    seen: set[str] = set()
    for number, item in enumerate(items):
        name = item.get("name")
        place = (*path, number, "name")
        yield from named(place, name, check_dns_label)
        if name and name in seen:
            yield duplicate(place, name)
        seen.add(str(name or ""))
