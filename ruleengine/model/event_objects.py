"""Kubernetes Events that tell people of an object what went wrong with it."""

from typing import Final

from ruleengine.model.names import MANAGER
from ruleengine.model.values import Object

_LONGEST: Final = 1000
"""How many characters of a message an Event holds."""


def warning_about(value: Object, reason: str, message: str) -> Object:
    """Return the Event about an object: ``reason`` is one word, for programs.

    It states no time, so that it is the same one as long as the object and the words are.
    """
    metadata = value["metadata"]
    namespace = metadata.get("namespace", "")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": namespace},
        "involvedObject": {
            "apiVersion": value["apiVersion"],
            "kind": value["kind"],
            "name": metadata["name"],
            "namespace": namespace,
            "uid": metadata.get("uid", ""),
        },
        "type": "Warning",
        "reason": reason,
        "message": message[:_LONGEST],
        "source": {"component": MANAGER},
    }
