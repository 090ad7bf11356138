"""The rollout that the tests release."""

from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object

NAMESPACE = "shop"
ROLLOUT = Target(ARGO_API_VERSION, "Rollout", NAMESPACE, "web")


def rollout(image: str = "web:1", steps: list[Object] | None = None, **spec: object) -> Object:
    """Return a Rollout of five pods; ``spec`` replaces fields of its spec."""
    labels = {"app": "web"}
    canary: Object = {"steps": steps} if steps is not None else {}
    found: Object = {
        "replicas": 5,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "web", "image": image}]},
        },
        "strategy": {"canary": canary},
    }
    return {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Rollout",
        "metadata": {"name": ROLLOUT.name, "namespace": NAMESPACE},
        "spec": found | spec,
    }
