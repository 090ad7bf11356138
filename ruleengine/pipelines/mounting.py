"""How artifacts reach a pod: the volumes they lie in, and what gives access to their stores.

As Argo does it: what is loaded lies in a volume of its own, of which each artifact is a part
that is mounted at its path; where a path lies in one of the step's own volumes, it is written
into that.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from ruleengine.model.artifact_places import DIRECTORY, DRIVER_PREFIX, DRIVERS
from ruleengine.model.digests import fnv1a
from ruleengine.model.names import ARTIFACT_CLAIM
from ruleengine.model.values import Object, Value
from ruleengine.pipelines.problems import NodeError

_INPUTS: Final = "input-artifacts"
_INPUTS_PATH: Final = "/argo/inputs/artifacts"
_STEP_ROOT: Final = "/mainctrfs"
_SECRETS: Final = "/argo/secret"
_CLAIMS: Final = "/argo/artifacts"
_DRAFTS: Final[Object] = {"name": "tmp-dir-argo", "mountPath": "/tmp"}  # noqa: S108


def placed(inputs: Iterable[Object], mounts: Iterable[Object]) -> tuple[Object, ...]:
    """Return input artifacts with the path at which the container that loads them sees them.

    ``mounts`` are those of the step. Raises ``NodeError`` for two things at one path.
    """
    taken = {str(one.get("mountPath")).rstrip("/"): one for one in mounts}
    found, paths = [], set(taken)
    for one in inputs:
        path = one["path"]
        if path in paths:
            raise NodeError(f"the path {path} of the artifact '{one['name']}' is already mounted")
        paths.add(path)
        around = _around(path, taken)
        inner = f"{_INPUTS_PATH}/{one['name']}" if around is None else f"{_STEP_ROOT}{path}"
        found.append({**one, "path": inner, "mount": None if around else path})
    return tuple(found)


def _around(path: str, mounts: dict[str, Object]) -> Object | None:
    """Return the innermost mount that a path lies in."""
    inside = [one for one in mounts if path.startswith(f"{one}/")]
    return mounts[max(inside, key=len)] if inside else None


def main_mounts(inputs: Iterable[Object]) -> list[Object]:
    """Return how the step sees the artifacts that are loaded for it."""
    return [
        {"name": _INPUTS, "mountPath": one["mount"], "subPath": one["name"]}
        for one in inputs
        if one.get("mount")
    ]


def loading_mounts(inputs: Iterable[Object], mounts: Iterable[Object]) -> list[Object]:
    """Return how the container that loads artifacts sees where they go."""
    listed = list(inputs)
    found: list[Object] = []
    if any(one.get("mount") for one in listed):
        found.append({"name": _INPUTS, "mountPath": _INPUTS_PATH})
    inner = [one["path"].removeprefix(_STEP_ROOT) for one in listed if not one.get("mount")]
    for mount in mounts:
        path = str(mount.get("mountPath")).rstrip("/")
        if any(one.startswith(f"{path}/") for one in inner):
            kept = {key: value for key, value in mount.items() if key != "readOnly"}
            found.append({**kept, "mountPath": f"{_STEP_ROOT}{path}"})
    return found


def input_volumes(inputs: Iterable[Object]) -> list[Object]:
    """Return the volume that artifacts are loaded into, if there is need for it."""
    return [{"name": _INPUTS, "emptyDir": {}}] if any(one.get("mount") for one in inputs) else []


class StoreAccess:
    """What gives containers of ours access to stores: the Secrets and claims of locations.

    And what they need to pass artifacts on: a folder for drafts, since their root may be read-only,
    and one for each artifact plugin of others, in which its driver listens.
    """

    def __init__(self, locations: Iterable[Object]) -> None:
        self._secrets: dict[str, dict[str, bool]] = {}
        self.claims: set[str] = set()
        self.plugins: set[str] = set()
        self._drafts: list[Object] = []
        for one in locations:
            self._drafts = [_DRAFTS]
            for selector in _selectors(one):
                keys = self._secrets.setdefault(str(selector["name"]), {})
                optional = bool(selector.get("optional"))
                keys[str(selector["key"])] = keys.get(str(selector["key"]), True) and optional
            plugin = one.get("plugin") or {}
            if plugin.get("name") == DIRECTORY:
                self.claims.add(str(plugin.get("configuration") or ARTIFACT_CLAIM))
            elif plugin:
                self.plugins.add(str(plugin["name"]))

    def volumes(self) -> Iterator[Object]:
        """Yield the volumes that the mounts need."""
        yield from ({"name": one["name"], "emptyDir": {}} for one in self._drafts)
        for name, keys in sorted(self._secrets.items()):
            secret: dict[str, Any] = {
                "secretName": name,
                "items": [{"key": key, "path": key} for key in sorted(keys)],
            }
            if any(keys.values()):
                secret["optional"] = True
            yield {"name": _volume("secret", name), "secret": secret}
        for claim in sorted(self.claims):
            source = {"claimName": claim}
            yield {"name": _volume("claim", claim), "persistentVolumeClaim": source}
        yield from (
            {"name": driver_mount(one)["name"], "emptyDir": {}} for one in sorted(self.plugins)
        )

    def mounts(self) -> Iterator[Object]:
        """Yield where containers of ours find them."""
        yield from self._drafts
        for name in sorted(self._secrets):
            mount = {"name": _volume("secret", name), "mountPath": f"{_SECRETS}/{name}"}
            yield {**mount, "readOnly": True}
        for claim in sorted(self.claims):
            yield {"name": _volume("claim", claim), "mountPath": f"{_CLAIMS}/{claim}"}
        yield from map(driver_mount, sorted(self.plugins))


def driver_mount(plugin: str) -> Object:
    """Return where a driver and containers of ours meet; both find it at the same path."""
    return {"name": f"{DRIVER_PREFIX}{plugin}", "mountPath": f"{DRIVERS}/{plugin}"}


def _volume(kind: str, name: str) -> str:
    """Return the name of the volume for a Secret or claim, whose own name may be too long."""
    return f"artifact-{kind}-{fnv1a(name.encode())}"


def _selectors(value: Value, field: str = "") -> Iterator[Object]:
    """Yield the selectors of keys of Secrets in a location."""
    if isinstance(value, dict):
        if field.lower().endswith(("secret", "secretkeyref")) and value.get("name"):
            yield value
            return
        for name, inner in value.items():
            yield from _selectors(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _selectors(inner, field)
