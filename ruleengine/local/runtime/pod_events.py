"""Events about pods, as ``kubectl describe`` shows them: what would otherwise be seen by nobody."""

from datetime import datetime

from ruleengine.local.runtime.steps import Told
from ruleengine.model.digests import content_digest
from ruleengine.model.times import format_time
from ruleengine.model.values import Object


def event_of(pod: Object, told: Told, now: datetime) -> Object:
    """Return the event by which something is told of a pod; told again it is the same one."""
    metadata = pod["metadata"]
    suffix = content_digest([metadata["uid"], told.reason, told.message, told.of])[:16]
    time = format_time(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name']}.{suffix}",
            "namespace": metadata["namespace"],
        },
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
        "type": "Warning",
        "reason": told.reason,
        "message": told.message,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
        "source": {"component": "kubelet", "host": pod["spec"].get("nodeName", "")},
    }
