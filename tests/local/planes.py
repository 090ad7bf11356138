"""What the tests of the local control plane share: calls on a plane, and small objects."""

import json
from typing import Any

from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.http import HttpRequest
from ruleengine.model.names import FAULT
from ruleengine.model.values import Object

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"


class Caller:
    """Calls an API the way a client does and gives back status and plain data."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.headers: dict[str, str] = {}

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        media: str = "application/json",
        **query: str,
    ) -> tuple[int, Any]:
        """Send a request; query parameters are given by name (``continue_`` for continue)."""
        request = HttpRequest(
            method=method,
            path=path,
            query=tuple((name.rstrip("_"), text) for name, text in query.items()),
            headers={"content-type": media, "user-agent": "tester/1", **self.headers},
            body=body if isinstance(body, bytes) else _text(body),
        )
        response = self.plane.send(request)
        self.headers = {}
        if response.stream is not None:
            lines = b"".join(response.stream).splitlines()
            return response.status, [json.loads(line) for line in lines]
        return response.status, json.loads(response.body)


def _text(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def configmap(name: str, **data: str) -> Object:
    """Return a ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": data or {"a": "1"},
    }


def deployment(name: str = "web", replicas: int = 3, image: str = "shop:1", **spec: Any) -> Object:
    """Return a Deployment of one container."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
            **spec,
        },
    }


def definition() -> Object:
    """Return a definition of the kind Shelf, with a status and a printer column."""
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer", "default": 3},
                    "books": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            },
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "shelves.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "shelves", "kind": "Shelf", "shortNames": ["sh"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"}
                    ],
                }
            ],
        },
    }


def job(name: str = "work", *, fault: str = "", **spec: Any) -> Object:
    """Return a Job of one container, whose simulated pods have a fault where one is named."""
    annotations = {FAULT: fault} if fault else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "template": {
                "metadata": {"annotations": annotations},
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "c", "image": "shop:1"}],
                },
            },
            **spec,
        },
    }


def ended(code: int) -> Object:
    """Return the status of a pod whose container has ended with an exit code."""
    state = {"terminated": {"exitCode": code, "finishedAt": "2026-01-02T03:04:06Z"}}
    return {
        "status": {
            "phase": "Failed" if code else "Succeeded",
            "containerStatuses": [{"name": "c", "restartCount": 0, "state": state}],
        }
    }


def condition(value: Any, kind: str) -> Any:
    """Return a condition of an object; ``None`` where it has none of the kind."""
    found = value["status"].get("conditions") or ()
    return next((one for one in found if one["type"] == kind), None)


def cells_of(call: Caller, path: str) -> list[dict[str, Any]]:
    """Return the rows of the table that kubectl shows of a list, by their headings."""
    call.headers = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    _, table = call("GET", path)
    names = [one["name"] for one in table["columnDefinitions"]]
    return [dict(zip(names, row["cells"], strict=True)) for row in table["rows"]]
