"""From a container of a pod to a value that can be started.

Pure: everything beyond the pod is asked of its ``Surroundings``. What this node does not honour
is refused by name, never passed over.
"""

import posixpath
from typing import Final

from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.local.runtime.addresses import address_of
from ruleengine.local.runtime.checks import checks_of
from ruleengine.local.runtime.environment import hostname_of, plan_environment
from ruleengine.local.runtime.references import expand
from ruleengine.local.runtime.surroundings import (
    CONFIG_ERROR,
    IMAGE_ERROR,
    NotReadyError,
    Surroundings,
)
from ruleengine.local.runtime.values import ContainerPlan, Limits
from ruleengine.local.runtime.volumes import plan_mounts
from ruleengine.model.values import Object, lookup

_SOMEBODY: Final = 65532
_HOST_RIGHTS: Final = ("hostPID", "hostIPC", "shareProcessNamespace")


def plan_container(
    pod: Object, container: Object, attempt: int, around: Surroundings
) -> ContainerPlan:
    """Return what starts an attempt of a container. Raises ``NotReadyError``."""
    _check_rights(pod, container)
    checks_of(container, address_of(pod))  # so that one that is not honoured is told before
    reference = str(container.get("image") or "")
    image = around.images.find(reference)
    command = [str(one) for one in container.get("command") or ()]
    arguments = image.arguments(command, [str(one) for one in container.get("args") or ()])
    if not arguments or not (command or image.entrypoint or image.cmd):
        raise NotReadyError(IMAGE_ERROR, _unknown(reference), final=True)
    environment = plan_environment(pod, container, image, around)
    return ContainerPlan(
        uid=pod["metadata"]["uid"],
        container=container["name"],
        attempt=attempt,
        arguments=tuple(expand(one, environment) for one in arguments),
        environment=environment,
        working_directory=posixpath.normpath("/" + str(container.get("workingDir") or "")),
        mounts=plan_mounts(pod, container, environment, around),
        limits=_limits(container),
        log_is_message=container.get("terminationMessagePolicy") == "FallbackToLogsOnError",
        tty=bool(container.get("tty")),
        read_only_root=bool(lookup(container, "securityContext", "readOnlyRootFilesystem")),
        user=_user(pod, container),
        hostname=hostname_of(pod),
        hosts=tuple(
            f"{one.get('ip')}\t{' '.join(one.get('hostnames') or ())}"
            for one in pod["spec"].get("hostAliases") or ()
        ),
        termination_path=container.get("terminationMessagePath") or "/dev/termination-log",
        address=address_of(pod),
        ports=tuple(
            int(one["containerPort"])
            for one in container.get("ports") or ()
            if one.get("protocol", "TCP") == "TCP"
        ),
        engine=image.engine,
    )


def _check_rights(pod: Object, container: Object) -> None:
    """Refuse what no sandbox of this node gives."""
    wanted = [name for name in _HOST_RIGHTS if pod["spec"].get(name)]
    if lookup(container, "securityContext", "privileged"):
        wanted.append("privileged")
    if wanted:
        problem = f"{wanted[0]} is not honoured: containers are kept apart from one another"
        raise NotReadyError(CONFIG_ERROR, f"{problem} and from the host", final=True)


def _limits(container: Object) -> Limits:
    stated = lookup(container, "resources", "limits", default={})
    memory, cpu = (
        parse_quantity(str(stated[name])).amount if name in stated else 0
        for name in ("memory", "cpu")
    )
    return Limits(memory=int(memory), cpu=int(cpu * 1000))


def _user(pod: Object, container: Object) -> tuple[int, int]:
    """Return user and group of the container's process.

    Who an image runs as is unknown; where it must not be root, it is somebody.
    """

    def stated(name: str) -> int | None:
        value = lookup(container, "securityContext", name)
        found = lookup(pod, "spec", "securityContext", name) if value is None else value
        return None if found is None else int(found)

    user = stated("runAsUser")
    if user is None:
        user = _SOMEBODY if stated("runAsNonRoot") else 0
    elif user == 0 and stated("runAsNonRoot"):
        problem = "container's runAsUser breaks non-root policy"
        raise NotReadyError(CONFIG_ERROR, problem, final=True)
    return user, stated("runAsGroup") or 0


def _unknown(reference: str) -> str:
    return (
        f"the local node pulls no images and does not know what the image {reference!r} starts; "
        "write the container's command, or name the image with its entrypoint under local: images: "
        "in ruleengine.yaml"
    )
