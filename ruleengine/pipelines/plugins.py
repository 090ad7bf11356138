"""``plugin`` templates: the executor plugins that are asked, beside the step (reference 3.1).

A plugin is a server in a container. ConfigMaps with the label of Argo's describe them, in the
namespace of the workflow and in the control namespace; a workflow may bring its own.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ruleengine.model.decisions import World
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.executing import EXECUTOR_MOUNT, account_mount, account_volume
from ruleengine.pipelines.labels import CONFIG_MAP_TYPE
from ruleengine.pipelines.problems import NodeError

_TYPE: Final = "ExecutorPlugin"


class Plugin(NamedTuple):
    """An executor plugin: its container, the port it listens on, and whether it has rights.

    With ``account`` it sees the token of the service account ``NAME-executor-plugin``.
    """

    name: str
    container: Object
    port: int
    account: bool = False


def plugins_of(
    template: Object, spec: Object, world: World, namespaces: Iterable[str]
) -> tuple[Plugin, ...]:
    """Return who is asked to do the work of a template, in order.

    First whoever is called like the template's key, then the workflow's own, then those of the
    namespaces. Raises ``NodeError`` where there is none, or one is not described as it must be.
    """
    found = {one.name: one for one in _listed(spec, world, namespaces)}
    named = next(iter(template["plugin"] or {}), "")
    if not found:
        raise NodeError(
            f"nobody can do the work of the plugin {named!r}: there is no executor plugin; apply "
            f"its ConfigMap with the label {CONFIG_MAP_TYPE}={_TYPE}"
        )
    return tuple(sorted(found.values(), key=lambda one: one.name != named))


def _listed(spec: Object, world: World, namespaces: Iterable[str]) -> Iterator[Plugin]:
    """Yield every plugin; of one name the last counts."""
    for namespace in dict.fromkeys(namespaces):
        for one in world.list("v1", "ConfigMap", namespace, (f"label:{CONFIG_MAP_TYPE}", _TYPE)):
            yield _of_map(one)
    for one in spec.get("executorPlugins") or ():
        name = str(lookup(one, "metadata", "name", default="plugin"))
        sidecar = lookup(one, "spec", "sidecar", default={})
        account = bool(sidecar.get("automountServiceAccountToken"))
        yield _plugin(name, sidecar.get("container"), account=account)


def _of_map(found: Object) -> Plugin:
    from ruleengine.formats import yaml_reader  # late: few workflows need it

    name, data = str(found["metadata"]["name"]), found.get("data") or {}
    parsed = yaml_reader.read(str(data.get("sidecar.container") or "").encode(), name)
    container = parsed.documents[0].value if parsed.documents and not parsed.findings else None
    account = data.get("sidecar.automountServiceAccountToken") == "true"
    return _plugin(name.removesuffix("-executor-plugin"), container, account=account)


def _plugin(name: str, container: object, *, account: bool) -> Plugin:
    if not isinstance(container, dict) or not container.get("image"):
        raise NodeError(f"the executor plugin {name!r} has no `sidecar.container` with an image")
    ports = container.get("ports")
    port = ports[0].get("containerPort") if isinstance(ports, list) and ports else None
    if type(port) is not int:
        raise NodeError(f"the container of the executor plugin {name!r} states no containerPort")
    return Plugin(name, container, port, account)


def plan_of(
    template: Object, template_name: str, workflow: Object, plugins: Iterable[Plugin]
) -> Object:
    """Return what the program in the pod asks, and whom."""
    metadata = workflow["metadata"]
    kept = {key: metadata[key] for key in ("name", "namespace", "uid") if metadata.get(key)}
    return {
        "asked": {
            "workflow": {"metadata": kept},
            "template": {"name": template_name, **template},
        },
        "plugins": [{"name": one.name, "port": one.port} for one in plugins],
    }


def containers_of(plugins: Iterable[Plugin]) -> Iterator[Object]:
    """Yield the plugins as containers beside the step, each with the token that it is shown."""
    for one in plugins:
        mounts = [
            *(one.container.get("volumeMounts") or ()),
            {**EXECUTOR_MOUNT, "subPath": one.name, "readOnly": True},
        ]
        if one.account:
            mounts.append(account_mount(_volume_name(one)))
        yield {
            **one.container,
            "name": one.container.get("name") or one.name,
            "volumeMounts": mounts,
            "restartPolicy": "Always",
        }


def volumes_of(plugins: Iterable[Plugin]) -> Iterator[Object]:
    """Yield the volumes that the plugins need: of tokens, theirs and those of their accounts."""
    yield {"name": EXECUTOR_MOUNT["name"], "emptyDir": {}}
    for one in plugins:
        if one.account:
            yield account_volume(f"{one.name}-executor-plugin", _volume_name(one))


def _volume_name(plugin: Plugin) -> str:
    return f"{plugin.name}-account"
