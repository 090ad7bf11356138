"""The volumes of a step: its own, and those of its workflow that it mounts (Workflows 16)."""

from collections.abc import Iterable

from ruleengine.model.values import Object
from ruleengine.pipelines.problems import NodeError


def volumes_of(template: Object, spec: Object) -> list[Object]:
    """Return the volumes of a template, and those of the workflow that its containers mount.

    Others are left out, as in Argo: a claim that only a later step needs may not be there yet.
    Raises ``NodeError`` for one that neither states.
    """
    own = template.get("volumes") or []
    names = [one for one in _mounted(template) if one not in {volume["name"] for volume in own}]
    shared = {one["name"]: one for one in spec.get("volumes") or ()}
    missing = next((one for one in names if one not in shared), None)
    if missing is not None:
        raise NodeError(f"volume '{missing}' not found in workflow spec")
    return [*own, *(one for name, one in shared.items() if name in names)]


def _mounted(template: Object) -> list[str]:
    """Return the names of the volumes that the containers of a template mount, in their order."""
    containers = template.get("containerSet") or {}
    mounting = (
        template.get("container") or {},
        template.get("script") or {},
        containers,
        *(containers.get("containers") or ()),
        *(template.get("initContainers") or ()),
        *(template.get("sidecars") or ()),
    )
    return [
        str(mount.get("name"))
        for one in mounting
        for kind in ("volumeMounts", "volumeDevices")
        for mount in one.get(kind) or ()
    ]


def beside(container: Object, mounts: Iterable[Object]) -> Object:
    """Return a container of the user's beside the step, with the step's mounts where it asks.

    What it mounts itself at a path stays there.
    """
    stated = {key: value for key, value in container.items() if key != "mirrorVolumeMounts"}
    if container.get("mirrorVolumeMounts"):
        own = container.get("volumeMounts") or []
        taken = {one.get("mountPath") for one in own}
        stated["volumeMounts"] = [*own, *(one for one in mounts if one["mountPath"] not in taken)]
    return stated
