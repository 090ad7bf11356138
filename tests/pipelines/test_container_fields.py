"""Fields of the containers of a template: each one that a pod has reaches it, wherever it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ruleengine.formats.yaml_writer import write
from ruleengine.model.values import Object, lookup
from tests.pipelines.worlds import world_of

TYPES = Path(__file__).resolve().parents[2] / "schemas" / "kubernetes" / "types.json"
PROBE = {"exec": {"command": ["x"]}}
FIELDS: Object = {
    "args": ["a1", "a2"],
    "command": ["c1", "c2"],
    "env": [{"name": "E", "value": "1"}],
    "envFrom": [{"prefix": "P_", "secretRef": {"name": "s"}}],
    "image": "acme/app:1",
    "imagePullPolicy": "Always",
    "lifecycle": {"preStop": PROBE},
    "livenessProbe": PROBE,
    "name": "mine",
    "ports": [{"containerPort": 80}],
    "readinessProbe": PROBE,
    "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
    "resources": {"limits": {"memory": "1Gi"}},
    "restartPolicy": "Always",
    "restartPolicyRules": [{"action": "Restart"}],
    "securityContext": {"runAsNonRoot": True},
    "startupProbe": PROBE,
    "stdin": True,
    "stdinOnce": True,
    "terminationMessagePath": "/t",
    "terminationMessagePolicy": "FallbackToLogsOnError",
    "tty": True,
    "volumeDevices": [{"name": "d", "devicePath": "/d"}],
    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    "workingDir": "/w",
}
STEP: Object = {"image": "alpine", "command": ["work"]}
OTHER: Object = {"name": "other", **STEP}

Place = tuple[Callable[[Object], Object], tuple[str | int, ...]]
PLACES: dict[str, Place] = {
    "container": (lambda one: {"container": {**STEP, **one}}, ("containers", 0)),
    "script": (lambda one: {"script": {**STEP, **one, "source": "x"}}, ("containers", 0)),
    "containerSet": (
        lambda one: {"containerSet": {"containers": [OTHER, {"name": "n", **STEP, **one}]}},
        ("containers", 1),
    ),
    "initContainers": (
        lambda one: {"container": STEP, "initContainers": [{**OTHER, **one}]},
        ("initContainers", 0),
    ),
    "sidecars": (
        lambda one: {"container": STEP, "sidecars": [{**OTHER, **one}]},
        ("initContainers", 0),
    ),
}
"""Where a template has containers: the template with a field, and its container in the pod."""

OURS = {("container", "name"): "main", ("script", "name"): "main"}
"""What stands in a pod in place of what is stated: the step is called as Argo calls it."""


def in_pod(place: str, field: str) -> Any:
    """Return what a field of a container of a template comes to in its pod."""
    template, path = PLACES[place]
    listed = {"name": "main", **template({field: FIELDS[field]})}
    volumes = [{"name": name, "emptyDir": {}} for name in "vd"]
    spec = {"entrypoint": "main", "volumes": volumes, "templates": [listed]}
    world = world_of(write(spec))
    world.turn()
    (pod,) = world.pods()
    *way, number = path
    # of ours there may be one before the user's own
    found = [one for one in lookup(pod, "spec", *way) if one["image"] != "ruleengine"]
    return found[number][field]


def test_every_field_of_a_container_is_tried() -> None:
    """By the facts about Kubernetes, no more and no less."""
    facts = json.loads(TYPES.read_text())["types"]["core/v1.Container"]["fields"]
    assert FIELDS.keys() == facts.keys()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("field", FIELDS)
def test_each_field_of_a_container_reaches_its_pod(place: str, field: str) -> None:
    """As it is written; lists to which we add hold it from their place on, unbroken."""
    found = in_pod(place, field)
    stated = OURS.get((place, field), FIELDS[field])
    if field in ("args", "env", "volumeMounts"):
        found = [one for one in found if one in stated]
    assert found == stated
