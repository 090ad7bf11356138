"""Two engines on one cluster: which Argo documents are ours to act on, and how Argo's know it.

On a cluster that others use too, our reconcilers act only on objects that carry the label
``ruleengine.dev/engine: native``. Those also carry what keeps Argo's own controllers away, as
far as they have such a thing; those of Argo Events have none (design, section 2, "Who drives").
"""

from typing import Final

from ruleengine.model.configuration import Engine
from ruleengine.model.names import (
    ARGO_ROLLOUTS_INSTANCE,
    ARGO_SKIP,
    ARGO_WORKFLOWS_INSTANCE,
    ENGINE,
    MANAGER,
)
from ruleengine.model.values import Object, lookup

_INSTANCES: Final = {
    "Workflow": ARGO_WORKFLOWS_INSTANCE,
    "CronWorkflow": ARGO_WORKFLOWS_INSTANCE,
    "Rollout": ARGO_ROLLOUTS_INSTANCE,
    "AnalysisRun": ARGO_ROLLOUTS_INSTANCE,
    "Experiment": ARGO_ROLLOUTS_INSTANCE,
}
"""The label by which several controllers of one kind share a cluster."""


def is_ours(value: Object) -> bool:
    """Tell whether an object says that our reconcilers act on it."""
    return bool(lookup(value, "metadata", "labels", ENGINE) == Engine.NATIVE)


def marked(value: Object) -> Object:
    """Return an Argo object as ours: with our label, and with what keeps Argo away."""
    metadata = dict(value.get("metadata") or {})
    labels = {**(metadata.get("labels") or {}), ENGINE: str(Engine.NATIVE)}
    kind = value.get("kind", "")
    if kind in _INSTANCES:
        labels[_INSTANCES[kind]] = MANAGER
    if kind == "Application":
        metadata["annotations"] = {**(metadata.get("annotations") or {}), ARGO_SKIP: "true"}
    return {**value, "metadata": {**metadata, "labels": labels}}
