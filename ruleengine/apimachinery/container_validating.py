"""Checks of containers: images, ports, environment, mounts, resources and probes.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

from collections.abc import Generator
from typing import Final

from ruleengine.apimachinery.causes import (
    Cause,
    Key,
    duplicate,
    forbidden,
    invalid,
    not_found,
    required,
)
from ruleengine.apimachinery.checks import (
    NOT_NEGATIVE,
    Causes,
    natural,
    objects,
    one_of,
    port_number,
    port_or_name,
    positive,
    well_named,
)
from ruleengine.apimachinery.naming import (
    check_environment_name,
    check_port_name,
    check_qualified_name,
)
from ruleengine.apimachinery.quantities import Quantity, QuantityError, parse_quantity
from ruleengine.model.values import Object, Path, Value

_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc")
_RESOURCES: Final = ("cpu", "ephemeral-storage", "memory", "storage")


def check_container(
    container: Object, path: Path, volumes: set[Value], *, sidecar_only: bool
) -> Causes:
    """Yield what is wrong with a container that may mount ``volumes``.

    ``sidecar_only``: it is an init container, which has probes only if it keeps running.
    """
    image = container.get("image")
    if not image:
        yield required((*path, "image"))
    elif image != str(image).strip():
        detail = "must not have leading or trailing whitespace"
        yield invalid((*path, "image"), image, detail)
    yield from _check_ports(container, (*path, "ports"))
    for number, variable in enumerate(objects(container.get("env"))):
        yield from _check_environment(variable, (*path, "env", number))
    yield from _check_mounts(container, (*path, "volumeMounts"), volumes)
    yield from _check_resources(container.get("resources") or {}, (*path, "resources"))
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(field)
        if isinstance(probe, dict) and sidecar_only and container.get("restartPolicy") != "Always":
            detail = "may not be set for init containers without restartPolicy=Always"
            yield forbidden((*path, field), detail)
        elif isinstance(probe, dict):
            yield from _check_probe(probe, (*path, field), success=field == "readinessProbe")


def _check_ports(container: Object, path: Path) -> Causes:
    names: set[str] = set()
    for number, port in enumerate(objects(container.get("ports"))):
        place = (*path, number)
        if not port.get("containerPort"):
            yield required((*place, "containerPort"))
        yield from port_number((*place, "containerPort"), port.get("containerPort") or 1)
        yield from port_number((*place, "hostPort"), port.get("hostPort") or 1)
        yield from one_of((*place, "protocol"), port.get("protocol"), ("SCTP", "TCP", "UDP"))
        name = port.get("name")
        if not name:
            continue
        problem = check_port_name(str(name))
        if problem:
            yield invalid((*path, number, "name"), name, problem)
        if name in names:
            yield duplicate((*path, number, "name"), name)
        names.add(name)


def _check_environment(variable: Object, path: Path) -> Causes:
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


def _check_mounts(container: Object, path: Path, volumes: set[Value]) -> Causes:
    places: set[Value] = set()
    for number, mount in enumerate(objects(container.get("volumeMounts"))):
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


def _check_resources(resources: Object, path: Path) -> Causes:
    limits = yield from _amounts(resources.get("limits"), (*path, "limits"))
    requests = yield from _amounts(resources.get("requests"), (*path, "requests"))
    for name, amount in requests.items():
        if name in limits and amount > limits[name]:
            stated = (resources["requests"][name], resources["limits"][name])
            detail = f"must be less than or equal to {name} limit of {stated[1]}"
            yield invalid((*path, "requests"), str(stated[0]), detail)


def _amounts(stated: Value, path: Path) -> Generator[Cause, None, dict[str, Quantity]]:
    """Check amounts of resources, and return those that are some."""
    amounts: dict[str, Quantity] = {}
    for name, text in (stated or {}).items():
        place = (*path, Key(name))
        yield from well_named(place, name, check_qualified_name)
        if "/" not in name and name not in _RESOURCES and not name.startswith("hugepages-"):
            yield invalid(place, name, "must be a standard resource type or fully qualified")
        try:
            amounts[name] = parse_quantity(str(text))
        except QuantityError:
            continue
        if amounts[name].amount < 0:
            yield invalid(place, str(text), NOT_NEGATIVE)
    return amounts


def _check_probe(probe: Object, path: Path, *, success: bool) -> Causes:
    handlers = [name for name in _HANDLERS if name in probe]
    if not handlers:
        yield required(path, "must specify a handler type")
    elif len(handlers) > 1:
        yield forbidden((*path, handlers[1]), "may not specify more than 1 handler type")
    fields = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold")
    yield from natural(probe, path, *fields, "successThreshold")
    yield from positive(probe, path, "terminationGracePeriodSeconds")
    http = probe.get("httpGet")
    if isinstance(http, dict):
        yield from _http(http, (*path, "httpGet"))
    tcp = probe.get("tcpSocket")
    if isinstance(tcp, dict):
        yield from port_or_name((*path, "tcpSocket", "port"), tcp.get("port"))
    threshold = probe.get("successThreshold")
    if not success and threshold not in (None, 1):
        yield invalid((*path, "successThreshold"), threshold, "must be 1")


def _http(action: Object, path: Path) -> Causes:
    if not action.get("path"):
        yield required((*path, "path"))
    yield from port_or_name((*path, "port"), action.get("port"))
    yield from one_of((*path, "scheme"), action.get("scheme"), ("HTTP", "HTTPS"))


def check_host_ports(container: Object, path: Path) -> Causes:
    """Yield the ports that a container on the network of its host must not have."""
    for number, port in enumerate(objects(container.get("ports"))):
        if port.get("hostPort") and port["hostPort"] != port.get("containerPort"):
            detail = "must match `containerPort` when `hostNetwork` is true"
            yield invalid(
                (*path, "ports", number, "containerPort"), port.get("containerPort"), detail
            )
