"""The environment of a container: what its image sets, the API's address, what it declares."""

from typing import Final

from ruleengine.local.runtime.images import Image
from ruleengine.local.runtime.references import data_of, expand, field_of, resource_of
from ruleengine.local.runtime.surroundings import CONFIG_ERROR, NotReadyError, Surroundings
from ruleengine.model.values import Object

_LONGEST_HOSTNAME: Final = 63


def hostname_of(pod: Object) -> str:
    """Return the name of the host that a pod sees: its own, or its name, cut to fit."""
    name = str(pod["spec"].get("hostname") or pod["metadata"]["name"])
    return name[:_LONGEST_HOSTNAME].rstrip("-.")


def plan_environment(
    pod: Object, container: Object, image: Image, around: Surroundings
) -> dict[str, str]:
    """Return every variable of a container, later ones over earlier ones of the same name.

    Raises ``NotReadyError`` where something it refers to is missing.
    """
    found = {"HOSTNAME": hostname_of(pod), **image.env}
    if around.api is not None:
        host, port = around.api
        found["KUBERNETES_SERVICE_HOST"] = host
        found["KUBERNETES_SERVICE_PORT"] = found["KUBERNETES_SERVICE_PORT_HTTPS"] = str(port)
    for source in container.get("envFrom") or ():
        prefix = str(source.get("prefix") or "")
        for kind in ("configMap", "secret"):
            if reference := source.get(f"{kind}Ref"):
                data = data_of(kind, reference, around)
                found |= {prefix + name: _text(value) for name, value in data.items()}
    for one in container.get("env") or ():
        if not one.get("valueFrom"):
            found[one["name"]] = expand(str(one.get("value") or ""), found)
            continue
        value = _value(pod, container, one, around)
        if value is not None:
            found[one["name"]] = value
    return found


def _text(value: bytes) -> str:
    return value.decode(errors="replace")


def _value(pod: Object, container: Object, variable: Object, around: Surroundings) -> str | None:
    source = variable["valueFrom"]
    for kind in ("configMap", "secret"):
        reference = source.get(f"{kind}KeyRef")
        if reference is None:
            continue
        data = data_of(kind, reference, around)
        if reference.get("key") in data:
            return _text(data[reference["key"]])
        if reference.get("optional"):
            return None
        name = reference.get("name")
        raise NotReadyError(CONFIG_ERROR, f"{kind} {name!r} has no key {reference.get('key')!r}")
    if reference := source.get("fieldRef"):
        return field_of(pod, str(reference.get("fieldPath")))
    if reference := source.get("resourceFieldRef"):
        return resource_of(pod, reference, container)
    problem = f"{', '.join(source)} of {variable['name']} is not honoured by the local node"
    raise NotReadyError(CONFIG_ERROR, problem, final=True)
