"""What an API server answers, read as a value."""

from functools import lru_cache
from typing import Final

from ruleengine.formats import json_text
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import Object


def read(body: bytes) -> Object:
    """Return the JSON object of a body. Raises ``UnreachableError`` where it is none."""
    try:
        found = json_text.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnreachableError(
            "the server's answer is no JSON object; this is hardly a Kubernetes API",
            "check the server of the kubeconfig's context, and any proxy in between",
        )
    return found


read_once: Final = lru_cache(maxsize=8)(read)
"""Reads what is large, and the same for every client of one process. Nobody may change it."""
