"""From a container of a pod to a value that can be started.

Pure: everything beyond the pod is asked of its ``Surroundings``. What this node does not honour
is refused by name, never passed over.
"""

import posixpath

from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.local.runtime.environment import plan_environment
from ruleengine.local.runtime.references import expand
from ruleengine.local.runtime.surroundings import (
    CONFIG_ERROR,
    IMAGE_ERROR,
    NotReadyError,
    Surroundings,
)
from ruleengine.local.runtime.values import ContainerPlan
from ruleengine.local.runtime.volumes import plan_mounts
from ruleengine.model.values import Object, lookup


def plan_container(
    pod: Object, container: Object, attempt: int, around: Surroundings
) -> ContainerPlan:
    """Return what starts an attempt of a container. Raises ``NotReadyError``."""
    if container.get("restartPolicy") == "Always":
        problem = (
            "init containers that run beside the others are not honoured by the local node yet"
        )
        raise NotReadyError(CONFIG_ERROR, problem, final=True)
    reference = str(container.get("image") or "")
    image = around.images.find(reference)
    command = [str(one) for one in container.get("command") or ()]
    arguments = image.arguments(command, [str(one) for one in container.get("args") or ()])
    if not arguments or not (command or image.entrypoint or image.cmd):
        raise NotReadyError(IMAGE_ERROR, _unknown(reference), final=True)
    environment = plan_environment(pod, container, image, around)
    memory = lookup(container, "resources", "limits", "memory")
    return ContainerPlan(
        uid=pod["metadata"]["uid"],
        container=container["name"],
        attempt=attempt,
        arguments=tuple(expand(one, environment) for one in arguments),
        environment=environment,
        working_directory=posixpath.normpath("/" + str(container.get("workingDir") or "")),
        mounts=plan_mounts(pod, container, environment, around),
        memory=int(parse_quantity(str(memory)).amount) if memory else 0,
        termination_path=container.get("terminationMessagePath") or "/dev/termination-log",
        engine=image.engine,
    )


def _unknown(reference: str) -> str:
    return (
        f"the local node pulls no images and does not know what the image {reference!r} starts; "
        "write the container's command, or name the image with its entrypoint under local: images: "
        "in ruleengine.yaml"
    )
