"""How long the machinery of the API takes per object, for a Deployment of two containers.

    python benchmarks/apimachinery.py

The time is the processor time of the call alone, the fastest of many rounds, so that whatever
else the machine does is left out. Beside each stands the ratio to ``copy.deepcopy`` of the
same Deployment, measured in the same sitting: the least that a Python program does that
touches every field of it once.
"""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness import machine

from ruleengine.apimachinery.comparing import stored_form
from ruleengine.apimachinery.kinds import KindTable
from ruleengine.apimachinery.protobuf import decode_request
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.strategic_diff import make_three_way_patch
from ruleengine.apimachinery.strategic_merge import strategic_merge
from ruleengine.apimachinery.structured_merge import apply, update
from ruleengine.apimachinery.validating import validate
from ruleengine.environments.merging import make_merge
from ruleengine.model.names import ENVIRONMENTS_MANAGER

ROUNDS = 40
SLICE_SECONDS = 0.01

SCHEMA = schema_for("apps/v1", "Deployment")
NOW = "2026-01-02T03:04:05Z"


def container(name: str) -> dict[str, Any]:
    """Return a container as people write it."""
    return {
        "name": name,
        "image": f"registry.example.com/{name}:1.2.3",
        "args": ["--port", "8080"],
        "ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 9090}],
        "env": [
            *({"name": f"SETTING_{number}", "value": str(number)} for number in range(8)),
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        "resources": {
            "limits": {"cpu": "500m", "memory": "256Mi"},
            "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}],
    }


DESIRED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web", "tier": "front"}},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [container("web"), container("sidecar")],
                "volumes": [{"name": "config", "configMap": {"name": "web"}}],
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What is measured, and the target in microseconds."""

    name: str
    run: Callable[[], Any]
    target: float = 0.0


def living(desired: dict[str, Any]) -> dict[str, Any]:
    """Return the Deployment as a server sends it: applied, defaulted, with a status."""
    live = stored_form(_apply(None, desired), SCHEMA)
    status = {"replicas": 3, "conditions": [{"type": "Available", "status": "True"}]}
    new = {**live, "status": status}
    live = update(live, new, manager="controller", schema=SCHEMA, now=NOW, subresource="status")
    read: dict[str, Any] = json.loads(json.dumps(live))
    return read


def _apply(live: dict[str, Any] | None, config: dict[str, Any]) -> dict[str, Any]:
    done = apply(live, config, manager=ENVIRONMENTS_MANAGER, schema=SCHEMA, now=NOW, force=True)
    return done.object


def edited(*, image: str = "", drop: bool = False, scaled: bool = True) -> dict[str, Any]:
    """Return the Deployment with another image, or without a variable or its replicas."""
    value = copy.deepcopy(DESIRED)
    first = value["spec"]["template"]["spec"]["containers"][0]
    if image:
        first["image"] = image
    if drop:
        del first["env"][3]
    if not scaled:
        del value["spec"]["replicas"]
    return value


def claims() -> list[Claim]:
    """Return everything that is measured."""
    live, merge = living(DESIRED), make_merge()
    newer, fewer = edited(image="other:2"), edited(drop=True)
    scaled = {**live, "spec": {**live["spec"], "replicas": 5}}
    unscaled = edited(scaled=False)
    grown = living(unscaled)
    grown["spec"]["replicas"] = 5
    kind = KindTable.built_in().find("apps/v1", "Deployment")
    assert kind is not None
    patch = make_three_way_patch(DESIRED, newer, live, SCHEMA)
    return [
        Claim("structured merge: create", lambda: _apply(None, DESIRED), 1000),
        Claim("structured merge: nothing new", lambda: _apply(live, DESIRED), 1000),
        Claim("structured merge: another image", lambda: _apply(live, newer), 1000),
        Claim("structured merge: a variable goes", lambda: _apply(live, fewer), 1000),
        Claim("ownership of an update", lambda: _update(live, scaled)),
        Claim("compare desired with live: settled", lambda: merge(live, DESIRED), 150),
        Claim("compare desired with live: scaled by others", lambda: merge(grown, unscaled), 150),
        Claim("compare desired with live: another image", lambda: merge(live, newer), 150),
        Claim("compare desired with live: a variable goes", lambda: merge(live, fewer), 150),
        Claim("defaults and canonical form", lambda: stored_form(DESIRED, SCHEMA)),
        Claim("validate", lambda: validate(live, kind, SCHEMA)),
        Claim("make a three-way patch", lambda: _three_way(newer, live)),
        Claim("strategic merge of it", lambda: strategic_merge(live, patch, SCHEMA)),
        Claim("decode from protobuf (a Service)", lambda: decode_request(SERVICE)),
    ]


def _update(live: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return update(live, new, manager="editor", schema=SCHEMA, now=NOW)


def _three_way(new: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    return make_three_way_patch(DESIRED, new, live, SCHEMA)


def _field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2, len(payload)]) + payload


_NAMES = _field(1, b"v1") + _field(2, b"Service")
_PORT = _field(1, b"http") + _field(2, b"TCP") + b"\x18\x50"
_SPEC = _field(1, _PORT) + _field(2, _field(1, b"app") + _field(2, b"web"))
_META = _field(1, b"web") + _field(3, b"shop")
SERVICE = b"k8s\x00" + _field(1, _NAMES) + _field(2, _field(1, _META) + _field(2, _SPEC))
"""A Service as kubectl would send it."""


def main() -> None:
    """Measure and print."""
    base = _fastest(lambda: copy.deepcopy(DESIRED))
    size = len(json.dumps(DESIRED))
    print(machine())
    print(f"deepcopy of the Deployment ({size} bytes as JSON): {base:.0f} us\n")
    print("| what | us | x deepcopy | target us |")
    print("|---|---|---|---|")
    for one in claims():
        taken = _fastest(one.run)
        target = f"{one.target:.0f}" if one.target else ""
        print(f"| {one.name} | {taken:.0f} | {taken / base:.1f} | {target} |")


def _fastest(run: Callable[[], Any]) -> float:
    """Return the microseconds of the fastest round."""
    begin = time.process_time()
    run()
    times = max(1, int(SLICE_SECONDS / max(time.process_time() - begin, 1e-6)))
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(times):
            run()
        best = min(best, (time.process_time() - begin) / times)
    return best * 1e6


if __name__ == "__main__":
    main()
