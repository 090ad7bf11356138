"""Checks of containers: images, ports, environment, mounts, resources and probes.

The rules and their words are the API's (reference, Kubernetes API sections 5 and 8).
"""

import re
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
from ruleengine.apimachinery.volume_validating import relative
from ruleengine.model.values import Object, Path, Value

_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_LARGEST_ID: Final = 2**31 - 1
_FIELDS: Final = (
    *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName"),
    *("spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP"),
    "status.podIPs",
)
"""What a variable can be taken from, beside single labels and annotations."""

_MAPS: Final = ("metadata.labels", "metadata.annotations")
_SUBSCRIPT: Final = re.compile(r"\['[^']+'\]")
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
    for number, source in enumerate(objects(container.get("envFrom"))):
        yield from _check_all_of(source, (*path, "envFrom"), number)
    yield from _check_mounts(container, (*path, "volumeMounts"), volumes)
    yield from _check_resources(container.get("resources") or {}, (*path, "resources"))
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(field)
        if isinstance(probe, dict) and sidecar_only and container.get("restartPolicy") != "Always":
            detail = "may not be set for init containers without restartPolicy=Always"
            yield forbidden((*path, field), detail)
        elif isinstance(probe, dict):
            yield from _check_probe(probe, (*path, field), success=field == "readinessProbe")
    hooks = container.get("lifecycle") or {}
    for field in ("postStart", "preStop"):
        if isinstance(hooks.get(field), dict):
            yield from _check_handler(hooks[field], (*path, "lifecycle", field))
    context = container.get("securityContext")
    if isinstance(context, dict):
        yield from _check_rights(context, (*path, "securityContext"))


def _check_rights(context: Object, path: Path) -> Causes:
    yield from check_security(context, path)
    if context.get("allowPrivilegeEscalation") is False:
        added = (context.get("capabilities") or {}).get("add") or ()
        for wrong, name in (
            (context.get("privileged"), "`privileged` to true"),
            ("SYS_ADMIN" in added, "`capabilities.Add` CAP_SYS_ADMIN"),
        ):
            if wrong:
                detail = f"cannot set `allowPrivilegeEscalation` to false and {name}"
                yield invalid(path, context, detail)


def check_security(context: Object, path: Path, *more: str) -> Causes:
    """Yield what is wrong with the ids and profiles of a pod or container; ``more`` are ids."""
    for field in ("runAsUser", "runAsGroup", *more):
        number = context.get(field)
        if isinstance(number, int) and not 0 <= number <= _LARGEST_ID:
            detail = f"must be between 0 and {_LARGEST_ID}, inclusive"
            yield invalid((*path, field), number, detail)
    profile = context.get("seccompProfile")
    if isinstance(profile, dict):
        place = (*path, "seccompProfile", "localhostProfile")
        if profile.get("type") == "Localhost" and not profile.get("localhostProfile"):
            yield required(place, "must be set when seccomp type is Localhost")
        elif profile.get("type") != "Localhost" and profile.get("localhostProfile"):
            yield invalid(
                place, profile["localhostProfile"], "can only be set when seccomp type is Localhost"
            )


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
        yield from _check_reference(source, (*path, "valueFrom"))


def _check_reference(source: Object, path: Path) -> Causes:
    for field in ("configMapKeyRef", "secretKeyRef"):
        reference = source.get(field)
        if isinstance(reference, dict) and not reference.get("key"):
            yield required((*path, field, "key"))
    reference = source.get("fieldRef")
    if isinstance(reference, dict):
        place, text = (*path, "fieldRef", "fieldPath"), str(reference.get("fieldPath") or "")
        name = text.partition("[")[0]
        if not text:
            yield required(place)
        elif not (text in _FIELDS or (name in _MAPS and _SUBSCRIPT.fullmatch(text[len(name) :]))):
            detail = f"error converting fieldPath: field label not supported: {text}"
            yield invalid(place, text, detail)
    reference = source.get("resourceFieldRef")
    if isinstance(reference, dict) and not reference.get("resource"):
        yield required((*path, "resourceFieldRef", "resource"))


def _check_all_of(source: Object, path: Path, number: int) -> Causes:
    references = [field for field in ("configMapRef", "secretRef") if source.get(field)]
    if len(references) != 1:
        detail = (
            "may not have more than one field specified at a time"
            if references
            else "must specify one of: `configMapRef` or `secretRef`"
        )
        yield invalid(path, "", detail)
    for field in references:
        if not source[field].get("name"):
            yield required((*path, number, field, "name"))


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
        yield from relative((*path, "subPath"), mount.get("subPath"))
        places.add(place)


def _check_resources(resources: Object, path: Path) -> Causes:
    limits = yield from _amounts(resources.get("limits"), (*path, "limits"))
    requests = yield from _amounts(resources.get("requests"), (*path, "requests"))
    for name, amount in requests.items():
        if name in limits and amount > limits[name]:
            stated = (resources["requests"][name], resources["limits"][name])
            detail = f"must be less than or equal to {name} limit of {stated[1]}"
            yield invalid((*path, "requests"), str(stated[0]), detail)
        if name not in limits and ("/" in name or name.startswith("hugepages-")):
            detail = "Limit must be set for non overcommitable resources"
            yield required((*path, "limits"), detail)


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
    yield from _check_handler(probe, path)
    fields = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold")
    yield from natural(probe, path, *fields, "successThreshold")
    yield from positive(probe, path, "terminationGracePeriodSeconds")
    threshold = probe.get("successThreshold")
    if not success and threshold not in (None, 1):
        yield invalid((*path, "successThreshold"), threshold, "must be 1")


def _check_handler(stated: Object, path: Path) -> Causes:
    """Yield what is wrong with what a probe asks or a hook does."""
    handlers = [name for name in _HANDLERS if name in stated]
    if not handlers:
        yield required(path, "must specify a handler type")
    elif len(handlers) > 1:
        yield forbidden((*path, handlers[1]), "may not specify more than 1 handler type")
    program = stated.get("exec")
    if isinstance(program, dict) and not program.get("command"):
        yield required((*path, "exec", "command"))
    http = stated.get("httpGet")
    if isinstance(http, dict):
        yield from _http(http, (*path, "httpGet"))
    tcp = stated.get("tcpSocket")
    if isinstance(tcp, dict):
        yield from port_or_name((*path, "tcpSocket", "port"), tcp.get("port"))


def _http(action: Object, path: Path) -> Causes:
    if not action.get("path"):
        yield required((*path, "path"))
    yield from port_or_name((*path, "port"), action.get("port"))
    yield from one_of((*path, "scheme"), action.get("scheme"), ("HTTP", "HTTPS"))


def check_host_ports(containers: list[tuple[Path, Object]], host: bool) -> Causes:
    """Yield the ports of the host that containers cannot have.

    ``host``: they are on its network, where the port of a container is that of the host.
    """
    seen: set[str] = set()
    for path, container in containers:
        if "containers" not in path:
            continue
        for number, port in enumerate(objects(container.get("ports"))):
            wanted, place = port.get("hostPort"), (*path, "ports", number, "hostPort")
            if not wanted:
                continue
            if host and wanted != port.get("containerPort"):
                detail = "must match `containerPort` when `hostNetwork` is true"
                yield invalid(place, wanted, detail)
            pair = f"{port.get('protocol')}/{port.get('hostIP') or ''}/{wanted}"
            if pair in seen:
                yield duplicate(place, pair)
            seen.add(pair)
