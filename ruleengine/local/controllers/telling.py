"""Events: what ``kubectl describe`` and ``kubectl get events`` show of what controllers did.

An event has one name for one thing that is told of one object, so that telling it again
counts and adds none.
"""

from datetime import datetime
from typing import Final

from ruleengine.local.controllers.work import Tell
from ruleengine.model.digests import content_digest
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup

_LONGEST: Final = 236
"""How long the name of an object may be inside the name of its event."""


def event_of(tell: Tell, now: datetime) -> Object:
    """Return the event by which something is told for the first time."""
    about = tell.about
    metadata = about["metadata"]
    suffix = content_digest([metadata["uid"], tell.reason, tell.message, tell.of])[:16]
    time = format_time(now)
    involved = {
        "apiVersion": about["apiVersion"],
        "kind": about["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    if "namespace" in metadata:
        involved["namespace"] = metadata["namespace"]
    source = {"component": tell.component}
    node = lookup(about, "spec", "nodeName") if about["kind"] == "Pod" else None
    if node and tell.component == "kubelet":
        source["host"] = node
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name'][:_LONGEST]}.{suffix}",
            "namespace": metadata.get("namespace", "default"),
        },
        "involvedObject": involved,
        "type": "Warning" if tell.warning else "Normal",
        "reason": tell.reason,
        "message": tell.message,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
        "source": source,
        "reportingComponent": tell.component,
    }


def told_again(event: Object, now: datetime) -> Object:
    """Return the event once more, counted."""
    count = int(event.get("count") or 0) + 1
    return {**event, "count": count, "lastTimestamp": format_time(now)}


def created_pod(owner: Object, component: str) -> Tell:
    """Return what is told of the owner of a pod that is created."""
    return Tell(
        about=owner, reason="SuccessfulCreate", message="Created pod: ", component=component
    )


def deleted_pod(owner: Object, pod: Object, component: str) -> Tell:
    """Return what is told of the owner of a pod that it deletes."""
    message = f"Deleted pod: {pod['metadata']['name']}"
    return Tell(about=owner, reason="SuccessfulDelete", message=message, component=component)
