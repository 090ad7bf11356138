"""What a person tells a rollout: promote, abort, retry (reference, Rollouts 5.1).

Each is a merge patch, as ``kubectl argo rollouts`` sends it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from ruleengine.model.values import Object, lookup


def promote(value: Object) -> Object:
    """Return the patch that ends a pause, or passes the present step."""
    spec = {"spec": {"paused": False}} if lookup(value, "spec", "paused") else {}
    if lookup(value, "status", "pauseConditions"):
        return {**spec, "status": {"pauseConditions": None}}
    index = lookup(value, "status", "currentStepIndex")
    steps = len(lookup(value, "spec", "strategy", "canary", "steps", default=()))
    if index is None or index >= steps:
        return spec
    return {**spec, "status": {"pauseConditions": None, "currentStepIndex": index + 1}}


def promote_full(value: Object) -> Object:
    """Return the patch that passes all steps; none where nothing is under way."""
    spec = {"spec": {"paused": False}} if lookup(value, "spec", "paused") else {}
    status = value.get("status") or {}
    if status.get("currentPodHash") == status.get("stableRS"):
        return spec
    return {**spec, "status": {"promoteFull": True}}


def abort(_: Object) -> Object:
    """Return the patch that goes back to the stable version."""
    return {"status": {"abort": True}}


def retry(_: Object) -> Object:
    """Return the patch that begins anew after an abort."""
    return {"status": {"abort": False}}


COMMANDS: Final[Mapping[str, Callable[[Object], Object]]] = {
    "promote": promote,
    "promote-full": promote_full,
    "abort": abort,
    "retry": retry,
}
"""The patch of each command, by what a person calls it."""
