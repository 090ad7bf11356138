"""What a container without a command runs: asked of whoever knows the image.

A step whose output is looked after runs through a wrapper, which must know what to run.
"""

from typing import TYPE_CHECKING, Final

from ruleengine.model.decisions import Request
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.problems import NodeError

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

REQUEST: Final = "image-entrypoint"
"""The kind of request: payload ``{"image"}``, answer ``{"entrypoint": [...], "cmd": [...]}``."""


class NotKnownYetError(Exception):
    """The answer is still to come."""


def with_entrypoint(machine: "Machine", template: Object) -> Object:
    """Return a template that runs through a wrapper, with what its containers run.

    Raises ``NotKnownYetError`` while that is asked, ``NodeError`` where nobody knows.
    """
    container = template.get("container")
    if container is not None:
        return {**template, "container": _completed(machine, container)}
    members = lookup(template, "containerSet", "containers", default=())
    if not members:
        return template
    filled = [_completed(machine, one) for one in members]
    return {**template, "containerSet": {**template["containerSet"], "containers": filled}}


def _completed(machine: "Machine", container: Object) -> Object:
    if container.get("command"):
        return container
    image = str(container.get("image") or "")
    request = Request(kind=REQUEST, payload={"image": image})
    answer = machine.world.answer(request)
    if answer is None:
        machine.requests.append(request)
        raise NotKnownYetError
    if answer.error:
        raise NodeError(f"{answer.error}; {answer.remedy}")
    command = list(answer.value.get("entrypoint") or ())
    arguments = container.get("args")
    if arguments is None:
        arguments = list(answer.value.get("cmd") or ())
    return {**container, "command": command or arguments, "args": arguments if command else []}
