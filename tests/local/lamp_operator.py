"""An operator written with kopf, as its users write one; run by ``kopf run``.

It does what the first five examples of kopf do: handle, make children, fail and try again, tell
events, and follow single fields.
"""

from typing import Any

import kopf
from kubernetes import client, config


@kopf.on.login()
def login(**more: Any) -> Any:
    """Use the kubeconfig."""
    return kopf.login_with_kubeconfig(**more)


@kopf.on.create("example.net", "v1", "lamps")
def light(patch: kopf.Patch, retry: int, **_: Any) -> None:
    """Say in the status that the lamp is on; the first try fails."""
    if not retry:
        raise kopf.TemporaryError("no power yet", delay=0.1)
    patch.status["light"] = {"is": "on", "after": retry}


@kopf.on.create("example.net", "v1", "lamps")
def bulb(body: kopf.Body, name: str, namespace: str | None, **_: Any) -> dict[str, str]:
    """Make a child that goes with the lamp, and tell so."""
    child = {"metadata": {"name": f"{name}-bulb"}, "data": {"watts": "60"}}
    kopf.adopt(child, owner=body)
    config.load_kube_config()
    client.CoreV1Api().create_namespaced_config_map(namespace, child)
    kopf.event(body, type="Normal", reason="Screwed", message="the bulb is in")
    return {"child": f"{name}-bulb"}


@kopf.on.field("example.net", "v1", "lamps", field="spec.size")
def resize(old: int | None, new: int, patch: kopf.Patch, **_: Any) -> None:
    """Follow one field."""
    patch.status["size"] = {"was": old, "is": new}


@kopf.on.update("example.net", "v1", "lamps")
def change(diff: kopf.Diff, patch: kopf.Patch, **_: Any) -> None:
    """Say what has changed."""
    patch.status["changed"] = [".".join(one.field) for one in diff]


@kopf.on.delete("example.net", "v1", "lamps")
def darken(**_: Any) -> None:
    """Exist, so that a finalizer is held until this has run."""
