"""What a pod has been given to reach stores of artifacts: mounted Secrets and volumes.

The places are those that :mod:`ruleengine.pipelines.mounting` mounts them at.
"""

from pathlib import Path
from typing import Final

from ruleengine.model.artifact_places import DRIVERS
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object
from ruleengine.services.artifacts.store import ArtifactError, DriverPlace

_ROOT: Final = Path("/argo")
_PATIENCE: Final = 120.0
"""For how many seconds a driver may be on its way that begins when we do; as with Argo."""


class PodAccess:
    """Secrets and claims as a pod has them mounted, below ``root``, and the drivers beside us."""

    def __init__(self, root: Path = _ROOT, drivers: Path = Path(DRIVERS)) -> None:
        self._secrets = root / "secret"
        self._claims = root / "artifacts"
        self._drivers = drivers

    def secret(self, selector: Object) -> Secret | None:
        """Return the value of a key of a Secret, without a newline at its end."""
        name, key = str(selector.get("name") or ""), str(selector.get("key") or "")
        try:
            text = (self._secrets / name / key).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            if selector.get("optional"):
                return None
            raise ArtifactError(f"the Secret {name!r} has no key {key!r} to be used") from error
        return Secret(text.removesuffix("\n"))

    def folder(self, claim: str) -> Path:
        """Return where the volume of a claim is mounted."""
        return self._claims / claim

    def driver(self, name: str) -> DriverPlace:
        """Return where the driver of an artifact plugin is: a container that shares a volume."""
        return DriverPlace(self._drivers / name, patience=_PATIENCE)
