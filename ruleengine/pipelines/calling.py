"""``http`` templates: the call that the container in the pod makes (reference, Workflows 3.1).

Headers from Secrets reach it as variables, so that nobody but the node that runs the pod has to
read them.
"""

from collections.abc import Iterator
from typing import Final

from ruleengine.model.values import Object, lookup

_VARIABLE: Final = "HTTP_HEADER"


def plan_of(stated: Object) -> Object:
    """Return a call as the program in the pod is told of it."""
    kept = {key: value for key, value in stated.items() if key != "headers"}
    headers = []
    for number, one in enumerate(stated.get("headers") or ()):
        secret = lookup(one, "valueFrom", "secretKeyRef")
        value = {"variable": f"{_VARIABLE}_{number}"} if secret else {"value": one.get("value")}
        headers.append({"name": one.get("name"), **value})
    return {**kept, "headers": headers}


def environment_of(stated: Object) -> Iterator[Object]:
    """Yield the variables that hold the values of headers from Secrets."""
    for number, one in enumerate(stated.get("headers") or ()):
        if secret := lookup(one, "valueFrom", "secretKeyRef"):
            yield {"name": f"{_VARIABLE}_{number}", "valueFrom": {"secretKeyRef": secret}}
