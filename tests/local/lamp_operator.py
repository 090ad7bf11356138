"""An operator written with kopf, as its users write one; run by ``kopf run``."""

from typing import Any

import kopf


@kopf.on.login()
def login(**more: Any) -> Any:
    """Use the kubeconfig."""
    return kopf.login_with_kubeconfig(**more)


@kopf.on.create("example.net", "v1", "lamps")
def light(patch: kopf.Patch, **_: Any) -> None:
    """Say in the status that the lamp is on."""
    patch.status["light"] = {"is": "on"}


@kopf.on.delete("example.net", "v1", "lamps")
def darken(**_: Any) -> None:
    """Exist, so that a finalizer is held until this has run."""
