"""The volumes of a step: its own, and those of its workflow that it mounts (Workflows 16)."""

from ruleengine.model.values import Object, Value


def volumes_of(template: Object, spec: Object) -> list[Object]:
    """Return the volumes of a template, and those of the workflow that its containers mount.

    Others are left out, as in Argo: a claim that only a later step needs may not be there yet.
    """
    own = template.get("volumes") or []
    names = _mounted(template) - {one["name"] for one in own}
    return [*own, *(one for one in spec.get("volumes") or () if one["name"] in names)]


def _mounted(template: Object) -> set[Value]:
    """Return the names of the volumes that the containers of a template mount."""
    containers = template.get("containerSet") or {}
    mounting = (
        template.get("container") or {},
        template.get("script") or {},
        containers,
        *(containers.get("containers") or ()),
        *(template.get("initContainers") or ()),
        *(template.get("sidecars") or ()),
    )
    return {
        mount.get("name")
        for one in mounting
        for kind in ("volumeMounts", "volumeDevices")
        for mount in one.get(kind) or ()
    }
