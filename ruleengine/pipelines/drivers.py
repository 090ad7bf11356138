"""Drivers of artifact plugins: servers beside a step that know stores which we do not.

As with Argo Workflows 4, the ConfigMap of the controller lists them under ``artifactDrivers``, each
with ``name``, ``image`` and perhaps ``connectionTimeoutSeconds``; nobody else says what runs. A
driver is a sidecar of Kubernetes' own, begun before any container of ours that talks to it, and
ended after the last. Its one argument is the socket that it is to listen on.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from ruleengine.model.artifact_places import DIRECTORY, DRIVER_PREFIX, SOCKET
from ruleengine.model.decisions import World
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.admitting import CONTROLLER, controller_settings, read_setting
from ruleengine.pipelines.artifacts import ArtifactWork
from ruleengine.pipelines.mounting import driver_mount
from ruleengine.pipelines.problems import NodeError

_SETTING: Final = "artifactDrivers"
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,45}[a-z0-9])?")
"""What a name of a container may end in that begins with the prefix of drivers."""


class Driver(NamedTuple):
    """The driver of an artifact plugin; ``seconds`` may pass until it is there, if that is said."""

    name: str
    image: str
    seconds: int = 0


def drivers_of(world: World, control_namespace: str, plugins: Iterable[str]) -> tuple[Driver, ...]:
    """Return the drivers of artifact plugins. Raises ``NodeError`` for one that nobody lists."""
    wanted = sorted(plugins)
    if not wanted:
        return ()
    where = f"the ConfigMap {CONTROLLER} of the namespace {control_namespace}"
    stated = controller_settings(world, control_namespace).get(_SETTING)
    listed = read_setting(stated) if stated else []
    if not isinstance(listed, list):
        raise NodeError(f"{_SETTING} in {where} must be a list of drivers: each has name and image")
    known = {str(one.get("name")): one for one in reversed(listed) if isinstance(one, dict)}
    return tuple(_driver(name, known.get(name), where) for name in wanted)


def _driver(name: str, stated: Object | None, where: str) -> Driver:
    if stated is None:
        raise NodeError(
            f"the artifact plugin {name!r} is not known: list its driver under {_SETTING}, with "
            f"name and image, in {where}; {DIRECTORY!r} alone needs none"
        )
    image, seconds = stated.get("image"), stated.get("connectionTimeoutSeconds") or 0
    if not (_NAME.fullmatch(name) and isinstance(image, str) and image):
        raise NodeError(
            f"the driver {name!r} under {_SETTING} in {where} needs an image, and a name of small "
            "letters, digits and '-', 47 at most"
        )
    if type(seconds) is not int or seconds < 0:
        raise NodeError(
            f"connectionTimeoutSeconds of the driver {name!r} under {_SETTING} in {where} must be "
            f"a whole number of seconds, not {seconds!r}"
        )
    return Driver(name, image, seconds)


def container_of(driver: Driver, mounts: Iterable[Object] = ()) -> Object:
    """Return a driver as a container beside a step; ``mounts`` are what else it is to see."""
    own = driver_mount(driver.name)
    return {
        "name": f"{DRIVER_PREFIX}{driver.name}",
        "image": driver.image,
        "args": [f"{own['mountPath']}/{SOCKET}"],
        "restartPolicy": "Always",
        "volumeMounts": [own, *mounts],
    }


def told(work: ArtifactWork, drivers: Iterable[Driver]) -> ArtifactWork:
    """Return what has to be done about artifacts, with what their drivers are told of them."""
    known = {one.name: one for one in drivers}
    if not known:
        return work
    return replace(
        work,
        inputs=tuple(_told(one, known) for one in work.inputs),
        outputs=tuple(_told(one, known) for one in work.outputs),
        logs=work.logs and _told(work.logs, known),
    )


def _told(artifact: Object, known: Mapping[str, Driver]) -> Object:
    """Return an artifact with the path that the step knows, ours may be another one."""
    driver = known.get(str(lookup(artifact, "location", "plugin", "name")))
    if driver is None:
        return artifact
    path = {"stepPath": artifact["path"]} if "path" in artifact else {}
    return {**artifact, **path, "location": patient(artifact["location"], driver)}


def patient(location: Object, driver: Driver) -> Object:
    """Return a location that says how long its driver may take to be there.

    What the artifact says itself goes before what the driver's entry says.
    """
    plugin = location["plugin"]
    seconds = plugin.get("connectionTimeoutSeconds") or driver.seconds
    stated = {"connectionTimeoutSeconds": seconds} if seconds else {}
    return {**location, "plugin": {**plugin, **stated}}
