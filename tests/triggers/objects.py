"""Small documents of this area."""

from typing import Any

from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object

NAMESPACE = "shop"
SOURCE = Target(ARGO_API_VERSION, "EventSource", NAMESPACE, "on-push")
SENSOR = Target(ARGO_API_VERSION, "Sensor", NAMESPACE, "on-push")
WEBHOOK = {"port": "12000", "endpoint": "/push", "method": "POST"}
WORKFLOW: Object = {
    "apiVersion": ARGO_API_VERSION,
    "kind": "Workflow",
    "metadata": {"generateName": "build-"},
    "spec": {"workflowTemplateRef": {"name": "build"}},
}


def _document(target: Target, spec: Object) -> Object:
    metadata = {"name": target.name, "namespace": target.namespace}
    return {
        "apiVersion": target.api_version,
        "kind": target.kind,
        "metadata": metadata,
        "spec": spec,
    }


def event_source(name: str = "on-push", **spec: Any) -> Object:
    """Return an EventSource; without fields one with the webhook ``push``."""
    target = Target(ARGO_API_VERSION, "EventSource", NAMESPACE, name)
    return _document(target, spec or {"webhook": {"push": WEBHOOK}})


def event_bus(**spec: Any) -> Object:
    """Return the EventBus ``default``."""
    return _document(Target(ARGO_API_VERSION, "EventBus", NAMESPACE, "default"), spec)


def dependency(name: str = "push", **fields: Any) -> Object:
    """Return a dependency on the event of its name."""
    return {"name": name, "eventSourceName": "on-push", "eventName": name, **fields}


def trigger(name: str = "build", resource: Object = WORKFLOW, **template: Any) -> Object:
    """Return a trigger that submits a workflow."""
    submit = {"operation": "submit", "source": {"resource": resource}}
    return {"template": {"name": name, "argoWorkflow": submit, **template}}


def sensor(
    dependencies: list[Object] | None = None, triggers: list[Object] | None = None, **spec: Any
) -> Object:
    """Return a Sensor; without more it builds on every push."""
    known = {
        "dependencies": [dependency()] if dependencies is None else dependencies,
        "triggers": [trigger()] if triggers is None else triggers,
    }
    return _document(SENSOR, {**known, **spec})
