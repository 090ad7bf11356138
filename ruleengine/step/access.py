"""What a pod has been given to reach stores of artifacts: mounted Secrets and volumes.

The places are those that :mod:`ruleengine.pipelines.mounting` mounts them at.
"""

from pathlib import Path
from typing import Final

from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object
from ruleengine.services.artifacts.store import ArtifactError

_ROOT: Final = Path("/argo")


class PodAccess:
    """Secrets and claims as they are mounted in a pod, below ``root``."""

    def __init__(self, root: Path = _ROOT) -> None:
        self._secrets = root / "secret"
        self._claims = root / "artifacts"

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
