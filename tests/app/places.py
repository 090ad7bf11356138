"""Places of pipelines on a control plane in this process, of which nothing else is asked."""

from dataclasses import replace
from pathlib import Path
from random import Random

from ruleengine.app.clusters import Connected
from ruleengine.app.pipelines.bringing import bring_templates
from ruleengine.app.pipelines.places import Place
from ruleengine.app.workspace import open_workspace
from ruleengine.cluster.client import Client
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.configuration import Configuration
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object
from tests.validation.config_repos import make_repo

SETTINGS = {"ruleengine.yaml": "namespace: ci\n"}
WORKFLOW: Object = {
    "apiVersion": ARGO_API_VERSION,
    "kind": "Workflow",
    "metadata": {"name": "wf", "namespace": "ci"},
    "spec": {"entrypoint": "main"},
}


def bare_place(folder: Path, files: dict[str, str] = SETTINGS) -> Place:
    """Return a place whose control plane knows no kind of pipelines yet."""
    plane = ControlPlane(MemoryStore(), VirtualClock(), randomness=Random(1), strict=True)
    return Place(
        workspace=open_workspace(make_repo(folder / "config", files).root),
        configuration=Configuration(namespace="ci"),
        cluster=Connected(client=Client(plane), local=True, name="the test's"),
        state=folder / "state",
        namespace="ci",
        named=False,
        drives=False,
    )


def empty_place(folder: Path, files: dict[str, str] = SETTINGS) -> Place:
    """Return a place where workflows can be, and none is."""
    made = bare_place(folder, files)
    bring_templates(made, WORKFLOW, of_repo=False)
    return made


def stated(place: Place, **settings: object) -> Place:
    """Return a place with other settings."""
    return replace(place, configuration=replace(place.configuration, **settings))


def shared(place: Place) -> Place:
    """Return a place as if its cluster had been named."""
    return replace(place, cluster=replace(place.cluster, local=False))
