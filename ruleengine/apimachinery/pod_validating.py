"""Checks of pods and pod templates: containers, ports, volumes, probes, resources.

Enough of a server's rules that a wrong object is refused here as it would be there
(reference, Kubernetes API sections 5 and 8). Objects have been defaulted and their types
checked before.
"""

from collections.abc import Iterator
from typing import Final

from ruleengine.apimachinery.causes import (
    Cause,
    Key,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)
from ruleengine.apimachinery.naming import (
    check_dns_label,
    check_environment_name,
    check_port_name,
)
from ruleengine.apimachinery.quantities import compare_quantities
from ruleengine.model.values import Object, Path, Value

_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc")
_LARGEST_PORT: Final = 65535


def check_pod_spec(
    spec: Object, path: Path, policies: tuple[str, ...] = (), claims: tuple[str, ...] = ()
) -> Iterator[Cause]:
    """Yield what is wrong with the spec of a pod.

    ``policies`` are the restart policies that the owner of a template allows; ``claims``
    the volumes that it adds to the pods.
    """
    policy = spec.get("restartPolicy")
    if policies and policy not in policies:
        yield not_supported((*path, "restartPolicy"), policy, policies)
    volumes = list(_named(spec.get("volumes")))
    yield from _check_names(volumes, (*path, "volumes"))
    for number, volume in enumerate(volumes):
        if len(volume) > 2:
            detail = "may not specify more than 1 volume type"
            yield forbidden((*path, "volumes", number), detail)
    if not spec.get("containers"):
        yield required((*path, "containers"))
    known = {*claims, *(volume.get("name") for volume in volumes)}
    all_containers: list[Object] = []
    for field in ("initContainers", "containers"):
        containers = list(_named(spec.get(field)))
        all_containers += containers
        for number, container in enumerate(containers):
            yield from _check_container(container, (*path, field, number), known)
    yield from _check_names(all_containers, (*path, "containers"))


def _named(items: Value) -> Iterator[Object]:
    return (item for item in items or () if isinstance(item, dict))


def _check_names(items: list[Object], path: Path) -> Iterator[Cause]:
    seen: set[str] = set()
    for number, item in enumerate(items):
        name = item.get("name")
        place = (*path, number, "name")
        if not name:
            yield required(place)
            continue
        problem = check_dns_label(str(name))
        if problem:
            yield invalid(place, name, problem)
        if name in seen:
            yield duplicate(place, name)
        seen.add(name)


def _check_container(container: Object, path: Path, volumes: set[Value]) -> Iterator[Cause]:
    image = container.get("image")
    if not image:
        yield required((*path, "image"))
    elif image != str(image).strip():
        detail = "must not have leading or trailing whitespace"
        yield invalid((*path, "image"), image, detail)
    yield from _check_ports(container, (*path, "ports"))
    for number, variable in enumerate(_named(container.get("env"))):
        yield from _check_environment(variable, (*path, "env", number))
    yield from _check_mounts(container, (*path, "volumeMounts"), volumes)
    yield from _check_resources(container.get("resources") or {}, (*path, "resources"))
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(field)
        if isinstance(probe, dict):
            yield from _check_probe(probe, (*path, field), success=field == "readinessProbe")


def _check_ports(container: Object, path: Path) -> Iterator[Cause]:
    names: set[str] = set()
    for number, port in enumerate(_named(container.get("ports"))):
        yield from check_port(port.get("containerPort"), (*path, number, "containerPort"))
        name = port.get("name")
        if not name:
            continue
        problem = check_port_name(str(name))
        if problem:
            yield invalid((*path, number, "name"), name, problem)
        if name in names:
            yield duplicate((*path, number, "name"), name)
        names.add(name)


def check_port(port: Value, path: Path) -> Iterator[Cause]:
    """Yield what is wrong with the number of a port."""
    if port in (None, 0):
        yield required(path)
    elif isinstance(port, int) and not 1 <= port <= _LARGEST_PORT:
        yield invalid(path, port, f"must be between 1 and {_LARGEST_PORT}, inclusive")


def _check_environment(variable: Object, path: Path) -> Iterator[Cause]:
    name = variable.get("name")
    if not name:
        yield required((*path, "name"))
    else:
        problem = check_environment_name(str(name))
        if problem:
            yield invalid((*path, "name"), name, problem)
    source = variable.get("valueFrom")
    if isinstance(source, dict):
        if variable.get("value"):
            detail = "may not be specified when `value` is not empty"
            yield invalid((*path, "valueFrom"), "", detail)
        if not source:
            yield invalid(
                (*path, "valueFrom"),
                "",
                "must specify one of: `fieldRef`, "
                "`resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
            )
        elif len(source) > 1:
            detail = "may not have more than one field specified at a time"
            yield invalid((*path, "valueFrom"), "", detail)


def _check_mounts(container: Object, path: Path, volumes: set[Value]) -> Iterator[Cause]:
    places: set[Value] = set()
    for number, mount in enumerate(_named(container.get("volumeMounts"))):
        name, place = mount.get("name"), mount.get("mountPath")
        if not name:
            yield required((*path, number, "name"))
        elif name not in volumes:
            yield not_found((*path, number, "name"), name)
        if not place:
            yield required((*path, number, "mountPath"))
        elif place in places:
            yield invalid((*path, number, "mountPath"), place, "must be unique")
        places.add(place)


def _check_resources(resources: Object, path: Path) -> Iterator[Cause]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            if compare_quantities(str(amount), "0") < 0:
                detail = "must be greater than or equal to 0"
                yield invalid((*path, field, Key(name)), amount, detail)
    for name, amount in requests.items():
        if name in limits and compare_quantities(str(amount), str(limits[name])) > 0:
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid((*path, "requests"), str(amount), detail)


def _check_probe(probe: Object, path: Path, *, success: bool) -> Iterator[Cause]:
    handlers = [name for name in _HANDLERS if name in probe]
    if not handlers:
        yield required(path, "must specify a handler type")
    elif len(handlers) > 1:
        yield forbidden((*path, handlers[1]), "may not specify more than 1 handler type")
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold"):
        number = probe.get(field)
        if isinstance(number, int) and number < 0:
            yield invalid((*path, field), number, "must be greater than or equal to 0")
    threshold = probe.get("successThreshold")
    if not success and threshold not in (None, 1):
        yield invalid((*path, "successThreshold"), threshold, "must be 1")
