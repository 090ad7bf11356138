"""From a container of a pod to a value that can be started.

Pure: everything beyond the pod is asked of its ``Surroundings``. What this node does not honour
is refused by name, never passed over; but for claims of devices, without which a container is
started and an event of its pod says so.
"""

import posixpath
import signal
from collections.abc import Mapping
from typing import Final

from ruleengine.apimachinery.quantities import parse_quantity
from ruleengine.local.runtime.addresses import address_of
from ruleengine.local.runtime.checks import GrpcAction, checks_of
from ruleengine.local.runtime.environment import hostname_of, plan_environment
from ruleengine.local.runtime.images import Image
from ruleengine.local.runtime.references import expand
from ruleengine.local.runtime.surroundings import (
    CONFIG_ERROR,
    IMAGE_ERROR,
    PULLING,
    NotReadyError,
    PullError,
    Surroundings,
)
from ruleengine.local.runtime.values import ContainerPlan, InImage, Limits
from ruleengine.local.runtime.volumes import plan_mounts
from ruleengine.model.values import Object, lookup

_SOMEBODY: Final = 65532
_APART: Final = "containers are kept apart from one another and from the host"
_REFUSED_OF_PODS: Final = (
    (("hostPID",), _APART),
    (("hostIPC",), _APART),
    (("shareProcessNamespace",), _APART),
    (("securityContext", "sysctls"), "the kernel is that of the machine"),
)
_REFUSED_OF_CONTAINERS: Final = (
    (("securityContext", "privileged"), _APART),
    (("volumeDevices",), "it has no devices to give"),
    (("restartPolicyRules",), "the restart policy alone decides"),
)


def plan_container(
    pod: Object, container: Object, attempt: int, around: Surroundings
) -> ContainerPlan:
    """Return what starts an attempt of a container. Raises ``NotReadyError``."""
    _check_rights(pod, container)
    _check_checks(pod, container, around)
    reference = str(container.get("image") or "")
    image = around.images.find(reference)
    command = [str(one) for one in container.get("command") or ()]
    arguments = image.arguments(command, [str(one) for one in container.get("args") or ()])
    in_image = not image.engine and around.engine.has(reference)
    known = arguments and (command or image.entrypoint or image.cmd)
    if not known and not in_image:
        raise _pulled(container, reference, around)
    # what an image sets is then the image's own affair
    environment = plan_environment(pod, container, Image() if in_image else image, around)
    return ContainerPlan(
        uid=pod["metadata"]["uid"],
        container=container["name"],
        attempt=attempt,
        arguments=tuple(expand(one, environment) for one in arguments),
        environment=environment,
        working_directory=_absolute(str(container.get("workingDir") or "")),
        mounts=plan_mounts(pod, container, environment, around),
        limits=_limits(container),
        log_is_message=container.get("terminationMessagePolicy") == "FallbackToLogsOnError",
        stop_signal=_stop_signal(container),
        tty=bool(container.get("tty")),
        stdin=bool(container.get("stdin")),
        stdin_once=bool(container.get("stdinOnce")),
        read_only_root=bool(lookup(container, "securityContext", "readOnlyRootFilesystem")),
        user=_user(pod, container),
        hostname=hostname_of(pod),
        hosts=tuple(
            f"{one.get('ip')}\t{' '.join(one.get('hostnames') or ())}"
            for one in pod["spec"].get("hostAliases") or ()
        ),
        os_release=image.os_release,
        termination_path=container.get("terminationMessagePath") or "/dev/termination-log",
        address=address_of(pod),
        ports=tuple(
            int(one["containerPort"])
            for one in container.get("ports") or ()
            if one.get("protocol", "TCP") == "TCP"
        ),
        engine=image.engine,
        inside=_inside(pod, container, environment) if in_image else None,
    )


def _absolute(folder: str) -> str:
    """Return a path from the root on; two slashes at its beginning would stay two."""
    return posixpath.normpath("/" + folder.lstrip("/"))


def _check_checks(pod: Object, container: Object, around: Surroundings) -> None:
    """Refuse a probe or hook that cannot be tried: the pod fails rather than to run unwatched."""
    for purpose, check in checks_of(container, address_of(pod)).items():
        if isinstance(check.action, GrpcAction) and not around.grpc:
            problem = (
                f"the {purpose} of {container['name']} asks by gRPC, for which a library is "
                "missing: pip install 'ruleengine[grpc]', and start the local control plane again"
            )
            raise NotReadyError(CONFIG_ERROR, problem, final=True)


def _inside(pod: Object, container: Object, environment: Mapping[str, str]) -> InImage:
    """Return how a container runs in its image."""
    command, args = (
        tuple(expand(str(one), environment) for one in container.get(name) or ())
        for name in ("command", "args")
    )
    stated = (
        lookup(holder, "securityContext", name)
        for holder in (container, pod["spec"])
        for name in ("runAsUser", "runAsGroup", "runAsNonRoot")
    )
    user, group = _user(pod, container)
    return InImage(
        reference=str(container["image"]),
        command=command,
        args=args,
        user=f"{user}:{group}" if any(one is not None for one in stated) else "",
        working_directory=str(container.get("workingDir") or ""),
    )


def _pulled(container: Object, reference: str, around: Surroundings) -> NotReadyError:
    """Return why a container waits, or cannot be, whose image alone knows what it starts."""
    if around.engine.pull is None or container.get("imagePullPolicy") == "Never":
        return NotReadyError(IMAGE_ERROR, _unknown(reference), final=True)
    try:
        around.engine.pull(reference)
    except PullError as error:
        problem = f"{_unknown(reference)} ({error})"
        return NotReadyError(IMAGE_ERROR, problem, final=True)
    return NotReadyError(PULLING, f"the container engine pulls the image {reference!r}")


def _check_rights(pod: Object, container: Object) -> None:
    """Refuse what a container would rely on and no sandbox of this node gives."""
    for holder, path, why in (
        *((pod["spec"], path, why) for path, why in _REFUSED_OF_PODS),
        *((container, path, why) for path, why in _REFUSED_OF_CONTAINERS),
    ):
        if lookup(holder, *path):
            problem = f"{'.'.join(path)} is not honoured by the local node: {why}"
            raise NotReadyError(CONFIG_ERROR, problem, final=True)
    if lookup(pod, "spec", "os", "name") == "windows":
        raise NotReadyError(CONFIG_ERROR, "the local node runs no Windows", final=True)


def _stop_signal(container: Object) -> int:
    name = str(lookup(container, "lifecycle", "stopSignal", default="SIGTERM"))
    try:
        return int(signal.Signals[name])
    except KeyError:
        problem = f"the stopSignal {name!r} is none of this machine's"
        raise NotReadyError(CONFIG_ERROR, problem, final=True) from None


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
